//! Tests that a model proposes: an answer that is blocks of plain text, made into one test each. Whether a test is worth
//! anything is for those to find out who can run it.
//!
//! ````text
//! ### B3
//! A name is greeted with its title.
//! ```python
//! def test_a_name_is_greeted_with_its_title():
//!     ...
//! ```
//! ````

use crate::wire::Stop;

/// A test as it was proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedTest {
    /// The item of the spec that it is for, as the answer names it.
    pub item: String,
    /// What it pins down, in the model's words.
    pub says: String,
    /// Its source, with a line end.
    pub code: String,
}

/// Why an answer holds no test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TestFault {
    /// It was cut off at its longest before the first test was whole.
    #[error("the answer was cut off before its first test was whole")]
    Cut,
    /// The model would not answer.
    #[error("the model refused to answer")]
    Refused,
    /// It has no block.
    #[error("the answer has no test")]
    NoTest,
}

impl TestFault {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Cut => "TEST_CUT",
            Self::Refused => "TEST_REFUSED",
            Self::NoTest => "TEST_NONE",
        }
    }
}

/// The tests of an answer, those that are whole. One that is cut off at the end of a long answer takes no other with it.
pub fn read_tests(text: &str, stop: &Stop) -> Result<Vec<ProposedTest>, TestFault> {
    if *stop == Stop::Refused {
        return Err(TestFault::Refused);
    }
    let found = blocks(text);
    if !found.is_empty() {
        return Ok(found);
    }
    Err(if *stop == Stop::Length { TestFault::Cut } else { TestFault::NoTest })
}

fn blocks(text: &str) -> Vec<ProposedTest> {
    let mut found = Vec::new();
    let (mut item, mut says) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix('#') {
            heading.trim_start_matches('#').split_whitespace().next().unwrap_or_default().clone_into(&mut item);
            item.truncate(item.trim_end_matches([':', '.', ',']).len());
            says.clear();
        } else if let Some(fence) = fence(line) {
            let mut code = String::new();
            let mut whole = false;
            for line in lines.by_ref() {
                whole = line.trim_end() == fence;
                if whole {
                    break;
                }
                code.push_str(line);
                code.push('\n');
            }
            if whole {
                found.push(ProposedTest { item: item.clone(), says: says.join(" "), code });
            }
            says.clear();
        } else if !line.trim().is_empty() {
            says.push(line.trim());
        }
    }
    found
}

/// The marks that a block begins with, and ends with.
fn fence(line: &str) -> Option<&str> {
    let marks = line.len() - line.trim_start_matches('`').len();
    let info = line.get(marks..)?.trim();
    (marks >= 3 && !info.contains('`')).then(|| &line[..marks])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(item: &str, says: &str, code: &str) -> ProposedTest {
        ProposedTest { item: item.to_owned(), says: says.to_owned(), code: code.to_owned() }
    }

    #[test]
    fn every_block_is_a_test_of_the_item_above_it() {
        let text = "Here they are.\n\n### B3: a greeting\nIt greets.\nTwice.\n```python\ndef test_a():\n    assert 1\n```\n\n```\n\
                    def test_b():\n    pass\n```\n## S1\n````py\nX = '''\n```\n'''\n````\n";
        let expected = vec![
            test("B3", "It greets. Twice.", "def test_a():\n    assert 1\n"),
            test("B3", "", "def test_b():\n    pass\n"),
            test("S1", "", "X = '''\n```\n'''\n"),
        ];
        assert_eq!(read_tests(text, &Stop::End), Ok(expected));
    }

    #[test]
    fn a_test_that_is_cut_off_takes_no_other_with_it_and_an_answer_without_one_says_why() {
        let text = "### B1\n```\ndef test_a():\n    assert 1\n```\n### B2\n```\ndef test_b():\n";
        let kept = vec![test("B1", "", "def test_a():\n    assert 1\n")];
        assert_eq!(read_tests(text, &Stop::Length), Ok(kept));
        assert_eq!(read_tests("```\ndef test_a():\n", &Stop::Length), Err(TestFault::Cut));
        assert_eq!(read_tests("I would rather not.", &Stop::End), Err(TestFault::NoTest));
        assert_eq!(read_tests(text, &Stop::Refused), Err(TestFault::Refused));
    }
}
