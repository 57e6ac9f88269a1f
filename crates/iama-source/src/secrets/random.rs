//! Whether a text looks made by chance: what tells a key from a name, a word or a stand-in.

/// How usual a letter is after another in words of programs, from 0 (hardly ever) to 9: a row for each letter.
const PAIRS: [&[u8; 26]; 26] = [
    b"27871362605978071989554351",
    b"63426101531721520552500040",
    b"80538107607632920648620030",
    b"73259221810433630563520030",
    b"84896653413879465999365741",
    b"50215610800511620534500030",
    b"50118135500435410652510000",
    b"70027000600322600424300030",
    b"66866660002879861688160406",
    b"20003000100000300000300000",
    b"30117110500302220141102000",
    b"82359311901723830165530070",
    b"85138100701452770153500020",
    b"81788692715425741389551130",
    b"45772451405779670876756311",
    b"81338214602722760856512050",
    b"00000000000000000000600000",
    b"83659450804565840687533050",
    b"62639336804543671379713050",
    b"83549407900544750876623161",
    b"56536440500768460767000000",
    b"60008010600000310000020000",
    b"50125003500204400430000100",
    b"20424201400220050115000110",
    b"11213200300334150244011001",
    b"30006000300000200000000000",
];

/// Bits for each byte, by how often each byte occurs.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let all = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let part = |count: &u32| f64::from(*count) / all;
    counts.iter().filter(|count| **count > 0).map(|count| -part(count) * part(count).log2()).sum()
}

/// How much the letters of a text follow each other as in words, from 0 to 9; none where too few letters stand together.
pub(super) fn wordiness(text: &[u8]) -> Option<f64> {
    let mut pairs = 0_u32;
    let mut sum = 0_u32;
    for pair in text.windows(2) {
        let [first, second] = [pair[0], pair[1]];
        let new_word = first.is_ascii_lowercase() && second.is_ascii_uppercase();
        if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() && !new_word {
            let row = PAIRS[usize::from(first.to_ascii_lowercase() - b'a')];
            sum += u32::from(row[usize::from(second.to_ascii_lowercase() - b'a')] - b'0');
            pairs += 1;
        }
    }
    (pairs >= 3).then(|| f64::from(sum) / f64::from(pairs))
}

/// What a text is made of.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Makeup {
    pub(super) upper: u32,
    pub(super) lower: u32,
    pub(super) digits: u32,
    /// ASCII signs that are neither letters nor digits, blanks included.
    pub(super) signs: u32,
    /// Bytes that are no ASCII.
    pub(super) others: u32,
    /// How often a digit stands beside a letter.
    pub(super) changes: u32,
    /// Every letter is one of a to f.
    pub(super) hex: bool,
}

/// Counts what a text is made of.
pub(super) fn makeup(text: &[u8]) -> Makeup {
    let mut found = Makeup { hex: true, ..Makeup::default() };
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'A'..=b'Z' => found.upper += 1,
            b'a'..=b'z' => found.lower += 1,
            b'0'..=b'9' => found.digits += 1,
            0..=127 => found.signs += 1,
            _ => found.others += 1,
        }
        found.hex &= byte.is_ascii_hexdigit();
        let next = text.get(at + 1).copied().unwrap_or_default();
        let alphanumeric = byte.is_ascii_alphanumeric() && next.is_ascii_alphanumeric();
        found.changes += u32::from(alphanumeric && byte.is_ascii_digit() != next.is_ascii_digit());
    }
    found
}

/// Whether a text without blanks looks made by chance: neither words, nor a number, a date, a version or a run of the alphabet.
pub(super) fn is_random(text: &[u8]) -> bool {
    let made = makeup(text);
    let letters = made.upper + made.lower;
    if text.len() < 8 || letters == 0 || made.others > 0 || is_run(text) {
        return false;
    }
    let bits = entropy(text);
    if made.hex {
        return made.digits > 0 && text.len() >= 16 && bits >= 2.6;
    }
    let wanted = if text.len() < 12 { 2.6 } else { 3.0 };
    let words = wordiness(text).unwrap_or(if made.changes > 1 { 0.0 } else { 9.0 });
    let limit = match (made.changes, text.len()) {
        (0, ..16) => 4.2,
        (0, _) => 4.6,
        (1, ..16) => 4.4,
        (1 | 2, _) => 5.0,
        _ => 5.8,
    };
    bits >= wanted && words < limit
}

