#!/usr/bin/env python
# coding: utf-8
"""Doc."""
x = 1
