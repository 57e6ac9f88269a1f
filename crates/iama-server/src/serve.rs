//! The API at work, until somebody asks it to stop.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use iama_api::auth::{Passwords, SigningKeys};
use iama_api::hub::Hub;
use iama_api::models::Models;
use iama_api::settings::{ClientSecrets, Providers};
use iama_api::{AppState, ObjectError, Objects, Parts, Traces};
use iama_store::{Database, identity};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::{background, keys, listening, surroundings};

/// How long requests that are under way may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// Bounds of timings, in seconds: from a request that reads a row to a model that thinks for minutes.
const BUCKETS: [f64; 12] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 180.0, 600.0];

/// What handlers may use.
pub(crate) fn state(config: &Config, db: Database, traces: Traces) -> Result<AppState> {
    let pems = keys::signing(&config.auth.signing_keys)?;
    let lifetime = time::Duration::seconds(i64::try_from(config.auth.access_token_s)?);
    let timings = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS);
    let metrics = timings.and_then(PrometheusBuilder::install_recorder).context("metrics cannot be recorded")?;
    Ok(AppState::new(Parts {
        db,
        hub: Hub::default(),
        models: Models::new(keys::of_providers(config.models.secrets.clone())),
        clock: surroundings::clock(),
        ring: keys::ring(&config.sealing.keys)?,
        objects: objects(config)?,
        signing: SigningKeys::new(config.http.public_url.clone(), lifetime, &pems)?,
        passwords: Passwords::new(config.auth.bcrypt_cost)?,
        metrics,
        traces,
        http: config.http.clone(),
        auth: config.auth.clone(),
        providers: providers(config)?,
        oauth: config.oauth.clone(),
    }))
}

fn objects(config: &Config) -> Result<Objects> {
    if let Some(s3) = &config.objects.s3 {
        return Ok(Objects::s3(&keys::bucket(s3)?)?);
    }
    Ok(Objects::folder(config.objects.folder.as_deref().context("objects has no folder")?)?)
}

/// A bucket that refuses its key, is not there, or is another database's, will not come by itself; one that is away may.
async fn check_objects(state: &AppState) -> Result<()> {
    let mut connection = state.db.pool().acquire().await?;
    let database = identity::of(&mut connection).await?;
    drop(connection);
    let checked = match state.objects.check().await {
        Ok(()) => state.objects.claim(database).await,
        failed => failed,
    };
    match checked {
        Err(error @ ObjectError::Away(_)) => tracing::warn!(%error, "artifacts cannot be kept at present"),
        Err(error) => {
            let told = format!("[{}] hint: {}", error.code(), error.hint());
            return Err(anyhow::Error::new(error).context(told));
        }
        Ok(()) => {}
    }
    Ok(())
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
    check_objects(state).await?;
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
