//! How far the parser's confidence lets the machine go.

use crate::codes::codes;

codes! {
    /// How today's behaviour is pinned down.
    pub enum BaselineMode {
        /// Tests on functions and classes.
        Assertions = "ASSERTIONS",
        /// From outside: command line or HTTP.
        BlackBox = "BLACK_BOX",
    }
}

codes! {
    /// Which edits a patch may hold.
    pub enum EditMode {
        /// Edits by symbol, and by exact text.
        AstSymbolic = "AST_SYMBOLIC",
        /// Edits by exact text only.
        ExactOnly = "EXACT_SEARCH_REPLACE",
    }
}

/// Below this confidence (percent) the baseline is taken from outside.
pub const BLACK_BOX_BELOW: u8 = 40;
/// Below this confidence (percent) only exact edits are allowed, and the black box cannot be waived.
pub const EXACT_ONLY_BELOW: u8 = 20;

/// The baseline for a confidence in percent.
pub const fn baseline_mode(confidence: u8) -> BaselineMode {
    if confidence < BLACK_BOX_BELOW { BaselineMode::BlackBox } else { BaselineMode::Assertions }
}

/// The edits for a confidence in percent.
pub const fn edit_mode(confidence: u8) -> EditMode {
    if confidence < EXACT_ONLY_BELOW { EditMode::ExactOnly } else { EditMode::AstSymbolic }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_routes_at_twenty_and_forty() {
        let routes = [0, 19, 20, 39, 40, 100].map(|percent| (baseline_mode(percent), edit_mode(percent)));
        assert_eq!(
            routes,
            [
                (BaselineMode::BlackBox, EditMode::ExactOnly),
                (BaselineMode::BlackBox, EditMode::ExactOnly),
                (BaselineMode::BlackBox, EditMode::AstSymbolic),
                (BaselineMode::BlackBox, EditMode::AstSymbolic),
                (BaselineMode::Assertions, EditMode::AstSymbolic),
                (BaselineMode::Assertions, EditMode::AstSymbolic),
            ]
        );
    }
}
