//! Texts as they can be shown: every character is one that a font has, nothing turns the direction of a line, and what is long can
//! be broken.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::Value;
use typst::foundations::Bytes;
use typst::text::Font;

/// The longest text of one place; the rest is left out.
const LONGEST: usize = 1_000;

/// So many characters without a place to break a line are too many.
const UNBROKEN: usize = 16;

/// A place where a line may be broken, and that nobody sees.
const BREAK: char = '\u{200b}';

/// The fonts that a report is set in.
pub(crate) struct Fonts(Vec<Font>);

/// All there are; those of the machine are not looked at.
pub(crate) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let files = [dejavu::sans::regular(), dejavu::sans::bold(), dejavu::sans_mono::regular()];
    Fonts(files.into_iter().filter_map(|file| Font::new(Bytes::new(file), 0)).collect())
});

impl Fonts {
    pub(crate) fn all(&self) -> &[Font] {
        &self.0
    }

    /// Whether every font that a text may be set in, or the one that stands in for it, has a character.
    fn have(&self, c: char) -> bool {
        let mut plain = self.0.iter().filter(|font| font.info().family.ends_with("Sans"));
        plain.all(|font| font.info().coverage.contains(u32::from(c)))
    }

    /// Data whose texts can be shown.
    pub(crate) fn showable(&self, data: Value) -> Value {
        match data {
            Value::String(text) => Value::String(self.shown(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.showable(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, self.showable(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other,
        }
    }

    fn shown(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len() + text.len() / 8);
        let (mut unbroken, mut characters) = (0_usize, 0_usize);
        for c in text.chars() {
            if characters == LONGEST {
                shown.push_str(" […]");
                break;
            }
            characters += 1;
            if c.is_whitespace() || c.is_control() {
                shown.push(' ');
                unbroken = 0;
                continue;
            }
            if deceives(c) || !self.have(c) {
                let _ = write!(shown, "⟨U+{:04X}⟩", u32::from(c));
                unbroken += 9;
            } else {
                shown.push(c);
                unbroken += 1;
            }
            let may_break = unbroken >= 4 && matches!(c, '/' | '\\' | '_' | '.' | ':' | '-');
            if may_break || unbroken >= UNBROKEN {
                shown.push(BREAK);
                unbroken = 0;
            }
        }
        shown
    }
}

/// Whether a character turns the direction of what follows, cannot be seen, or means what somebody privately agreed on, which an
/// archived PDF must not hold.
const fn deceives(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Kind, Report, Section, Table, render};

    #[test]
    fn what_no_font_has_or_what_deceives_is_named() {
        let fonts = &*FONTS;
        assert_eq!(fonts.shown("caf\u{e9} — 50 €"), "café — 50 €");
        assert_eq!(fonts.shown("a\u{202e}b"), "a⟨U+202E⟩b");
        assert_eq!(fonts.shown("a\u{1f9ff}"), "a⟨U+1F9FF⟩");
        assert_eq!(fonts.shown("a\0b\tc\nd"), "a b c d");
        assert_eq!(fonts.shown("שלום"), "שלום");
    }

    #[test]
    fn what_is_long_can_be_broken_and_has_an_end() {
        let fonts = &*FONTS;
        let shown = fonts.shown(&"x".repeat(100));
        assert!(shown.split(BREAK).all(|part| part.len() <= UNBROKEN), "{shown}");
        assert!(fonts.shown(&"word ".repeat(1_000)).chars().count() < LONGEST + 10);
        assert_eq!(fonts.shown("src/shop/order_list.py"), "src/\u{200b}shop/\u{200b}order_\u{200b}list.\u{200b}py");
    }

    #[test]
    fn every_character_that_is_shown_can_be_archived() {
        let characters: Vec<char> =
            ('!'..='\u{ffff}').filter(|c| FONTS.shown(&c.to_string()).starts_with(*c)).collect();
        assert!(characters.len() > 5_000, "{}", characters.len());
        let apart = |some: &[char]| some.iter().flat_map(|c| [*c, ' ']).collect::<String>();
        let texts: Vec<String> = characters.chunks(250).map(apart).collect();
        let columns = vec![Column::new("Text", 1, Kind::Text), Column::new("Code", 1, Kind::Code)];
        let rows = texts.iter().map(|text| vec![text.clone(), text.clone()]).collect();
        let table = Table { columns, rows, ..Table::default() };
        let plain = Section { title: "All".to_owned(), tables: vec![table], ..Section::default() };
        let bold = texts.into_iter().map(|title| Section { title, ..Section::default() });
        let sections = std::iter::once(plain).chain(bold).collect();
        let report = Report { date: "2026-11-23".to_owned(), sections, ..Report::default() };
        assert!(render(&report).unwrap().starts_with(b"%PDF"));
    }
}
