//! Carries the effects of a job out: the embedded driver, the journal, delivery and evidence.
