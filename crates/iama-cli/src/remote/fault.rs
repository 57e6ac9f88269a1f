//! What may come instead of an answer.

use std::time::Duration;

use iama_sandbox::printable;
use serde::Deserialize;

use crate::problem::{Problem, bad_input};

/// The longest text of a server's that people are shown.
const SHOWN: usize = 500;

/// What came instead of an answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nothing: the server cannot be reached, or the connection broke.
    Away(String),
    /// The server says no.
    Refused(Refusal),
    /// Something that is no answer of a server of IAMA's.
    Foreign(u16),
    /// Nobody is signed in, or the sign-in is over.
    SignedOut,
    /// The file of sign-ins cannot be used.
    Account(Problem),
}

/// A server that says no.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The status of the answer.
    pub(crate) status: u16,
    /// Why, by its stable name.
    pub(crate) code: String,
    message: String,
    hint: String,
    /// When it is worth to try again.
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Body {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    code: String,
    message: String,
    hint: String,
}

impl Fault {
    /// What an answer with a bad status says.
    pub(super) fn of(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        match serde_json::from_slice::<Body>(body) {
            Ok(Body { error: Detail { code, message, hint } }) => {
                Self::Refused(Refusal { status, code, message, hint, retry_after })
            }
            Err(_) => Self::Foreign(status),
        }
    }

    /// Whether what a machine works at is wanted by nobody any more.
    pub(crate) fn is_late(&self) -> bool {
        ["LEASE_LOST", "ALREADY_ANSWERED", "NOT_FOUND"].iter().any(|code| self.is(code))
    }

    /// Whether a server refuses by this name.
    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == code)
    }

    /// When a server wants to be asked again; nothing where it does not say.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// What a person is told.
    pub(crate) fn problem(self, url: &str) -> Problem {
        match self {
            Self::Away(what) => {
                Problem::not_delivered("SERVER_UNREACHABLE", format!("{url} does not answer: {}", shown(&what)))
                    .hint("nothing was lost; `iama jobs resume` goes on when it is there again")
            }
            Self::Refused(refusal) => refused(refusal),
            Self::Foreign(status) => bad_input(
                "SERVER_FOREIGN",
                format!("{url} answers with {status}, and not as IAMA does"),
                "check the address",
            ),
            Self::SignedOut => {
                bad_input("SIGNED_OUT", format!("nobody is signed in at {url}"), format!("iama login --server {url}"))
            }
            Self::Account(problem) => problem,
        }
    }
}

fn refused(refusal: Refusal) -> Problem {
    let is_code = (1..=64).contains(&refusal.code.len())
        && refusal.code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    // The names of problems live as long as the program, and this one ends with the problem.
    let code = if is_code { Box::leak(refusal.code.into_boxed_str()) } else { "SERVER_REFUSED" };
    bad_input(code, shown(&refusal.message), shown(&refusal.hint))
}

/// A text of a server's as a terminal may have it.
pub(super) fn shown(text: &str) -> String {
    let mut text = printable(text).into_owned();
    if let Some((at, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(at);
    }
    text
}
