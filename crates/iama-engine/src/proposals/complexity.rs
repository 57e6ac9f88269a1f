//! How involved the touched functions are.

use super::findings::FileFindings;
use super::record::Complexity;

/// More ways than these through one function are hard to keep in mind.
const MANY: usize = 10;

/// The ways through the touched functions of files without tests.
pub(super) fn of(found: &[FileFindings]) -> Complexity {
    let each = || {
        let files = found.iter().filter(|file| !file.test);
        files.flat_map(|file| file.functions.iter().map(|(name, ways)| (&file.path, name, *ways)))
    };
    let (functions, ways) = (each().count(), each().map(|(.., ways)| ways).sum::<usize>());
    let most = each().max_by_key(|(path, name, ways)| (*ways, std::cmp::Reverse((*path, *name))));
    Complexity {
        functions,
        ways,
        above_ten: each().filter(|(.., ways)| *ways > MANY).count(),
        most: most.map(|(path, name, ways)| (format!("{path} {name}"), ways)),
        score: (ways + functions / 2).checked_div(functions).unwrap_or(0),
    }
}
