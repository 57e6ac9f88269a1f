//! The configuration: typed sections from a file and the environment, validated as a whole before anything starts.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use iama_api::settings::{AuthSettings, Faults, HttpSettings, OauthSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Variables that go before the file begin so; `__` stands between section and name.
const PREFIX: &str = "IAMA_SERVER_";

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The database.
    pub(crate) database: DatabaseSettings,
    /// HTTP.
    pub(crate) http: HttpSettings,
    /// Accounts.
    pub(crate) auth: AuthSettings,
    /// Accounts elsewhere.
    pub(crate) oauth: OauthSettings,
    /// Encryption of what is kept.
    pub(crate) sealing: SealingSettings,
    /// Where sealed bytes lie.
    pub(crate) objects: ObjectsSettings,
    /// Model calls.
    pub(crate) models: ModelsSettings,
    /// Logs.
    pub(crate) log: LogSettings,
}

/// Where the database is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DatabaseSettings {
    /// Its URL; it may lead through PgBouncer in transaction mode. `DATABASE_URL` goes before it.
    pub(crate) url: Option<String>,
    /// Its URL past any pooler. `DIRECT_DATABASE_URL` goes before it.
    pub(crate) direct_url: Option<String>,
    /// The most connections of this process.
    pub(crate) max_connections: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self { url: None, direct_url: None, max_connections: 20 }
    }
}

/// The keys that seal artifacts, the current one first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SealingSettings {
    /// The keys.
    pub(crate) keys: Vec<SealingKey>,
}

/// A key that seals.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealingKey {
    /// What rows call it.
    pub(crate) name: String,
    /// The file that holds it: 32 bytes as 64 hexadecimal digits or in base64.
    pub(crate) file: Option<PathBuf>,
    /// The variable that holds it instead.
    pub(crate) env: Option<String>,
}

/// Where sealed bytes lie.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObjectsSettings {
    /// A folder.
    pub(crate) folder: Option<PathBuf>,
}

/// How models are called. Which there are is a setting that changes without a release: `IAMA_LLM_ROUTE_TABLE`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelsSettings {
    /// The folder in which keys of providers lie that are named `file:NAME`.
    pub(crate) secrets: PathBuf,
}

impl Default for ModelsSettings {
    fn default() -> Self {
        Self { secrets: PathBuf::from("/run/secrets") }
    }
}

/// How logs are written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    /// What is logged, as `info` or `iama_api=debug,info`.
    pub(crate) filter: String,
    /// Whether each line is JSON.
    pub(crate) json: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info".to_owned(), json: false }
    }
}

impl Config {
    /// Reads the file, if one is named, and the environment.
    pub(crate) fn read(file: Option<&PathBuf>) -> Result<Self> {
        let mut sources = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            if !file.is_file() {
                bail!("{} is no file\n hint: name a configuration in TOML with --config", file.display());
            }
            sources = sources.merge(Toml::file_exact(file));
        }
        let sources = sources.merge(Env::prefixed(PREFIX).split("__"));
        let mut config: Self = sources.extract().context("the configuration cannot be understood")?;
        let url = |name: &str| Env::var(name).filter(|url| !url.is_empty());
        config.database.url = url("DATABASE_URL").or(config.database.url);
        config.database.direct_url = url("DIRECT_DATABASE_URL").or(config.database.direct_url);
        Ok(config)
    }

    /// Refuses a configuration with any fault, and names all of them.
    pub(crate) fn validate(&self) -> Result<()> {
        let mut faults = Faults::default();
        faults.require(self.database.url.is_some(), "database.url", "is missing; DATABASE_URL sets it as well");
        faults.require(self.database.max_connections > 0, "database.max_connections", "must be above 0");
        self.http.validate(&mut faults);
        self.auth.validate(&mut faults);
        self.oauth.validate(&mut faults);
        faults.require(!self.sealing.keys.is_empty(), "sealing.keys", "must name at least one key");
        for (at, key) in self.sealing.keys.iter().enumerate() {
            let one = key.file.is_some() != key.env.is_some();
            faults.require(one, &format!("sealing.keys[{at}]"), "must have either file or env");
            faults.require(!key.name.is_empty(), &format!("sealing.keys[{at}].name"), "must not be empty");
        }
        faults.require(self.objects.folder.is_some(), "objects.folder", "is missing");
        if faults.0.is_empty() {
            return Ok(());
        }
        let told = faults.0.iter().fold(String::new(), |mut told, fault| {
            let _ = write!(told, "\n  {} {}", fault.setting, fault.fault);
            told
        });
        bail!("the configuration has {} faults:{told}", faults.0.len())
    }
}
