//! `iama-server admin`: administrators, made by whoever can reach the database.

use std::io::BufRead as _;

use anyhow::{Context as _, Result, bail};
use iama_api::auth::Passwords;
use iama_api::auth::passwords::{faults, is_address};
use iama_store::admins::{self, AdminRole, NewAdmin};
use iama_store::audit::{self, Actor, Entry};
use iama_store::{Database, Opened, credits, jobs, journal};
use serde_json::json;

use super::{api, dev};
use crate::args::{AdminCreate, Place, Role};
use crate::config::Config;
use crate::{keys, surroundings};

/// Makes an administrator.
pub(crate) async fn create(wanted: &AdminCreate) -> Result<()> {
    let email = wanted.email.trim().to_lowercase();
    if !is_address(&email) {
        bail!("{email:?} is no e-mail address");
    }
    let (password, made) =
        if wanted.password_stdin { (read()?, false) } else { (keys::secret()?[..24].to_owned(), true) };
    if let Some(fault) = faults(&password).first() {
        bail!("the password {fault}");
    }
    let config = Config::read(wanted.place.configured.config.as_ref())?;
    let hash = Passwords::new(config.auth.bcrypt_cost)?.hash(&password).await?;
    let opened = open(&wanted.place, &config).await?;
    put(&opened.database, &email, &hash, role(wanted.role)).await?;
    dev::close(opened).await?;
    if made {
        println!("{email} may sign in with the password {password} (shown only now)");
    } else {
        println!("{email} may sign in");
    }
    Ok(())
}

/// Looks whether the books add up, and whether every job is what its events say.
pub(crate) async fn check(place: &Place) -> Result<()> {
    let config = Config::read(place.configured.config.as_ref())?;
    let opened = open(place, &config).await?;
    let mut connection = opened.database.pool().acquire().await?;
    let mut faults = credits::audit(&mut connection).await?;
    let all = jobs::ids(&mut connection).await?;
    for job in &all {
        match journal::is_faithful(&mut connection, *job).await {
            Ok(true) => {}
            Ok(false) => faults.push(format!("job {job} is not what its events say")),
            Err(error) => faults.push(format!("the events of job {job} cannot be folded: {error}")),
        }
    }
    drop(connection);
    dev::close(opened).await?;
    if faults.is_empty() {
        println!("the books add up, and {} jobs are what their events say", all.len());
        return Ok(());
    }
    bail!("{}", faults.join("\n"))
}

async fn open(wanted: &Place, config: &Config) -> Result<Opened> {
    if wanted.dev {
        return dev::open(config, &dev::folders(wanted.data.as_deref())?).await;
    }
    if config.database.url.is_none() {
        bail!("database.url is missing\n hint: set DATABASE_URL, or pass --dev for the database of `iama-server dev`");
    }
    let database = api::connect(config).await?;
    database.is_current().await.map_err(super::told)?;
    Ok(Opened { database, server: None })
}

async fn put(db: &Database, email: &str, hash: &str, role: AdminRole) -> Result<()> {
    let now = surroundings::clock().now();
    let mut transaction = db.begin().await?;
    let new = NewAdmin { email, password_hash: hash, role, created_by: None };
    let id = admins::create(&mut transaction, &new, now).await.map_err(|error| {
        if error.is_duplicate() { anyhow::anyhow!("{email} is an administrator already") } else { error.into() }
    })?;
    let details = json!({ "admin": id, "role": role.code() });
    let entry =
        Entry { actor: Actor::System, user: None, job: None, action: "ADMIN_CREATED", details, request_id: None };
    audit::write(&mut transaction, &entry, now).await?;
    transaction.commit().await?;
    Ok(())
}

/// The first line of standard input.
fn read() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("no password could be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

const fn role(role: Role) -> AdminRole {
    match role {
        Role::SuperAdmin => AdminRole::SuperAdmin,
        Role::Engineer => AdminRole::Engineer,
        Role::Support => AdminRole::Support,
    }
}
