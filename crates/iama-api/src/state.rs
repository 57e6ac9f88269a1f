//! What every handler may use.

use std::ops::Deref;
use std::sync::Arc;

use iama_connect::Providers;
use iama_store::Database;
use iama_store::sealing::KeyRing;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::auth::{Passwords, SigningKeys};
use crate::clock::Clock;
use crate::hub::Hub;
use crate::limiting::Limits;
use crate::metering::Window;
use crate::models::Models;
use crate::objects::Objects;
use crate::settings::{AuthSettings, HttpSettings, OauthSettings};
use crate::traces::Traces;

/// The parts, made once when the server starts.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub db: Database,
    /// Who waits for news of which job.
    pub hub: Hub,
    /// What model calls are made with.
    pub models: Models,
    /// The time.
    pub clock: Clock,
    /// The keys that seal what lies in rows and objects.
    pub ring: KeyRing,
    /// Where sealed bytes lie.
    pub objects: Objects,
    /// The keys that sign access tokens.
    pub signing: SigningKeys,
    /// Passwords.
    pub passwords: Passwords,
    /// What Prometheus reads.
    pub metrics: PrometheusHandle,
    /// How traces come in and go on.
    pub traces: Traces,
    /// How HTTP is spoken.
    pub http: HttpSettings,
    /// How people prove who they are.
    pub auth: AuthSettings,
    /// Whom a sign-in may be handed to.
    pub oauth: OauthSettings,
    /// Who else vouches for people.
    pub providers: Providers,
}

/// The parts, for every handler.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    parts: Parts,
    rates: Window,
    limits: Limits,
}

impl AppState {
    /// Shares the parts.
    pub fn new(parts: Parts) -> Self {
        let limits = Limits::new(&parts.http, &parts.clock);
        Self(Arc::new(Shared { parts, rates: Window::default(), limits }))
    }

    /// How often may be asked.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The requests of the last minutes.
    pub(crate) fn rates(&self) -> &Window {
        &self.0.rates
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}
