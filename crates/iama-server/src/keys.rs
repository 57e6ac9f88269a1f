//! Keys in files: read, and for a server on one's own machine made when they are missing.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use figment::providers::Env;
use iama_api::S3;
use iama_api::models::KeyPlace;
use iama_api::settings::ClientSecret;
use iama_store::sealing::KeyRing;

use crate::config::{S3Settings, SealingKey, SecretPlace};

/// The private keys of access tokens, as they lie in their files.
pub(crate) fn signing(files: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let read = |file: &PathBuf| {
        fs::read(file).with_context(|| format!("auth.signing_keys: {} cannot be read", file.display()))
    };
    files.iter().map(read).collect()
}

/// The ring of keys that seal.
pub(crate) fn ring(keys: &[SealingKey]) -> Result<KeyRing> {
    let mut texts = Vec::new();
    for key in keys {
        let text = match (&key.file, &key.env) {
            (Some(file), _) => {
                fs::read_to_string(file).with_context(|| format!("sealing.keys: {} cannot be read", file.display()))?
            }
            (None, Some(name)) => match Env::var(name) {
                Some(text) => text,
                None => bail!("sealing.keys: the variable {name} is not set"),
            },
            (None, None) => bail!("sealing.keys: {} has neither file nor env", key.name),
        };
        texts.push((key.name.clone(), text));
    }
    Ok(KeyRing::new(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))?)
}

/// A bucket with the key that opens it.
pub(crate) fn bucket(settings: &S3Settings) -> Result<S3> {
    let S3Settings { endpoint, region, bucket, prefix, virtual_hosted, access_key, secret_key } = settings.clone();
    Ok(S3 {
        endpoint,
        region,
        bucket,
        prefix,
        virtual_hosted,
        access_key: read_secret("objects.s3.access_key", &access_key)?,
        secret_key: read_secret("objects.s3.secret_key", &secret_key)?,
    })
}

fn read_secret(setting: &str, place: &SecretPlace) -> Result<String> {
    let text = match (&place.file, &place.env) {
        (Some(file), _) => {
            fs::read_to_string(file).with_context(|| format!("{setting}: {} cannot be read", file.display()))?
        }
        (None, Some(name)) => Env::var(name).with_context(|| format!("{setting}: the variable {name} is not set"))?,
        (None, None) => bail!("{setting} has neither file nor env"),
    };
    let text = text.trim();
    if text.is_empty() {
        bail!("{setting} is empty");
    }
    Ok(text.to_owned())
}

/// What proves to a provider of identities who we are; nothing where none is named.
pub(crate) fn client(secret: &ClientSecret) -> Result<Option<String>> {
    let text = match (&secret.file, &secret.env) {
        (Some(file), _) => fs::read_to_string(file)
            .with_context(|| format!("oauth: the client secret {} cannot be read", file.display()))?,
        (None, Some(name)) => {
            Env::var(name).with_context(|| format!("oauth: the variable {name} with a client secret is not set"))?
        }
        (None, None) => return Ok(None),
    };
    let text = text.trim();
    if text.is_empty() {
        bail!("oauth: a client secret is empty");
    }
    Ok(Some(text.to_owned()))
}

/// Keys of model providers, looked up whenever a call is made: variables, and files in the folder of secrets.
pub(crate) fn of_providers(folder: PathBuf) -> impl Fn(KeyPlace<'_>) -> Option<String> + Send + Sync {
    move |place| match place {
        KeyPlace::Variable(name) => Env::var(name),
        // A name that is a path would lead out of the folder.
        KeyPlace::File(name) if name.contains('/') || name.starts_with('.') => None,
        KeyPlace::File(name) => fs::read_to_string(folder.join(name)).ok(),
    }
}

/// A file with a private key for access tokens, made when it is missing.
pub(crate) fn ensure_signing(file: &Path) -> Result<()> {
    ensure(file, || {
        let pair = KeyPair::generate(KeySize::Rsa2048).context("no RSA key could be made")?;
        let der: Pkcs8V1Der<'_> = pair.as_der().context("no RSA key could be written")?;
        Ok(pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref())))
    })
}

/// A file with a key that seals, made when it is missing.
pub(crate) fn ensure_sealing(file: &Path) -> Result<()> {
    ensure(file, || secret().map(|key| format!("{key}\n")))
}

/// 32 random bytes, as hexadecimal digits.
pub(crate) fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).context("no random bytes are to be had")?;
    Ok(hex::encode(bytes))
}

/// Nobody but the owner may read it, from the first byte on; of two that make it at once, one does.
fn ensure(file: &Path, make: impl FnOnce() -> Result<String>) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    let text = make()?;
    let half = file.with_extension(format!("{}.tmp", std::process::id()));
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&half)
        .with_context(|| format!("{} cannot be written", half.display()))?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    let linked = fs::hard_link(&half, file);
    fs::remove_file(&half)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}
