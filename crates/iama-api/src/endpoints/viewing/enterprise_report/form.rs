//! In which form the report is wanted.

use std::cmp::Reverse;

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorCode};

/// A form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReportFormat {
    /// For machines.
    Json,
    /// For people.
    Pdf,
}

/// The form that `Accept` prefers; of several that it likes as much, the first one that it names.
pub(super) fn accepted(headers: &HeaderMap) -> Result<ReportFormat, ApiError> {
    let named: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if named.is_empty() {
        return Ok(ReportFormat::Json);
    }
    let kinds =
        named.iter().flat_map(|value| value.split(',')).filter_map(preference).filter(|(weight, _)| *weight > 0);
    let best = kinds.min_by_key(|(weight, _)| Reverse(*weight)).map(|(_, format)| format);
    best.ok_or_else(|| ApiError::new(ErrorCode::NotAcceptable, "the report is there as JSON and as PDF"))
}

/// A form with its weight in thousandths; nothing for kinds that the report is not there in.
fn preference(kind: &str) -> Option<(u16, ReportFormat)> {
    let mut parts = kind.split(';').map(str::trim);
    let format = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/pdf" => ReportFormat::Pdf,
        "application/json" | "application/*" | "*/*" => ReportFormat::Json,
        _ => return None,
    };
    let weight =
        parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    Some(((weight.clamp(0.0, 1.0) * 1000.0) as u16, format))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &str) -> Result<ReportFormat, &'static str> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
        accepted(&headers).map_err(|error| error.code())
    }

    #[test]
    fn the_form_is_the_one_that_is_liked_most() {
        use ReportFormat::{Json, Pdf};
        assert_eq!(accepted(&HeaderMap::new()).ok(), Some(Json));
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, wanted) in [
            ("*/*", Json),
            ("Application/PDF", Pdf),
            ("application/json;q=0.5, application/pdf", Pdf),
            ("application/pdf;q=0.5, */*", Json),
            ("application/pdf, application/json", Pdf),
            ("application/pdf;q=0, application/json;q=0.1", Json),
            (browser, Json),
        ] {
            assert_eq!(of(accept), Ok(wanted), "{accept}");
        }
        for accept in ["text/csv", "application/pdf;q=0", "application/pdf;q=much"] {
            assert_eq!(of(accept), Err("NOT_ACCEPTABLE"), "{accept}");
        }
    }
}
