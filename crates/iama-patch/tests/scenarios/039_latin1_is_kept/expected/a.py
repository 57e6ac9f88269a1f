# -*- coding: latin-1 -*-
name = "Renée"
x = 1
