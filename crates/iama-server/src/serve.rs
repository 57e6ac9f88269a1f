//! The API at work, until somebody asks it to stop.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use iama_api::auth::{Passwords, SigningKeys};
use iama_api::hub::Hub;
use iama_api::models::Models;
use iama_api::settings::{ClientSecrets, Providers};
use iama_api::{AppState, Objects, Parts};
use iama_store::Database;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::{background, keys, listening, surroundings};

/// How long requests that are under way may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// What handlers may use.
pub(crate) fn state(config: &Config, db: Database) -> Result<AppState> {
    let pems = keys::signing(&config.auth.signing_keys)?;
    let lifetime = time::Duration::seconds(i64::try_from(config.auth.access_token_s)?);
    let metrics = PrometheusBuilder::new().install_recorder().context("metrics cannot be recorded")?;
    Ok(AppState::new(Parts {
        db,
        hub: Hub::default(),
        models: Models::new(keys::of_providers(config.models.secrets.clone())),
        clock: surroundings::clock(),
        ring: keys::ring(&config.sealing.keys)?,
        objects: Objects::folder(config.objects.folder.as_deref().context("objects.folder is missing")?)?,
        signing: SigningKeys::new(config.http.public_url.clone(), lifetime, &pems)?,
        passwords: Passwords::new(config.auth.bcrypt_cost)?,
        metrics,
        http: config.http.clone(),
        auth: config.auth.clone(),
        providers: providers(config)?,
        oauth: config.oauth.clone(),
    }))
}

/// Who vouches for people, as far as they are configured.
fn providers(config: &Config) -> Result<Providers> {
    let (github, google) = (&config.oauth.github, &config.oauth.google);
    let secrets =
        ClientSecrets { github: keys::client(&github.client_secret)?, google: keys::client(&google.client_secret)? };
    config.oauth.providers(secrets, &config.http.public_url).context("a provider of identities cannot be used")
}

/// Serves until SIGTERM or SIGINT; then takes no more requests and waits for those that are under way.
pub(crate) async fn serve(config: &Config, state: &AppState, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    // Each stream holds a file open.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let listener = TcpListener::bind(&config.http.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.http.listen))?;
    let address = listener.local_addr()?;
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let background = background::start(state);
    let open = state.clone();
    ready(address);
    let server = listening::serve(listener, iama_api::router(state), async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no more requests are taken");
        open.hub.close();
        let _ = stop.send(true);
    });
    tokio::select! {
        () = server => {}
        () = async {
            let _ = stopped.changed().await;
            tokio::time::sleep(GRACE).await;
        } => tracing::warn!("requests that were under way are cut off"),
    }
    background.stop(state).await;
    Ok(())
}
