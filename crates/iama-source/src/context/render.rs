//! How a pack reads, and how large it is.

use sha2::{Digest as _, Sha256};

use super::{Pack, Part, PartKind, Why};

/// Bytes of source that one token stands for. No tokenizer of current models is public; source has three to four.
const BYTES_EACH: u64 = 3;

/// About how many tokens a text has.
pub fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(BYTES_EACH)
}

impl Why {
    /// A few words for a person and a model.
    pub fn words(&self) -> String {
        match self {
            Self::Target => "to be changed".to_owned(),
            Self::NamedByFailure => "named by the failure".to_owned(),
            Self::WholeTree => "part of the tree".to_owned(),
            Self::Imported { chain } => {
                let mut links = chain.iter().rev();
                let nearest = links.next().map_or("", String::as_str);
                links.fold(format!("imported by {nearest}"), |words, link| words + ", which " + link + " imports")
            }
        }
    }
}

impl PartKind {
    /// A few words for a person and a model.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Body => "bodies",
            Self::Named | Self::Target => "whole file",
        }
    }
}

impl Part {
    /// The text between its marks. The mark depends on the text, so that no text can hold the end of its own part.
    pub fn block(&self) -> String {
        let digest = format!("{:x}", Sha256::new().chain_update(&self.path).chain_update(&self.text).finalize());
        let mark = &digest[..16];
        let line_end = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
        let (path, kind, why) = (&self.path, self.kind.words(), self.why.words());
        format!("--- file {mark}: {path} ({kind}; {why}) ---\n{}{line_end}--- end {mark} ---\n", self.text)
    }

    /// About how many tokens [`Part::block`] has, which need not be made for it.
    pub(super) fn estimate(&self) -> u64 {
        let heading = 66 + self.path.len() + self.kind.words().len() + self.why.words().len();
        ((self.text.len() + heading) as u64).div_ceil(BYTES_EACH)
    }
}

impl Pack {
    /// The interfaces. A change to a target leaves this text as it was unless it changes what the target imports: it may be
    /// cached.
    pub fn interfaces_text(&self) -> String {
        self.text_of(|kind| kind == PartKind::Interface)
    }

    /// Bodies, files that the failure names, and targets: what differs from call to call.
    pub fn targets_text(&self) -> String {
        self.text_of(|kind| kind != PartKind::Interface)
    }

    fn text_of(&self, wanted: impl Fn(PartKind) -> bool) -> String {
        self.parts.iter().filter(|part| wanted(part.kind)).map(|part| part.block() + "\n").collect()
    }

    /// A text that quotes the files, with placeholders for the secrets that the pack shows so.
    pub fn hide(&self, text: &str) -> String {
        let hidden = |text: String, one: &super::mask::Masked| text.replace(&one.secret, &one.placeholder);
        self.masked.iter().fold(text.to_owned(), hidden)
    }

    /// A model's answer with the secrets of known places put back for their placeholders.
    pub fn restore(&self, answer: &str) -> String {
        let put_back = |text: String, one: &super::mask::Masked| text.replace(&one.placeholder, &one.secret);
        self.masked.iter().fold(answer.to_owned(), put_back)
    }
}

/// The name of some content.
pub(super) fn id(parts: &[Part]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        for text in [part.kind.words(), &part.path, &part.why.words(), &part.text] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
    }
    format!("{:x}", digest.finalize())
}
