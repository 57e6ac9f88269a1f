//! Where a request comes from, as far as counting needs it: a network, not a machine.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::state::AppState;

/// The first 24 bits of an IPv4 address, the first 64 of an IPv6 address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Network(pub(crate) String);

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self(format!("{a}.{b}.{c}.0/24"))
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
        }
    }
}

impl FromRequestParts<AppState> for Network {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let named = state.http.client_address_header.as_deref().and_then(|name| parts.headers.get(name));
        // A proxy adds the address that it saw at the end; what stands before it is the client's word.
        let told = named.and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
        if let Some(address) = told.and_then(|address| address.trim().parse().ok()) {
            return Ok(Self::of(address));
        }
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, state).await;
        let ConnectInfo(peer) = peer.map_err(|error| ApiError::internal(&error))?;
        Ok(Self::of(peer.ip()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_network() {
        let of = |text: &str| Network::of(text.parse().unwrap()).0;
        assert_eq!(of("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(of("::ffff:203.0.113.9"), "203.0.113.0/24");
        assert_eq!(of("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
    }
}
