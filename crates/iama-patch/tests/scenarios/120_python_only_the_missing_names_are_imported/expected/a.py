from a import b
from a import c as d
