//! Whoever waits for a sign-in: what they have to bring, and what they are handed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iama_store::login_codes::{self, LoginCode};
use iama_store::sealing::sha256;
use iama_store::sessions::{self, End, Method};
use iama_store::{Connection, StoreError};
use serde::{Deserialize, Serialize};
use time::Duration;
use utoipa::IntoParams;
use uuid::Uuid;

use super::pairs::{TokenPair, begin, random_token};
use super::targets::{Target, with_query};
use crate::error::{ApiError, ErrorCode};
use crate::extract::Fields;
use crate::state::AppState;

/// What login codes begin with, so that scanners know one.
const PREFIX: &str = "iama_lc_";

/// How long a program has time to change its code.
const OF_CLIENT: Duration = Duration::minutes(2);

/// How long a person has time to look at the device.
pub(crate) const OF_DEVICE: Duration = Duration::minutes(10);

/// Where a sign-in is to be brought: to a program, with the challenge of its verifier, or to a device that shows a code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Asked {
    /// Where the program waits: `http://127.0.0.1:PORT/…`, `http://[::1]:PORT/…`, `vscode://PUBLISHER.EXTENSION/…`, or a page that is configured.
    #[param(example = "http://127.0.0.1:43210/signed-in")]
    #[serde(skip_serializing_if = "Option::is_none")]
    return_to: Option<String>,
    /// SHA-256 of the program's verifier, in base64url (RFC 7636).
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    #[serde(skip_serializing_if = "Option::is_none")]
    code_challenge: Option<String>,
    /// Always `S256`.
    #[param(example = "S256")]
    #[serde(skip_serializing_if = "Option::is_none")]
    code_challenge_method: Option<String>,
    /// Comes back to the program with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// What a device shows, instead of all of the above.
    #[param(example = "BCDF-GHJK")]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_code: Option<String>,
}

impl Asked {
    /// For a device.
    pub(crate) fn device(user_code: &str) -> Self {
        Self { user_code: Some(user_code.to_owned()), ..Self::default() }
    }

    /// The address of a page that is to go on with the same.
    pub(crate) fn link(&self, path: &str) -> Result<String, ApiError> {
        let query = serde_urlencoded::to_string(self).map_err(|error| ApiError::internal(&error))?;
        Ok(format!("{path}?{query}"))
    }
}

/// Whoever waits for a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiter {
    /// Where.
    pub(crate) target: Target,
    /// The challenge of their verifier; empty for a page of ours.
    pub(crate) challenge: String,
    /// What they want to hear again.
    pub(crate) state: String,
}

impl Waiter {
    /// Whom a request names.
    pub(crate) fn read(state: &AppState, asked: &Asked) -> Result<Self, ApiError> {
        let target = match (&asked.return_to, &asked.user_code) {
            (Some(address), None) => Target::client(address, &state.oauth)?,
            (None, Some(user_code)) => {
                return Ok(Self { target: Target::device(user_code), challenge: String::new(), state: String::new() });
            }
            _ => {
                let fault = "either return_to or user_code says where the sign-in goes";
                return Err(ApiError::new(ErrorCode::ValidationFailed, fault));
            }
        };
        let challenge = asked.code_challenge.clone().unwrap_or_default();
        let own = asked.state.clone().unwrap_or_default();
        let mut fields = Fields::default();
        let hash = URL_SAFE_NO_PAD.decode(&challenge).is_ok_and(|bytes| bytes.len() == 32);
        fields.require(hash, "code_challenge", "must be a SHA-256 in base64url");
        let hashed = asked.code_challenge_method.as_deref() == Some("S256");
        fields.require(hashed, "code_challenge_method", "must be S256");
        fields.require(own.len() <= 500, "state", "is longer than 500 bytes");
        fields.require(!own.contains('\0'), "state", "must not contain NUL");
        fields.done()?;
        Ok(Self { target, challenge, state: own })
    }

    /// Issues what the waiter changes for tokens.
    pub(crate) async fn issue(
        &self,
        state: &AppState,
        connection: &mut Connection,
        user: Uuid,
        method: Method,
    ) -> Result<String, ApiError> {
        let code = random_token(PREFIX)?;
        let kept = LoginCode { user, method, challenge: self.challenge.clone(), return_to: self.target.kept() };
        let lifetime = if matches!(self.target, Target::Device(_)) { OF_DEVICE } else { OF_CLIENT };
        login_codes::issue(connection, &sha256(code.as_bytes()), &kept, lifetime, state.clock.now()).await?;
        Ok(code)
    }

    /// The address of a program, with the answer in its query. It says who answers, and what the program wanted to hear again.
    pub(crate) fn address(&self, state: &AppState, address: &str, answer: &[(&str, &str)]) -> Result<String, ApiError> {
        let mut pairs = answer.to_vec();
        if !self.state.is_empty() {
            pairs.push(("state", &self.state));
        }
        pairs.push(("iss", &state.http.public_url));
        with_query(address, &pairs)
    }
}

/// Changes a code for whom it stands for. Whoever tries a code has used it up, whether their verifier was right or not.
pub(crate) async fn redeem(
    state: &AppState,
    code: &str,
    accept: impl FnOnce(&LoginCode) -> bool,
) -> Result<LoginCode, ApiError> {
    let mut transaction = state.db.begin().await?;
    let known = login_codes::redeem(&mut transaction, &sha256(code.as_bytes()), state.clock.now()).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    known.filter(accept).ok_or_else(invalid)
}

/// Changes a code for a session. One that comes once more is known to somebody else as well, so the session ends that it was
/// changed for (RFC 6749, 4.1.2). All in one transaction: whoever is second finds what the first has got.
pub(crate) async fn exchange(
    state: &AppState,
    code: &str,
    client: &str,
    accept: impl FnOnce(&LoginCode) -> bool,
) -> Result<TokenPair, ApiError> {
    let (hash, now) = (sha256(code.as_bytes()), state.clock.now());
    let mut transaction = state.db.begin().await?;
    let known = login_codes::redeem(&mut transaction, &hash, now).await?;
    let done = match known {
        Some(known) if accept(&known) => {
            let (session, pair) = begin(state, &mut transaction, known.user, known.method, client).await?;
            login_codes::changed_for(&mut transaction, &hash, session).await?;
            Ok(pair)
        }
        Some(_) => Err(invalid()),
        None => {
            if let Some((session, user)) = login_codes::session_of(&mut transaction, &hash).await? {
                tracing::warn!(%user, "a login code was used twice; its session is over");
                sessions::end(&mut transaction, session, End::Reuse, now).await?;
            }
            Err(invalid())
        }
    };
    transaction.commit().await.map_err(StoreError::from)?;
    done
}

fn invalid() -> ApiError {
    ApiError::new(ErrorCode::LoginCodeInvalid, "the code is not valid any more")
}

/// Whether a verifier is the one of a challenge.
pub(crate) fn is_verifier_of(verifier: &str, challenge: &str) -> bool {
    (43..=128).contains(&verifier.len()) && URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())) == challenge
}
