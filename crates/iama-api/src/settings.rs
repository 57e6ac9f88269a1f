//! What the API is told when it starts. Each section says all that is wrong with it at once.

mod oauth;

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use iama_connect::Providers;
pub use oauth::{ClientSecret, ClientSecrets, GithubSettings, GoogleSettings, OauthSettings};

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name, as in `http.public_url`.
    pub setting: String,
    /// What is wrong.
    pub fault: String,
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Notes a fault unless something holds.
    pub fn require(&mut self, holds: bool, setting: &str, fault: impl Into<String>) {
        if !holds {
            self.0.push(Fault { setting: setting.to_owned(), fault: fault.into() });
        }
    }
}

/// How the API speaks HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port to listen on.
    pub listen: String,
    /// How clients reach it, without a path: the issuer of tokens and the root of addresses that are handed out.
    pub public_url: String,
    /// Web pages on other origins that may call it.
    pub allowed_origins: Vec<String>,
    /// The largest body of a request, in bytes; artifacts have a limit of their own.
    pub body_limit_bytes: usize,
    /// The largest artifact that an executor may send, in bytes.
    pub artifact_limit_bytes: usize,
    /// The longest a request may take, in milliseconds; streams have no limit.
    pub timeout_ms: u64,
    /// The longest that a person waits for a model's answer, in milliseconds; such a request may take that much longer.
    pub model_timeout_ms: u64,
    /// Requests to sign in or up, or to refresh, that one network may make in a minute; 0 for no limit.
    pub sign_ins_a_minute_by_network: u32,
    /// Writes that one network may make in a minute; 0 for no limit.
    pub writes_a_minute_by_network: u32,
    /// Writes that one person may make in a minute; 0 for no limit.
    pub writes_a_minute_by_person: u32,
    /// The header that a trusted proxy puts the client's address in; none where there is no proxy.
    pub client_address_header: Option<String>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8700".to_owned(),
            public_url: "http://127.0.0.1:8700".to_owned(),
            allowed_origins: Vec::new(),
            body_limit_bytes: 1 << 20,
            artifact_limit_bytes: 64 << 20,
            timeout_ms: 30_000,
            model_timeout_ms: 60_000,
            sign_ins_a_minute_by_network: 120,
            writes_a_minute_by_network: 6_000,
            writes_a_minute_by_person: 1_200,
            client_address_header: None,
        }
    }
}

impl HttpSettings {
    /// Notes what is wrong.
    pub fn validate(&self, faults: &mut Faults) {
        faults.require(
            self.listen.parse::<std::net::SocketAddr>().is_ok(),
            "http.listen",
            "must be an address and a port, as 0.0.0.0:8700",
        );
        let is_url = |url: &str| {
            let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            rest.is_some_and(|host| !host.is_empty() && !host.contains('/'))
        };
        faults.require(
            is_url(&self.public_url),
            "http.public_url",
            "must be http:// or https:// and a host, without a path",
        );
        for origin in &self.allowed_origins {
            faults.require(is_url(origin), "http.allowed_origins", format!("{origin:?} is no origin"));
        }
        faults.require(self.body_limit_bytes >= 4_096, "http.body_limit_bytes", "must be at least 4096");
        faults.require(
            self.artifact_limit_bytes >= self.body_limit_bytes,
            "http.artifact_limit_bytes",
            "must not be below http.body_limit_bytes",
        );
        faults.require(self.timeout_ms >= 100, "http.timeout_ms", "must be at least 100");
        faults.require(
            (100..=75_000).contains(&self.model_timeout_ms),
            "http.model_timeout_ms",
            "must be from 100 to 75000",
        );
    }

    /// The longest a request may take.
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The longest that a person waits for a model's answer.
    pub const fn model_timeout(&self) -> Duration {
        Duration::from_millis(self.model_timeout_ms)
    }
}

/// How people prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// Files with RSA private keys in PEM. The first signs; the others are accepted still, until what they signed has expired.
    pub signing_keys: Vec<PathBuf>,
    /// How long an access token is good, in seconds.
    pub access_token_s: u64,
    /// How long a refresh token is good, in seconds.
    pub refresh_token_s: u64,
    /// The cost of bcrypt.
    pub bcrypt_cost: u32,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self { signing_keys: Vec::new(), access_token_s: 15 * 60, refresh_token_s: 30 * 24 * 3_600, bcrypt_cost: 12 }
    }
}

impl AuthSettings {
    /// Notes what is wrong.
    pub fn validate(&self, faults: &mut Faults) {
        faults.require(!self.signing_keys.is_empty(), "auth.signing_keys", "must name at least one file");
        faults.require((60..=3_600).contains(&self.access_token_s), "auth.access_token_s", "must be from 60 to 3600");
        faults.require(
            self.refresh_token_s > self.access_token_s,
            "auth.refresh_token_s",
            "must be longer than auth.access_token_s",
        );
        faults.require((12..=16).contains(&self.bcrypt_cost), "auth.bcrypt_cost", "must be from 12 to 16");
    }
}
