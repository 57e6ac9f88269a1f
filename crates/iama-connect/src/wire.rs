//! The one HTTP client: no redirects, no proxies to one's own machine, short waits, answers of limited size.

use std::pin::Pin;
use std::time::Duration;

use oauth2::url::{Host, Url};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use crate::fault::Fault;

/// The longest that is waited for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// The longest that is waited for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Whether an address may be trusted with secrets: encrypted, or on this machine.
pub fn is_safe(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && is_local(&url)))
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Wire(reqwest::Client);

impl Wire {
    /// A client for one provider, whose addresses are these.
    pub(crate) fn new(addresses: &[&str]) -> Result<Self, Fault> {
        // Another part of the process may have chosen its own first; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // A redirect would take the secret elsewhere.
            .redirect(Policy::none())
            .user_agent(concat!("iama/", env!("CARGO_PKG_VERSION")));
        // The system's certificates take a while to load, and a connection on this machine needs neither them nor a proxy.
        let plain = addresses.iter().all(|address| address.starts_with("http://"));
        let builder = if plain { builder.no_proxy().tls_certs_only([]) } else { builder };
        builder.build().map(Self).map_err(Fault::Away)
    }

    /// A document, asked for with a token or without.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        url: &str,
        bearer: Option<&str>,
        what: &'static str,
    ) -> Result<T, Fault> {
        let mut request = self.0.get(url).header(ACCEPT, "application/json");
        if let Some(token) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Fault::Odd("token"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let (status, bytes) = self.exchange(request).await?;
        match status {
            200 => serde_json::from_slice(&bytes).map_err(|_| Fault::Odd(what)),
            429 | 500.. => Err(Fault::Failing(status)),
            _ => Err(Fault::Odd(what)),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let (parts, body) = request.into_parts();
        let sent = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let (status, bytes) = self.exchange(sent).await?;
        if status == 429 || status >= 500 {
            return Err(Fault::Failing(status));
        }
        let mut response = HttpResponse::new(bytes);
        *response.status_mut() = reqwest::StatusCode::from_u16(status).map_err(|_| Fault::Odd("status"))?;
        Ok(response)
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<(u16, Vec<u8>), Fault> {
        // Its address is not repeated in errors: logs need not hold what is asked of whom.
        let mut response: Response = request.send().await.map_err(|error| Fault::Away(error.without_url()))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Fault::Away(error.without_url()))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST {
                return Err(Fault::Odd("answer"));
            }
        }
        Ok((response.status().as_u16(), bytes))
    }
}

/// Requests as `oauth2` writes them.
impl<'w> AsyncHttpClient<'w> for Wire {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'w>>;

    fn call(&'w self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_encrypted_connections_or_stay_on_the_machine() {
        for safe in ["https://github.com", "http://127.0.0.1:4000/x", "http://localhost:1", "http://[::1]:5"] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_ in ["http://github.com", "http://localhost.example.org", "ftp://x", "https://a@b.c", "x", ""] {
            assert!(!is_safe(unsafe_), "{unsafe_}");
        }
    }
}
