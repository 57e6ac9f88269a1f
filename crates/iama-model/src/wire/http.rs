//! The one HTTP client. HTTP/1.1 only: there, giving up an answer closes the connection, and the provider stops working.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use tokio::time::timeout;

use super::{Exchange, Headers, Request, WireFault, anthropic};
use crate::config::{Kind, Provider};

/// A client for each provider, since each has its own waits.
pub(crate) struct Http {
    clients: BTreeMap<String, reqwest::Client>,
}

impl Http {
    pub(crate) fn new<'p>(providers: impl Iterator<Item = &'p Provider>) -> Result<Self, WireFault> {
        // Another part of the process may have chosen its own first; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clients =
            providers.map(|provider| Ok((provider.name.clone(), client(provider)?))).collect::<Result<_, _>>()?;
        Ok(Self { clients })
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn open(&self, provider: &Provider, request: &Request) -> Result<Exchange, WireFault> {
        let none = || WireFault::Connection { what: format!("{} has no client", provider.name), sent: false };
        let client = self.clients.get(&provider.name).ok_or_else(none)?;
        let url = format!("{}{}", provider.base_url, request.path);
        let sent = client.post(url).headers(headers(provider, request)?).body(request.body.to_string()).send();
        let waited = provider.waits.headers;
        let response =
            timeout(waited, sent).await.map_err(|_| WireFault::Silence { waited })?.map_err(|e| broken(&e))?;
        let (status, headers) = (response.status().as_u16(), kept(response.headers()));
        let chunks = response.bytes_stream().map_err(|error| broken(&error));
        Ok(Exchange { status, headers, body: Box::pin(impatient(chunks, provider.waits.silence)) })
    }
}

fn client(provider: &Provider) -> Result<reqwest::Client, WireFault> {
    let builder = reqwest::Client::builder()
        .http1_only()
        .connect_timeout(provider.waits.connect)
        // The other side may close a connection that was used before at any moment, and then nobody knows whether a request
        // arrived, and what it costs.
        .pool_max_idle_per_host(0)
        // A redirect would take the key and the source elsewhere.
        .redirect(Policy::none())
        .user_agent(concat!("iama/", env!("CARGO_PKG_VERSION")));
    let builder = if provider.is_local() { builder.no_proxy() } else { builder };
    // The system's certificates take a while to load, and a plain connection needs none.
    let plain = provider.base_url.starts_with("http://");
    let builder = if plain { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| broken(&error))
}

fn headers(provider: &Provider, request: &Request) -> Result<HeaderMap, WireFault> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let wanted = if request.streamed { "text/event-stream" } else { "application/json" };
    headers.insert(ACCEPT, HeaderValue::from_static(wanted));
    if provider.kind == Kind::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static(anthropic::VERSION));
    }
    if let Some(key) = &provider.key {
        let (name, value) = match provider.kind {
            Kind::Anthropic => ("x-api-key", key.reveal().to_owned()),
            Kind::Gemini => ("x-goog-api-key", key.reveal().to_owned()),
            Kind::Openai | Kind::OpenaiCompatible => ("authorization", format!("Bearer {}", key.reveal())),
        };
        headers.insert(name, hidden(&value, "the key")?);
    }
    for (name, value) in &provider.headers {
        let no_name = |_| WireFault::Connection { what: format!("{name} is no name of a header"), sent: false };
        headers.insert(HeaderName::try_from(name).map_err(no_name)?, hidden(value, name)?);
    }
    Ok(headers)
}

fn hidden(value: &str, name: &str) -> Result<HeaderValue, WireFault> {
    let no_value = |_| WireFault::Connection { what: format!("{name} holds what no header may hold"), sent: false };
    let mut value = HeaderValue::from_str(value).map_err(no_value)?;
    value.set_sensitive(true);
    Ok(value)
}

fn kept(headers: &HeaderMap) -> Headers {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Headers { retry_after: text("retry-after"), retry_after_ms: text("retry-after-ms"), date: text("date") }
}

/// The stream, given up when nothing comes for too long.
fn impatient<S, T>(chunks: S, silence: Duration) -> impl Stream<Item = Result<T, WireFault>> + Send
where
    S: Stream<Item = Result<T, WireFault>> + Send,
    T: Send,
{
    let chunks = Box::pin(chunks);
    futures_util::stream::unfold(Some(chunks), move |chunks| async move {
        let mut chunks = chunks?;
        match timeout(silence, chunks.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(chunks))),
            Ok(Some(Err(fault))) => Some((Err(fault), None)),
            Ok(None) => None,
            Err(_) => Some((Err(WireFault::Silence { waited: silence }), None)),
        }
    })
}

/// The error's innermost cause, which names neither address nor header.
fn broken(error: &reqwest::Error) -> WireFault {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let what = if std::ptr::addr_eq(cause, error) { "no answer".to_owned() } else { cause.to_string() };
    WireFault::Connection { what, sent: !error.is_connect() && !error.is_builder() }
}
