//! Prompts, laid out by how long their parts stay the same, so that what providers cache really repeats.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A prompt. The parts are sent in this order, each whole; an empty one is left out. A part may change only if those after it
/// may: then a repeated prefix is the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// Rules for the model. The same for all jobs of a mode; kept for an hour.
    pub system: String,
    /// What the code's parts offer each other. The same for a job; kept for an hour.
    pub interfaces: String,
    /// The spec. The same until a person changes it; kept for five minutes.
    pub spec: String,
    /// What is asked for now.
    pub task: String,
    /// What was answered, and asked again.
    pub again: Vec<Again>,
}

/// An answer that would not do, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// The model's words.
    pub answer: String,
    /// Ours.
    pub objection: String,
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum Form {
    /// Text: edits as blocks.
    #[default]
    Text,
    /// JSON by a schema, which the provider is told where it can enforce one.
    Json {
        /// A name of letters, digits and `_`.
        name: String,
        /// The JSON schema.
        schema: Value,
    },
}

/// Which template a prompt was made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Template {
    /// Its name and version.
    pub name: String,
    /// SHA-256 of its text, in hexadecimal digits.
    pub hash: String,
}

impl Template {
    /// Names a template and takes its hash.
    pub fn of(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), hash: hex::encode(Sha256::digest(text)) }
    }
}

impl Prompt {
    /// All texts, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let again = self.again.iter().flat_map(|again| [again.answer.as_str(), again.objection.as_str()]);
        let parts = [&self.system, &self.interfaces, &self.spec, &self.task].map(String::as_str);
        parts.into_iter().chain(again).filter(|text| !text.is_empty())
    }

    /// About how many tokens it has. No tokenizer of current models is public; source code has three to four bytes a token,
    /// and the estimate takes three.
    pub fn tokens(&self) -> u64 {
        self.texts().map(|text| estimate(text, 3) + 8).sum()
    }

    /// More tokens than it has, even if its texts are keys, numbers or signs that no vocabulary knows.
    pub fn most_tokens(&self) -> u64 {
        self.texts().map(|text| text.bytes().map(eighths).sum::<u64>().div_ceil(8) + 16).sum()
    }
}

/// The most that a byte costs, in eighths of a token: more than random letters of its kind cost in any vocabulary that was tried.
const fn eighths(byte: u8) -> u64 {
    match byte {
        b' ' => 4,
        b'a'..=b'z' => 5,
        b'A'..=b'Z' => 6,
        _ => 8,
    }
}

/// The tokens of a text at so many bytes each.
pub(crate) fn estimate(text: &str, bytes_each: u64) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX).div_ceil(bytes_each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_counts_all_of_its_parts() {
        let again = vec![Again { answer: "a".repeat(30), objection: "b".repeat(31) }];
        let prompt = Prompt { system: "s".repeat(300), task: "t".repeat(2), again, ..Prompt::default() };
        assert_eq!(prompt.texts().count(), 4);
        assert_eq!(prompt.tokens(), 100 + 1 + 10 + 11 + 4 * 8);
        assert_eq!(prompt.most_tokens(), 188 + 2 + 19 + 20 + 4 * 16);
    }
}
