//! `iama-server dev`: a whole server on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use iama_api::AppState;
use iama_store::embedded::Folders;
use iama_store::tiers::Tier;
use iama_store::users::{self, NewUser};
use iama_store::{Opened, PoolSize, Source, Timeouts};

use crate::args::Dev;
use crate::config::{Config, SealingKey};
use crate::{keys, serve, surroundings};

/// The address of the first account.
const FIRST: &str = "dev@localhost.test";

pub(crate) async fn run(dev: Dev) -> Result<()> {
    let folders = folders(dev.data.as_deref())?;
    let config = config(&dev, &folders)?;
    config.validate()?;
    let sender = super::tell(&config)?;
    let opened = open(&config, &folders).await?;
    let db = opened.database.clone();
    let state = serve::state(&config, db.clone(), sender.traces())?;
    let password = first_account(&state).await?;
    serve::serve(&config, &state, |address| {
        println!("IAMA listens on http://{address}; its API is described at http://{address}/docs");
        if let Some(password) = password {
            println!("The first account is {FIRST} with the password {password} (shown only now)");
        }
    })
    .await?;
    close(opened).await?;
    sender.end().await;
    Ok(())
}

/// The database that is named, else one's own, with all migrations and settings of this version.
pub(super) async fn open(config: &Config, folders: &DevFolders) -> Result<Opened> {
    let source = match &config.database.url {
        Some(url) if *url != OWN => Source::Named { url: url.clone(), direct_url: config.database.direct_url.clone() },
        _ => Source::Own { folders: folders.postgres.clone(), path: surroundings::path() },
    };
    let pool = PoolSize { max_connections: config.database.max_connections, ..PoolSize::default() };
    let opened = iama_store::open(source, "iama-server", pool, Timeouts::default()).await.map_err(super::told)?;
    opened.database.migrate().await.map_err(super::told)?;
    super::migrate::seed(&opened.database).await?;
    Ok(opened)
}

/// Closes it, and stops the server behind it where this process started it.
pub(super) async fn close(opened: Opened) -> Result<()> {
    opened.database.close().await;
    if let Some(server) = opened.server {
        tokio::task::spawn_blocking(move || server.stop()).await??;
    }
    Ok(())
}

/// Stands for the server's own database where a URL is expected.
const OWN: &str = "postgres://own";

/// Where everything is kept.
pub(super) struct DevFolders {
    keys: PathBuf,
    objects: PathBuf,
    postgres: Folders,
}

/// With a folder named, all of it lies there; else where a person expects it.
pub(super) fn folders(named: Option<&Path>) -> Result<DevFolders> {
    if let Some(named) = named {
        std::fs::create_dir_all(named).with_context(|| format!("{} cannot be made", named.display()))?;
        let named = named.canonicalize()?;
        let usual = Folders::usual(&surroundings::home()?);
        let postgres = Folders { data: named.join("postgres"), ..usual };
        return Ok(DevFolders { keys: named.join("keys"), objects: named.join("objects"), postgres });
    }
    let home = surroundings::home()?;
    let own = home.join(".local/share/iama");
    Ok(DevFolders { keys: own.join("keys"), objects: own.join("objects"), postgres: Folders::usual(&home) })
}

/// What is configured, and for the rest what a server on one's own machine needs.
fn config(dev: &Dev, folders: &DevFolders) -> Result<Config> {
    let mut config = Config::read(dev.configured.config.as_ref())?;
    config.http.listen.clone_from(&dev.listen);
    config.http.public_url = format!("http://{}", dev.listen);
    config.database.url.get_or_insert_with(|| OWN.to_owned());
    std::fs::create_dir_all(&folders.keys).with_context(|| format!("{} cannot be made", folders.keys.display()))?;
    if config.auth.signing_keys.is_empty() {
        let file = folders.keys.join("signing.pem");
        keys::ensure_signing(&file)?;
        config.auth.signing_keys.push(file);
    }
    if config.objects.s3.is_none() {
        config.objects.folder.get_or_insert_with(|| folders.objects.clone());
    }
    if config.sealing.keys.is_empty() {
        let file = folders.keys.join("sealing.key");
        keys::ensure_sealing(&file)?;
        config.sealing.keys.push(SealingKey { name: "dev".to_owned(), file: Some(file), env: None });
    }
    Ok(config)
}

/// Makes an account when there is none. Gives its password, which is kept nowhere but as a hash.
async fn first_account(state: &AppState) -> Result<Option<String>> {
    let mut transaction = state.db.begin().await?;
    if users::any(&mut transaction).await? {
        return Ok(None);
    }
    let password = keys::secret()?[..20].to_owned();
    let hash = state.passwords.hash(&password).await?;
    let user = NewUser {
        email: FIRST,
        email_verified: true,
        password_hash: Some(&hash),
        display_name: "Developer",
        consent: true,
        // Whoever runs the server need not be kept from anything.
        tier: Tier::Max,
    };
    users::create(&mut transaction, &user, state.clock.now()).await?;
    transaction.commit().await?;
    Ok(Some(password))
}
