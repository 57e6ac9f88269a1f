//! How far a workspace is understood, as a number that decides how it may be worked on.

use serde::{Deserialize, Serialize};

/// How edits may be made, by confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Route {
    /// 40 and above: edits by symbol.
    AstSymbolic,
    /// 20 to 39: behaviour is pinned down from outside.
    BlackBox,
    /// Below 20: exact search and replace only.
    ExactSearchReplace,
}

/// The score and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// 0 to 100.
    pub score: u8,
    /// Share of the lines that lie in files without a syntax error.
    pub parse_rate: f64,
    /// Share of the names that lead to a binding of the file or to a known builtin.
    pub symbol_rate: f64,
    /// Share of the source files that could be read whole.
    pub snippet_completeness: f64,
    /// What follows from the score.
    pub route: Route,
}

/// A share as counts; of nothing, all is understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many are understood.
    pub part: u64,
    /// How many there are.
    pub whole: u64,
}

impl Share {
    /// Adds one that is understood or not.
    pub fn count(&mut self, understood: bool) {
        self.add(u64::from(understood), 1);
    }

    /// Adds several.
    pub fn add(&mut self, part: u64, whole: u64) {
        self.part += part;
        self.whole += whole;
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of lines needs no more than 52 bits")]
    fn rate(self) -> f64 {
        if self.whole == 0 { 1.0 } else { self.part as f64 / self.whole as f64 }
    }
}

/// `round(100 × (0.40 × parse rate + 0.35 × symbol rate + 0.25 × completeness))`.
pub fn confidence(parse: Share, symbols: Share, snippets: Share) -> Confidence {
    let (parse_rate, symbol_rate, snippet_completeness) = (parse.rate(), symbols.rate(), snippets.rate());
    let score = (100.0 * (0.40 * parse_rate + 0.35 * symbol_rate + 0.25 * snippet_completeness)).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the score lies between 0 and 100")]
    let score = score as u8;
    let route = match score {
        40.. => Route::AstSymbolic,
        20..40 => Route::BlackBox,
        0..20 => Route::ExactSearchReplace,
    };
    Confidence { score, parse_rate, symbol_rate, snippet_completeness, route }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_weighted_sum_and_decides_the_route() {
        let check = |parse, symbols, snippets, score, route| {
            let share = |part| Share { part, whole: 100 };
            let found = confidence(share(parse), share(symbols), share(snippets));
            assert_eq!((found.score, found.route), (score, route));
        };
        check(100, 100, 100, 100, Route::AstSymbolic);
        check(100, 0, 0, 40, Route::AstSymbolic);
        check(0, 100, 16, 39, Route::BlackBox);
        check(0, 0, 80, 20, Route::BlackBox);
        check(0, 54, 0, 19, Route::ExactSearchReplace);
    }

    #[test]
    fn an_empty_workspace_is_not_divided_by_nothing() {
        let nothing = Share::default();
        assert_eq!(confidence(nothing, nothing, nothing).score, 100);
    }
}