/// Runs of the alphabet, of the digits or of the keyboard, and few signs repeated.
pub(super) fn is_run(text: &[u8]) -> bool {
    let steps = text.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) <= 1).count();
    let lower = text.to_ascii_lowercase();
    let holds = |part: &[u8]| lower.windows(part.len()).any(|window| window == part);
    steps * 2 > text.len()
        || [b"qwerty".as_slice(), b"asdfgh", b"abcdef", b"123456", b"012345"].iter().any(|run| {
            // Hexadecimal texts hold short runs by chance; a long text that has one is no stand-in because of it.
            text.len() < 32 && holds(run)
        })
}

/// Words that say that a value is to be replaced by the real one.
const STAND_INS: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "replace",
    "your_",
    "your-",
    "yourpass",
    "yourkey",
    "yoursecret",
    "yourtoken",
    "mypass",
    "mysecret",
    "mytoken",
    "insert",
    "dummy",
    "sample",
    "redacted",
    "xxxx",
    "****",
    "....",
    "____",
    "----",
    "todo",
    "fixme",
    "undefined",
    "notasecret",
    "not-a-secret",
    "goes-here",
    "goes_here",
    "enter_",
    "put_",
    "default",
    "masked",
    "hidden",
    "encrypted",
    "<your",
    "0000000",
    "fakekey",
    "fake_",
    "fake-",
];

/// Whether a value stands in for a real one: a template, a reference to a variable, or words that say so.
pub(super) fn is_stand_in(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let holds = |part: &str| lower.windows(part.len()).any(|window| window == part.as_bytes());
    let wrapped = |open: u8, close: u8| text.first() == Some(&open) && text.last() == Some(&close);
    let template = ["${", "{{", "}}", "#{", "$(", "%(", "<%", "{%", "%>"].iter().any(|part| holds(part));
    let variable =
        text.first() == Some(&b'$') && text[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let percent = text.len() > 2 && wrapped(b'%', b'%');
    let few = {
        let mut seen: Vec<u8> = lower.clone();
        seen.sort_unstable();
        seen.dedup();
        (seen.len() < 3 && text.len() > 3) || (seen.len() < 5 && text.len() > 16)
    };
    template
        || (variable && text.len() < 40)
        || percent
        || few
        || wrapped(b'{', b'}')
        || wrapped(b'<', b'>')
        || wrapped(b'[', b']')
        || wrapped(b'(', b')')
        || STAND_INS.iter().any(|word| holds(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_random_and_names_do_not() {
        let keys = ["f3Kq9ZxV2pLw8RtB", "9f86d081884c7d659a2feaa0c55ad015", "kqzvxwjpdmtrgbhnf"];
        let names = [
            "access_token_url",
            "authorization",
            "2024-01-31T10:00:00",
            "abcdefghijklmnop",
            "org.example.Keys",
            "1.2.3",
        ];
        assert_eq!(keys.map(|key| is_random(key.as_bytes())), [true; 3]);
        assert_eq!(names.map(|name| is_random(name.as_bytes())), [false; 6]);
    }

    #[test]
    fn templates_and_words_that_ask_for_a_value_stand_in() {
        let stand_ins =
            ["${DB_PASSWORD}", "<password>", "changeme123", "%(secret)s", "xxxxxxxx", "{{ key }}", "$TOKEN"];
        assert_eq!(stand_ins.map(|text| is_stand_in(text.as_bytes())), [true; 7]);
        assert!(!is_stand_in(b"f3Kq9ZxV2pLw8RtB"));
    }

    #[test]
    fn entropy_counts_bits() {
        assert!((entropy(b"aabb") - 1.0).abs() < 1e-9);
        assert!((entropy(b"aaaa")).abs() < 1e-9);
    }
}
