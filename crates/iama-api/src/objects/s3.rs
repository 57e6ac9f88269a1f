//! A bucket of a service that speaks S3, such as Spaces.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, RetryConfig};

/// How long one try may take. Within the time of a request there is room for a second one.
const TRY: Duration = Duration::from_secs(15);

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a store that is away is asked again, and how often.
const RETRIES: (Duration, usize) = (Duration::from_secs(10), 4);

/// Where a bucket is, and how it is opened.
#[derive(Clone)]
pub struct S3 {
    /// The service, as in `https://fra1.digitaloceanspaces.com`.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What the names of objects begin with; empty for nothing.
    pub prefix: String,
    /// Whether the bucket is a part of the host's name rather than of the path.
    pub virtual_hosted: bool,
    /// The name of the access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, bucket, prefix, .. } = self;
        write!(f, "S3({endpoint}, {bucket}, {prefix:?})")
    }
}

impl S3 {
    /// Opens it. Nothing is asked yet.
    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        // An error means that another part of the process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            ..BackoffConfig::default()
        };
        let client = ClientOptions::new()
            .with_timeout(TRY)
            .with_connect_timeout(CONNECT)
            .with_allow_http(self.endpoint.starts_with("http://"));
        let bucket = AmazonS3Builder::new()
            .with_endpoint(self.host())
            .with_region(&self.region)
            .with_bucket_name(&self.bucket)
            .with_virtual_hosted_style_request(self.virtual_hosted)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(&self.secret_key)
            // One object at a time is deleted, which every service knows.
            .with_disable_bulk_delete(true)
            .with_client_options(client)
            .with_retry(RetryConfig { backoff, retry_timeout: RETRIES.0, max_retries: RETRIES.1 })
            .build()?;
        if self.prefix.is_empty() {
            return Ok(Arc::new(bucket));
        }
        Ok(Arc::new(PrefixStore::new(bucket, self.prefix.as_str())))
    }

    /// The bucket's own host, or that of the service.
    fn host(&self) -> String {
        match self.endpoint.split_once("://") {
            Some((scheme, host)) if self.virtual_hosted => format!("{scheme}://{}.{host}", self.bucket),
            _ => self.endpoint.clone(),
        }
    }
}
