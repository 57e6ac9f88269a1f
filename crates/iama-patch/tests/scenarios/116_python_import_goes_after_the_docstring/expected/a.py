#!/usr/bin/env python
# coding: utf-8
"""Doc."""

from a import b

x = 1
