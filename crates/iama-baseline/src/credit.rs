//! Which tests are worth keeping: each has to notice faults that no other one notices.

use std::collections::{BTreeMap, BTreeSet};

/// What became of tests that were looked at together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credit {
    /// The tests that are kept, with the faults that each alone notices.
    pub kept: BTreeMap<String, BTreeSet<String>>,
    /// Tests that notice faults, all of which kept ones notice, too, with these.
    pub doubled: BTreeMap<String, BTreeSet<String>>,
}

/// Chooses among tests by the faults that each notices: as few as notice all that any notices, the one that adds most
/// first, the earlier of equals. Tests that notice nothing are in neither list.
pub fn choose(noticed: &[(String, BTreeSet<String>)]) -> Credit {
    let mut chosen: Vec<usize> = Vec::new();
    let mut left: BTreeSet<&String> = noticed.iter().flat_map(|(_, faults)| faults).collect();
    while !left.is_empty() {
        let adds = |row: &(String, BTreeSet<String>)| row.1.iter().filter(|fault| left.contains(fault)).count();
        let best = noticed.iter().enumerate().max_by_key(|(at, row)| (adds(row), std::cmp::Reverse(*at)));
        let Some((at, (_, faults))) = best else { break };
        left.retain(|fault| !faults.contains(*fault));
        chosen.push(at);
    }
    // What came later may have made an earlier one idle.
    for at in chosen.clone() {
        if alone(noticed, &chosen, at).is_empty() {
            chosen.retain(|other| *other != at);
        }
    }
    let mut credit = Credit::default();
    for (at, (name, faults)) in noticed.iter().enumerate().filter(|(_, (_, faults))| !faults.is_empty()) {
        if chosen.contains(&at) {
            credit.kept.insert(name.clone(), alone(noticed, &chosen, at));
        } else {
            let same = chosen.iter().filter_map(|other| noticed.get(*other));
            let same = same.filter(|(_, others)| !others.is_disjoint(faults)).map(|(name, _)| name.clone());
            credit.doubled.insert(name.clone(), same.collect());
        }
    }
    credit
}

/// The faults that one of the chosen notices and no other of them.
fn alone(noticed: &[(String, BTreeSet<String>)], chosen: &[usize], at: usize) -> BTreeSet<String> {
    let others = chosen.iter().filter(|other| **other != at).filter_map(|other| noticed.get(*other));
    let taken: BTreeSet<&String> = others.flat_map(|(_, faults)| faults).collect();
    let own = noticed.get(at).into_iter().flat_map(|(_, faults)| faults);
    own.filter(|fault| !taken.contains(fault)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, &str)]) -> Vec<(String, BTreeSet<String>)> {
        rows.iter().map(|(name, faults)| ((*name).to_owned(), faults.chars().map(String::from).collect())).collect()
    }

    fn map(of: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
        rows(of).into_iter().collect()
    }

    #[test]
    fn every_kept_test_notices_something_alone_and_all_that_any_noticed_is_noticed() {
        let credit = choose(&rows(&[("a", "12"), ("b", "234"), ("same as b", "34"), ("vacuous", ""), ("c", "5")]));
        assert_eq!(credit.kept, map(&[("a", "1"), ("b", "34"), ("c", "5")]));
        let doubled = BTreeMap::from([("same as b".to_owned(), BTreeSet::from(["b".to_owned()]))]);
        assert_eq!(credit.doubled, doubled);
    }

    #[test]
    fn a_test_that_later_ones_make_idle_is_not_kept() {
        // The first adds most, and the other two together notice all of it.
        let credit = choose(&rows(&[("wide", "2345"), ("left", "123"), ("right", "456")]));
        assert_eq!(credit.kept, map(&[("left", "123"), ("right", "456")]));
        assert_eq!(credit.doubled.keys().collect::<Vec<_>>(), ["wide"]);
    }

    #[test]
    fn of_two_that_notice_the_same_the_earlier_is_kept() {
        let credit = choose(&rows(&[("first", "1"), ("second", "1")]));
        assert_eq!(credit.kept, map(&[("first", "1")]));
    }
}
