//! How often may be asked: signing in by network, writing by network and by person.
//!
//! Each instance counts for itself, so behind N instances up to N times as much passes. What has to hold exactly, such as the jobs of a
//! day or the waits after failed sign-ins, is counted in the database.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use iama_store::sealing::sha256;
use uuid::Uuid;

use crate::auth::User;
use crate::auth::bearer::bearer;
use crate::clock::Clock;
use crate::error::{ApiError, ErrorCode};
use crate::network::Network;
use crate::settings::HttpSettings;
use crate::state::AppState;

/// The clock of the server, as the limiter wants it.
#[derive(Debug, Clone)]
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        u64::try_from(self.0.now().unix_timestamp_nanos()).unwrap_or_default().into()
    }
}

/// So much a minute for each key, all of it at once if need be; no limit where none is set.
#[derive(Debug)]
struct Limit<K: Hash + Eq + Clone> {
    clock: Ticks,
    limiter: Option<RateLimiter<K, HashMapStateStore<K>, Ticks, NoOpMiddleware<Nanos>>>,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(a_minute: u32, clock: &Ticks) -> Self {
        let limiter = NonZeroU32::new(a_minute)
            .map(|most| RateLimiter::hashmap_with_clock(Quota::per_minute(most), clock.clone()));
        Self { clock: clock.clone(), limiter }
    }

    fn check(&self, key: &K) -> Result<(), ApiError> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(key).map_err(|until| too_many(until.wait_time_from(self.clock.now())))
    }

    fn forget_idle(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Writer {
    Person(Uuid),
    /// Whoever has a token that is none of a person's: its hash.
    Token([u8; 32]),
}

/// All limits of an instance.
#[derive(Debug)]
pub(crate) struct Limits {
    sign_ins: Limit<Network>,
    writes: Limit<Network>,
    writers: Limit<Writer>,
}

impl Limits {
    pub(crate) fn new(http: &HttpSettings, clock: &Clock) -> Self {
        let clock = Ticks(clock.clone());
        Self {
            sign_ins: Limit::new(http.sign_ins_a_minute_by_network, &clock),
            writes: Limit::new(http.writes_a_minute_by_network, &clock),
            writers: Limit::new(http.writes_a_minute_by_person, &clock),
        }
    }

    /// Forgets who has not asked for long.
    pub(crate) fn forget_idle(&self) {
        self.sign_ins.forget_idle();
        self.writes.forget_idle();
        self.writers.forget_idle();
    }
}

fn too_many(wait: Duration) -> ApiError {
    ApiError::new(ErrorCode::RateLimited, "too many requests came in a short time").retry_after(wait)
}

/// Lets a request pass, or tells when to ask again. Reading is not limited, but a visit to a provider is no reading.
pub(crate) async fn limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() && !without_prefix(request.uri().path()).starts_with("/auth/oauth/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match check(&state, &mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => error.into_response(),
    }
}

fn without_prefix(path: &str) -> &str {
    path.strip_prefix("/api/v1").unwrap_or(path)
}

async fn check(state: &AppState, parts: &mut Parts) -> Result<(), ApiError> {
    let network = Network::from_request_parts(parts, state).await?;
    let path = without_prefix(parts.uri.path());
    let limits = state.limits();
    // Whoever asks for another password has the old one checked, which takes as long as signing in.
    let signs_in = ["/auth/", "/admin/auth/", "/me/password", "/device", "/sign-in", "/register"];
    if signs_in.iter().any(|begin| path.starts_with(begin)) {
        return limits.sign_ins.check(&network);
    }
    limits.writes.check(&network)?;
    let writer = match User::from_request_parts(parts, state).await {
        Ok(user) => {
            // Whoever handles the request need not look at the token again.
            parts.extensions.insert(user);
            Some(Writer::Person(user.id))
        }
        Err(_) => bearer(parts).ok().map(|token| Writer::Token(sha256(token.as_bytes()))),
    };
    writer.map_or(Ok(()), |writer| limits.writers.check(&writer))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use time::OffsetDateTime;

    use super::*;

    fn limit_of(a_minute: u32) -> (Limit<u8>, Arc<AtomicI64>) {
        let seconds = Arc::new(AtomicI64::new(1_000_000));
        let told = Arc::clone(&seconds);
        let now = move || OffsetDateTime::from_unix_timestamp(told.load(Ordering::Relaxed)).unwrap();
        (Limit::new(a_minute, &Ticks(Clock::new(now))), seconds)
    }

    #[test]
    fn what_is_used_up_comes_back_bit_by_bit() {
        let (limit, seconds) = limit_of(6);
        assert!((0..6).all(|_| limit.check(&1).is_ok()) && limit.check(&1).is_err());
        assert!(limit.check(&2).is_ok(), "each key has its own");
        seconds.fetch_add(10, Ordering::Relaxed);
        assert!(limit.check(&1).is_ok() && limit.check(&1).is_err());
    }

    #[test]
    fn who_is_idle_is_forgotten() {
        let (limit, seconds) = limit_of(6);
        let known = |limit: &Limit<u8>| limit.limiter.as_ref().unwrap().len();
        assert!(limit.check(&1).is_ok());
        seconds.fetch_add(120, Ordering::Relaxed);
        assert!(limit.check(&2).is_ok());
        limit.forget_idle();
        assert_eq!(known(&limit), 1);
    }

    #[test]
    fn nothing_is_limited_where_no_limit_is_set() {
        let (limit, _) = limit_of(0);
        assert!((0..10_000).all(|_| limit.check(&1).is_ok()));
    }
}
