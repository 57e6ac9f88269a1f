//! HTTP to a server: over one client, with the tokens of one sign-in, again when it was away.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::account::{Account, Accounts};
use super::fault::Fault;
use crate::out::tell;
use crate::problem::{Problem, bad_input};

/// How long a request may take.
const REQUEST: Duration = Duration::from_mins(1);

/// How long a request may take whose answer a model makes: longer than a server waits for one.
const REQUEST_OF_MODEL: Duration = Duration::from_mins(4);

/// The longest time without a byte on a stream: the server says something every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);

/// The waits before a server that was away is asked again; together they outlast a restart.
const AGAIN: [u64; 9] = [1, 1, 2, 3, 5, 8, 13, 20, 30];

/// Refusals that another try can come past.
const SHORT: [&str; 4] = ["UNAVAILABLE", "TIMEOUT", "RATE_LIMITED", "IDEMPOTENCY_IN_PROGRESS"];

/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_mins(1);

/// The way to a server, and the sign-in at it.
#[derive(Clone)]
pub(super) struct Wire(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    url: String,
    accounts: Accounts,
}

/// A request.
pub(super) struct Call<'c> {
    method: Method,
    path: &'c str,
    key: Option<String>,
    body: Option<Value>,
    signed: bool,
    time: Duration,
}

impl<'c> Call<'c> {
    const fn plain(method: Method, path: &'c str) -> Self {
        Self { method, path, key: None, body: None, signed: true, time: REQUEST }
    }

    pub(super) const fn get(path: &'c str) -> Self {
        Self::plain(Method::GET, path)
    }

    pub(super) const fn delete(path: &'c str) -> Self {
        Self::plain(Method::DELETE, path)
    }

    /// A write that says nothing more than where it goes.
    pub(super) const fn poke(path: &'c str) -> Self {
        Self::plain(Method::POST, path)
    }

    pub(super) fn post(path: &'c str, body: Value) -> Self {
        Self { body: Some(body), ..Self::poke(path) }
    }

    /// A write that happens once, however often it is sent.
    pub(super) fn once(self, key: String) -> Self {
        Self { key: Some(key), ..self }
    }

    /// A request that a model has a part in.
    pub(super) fn of_model(self) -> Self {
        Self { time: REQUEST_OF_MODEL, ..self }
    }

    pub(super) fn unsigned(self) -> Self {
        Self { signed: false, ..self }
    }
}

/// A pair of tokens.
#[derive(Deserialize)]
pub(super) struct Pair {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
}

#[derive(Deserialize)]
struct Beat {
    client_session: String,
    next_in: u64,
}

impl Wire {
    /// The way to a server, which need not be there.
    pub(super) fn new(url: &str, accounts: Accounts) -> Result<Self, Problem> {
        let url = address(url)?;
        // Another part of the process may have chosen its own first; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            // A redirect would take the tokens and the source elsewhere.
            .redirect(Policy::none())
            .user_agent(concat!("iama/", env!("CARGO_PKG_VERSION")));
        // The system's certificates take a while to load, and a plain connection needs none.
        let builder = if url.starts_with("http://") { builder.no_proxy().tls_certs_only([]) } else { builder };
        let unusable = |error: reqwest::Error| {
            bad_input("HTTP_UNUSABLE", format!("no HTTP here: {error}"), "check the system's certificates")
        };
        let http = builder.build().map_err(unusable)?;
        Ok(Self(Arc::new(Inner { http, url, accounts })))
    }

    /// The server's address, as it is kept.
    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    /// Sends a request, and again while the server is away: all of them may come twice.
    pub(super) async fn send<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Fault> {
        let mut told = false;
        for wait in AGAIN {
            let fault = match self.signed(call).await {
                Ok(answer) => return read(answer).await,
                Err(fault) => fault,
            };
            let wait = match &fault {
                Fault::Away(_) => Duration::from_secs(wait),
                Fault::Refused(refusal) if SHORT.contains(&refusal.code.as_str()) => {
                    refusal.retry_after.unwrap_or(Duration::from_secs(wait)).min(LONGEST)
                }
                _ => return Err(fault),
            };
            if !std::mem::replace(&mut told, true) {
                tell!("{} does not answer; it is asked again", self.url());
            }
            if crate::machine::is_interrupted() {
                return Err(fault);
            }
            tokio::time::sleep(wait).await;
        }
        read(self.signed(call).await?).await
    }

    /// Sends a request, and never again: what does not arrive is no loss.
    pub(super) async fn try_send<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Fault> {
        read(self.signed(call).await?).await
    }

    /// Sends a request with the access token, and with a new one when that has run out.
    async fn signed(&self, call: &Call<'_>) -> Result<Response, Fault> {
        if !call.signed {
            return self.sent(call, None).await;
        }
        let account = self.0.accounts.get(self.url()).map_err(Fault::Account)?.ok_or(Fault::SignedOut)?;
        match self.sent(call, Some(&account.access_token)).await {
            Err(fault) if fault.is("TOKEN_EXPIRED") || fault.is("UNAUTHENTICATED") => {
                let fresh = self.refreshed(&account).await?;
                self.sent(call, Some(&fresh.access_token)).await
            }
            done => done,
        }
    }

