from a import (
    b,
    c,
    d,
)
import os, sys
