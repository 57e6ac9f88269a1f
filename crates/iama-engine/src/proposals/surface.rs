//! The breaking surface: what those who use the code may have to know.

use super::findings::FileFindings;
use super::record::ExposedName;

/// The public names of files without tests that may be something else. Calls are not followed: a public function that calls
/// a touched private one is not named.
pub(super) fn of(found: &[FileFindings]) -> Vec<ExposedName> {
    let mut rows: Vec<_> =
        found.iter().filter(|file| !file.test).flat_map(|file| file.exposed.iter().cloned()).collect();
    rows.sort();
    rows
}
