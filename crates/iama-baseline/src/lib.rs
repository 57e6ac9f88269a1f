//! Environments, test discovery and test runs on the legacy and the migrated code.
