# -*- coding: utf-8 -*-
name = "Żuławski"
