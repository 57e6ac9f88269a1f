//! The job machine: states, events, effects and policies, without IO, clock or async.
