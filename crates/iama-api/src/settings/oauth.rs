//! Who vouches for people, and whom a sign-in may be handed to.

use std::path::PathBuf;

use iama_connect::github::{self, GitHub};
use iama_connect::google::{self, Google};
use iama_connect::{Fault, Providers, is_safe_address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Faults;
use crate::auth::targets::is_extension;

/// Providers of identities. One without a client id is not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OauthSettings {
    /// GitHub.
    pub github: GithubSettings,
    /// Google.
    pub google: GoogleSettings,
    /// Extensions of VS Code that a sign-in may be handed to, as `publisher.name`. Programs on the same machine need not be named.
    pub extensions: Vec<String>,
    /// Pages that a sign-in may be handed to, each exactly.
    pub return_to: Vec<String>,
}

impl Default for OauthSettings {
    fn default() -> Self {
        Self {
            github: GithubSettings::default(),
            google: GoogleSettings::default(),
            extensions: vec!["iama.iama".to_owned()],
            return_to: Vec::new(),
        }
    }
}

/// What proves to a provider who we are: never the secret, but where it lies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientSecret {
    /// The file that holds it.
    pub file: Option<PathBuf>,
    /// The variable that holds it instead.
    pub env: Option<String>,
}

/// GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GithubSettings {
    /// What GitHub calls this server; without it, nobody signs in by GitHub.
    pub client_id: Option<String>,
    /// Where the secret of the client lies.
    pub client_secret: ClientSecret,
    /// Where browsers are sent.
    pub authorize_url: String,
    /// Where codes are changed.
    pub token_url: String,
    /// The root of the API.
    pub api_url: String,
    /// What answers name as their issuer, where they name one.
    pub issuer: String,
}

impl Default for GithubSettings {
    fn default() -> Self {
        Self {
            client_id: None,
            client_secret: ClientSecret::default(),
            authorize_url: "https://github.com/login/oauth/authorize".to_owned(),
            token_url: "https://github.com/login/oauth/access_token".to_owned(),
            api_url: "https://api.github.com".to_owned(),
            issuer: "https://github.com/login/oauth".to_owned(),
        }
    }
}

/// Google.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GoogleSettings {
    /// What Google calls this server; without it, nobody signs in by Google.
    pub client_id: Option<String>,
    /// Where the secret of the client lies.
    pub client_secret: ClientSecret,
    /// The issuer, exactly as it writes itself; the rest is discovered there.
    pub issuer: String,
}

impl Default for GoogleSettings {
    fn default() -> Self {
        Self {
            client_id: None,
            client_secret: ClientSecret::default(),
            issuer: "https://accounts.google.com".to_owned(),
        }
    }
}

/// The secrets themselves, read from where they lie.
#[derive(Clone, Default)]
pub struct ClientSecrets {
    /// GitHub's.
    pub github: Option<String>,
    /// Google's.
    pub google: Option<String>,
}

impl OauthSettings {
    /// The providers that have a client id and a secret. Whoever they recognise comes back to the server's callback.
    pub fn providers(&self, secrets: ClientSecrets, public_url: &str) -> Result<Providers, Fault> {
        let redirect = format!("{public_url}/api/v1/auth/oauth/callback");
        let mut providers = Providers::default();
        if let (Some(client_id), Some(client_secret)) = (self.github.client_id.clone(), secrets.github) {
            let GithubSettings { authorize_url, token_url, api_url, issuer, .. } = self.github.clone();
            let settings = github::Settings { client_id, client_secret, authorize_url, token_url, api_url, issuer };
            providers.github = Some(GitHub::new(settings, redirect.clone())?);
        }
        if let (Some(client_id), Some(client_secret)) = (self.google.client_id.clone(), secrets.google) {
            let settings = google::Settings { client_id, client_secret, issuer: self.google.issuer.clone() };
            providers.google = Some(Google::new(settings, redirect)?);
        }
        Ok(providers)
    }

    /// Notes what is wrong.
    pub fn validate(&self, faults: &mut Faults) {
        let GithubSettings { authorize_url, token_url, api_url, .. } = &self.github;
        for (name, address) in [
            ("oauth.github.authorize_url", authorize_url),
            ("oauth.github.token_url", token_url),
            ("oauth.github.api_url", api_url),
            ("oauth.google.issuer", &self.google.issuer),
        ] {
            faults.require(is_safe_address(address), name, "must be https://, or http:// on this machine");
        }
        for (name, id, secret) in [
            ("oauth.github", &self.github.client_id, &self.github.client_secret),
            ("oauth.google", &self.google.client_id, &self.google.client_secret),
        ] {
            faults.require(id.as_deref() != Some(""), &format!("{name}.client_id"), "must not be empty");
            let one = secret.file.is_some() != secret.env.is_some();
            faults.require(
                id.is_none() || one,
                &format!("{name}.client_secret"),
                "must have either file or env where there is a client_id",
            );
        }
        for extension in &self.extensions {
            faults.require(is_extension(extension), "oauth.extensions", format!("{extension:?} is no publisher.name"));
        }
        for page in &self.return_to {
            faults.require(
                is_safe_address(page),
                "oauth.return_to",
                format!("{page:?} must be https://, or http:// on this machine"),
            );
        }
    }
}
