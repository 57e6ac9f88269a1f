//! Sealed bytes: written before the row that names them, deleted before the row says so. Those whose row never came, since its
//! transaction was rolled back, are found by listing.

mod s3;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use iama_store::Connection;
use iama_store::artifacts::{self, Artifact, KEPT, Origin};
use iama_store::identity;
use iama_store::sealing::{Sealed, sha256};
use object_store::local::LocalFileSystem;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::state::AppState;

pub use s3::S3;

/// How long an object may lie without a row: longer than any transaction lasts.
const GRACE: time::Duration = time::Duration::hours(1);

/// A name that no object has.
const NOTHING: &str = "nothing";

/// The object that says which database the others belong to. No artifact has a name of this form, so no sweep takes it.
const OWNER: &str = "iama-database";

/// How many objects are looked up at once.
const CHUNK: usize = 1000;

/// Where sealed bytes lie.
#[derive(Clone)]
pub struct Objects(Arc<dyn ObjectStore>);

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({})", self.0)
    }
}

/// Why the store of objects did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It does not answer, after all retries.
    #[error("the store of artifacts does not answer")]
    Away(#[source] object_store::Error),
    /// It does not know the access key, or the secret is another one, or they may not do this.
    #[error("the store of artifacts refuses the access key")]
    Refused(#[source] object_store::Error),
    /// The object, or the bucket, is not there.
    #[error("an object is missing")]
    Missing(#[source] object_store::Error),
    /// What lies there is not what was written.
    #[error("an object is not what was written")]
    Damaged,
    /// What lies there belongs to another database.
    #[error("the store of artifacts belongs to the database {owner}, and this one is {asked}")]
    Anothers {
        /// Whose it is, as it says.
        owner: String,
        /// Who asks.
        asked: Uuid,
    },
    /// It cannot be opened as it is set.
    #[error("the store of artifacts cannot be used as it is set")]
    Settings(#[source] object_store::Error),
}

impl ObjectError {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Away(_) => "OBJECTS_UNREACHABLE",
            Self::Refused(_) => "OBJECTS_REFUSED",
            Self::Missing(_) => "OBJECTS_MISSING",
            Self::Damaged => "OBJECT_DAMAGED",
            Self::Anothers { .. } => "OBJECTS_OF_ANOTHER_DATABASE",
            Self::Settings(_) => "OBJECTS_SETTINGS",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Away(_) => "see that the service answers at objects.s3.endpoint",
            Self::Refused(_) => "look at objects.s3.access_key and secret_key, and at what they may do",
            Self::Missing(_) => "look at objects.s3.bucket, and make the bucket",
            Self::Damaged => "bring the object back from a backup",
            Self::Anothers { .. } => {
                "give this server another folder, bucket or prefix; where that database is no more, delete the object iama-database there"
            }
            Self::Settings(_) => "look at the settings in objects",
        }
    }
}

impl From<object_store::Error> for ObjectError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing(error),
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Self::Refused(error)
            }
            _ => Self::Away(error),
        }
    }
}

impl From<ObjectError> for ApiError {
    fn from(error: ObjectError) -> Self {
        if matches!(error, ObjectError::Away(_) | ObjectError::Refused(_)) {
            tracing::error!(%error, "sealed bytes can be neither read nor written");
            let away = Self::new(ErrorCode::Unavailable, "the store of artifacts does not answer");
            return away.retry_after(Duration::from_secs(5));
        }
        Self::internal(&error)
    }
}

impl Objects {
    /// In a folder, which is made when it is missing.
    pub fn folder(folder: &Path) -> Result<Self, object_store::Error> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| object_store::Error::Generic { store: "folder", source: error.into() })?;
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(folder)?)))
    }

    /// In a bucket of a service that speaks S3.
    pub fn s3(place: &S3) -> Result<Self, ObjectError> {
        Ok(Self(place.open().map_err(ObjectError::Settings)?))
    }

    /// Whether it can be used: the store answers, knows the key and has the bucket.
    pub async fn check(&self) -> Result<(), ObjectError> {
        match self.get(NOTHING).await {
            Ok(_) | Err(ObjectError::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        // It answers and takes the key: a bucket that cannot be listed is not there.
        self.0.list(None).next().await.transpose().map(drop).map_err(ObjectError::Missing)
    }

    /// Takes the place for a database, or sees that it was taken for it: nobody else may sweep there.
    pub async fn claim(&self, database: Uuid) -> Result<(), ObjectError> {
        let own = database.to_string();
        let owner = match self.get(OWNER).await {
            Err(ObjectError::Missing(_)) => {
                self.put(OWNER, own.clone().into_bytes()).await?;
                // Of two that take it at once, one finds the other's name.
                self.get(OWNER).await?
            }
            found => found?,
        };
        let owner = String::from_utf8_lossy(&owner).trim().to_owned();
        if owner == own { Ok(()) } else { Err(ObjectError::Anothers { owner, asked: database }) }
    }

    /// Puts bytes in place. Those of an artifact are at most `http.artifact_limit_bytes`, which one request holds.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ObjectError> {
        self.0.put(&key.into(), PutPayload::from_bytes(Bytes::from(bytes))).await?;
        Ok(())
    }

    /// The bytes of an object.
    pub async fn get(&self, key: &str) -> Result<Vec<u8>, ObjectError> {
        Ok(self.0.get(&key.into()).await?.bytes().await?.to_vec())
    }

    /// Deletes an object, for good; one that is not there is deleted already.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        match self.0.delete(&key.into()).await.map_err(ObjectError::from) {
            Err(ObjectError::Missing(_)) => Ok(()),
            done => done,
        }
    }
}

