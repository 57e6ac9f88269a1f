//! Runs a command with limits and always ends its whole process tree.
