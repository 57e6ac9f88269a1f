//! Which recipes can find nothing in a text, told by the words that it lacks.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use rustc_hash::FxHashMap;

/// Words of which a text must hold one for a recipe to find anything in it.
#[derive(Debug)]
pub struct Words {
    /// Nothing where there is no word to look for.
    automaton: Option<AhoCorasick>,
    count: usize,
    wanted: FxHashMap<&'static str, Vec<usize>>,
}

/// The words that a text has, by number.
pub(crate) struct Present(Vec<bool>);

impl Present {
    /// Whether a text has one of these words, or none is asked for.
    pub(crate) fn any(&self, wanted: &[usize]) -> bool {
        wanted.is_empty() || wanted.iter().any(|word| self.0.get(*word).is_none_or(|present| *present))
    }
}

impl Words {
    /// Recipes by their ids, each with its words. A recipe that is not named looks at every text.
    pub fn new(table: &'static [(&'static str, &'static [&'static str])]) -> Self {
        let mut words: Vec<&str> = table.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        words.sort_unstable();
        words.dedup();
        let number = |word: &&str| words.binary_search(word).ok();
        let wanted = table.iter().map(|(id, words)| (*id, words.iter().filter_map(number).collect())).collect();
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&words).ok();
        Self { automaton, count: words.len(), wanted }
    }

    /// The numbers of a recipe's words; none when it looks at every text.
    pub(crate) fn of(&self, id: &str) -> &[usize] {
        self.wanted.get(id).map_or(&[], Vec::as_slice)
    }

    /// The words of the table that a text has.
    pub(crate) fn in_text(&self, text: &str) -> Present {
        // Without an automaton nothing is known to be lacking.
        let Some(automaton) = &self.automaton else { return Present(Vec::new()) };
        let mut present = vec![false; self.count];
        for found in automaton.find_overlapping_iter(text) {
            present[found.pattern().as_usize()] = true;
        }
        Present(present)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_due_where_one_of_its_words_stands_even_within_another() {
        let words = Words::new(&[("a", &["cmp", "strcmp"]), ("b", &["cmp"]), ("c", &["exc_"])]);
        let due = |text: &str| ["a", "b", "c", "d"].map(|id| words.in_text(text).any(words.of(id)));
        assert_eq!(due("strcmp"), [true, true, false, true]);
        assert_eq!(due("sys.exc_info"), [false, false, true, true]);
        assert_eq!(due(""), [false, false, false, true]);
    }
}
