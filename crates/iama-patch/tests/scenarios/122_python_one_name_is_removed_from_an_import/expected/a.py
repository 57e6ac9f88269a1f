from a import (
    b,
    d,
)
import os
