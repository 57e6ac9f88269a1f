//! Edits that land exactly or not at all: parse, validate, apply, diff, invert.
