//! Attack by level, as the documentation shows it.

use super::ATTACKS;
use crate::level::Level;

const COLUMNS: [Level; 4] = [Level::Docker, Level::Bubblewrap, Level::LandlockSeccomp, Level::LimitsOnly];

/// The table in Markdown.
pub fn table() -> String {
    let names: Vec<_> = COLUMNS.iter().map(|level| level.name()).collect();
    let mut text = format!("| attack | {} | remark |\n| --- |{} --- |\n", names.join(" | "), " --- |".repeat(4));
    for attack in ATTACKS {
        let cells: Vec<_> = COLUMNS.iter().map(|level| attack.expected(*level).to_string()).collect();
        text.push_str(
            &format!("| {} | {} | {} |\n", attack.name, cells.join(" | "), attack.remark).replace("|  |", "| |"),
        );
    }
    text
}
