//! Cookies: what a browser shows to prove that it is the one that began.

use axum::http::header::{COOKIE, InvalidHeaderValue};
use axum::http::{HeaderMap, HeaderValue};

use crate::error::ApiError;
use crate::settings::HttpSettings;

/// A cookie for this server alone, which no script reads and no other site sends along, but for links.
pub(crate) struct Cookie<'h> {
    http: &'h HttpSettings,
    name: String,
}

impl<'h> Cookie<'h> {
    /// A cookie by its name. Over encrypted connections its name keeps everybody but this very host from setting it.
    pub(crate) fn new(http: &'h HttpSettings, name: &str) -> Self {
        let prefix = if is_encrypted(http) { "__Host-" } else { "" };
        Self { http, name: format!("{prefix}{name}") }
    }

    /// What the browser has shown.
    pub(crate) fn shown<'r>(&self, headers: &'r HeaderMap) -> Option<&'r str> {
        let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.name).map(|(_, value)| value)
    }

    /// Gives it to the browser for a while.
    pub(crate) fn given(&self, value: &str, lifetime: time::Duration) -> Result<HeaderValue, ApiError> {
        self.header(value, lifetime.whole_seconds())
    }

    /// Takes it back.
    pub(crate) fn taken(&self) -> Result<HeaderValue, ApiError> {
        self.header("", 0)
    }

    fn header(&self, value: &str, seconds: i64) -> Result<HeaderValue, ApiError> {
        let secure = if is_encrypted(self.http) { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name);
        HeaderValue::from_str(&text).map_err(|error: InvalidHeaderValue| ApiError::internal(&error))
    }
}

fn is_encrypted(http: &HttpSettings) -> bool {
    http.public_url.starts_with("https://")
}
