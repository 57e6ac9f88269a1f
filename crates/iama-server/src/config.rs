//! The configuration: typed sections from a file and the environment, validated as a whole before anything starts.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use hyper::header::{HeaderName, HeaderValue};
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
    /// Traces.
    pub(crate) traces: TracesSettings,
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

/// Where sealed bytes lie: in a folder, or in a bucket.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObjectsSettings {
    /// A folder.
    pub(crate) folder: Option<PathBuf>,
    /// A bucket of a service that speaks S3.
    pub(crate) s3: Option<S3Settings>,
}

/// A bucket of a service that speaks S3, such as Spaces.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct S3Settings {
    /// The service, as in `https://fra1.digitaloceanspaces.com`.
    pub(crate) endpoint: String,
    /// The region that requests are signed for.
    pub(crate) region: String,
    /// The bucket.
    pub(crate) bucket: String,
    /// What the names of objects begin with.
    #[serde(default)]
    pub(crate) prefix: String,
    /// Whether the bucket is a part of the host's name rather than of the path.
    #[serde(default)]
    pub(crate) virtual_hosted: bool,
    /// Where the name of the access key lies.
    pub(crate) access_key: SecretPlace,
    /// Where its secret lies.
    pub(crate) secret_key: SecretPlace,
}

/// Where a secret lies.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretPlace {
    /// The file that holds it.
    pub(crate) file: Option<PathBuf>,
    /// The variable that holds it instead.
    pub(crate) env: Option<String>,
}

impl ObjectsSettings {
    fn validate(&self, faults: &mut Faults) {
        let Some(s3) = &self.s3 else {
            return faults.require(self.folder.is_some(), "objects", "needs a folder or s3");
        };
        faults.require(self.folder.is_none(), "objects", "must not have both a folder and s3");
        let host = s3.endpoint.strip_prefix("https://").or_else(|| s3.endpoint.strip_prefix("http://"));
        let is_host = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '@']));
        faults.require(is_host, "objects.s3.endpoint", "must be http:// or https:// and a host, without a path");
        faults.require(!s3.region.is_empty(), "objects.s3.region", "must not be empty");
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let is_bucket = (3..=63).contains(&s3.bucket.len()) && s3.bucket.chars().all(named);
        faults.require(is_bucket, "objects.s3.bucket", "must have 3 to 63 small letters, digits, - and .");
        let path = |part: &str| !part.is_empty() && part != "." && part != "..";
        let is_path = s3.prefix.is_empty() || s3.prefix.split('/').all(path);
        faults.require(is_path, "objects.s3.prefix", "must be a path without / at its ends");
        for (name, place) in [("access_key", &s3.access_key), ("secret_key", &s3.secret_key)] {
            let one = place.file.is_some() != place.env.is_some();
            faults.require(one, &format!("objects.s3.{name}"), "must have either file or env");
        }
    }
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

/// Where traces go.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TracesSettings {
    /// A collector that takes OTLP over HTTP, as in `http://collector:4318`; none where traces go nowhere.
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` goes before it.
    pub(crate) endpoint: Option<String>,
    /// The file with a header that the collector wants, as in `authorization: Bearer …`.
    pub(crate) header_file: Option<PathBuf>,
    /// The part of traces that is sent, from 0 to 1, where whoever asks has not decided it.
    pub(crate) ratio: f64,
}

impl Default for TracesSettings {
    fn default() -> Self {
        Self { endpoint: None, header_file: None, ratio: 1.0 }
    }
}

impl TracesSettings {
    fn validate(&self, faults: &mut Faults) {
        let is_url = |url: &str| {
            let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            rest.is_some_and(|host| !host.is_empty() && !host.contains(['?', '#', '@']))
        };
        let holds = self.endpoint.as_deref().is_none_or(is_url);
        faults.require(holds, "traces.endpoint", "must be http:// or https:// and a host");
        faults.require((0.0..=1.0).contains(&self.ratio), "traces.ratio", "must be from 0 to 1");
    }

    /// What is sent along with spans.
    pub(crate) fn headers(&self) -> Result<HashMap<String, String>> {
        let Some(file) = &self.header_file else { return Ok(HashMap::new()) };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("traces.header_file: {} cannot be read", file.display()))?;
        let header = text.trim().split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let is_header = |(name, value): &(&str, &str)| {
            !value.is_empty() && name.parse::<HeaderName>().is_ok() && value.parse::<HeaderValue>().is_ok()
        };
        let (name, value) = header.filter(is_header).with_context(|| {
            format!(
                "traces.header_file: {} holds no header\n hint: write `authorization: Bearer …` there",
                file.display()
            )
        })?;
        Ok(HashMap::from([(name.to_owned(), value.to_owned())]))
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
        config.traces.endpoint = url("OTEL_EXPORTER_OTLP_ENDPOINT").or(config.traces.endpoint);
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
        self.objects.validate(&mut faults);
        self.traces.validate(&mut faults);
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
