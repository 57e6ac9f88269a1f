# -*- coding: latin-1 -*-
name = "André"
