//! Values that look made by chance under names that promise nothing: they count in settings, and in files kept for secrets.

use super::formats::Hit;
use super::place::{Kind, Place};
use super::random::{entropy, is_random, is_run, is_stand_in, makeup};

/// Words on the line that explain such a value in another way.
const EXPLAINED: &str = "sha1 sha2 sha5 md5 hash digest checksum integrity sum cert public signature etag url uri href image data: \
    resolved version commit revision rev fingerprint pub nonce guid uuid arn path token_uri icon svg font base64, id";

/// The values of a file, line by line.
pub(super) fn hits(text: &[u8], place: Place) -> Vec<Hit> {
    let mut hits = Vec::new();
    if place.test || place.words || !matches!(place.kind, Kind::Settings | Kind::Kept) {
        return hits;
    }
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if (24..400).contains(&line.len()) {
            hits.extend(of_line(line, at, place.kind));
        }
        at += line.len();
    }
    hits
}

/// The one value that is given to a name on the line.
fn of_line(line: &[u8], at: usize, kind: Kind) -> Option<Hit> {
    let sign = line.iter().position(|byte| matches!(byte, b'=' | b':' | b'>'))?;
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte);
    let start = sign + 1 + line[sign + 1..].iter().take_while(|byte| b" \t\"'=>".contains(byte)).count();
    let end = start + line[start..].iter().take_while(|byte| letter(byte)).count();
    let ends = line.get(end).is_none_or(|byte| byte.is_ascii_whitespace() || b"\"',;<".contains(byte));
    let name = String::from_utf8_lossy(&line[..sign]).to_ascii_lowercase();
    let explained = || EXPLAINED.split_ascii_whitespace().any(|word| name.contains(word));
    let good = ends && start < end && sign > 0 && is_loose(&line[start..end], kind) && !explained();
    good.then_some(Hit { rule: "random-value", title: "value that looks made by chance", at: at + start..at + end })
}

fn is_loose(value: &[u8], kind: Kind) -> bool {
    let made = makeup(value);
    let mixed = made.upper > 2 && made.lower > 2 && made.digits > 1;
    let (length, bits) = if kind == Kind::Kept { (24, 4.0) } else { (40, 4.5) };
    let hex = made.hex && made.digits > 3 && kind == Kind::Kept && value.len() >= 32;
    let random = value.len() >= length && mixed && entropy(value) >= bits;
    (hex || random) && value.len() <= 200 && is_random(value) && !is_run(value) && !is_stand_in(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_explain_a_value_are_left_alone() {
        let value = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4kX";
        let found = |path, text: String| hits(text.as_bytes(), Place::of(path)).len();
        assert_eq!(found("app.yaml", format!("setting: {value}\n")), 1);
        assert_eq!(found("app.yaml", format!("integrity: {value}\n")), 0);
        assert_eq!(found("app.py", format!("setting = '{value}'\n")), 0);
    }
}
