//! What goes wrong on the wire, and what follows from it.

use std::time::Duration;

use serde_json::Value;

use super::{Headers, text};

/// Why a request brought no answer. Nothing in it quotes a prompt or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// No connection, or it broke.
    #[error("the connection failed: {what}")]
    Connection {
        /// How.
        what: String,
        /// Whether the request may have arrived.
        sent: bool,
    },
    /// Nothing came for too long.
    #[error("nothing came for {waited:?}")]
    Silence {
        /// The wait.
        waited: Duration,
    },
    /// The stream ended without its end event or without a reason.
    #[error("the answer was cut off: {missing} is missing")]
    Truncated {
        /// What is missing.
        missing: &'static str,
    },
    /// The stream is not what the form says.
    #[error("the answer is malformed: {what}")]
    Malformed {
        /// How.
        what: String,
    },
    /// The answer is longer than anything that was asked for.
    #[error("the answer is longer than {bytes} bytes")]
    Endless {
        /// The limit.
        bytes: usize,
    },
    /// Too many requests.
    #[error("the provider wants fewer requests{}", said(.detail))]
    RateLimited {
        /// When to come back, if it says.
        retry_after: Option<Duration>,
        /// What it calls it.
        detail: String,
    },
    /// It is overloaded or broken.
    #[error("the provider failed with status {status}{}", said(.detail))]
    Overloaded {
        /// The status; 200 if the failure came within a stream.
        status: u16,
        /// When to come back, if it says.
        retry_after: Option<Duration>,
        /// What it calls it.
        detail: String,
    },
    /// The key is wrong, or may not do this.
    #[error("the provider refused the key with status {status}{}", said(.detail))]
    Key {
        /// The status.
        status: u16,
        /// What it calls it.
        detail: String,
    },
    /// The request is wrong: another try would be, too.
    #[error("the provider refused the request with status {status}{}", said(.detail))]
    Rejected {
        /// The status.
        status: u16,
        /// What it calls it.
        detail: String,
    },
    /// A replay has no such exchange.
    #[error("the recording has no answer to this request ({hash}, occurrence {occurrence})")]
    NotRecorded {
        /// The request's hash.
        hash: String,
        /// Which of the same requests, from 1.
        occurrence: u32,
    },
    /// A recording cannot be read or written.
    #[error("the recording failed: {what}")]
    Recording {
        /// How.
        what: String,
    },
}

fn said(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

impl WireFault {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Connection { .. } => "CONNECTION",
            Self::Silence { .. } => "SILENCE",
            Self::Truncated { .. } => "TRUNCATED",
            Self::Malformed { .. } => "MALFORMED",
            Self::Endless { .. } => "ENDLESS",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Overloaded { .. } => "OVERLOADED",
            Self::Key { .. } => "KEY_REFUSED",
            Self::Rejected { .. } => "REJECTED",
            Self::NotRecorded { .. } => "NOT_RECORDED",
            Self::Recording { .. } => "RECORDING",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Connection { .. } | Self::Silence { .. } => "check the network and the provider's base-url",
            Self::Truncated { .. } | Self::Malformed { .. } | Self::Endless { .. } => {
                "check what stands between here and the provider"
            }
            Self::RateLimited { .. } | Self::Overloaded { .. } => "try again later, or add a route of another provider",
            Self::Key { .. } => "check the key in the provider's variable",
            Self::Rejected { .. } => "check the model's name and its limits",
            Self::NotRecorded { .. } => "record again: the request is not the one that was recorded",
            Self::Recording { .. } => "check the folder of the recording",
        }
    }

    /// Whether the same request may succeed later.
    pub const fn passes(&self) -> bool {
        match self {
            Self::Connection { .. }
            | Self::Silence { .. }
            | Self::Truncated { .. }
            | Self::Malformed { .. }
            | Self::RateLimited { .. }
            | Self::Overloaded { .. } => true,
            Self::Endless { .. }
            | Self::Key { .. }
            | Self::Rejected { .. }
            | Self::NotRecorded { .. }
            | Self::Recording { .. } => false,
        }
    }

    /// Whether another provider may be asked instead.
    pub const fn elsewhere(&self) -> bool {
        !matches!(self, Self::NotRecorded { .. } | Self::Recording { .. })
    }

    /// How long the provider wants to be left alone.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Overloaded { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What a refused request means. Of the body only the provider's name for the failure is kept: its sentences may quote
    /// the prompt.
    pub(crate) fn of_status(status: u16, headers: &Headers, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let detail = name_of(body.get(0).unwrap_or(&body));
        let retry_after = retry_after(headers);
        match status {
            401 | 403 => Self::Key { status, detail },
            429 => Self::RateLimited { retry_after, detail },
            408 | 409 | 425 | 500..=599 => Self::Overloaded { status, retry_after, detail },
            _ => Self::Rejected { status, detail },
        }
    }

    /// What an error within a stream means.
    pub(crate) fn in_stream(frame: &Value) -> Self {
        let detail = name_of(frame);
        let (retry_after, status) = (None, 200);
        match detail.as_str() {
            "rate_limit_error" | "rate_limit_exceeded" | "RESOURCE_EXHAUSTED" => {
                Self::RateLimited { retry_after, detail }
            }
            "invalid_request_error" | "INVALID_ARGUMENT" => Self::Rejected { status, detail },
            "authentication_error" | "permission_error" | "PERMISSION_DENIED" => Self::Key { status, detail },
            _ => Self::Overloaded { status, retry_after, detail },
        }
    }
}