/// Something to be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// What it is.
    pub(crate) kind: &'a str,
    /// What the executor calls it.
    pub(crate) name: &'a str,
    /// The text, or what else it is.
    pub(crate) bytes: &'a [u8],
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// Seals what is to be kept, puts it in place and keeps its row. Gives the row's name.
pub(crate) async fn keep(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
    kept: Kept<'_>,
) -> Result<Uuid, ApiError> {
    keep_until(state, connection, job, kept, state.clock.now() + KEPT).await
}

/// The same, with a time of its own at which it goes.
pub(crate) async fn keep_until(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
    kept: Kept<'_>,
    expires_at: OffsetDateTime,
) -> Result<Uuid, ApiError> {
    let id = Uuid::now_v7();
    let sealed = state.ring.seal(&artifacts::context(job, id), kept.bytes);
    let Sealed { key_ref, wrapped_key, bytes } = sealed.map_err(|error| ApiError::internal(&error))?;
    let object_key = format!("{job}/{id}");
    state.objects.put(&object_key, bytes).await?;
    let artifact = Artifact {
        id,
        job,
        kind: kept.kind.to_owned(),
        name: kept.name.to_owned(),
        seq: kept.origin.seq,
        kms_key_ref: key_ref,
        wrapped_key,
        object_key,
        sha256: sha256(kept.bytes).to_vec(),
        size_bytes: i64::try_from(kept.bytes.len()).unwrap_or(i64::MAX),
        created_at: state.clock.now(),
        expires_at,
        deleted_at: None,
    };
    Ok(artifacts::keep(connection, &artifact, kept.origin).await?)
}

/// The text of an artifact.
pub(crate) async fn read(state: &AppState, artifact: &Artifact) -> Result<String, ApiError> {
    String::from_utf8(read_bytes(state, artifact).await?).map_err(|error| ApiError::internal(&error))
}

/// An artifact whose time is over is there no more, whether it was swept yet or not.
pub(crate) fn in_time(state: &AppState, artifact: &Artifact) -> Result<(), ApiError> {
    if artifact.deleted_at.is_some() || artifact.expires_at <= state.clock.now() {
        return Err(ApiError::new(ErrorCode::ArtifactExpired, "the artifact was deleted after its time"));
    }
    Ok(())
}

/// The bytes of an artifact.
pub(crate) async fn read_bytes(state: &AppState, artifact: &Artifact) -> Result<Vec<u8>, ApiError> {
    in_time(state, artifact)?;
    let bytes = state.objects.get(&artifact.object_key).await?;
    let (key_ref, wrapped_key) = (artifact.kms_key_ref.clone(), artifact.wrapped_key.clone());
    let sealed = Sealed { key_ref, wrapped_key, bytes };
    let plain = state.ring.open(&artifacts::context(artifact.job, artifact.id), &sealed);
    let plain = plain.map_err(|error| ApiError::internal(&error))?;
    if sha256(&plain).as_slice() != artifact.sha256 {
        return Err(ObjectError::Damaged.into());
    }
    Ok(plain)
}

/// Deletes the bytes of artifacts whose time is over. Gives how many.
pub(crate) async fn sweep(state: &AppState, most: i64) -> Result<usize, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(iama_store::StoreError::from)?;
    let expired = artifacts::expired(&mut connection, state.clock.now(), most).await?;
    for (id, key) in &expired {
        state.objects.delete(key).await?;
        artifacts::gone(&mut connection, *id, state.clock.now()).await?;
    }
    Ok(expired.len())
}

/// Deletes objects that no row names: the rows were rolled back after the bytes had been written, or say that the bytes are
/// gone. Gives how many. Where the objects are another database's, none of them has a row, and none is touched.
pub(crate) async fn sweep_orphans(state: &AppState) -> Result<usize, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(iama_store::StoreError::from)?;
    let database = identity::of(&mut connection).await?;
    drop(connection);
    state.objects.claim(database).await?;
    let oldest_to_stay = state.clock.now() - GRACE;
    let mut listed = state.objects.0.list(None).chunks(CHUNK);
    let mut deleted = 0;
    while let Some(chunk) = listed.next().await {
        let mut found = Vec::new();
        for object in chunk {
            let object = object.map_err(ObjectError::from)?;
            found.extend(artifact_of(&object).filter(|_| written(&object) <= oldest_to_stay));
        }
        let mut connection = state.db.pool().acquire().await.map_err(iama_store::StoreError::from)?;
        let nobodys = artifacts::unknown(&mut connection, &found.iter().map(|(_, id)| *id).collect::<Vec<_>>()).await?;
        drop(connection);
        for (key, _) in found.iter().filter(|(_, id)| nobodys.contains(id)) {
            state.objects.delete(key).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// The key of an object and the artifact that it would belong to; nothing for what was not put here by us.
fn artifact_of(object: &ObjectMeta) -> Option<(String, Uuid)> {
    let key = object.location.as_ref();
    let (job, id) = key.split_once('/')?;
    let _: Uuid = job.parse().ok()?;
    Some((key.to_owned(), id.parse().ok()?))
}

fn written(object: &ObjectMeta) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(object.last_modified.timestamp()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
