//! How many tokens a prompt has, where the estimate leaves in doubt whether it fits.

use crate::config::{Kind, Route};
use crate::prompt::Prompt;

/// How far the estimate may be wrong, in hundredths of the cap on either side of it.
const DOUBT: u64 = 20;
/// A longer run without a border between words is cut: what splits texts into words needs memory for all of it.
const LONGEST_RUN: usize = 1 << 10;
/// What the form of a message adds to its text.
const MESSAGE_TOKENS: u64 = 8;

/// Whether an estimate is so near a cap that it decides nothing.
pub(crate) fn doubtful(estimate: u64, cap: u64) -> bool {
    let band = cap / 100 * DOUBT + cap % 100 * DOUBT / 100;
    (cap - band..=cap.saturating_add(band)).contains(&estimate)
}

/// The fewest tokens that a prompt of this estimate is thought to have.
pub(crate) const fn least(estimate: u64) -> u64 {
    estimate.saturating_mul(100) / (100 + DOUBT)
}

/// The tokens of a prompt for a model of `OpenAI`, whose tokenizer is public; nothing for other models.
pub(crate) fn here(kind: Kind, route: &Route, prompt: &Prompt) -> Option<u64> {
    if kind != Kind::Openai || !o200k(&route.model) {
        return None;
    }
    let tokenizer = tiktoken_rs::o200k_base_singleton();
    let tokens = |text: &str| pieces(text).map(|piece| tokenizer.count_ordinary(piece)).sum::<usize>();
    Some(prompt.texts().map(|text| u64::try_from(tokens(text)).unwrap_or(u64::MAX) + MESSAGE_TOKENS).sum())
}

/// Whether a model reads the vocabulary that came with GPT-4o. Older ones are few, and estimated.
fn o200k(model: &str) -> bool {
    const SINCE: [&str; 8] = ["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "chatgpt-4o", "o1", "o3", "o4"];
    SINCE.iter().any(|begin| model.starts_with(begin))
}

/// The text in pieces of which none has too long a run of blanks, or of anything else. A cut adds a token at the most.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(end_of_piece(rest));
        rest = after;
        Some(piece)
    })
}

fn end_of_piece(text: &str) -> usize {
    let (mut began, mut blank) = (0, None);
    for (at, sign) in text.char_indices() {
        if blank != Some(sign.is_whitespace()) {
            (began, blank) = (at, Some(sign.is_whitespace()));
        } else if at - began >= LONGEST_RUN {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pricing;
    use iama_job::ModelClass;

    fn openai(model: &str, text: &str) -> Option<u64> {
        let route = Route {
            class: ModelClass::L1,
            stages: std::collections::BTreeSet::new(),
            provider: "openai".into(),
            model: model.into(),
            context_tokens: None,
            output_tokens: 1,
            pricing: Pricing::Unpriced,
        };
        here(Kind::Openai, &route, &Prompt { task: text.to_owned(), ..Prompt::default() })
    }

    #[test]
    fn only_models_whose_tokenizer_is_known_are_counted_here() {
        let text = "def is_legacy(source):\n    return source.startswith('print ')\n";
        assert_eq!(openai("gpt-5-mini", text), Some(13 + MESSAGE_TOKENS));
        assert_eq!(openai("gpt-5", "<|endoftext|>"), Some(7 + MESSAGE_TOKENS));
        assert_eq!(openai("gpt-4", text), None);
        assert_eq!(openai("llama-3", text), None);
    }

    #[test]
    fn a_text_of_one_run_is_counted_as_well() {
        for sign in [" ", "\n", "a", "(", "ä", "\u{2003}"] {
            let count = openai("gpt-4o", &sign.repeat(30_000)).unwrap();
            assert!((200..60_000).contains(&count), "{sign:?}: {count}");
        }
    }

    #[test]
    fn no_text_has_more_tokens_than_are_taken_for_the_most() {
        let signs = [
            "abcdefghijklmnopqrstuvwxyz",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "0123456789",
            "+/=_-",
            "(){}[]<>:;.,",
            "äß漢字😀𓀀",
        ];
        let mut random = fastrand::Rng::with_seed(1);
        for chosen in 1..1_u32 << signs.len() {
            let kinds =
                signs.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).flat_map(|(_, kind)| kind.chars());
            let kinds: Vec<char> = kinds.collect();
            let text: String = (0..300).filter_map(|_| random.choice(&kinds)).collect();
            let prompt = Prompt { task: text, ..Prompt::default() };
            let counted = openai("gpt-5", &prompt.task).unwrap();
            assert!(counted <= prompt.most_tokens(), "{counted} tokens, {}: {}", prompt.most_tokens(), prompt.task);
        }
    }

    #[test]
    fn pieces_are_the_text_and_none_has_a_long_run() {
        let text = format!("a b {} c {}d", "ä".repeat(3_000), "\t ".repeat(2_000));
        let cut: Vec<&str> = pieces(&text).collect();
        assert_eq!(cut.concat(), text);
        assert_eq!(cut.len(), 1 + 5 + 3);
        let runs = |piece: &&str| {
            let words = piece.split(char::is_whitespace).map(str::len).max();
            words.max(piece.split(|sign: char| !sign.is_whitespace()).map(str::len).max()).unwrap_or(0)
        };
        assert_eq!(cut.iter().map(runs).max(), Some(LONGEST_RUN));
    }

    #[test]
    fn an_estimate_decides_nothing_within_a_fifth_of_the_cap() {
        let doubtful = |estimate| doubtful(estimate, 1_000);
        assert_eq!([799, 800, 1_000, 1_200, 1_201].map(doubtful), [false, true, true, true, false]);
        assert!(!super::doubtful(5_000, u64::MAX));
        assert_eq!(least(1_200), 1_000);
    }
}