/// The name of a failure: `error.type`, `error.status` or `error.code`, if it is a word.
fn name_of(body: &Value) -> String {
    let word = |text: &&str| text.len() <= 60 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let found = ["/error/status", "/error/type", "/error/code"].iter().find_map(|at| text(body, at).filter(word));
    found.unwrap_or_default().to_owned()
}

/// The longest wait that a provider may ask for.
const LONGEST: Duration = Duration::from_hours(24);

fn retry_after(headers: &Headers) -> Option<Duration> {
    let number = |text: &String| text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let ms = headers.retry_after_ms.as_ref().and_then(number).map(|ms| ms / 1000.0);
    let seconds = ms.or_else(|| headers.retry_after.as_ref().and_then(number));
    let given = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).or_else(|| until(headers));
    given.map(|wait| wait.min(LONGEST))
}

/// A date counts from the answer's own, so that no clock here has to be right.
fn until(headers: &Headers) -> Option<Duration> {
    let date = |text: &Option<String>| httpdate::parse_http_date(text.as_deref()?.trim()).ok();
    let (then, now) = (date(&headers.retry_after)?, date(&headers.date)?);
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str, ms: Option<&str>, date: Option<&str>) -> Option<Duration> {
        let owned = |text: &str| text.to_owned();
        let headers =
            Headers { retry_after: Some(retry_after.to_owned()), retry_after_ms: ms.map(owned), date: date.map(owned) };
        WireFault::of_status(429, &headers, b"").retry_after()
    }

    #[test]
    fn a_wait_is_given_in_seconds_in_milliseconds_or_as_a_date() {
        let (now, then) = ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:30 GMT");
        assert_eq!(wait("7", None, None), Some(Duration::from_secs(7)));
        assert_eq!(wait("7", Some("250"), None), Some(Duration::from_millis(250)));
        assert_eq!(wait(then, None, Some(now)), Some(Duration::from_secs(30)));
        assert_eq!(wait(now, None, Some(then)), Some(Duration::ZERO));
        assert_eq!(wait(then, None, None), None);
        assert_eq!(wait("-1", None, None), None);
        assert_eq!(wait("1e300", None, None), None);
        assert_eq!(wait("999999999", None, None), Some(LONGEST));
    }

    #[test]
    fn a_status_says_whether_another_try_makes_sense_and_only_names_are_kept() {
        let fault = |status, body: &str| WireFault::of_status(status, &Headers::default(), body.as_bytes());
        let overloaded =
            fault(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"secret prompt"}}"#);
        assert_eq!(overloaded.to_string(), "the provider failed with status 529 (overloaded_error)");
        let gemini = fault(400, r#"[{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}]"#);
        assert_eq!(gemini, WireFault::Rejected { status: 400, detail: "INVALID_ARGUMENT".into() });
        let odd = fault(401, r#"{"error":{"code":"the key sk-123 is wrong"}}"#);
        assert_eq!(odd, WireFault::Key { status: 401, detail: String::new() });
        assert_eq!(
            [429, 503, 529, 400, 401, 404].map(|status| fault(status, "<html>").passes()),
            [true, true, true, false, false, false]
        );
    }
}