    /// The next pair of tokens; one that another process of this user's has fetched meanwhile is as good.
    async fn refreshed(&self, stale: &Account) -> Result<Account, Fault> {
        let held = self.0.accounts.hold().map_err(Fault::Account)?;
        let known = held.get(self.url()).map_err(Fault::Account)?.ok_or(Fault::SignedOut)?;
        if known.access_token != stale.access_token {
            return Ok(known);
        }
        let body = json!({ "refresh_token": known.refresh_token });
        let answer = self.sent(&Call::post("/auth/refresh", body).unsigned(), None).await;
        match answer {
            Ok(answer) => {
                let Pair { access_token, refresh_token } = read(answer).await?;
                let account = Account { access_token, refresh_token };
                held.put(self.url(), Some(account.clone())).map_err(Fault::Account)?;
                Ok(account)
            }
            Err(Fault::Refused(refusal)) if refusal.status == 401 => {
                held.put(self.url(), None).map_err(Fault::Account)?;
                Err(Fault::SignedOut)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn sent(&self, call: &Call<'_>, token: Option<&str>) -> Result<Response, Fault> {
        let request = self.request(call.method.clone(), call.path, token).timeout(call.time);
        let request = match &call.key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        let request = match &call.body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        checked(request.send().await.map_err(|error| away(&error))?).await
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> reqwest::RequestBuilder {
        let request = self.0.http.request(method, format!("{}/api/v1{path}", self.url()));
        match token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// The stream of a job, from after an event on; each item is the number of an event.
    pub(super) async fn stream(&self, job: &str, seen: u64) -> Result<impl Stream<Item = Option<u64>>, Fault> {
        use eventsource_stream::Eventsource as _;
        let path = format!("/jobs/{job}/logs");
        let account = self.0.accounts.get(self.url()).map_err(Fault::Account)?.ok_or(Fault::SignedOut)?;
        let open = async |token: &str| {
            let request = self.request(Method::GET, &path, Some(token)).header("last-event-id", seen);
            checked(request.header("accept", "text/event-stream").send().await.map_err(|error| away(&error))?).await
        };
        let answer = match open(&account.access_token).await {
            Err(fault) if fault.is("TOKEN_EXPIRED") || fault.is("UNAUTHENTICATED") => {
                open(&self.refreshed(&account).await?.access_token).await?
            }
            done => done?,
        };
        let events = answer.bytes_stream().eventsource();
        Ok(events.map(|event| event.ok().and_then(|event| event.id.parse().ok())))
    }

    /// Waits no longer than a server keeps silent.
    pub(super) async fn patient<T>(next: impl Future<Output = Option<T>>) -> Option<T> {
        tokio::time::timeout(SILENCE, next).await.ok().flatten()
    }

    pub(super) async fn renew(&self, job: &str, request: &str, token: i64) -> Result<(), Fault> {
        let path = format!("/jobs/{job}/execution/requests/{request}/renew");
        self.send::<Value>(&Call::post(&path, json!({ "fencing_token": token }))).await.map(drop)
    }

    /// A beat. Gives the session and the time until the next one is due.
    pub(super) async fn beat(
        &self,
        job: &str,
        session: Option<&str>,
        client: &str,
    ) -> Result<(String, Duration), Fault> {
        let path = format!("/jobs/{job}/heartbeat");
        let body = json!({ "client_session": session, "client": client });
        let Beat { client_session, next_in } = self.send(&Call::post(&path, body)).await?;
        Ok((client_session, Duration::from_secs(next_in.clamp(1, 60))))
    }
}

/// The address of a server as it is kept: tokens and source go over an encrypted connection, or do not leave the machine.
fn address(text: &str) -> Result<String, Problem> {
    let text = text.trim().trim_end_matches('/');
    let invalid =
        |sentence: String| bad_input("SERVER_INVALID", sentence, "an address looks like https://iama.example");
    let url = Url::parse(text).map_err(|error| invalid(format!("{text:?} is no address: {error}")))?;
    let is_here = match url.host_str() {
        Some(host) => {
            let bare = host.trim_matches(['[', ']']);
            host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    match url.scheme() {
        _ if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some() =>
        {
            Err(invalid(format!("{text:?} says more than where the server is")))
        }
        "https" => Ok(text.to_owned()),
        "http" if is_here => Ok(text.to_owned()),
        "http" => Err(bad_input(
            "SERVER_INSECURE",
            format!("{text} is another machine, and the connection to it would not be encrypted"),
            "use https",
        )),
        other => Err(invalid(format!("{other} is not spoken here"))),
    }
}

async fn checked(answer: Response) -> Result<Response, Fault> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let body = answer.bytes().await.map_err(|error| away(&error))?;
    Err(Fault::of(status.as_u16(), &body, wait.map(Duration::from_secs)))
}

/// An answer without a body is JSON's nothing.
async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, Fault> {
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|error| away(&error))?;
    let body: &[u8] = if body.is_empty() { b"null" } else { &body };
    serde_json::from_slice(body).map_err(|_| Fault::Foreign(status))
}

/// The error's innermost cause, which names neither address nor header.
fn away(error: &reqwest::Error) -> Fault {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Fault::Away(if std::ptr::addr_eq(cause, error) { "no answer".to_owned() } else { cause.to_string() })
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn what_goes_to_another_machine_is_encrypted() {
        for good in ["https://iama.example", "http://127.0.0.1:8700/", "http://localhost:1", "http://[::1]:8700"] {
            assert_eq!(address(good).unwrap(), good.trim_end_matches('/'));
        }
        for (bad, code) in [
            ("http://iama.example", "SERVER_INSECURE"),
            ("http://127.0.0.1.example", "SERVER_INSECURE"),
            ("iama.example", "SERVER_INVALID"),
            ("ftp://127.0.0.1", "SERVER_INVALID"),
            ("https://a:b@iama.example", "SERVER_INVALID"),
            ("https://iama.example/?x", "SERVER_INVALID"),
        ] {
            assert_eq!(address(bad).unwrap_err().code, code, "{bad}");
        }
    }
}
