# -*- coding: latin-1 -*-
name = "André"
x = 1
