//! Sealed bytes: written before the row that names them, deleted before the row says so.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use iama_store::Connection;
use iama_store::artifacts::{self, Artifact, KEPT, Origin};
use iama_store::sealing::{Sealed, sha256};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::state::AppState;

/// Where sealed bytes lie.
#[derive(Clone)]
pub struct Objects(Arc<dyn ObjectStore>);

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({})", self.0)
    }
}

impl Objects {
    /// In a folder, which is made when it is missing.
    pub fn folder(folder: &Path) -> Result<Self, object_store::Error> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| object_store::Error::Generic { store: "folder", source: error.into() })?;
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(folder)?)))
    }
}

/// A text to be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// What it is.
    pub(crate) kind: &'a str,
    /// What the executor calls it.
    pub(crate) name: &'a str,
    /// The text.
    pub(crate) text: &'a str,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// Seals a text, puts it in place and keeps its row. Gives the row's name.
pub(crate) async fn keep(
    state: &AppState,
    connection: &mut Connection,
    job: Uuid,
    kept: Kept<'_>,
) -> Result<Uuid, ApiError> {
    let id = Uuid::now_v7();
    let sealed = state.ring.seal(&artifacts::context(job, id), kept.text.as_bytes());
    let Sealed { key_ref, wrapped_key, bytes } = sealed.map_err(|error| ApiError::internal(&error))?;
    let object_key = format!("{job}/{id}");
    let place = object_store::path::Path::from(object_key.as_str());
    let put = state.objects.0.put(&place, PutPayload::from_bytes(Bytes::from(bytes))).await;
    put.map_err(|error| ApiError::internal(&error))?;
    let now = state.clock.now();
    let artifact = Artifact {
        id,
        job,
        kind: kept.kind.to_owned(),
        name: kept.name.to_owned(),
        seq: kept.origin.seq,
        kms_key_ref: key_ref,
        wrapped_key,
        object_key,
        sha256: sha256(kept.text.as_bytes()).to_vec(),
        size_bytes: i64::try_from(kept.text.len()).unwrap_or(i64::MAX),
        created_at: now,
        expires_at: now + KEPT,
        deleted_at: None,
    };
    Ok(artifacts::keep(connection, &artifact, kept.origin).await?)
}

/// The text of an artifact.
pub(crate) async fn read(state: &AppState, artifact: &Artifact) -> Result<String, ApiError> {
    if artifact.deleted_at.is_some() || artifact.expires_at <= state.clock.now() {
        return Err(ApiError::new(ErrorCode::ArtifactExpired, "the artifact was deleted after its time"));
    }
    let place = object_store::path::Path::from(artifact.object_key.as_str());
    let found = state.objects.0.get(&place).await.map_err(|error| ApiError::internal(&error))?;
    let bytes = found.bytes().await.map_err(|error| ApiError::internal(&error))?;
    let (key_ref, wrapped_key) = (artifact.kms_key_ref.clone(), artifact.wrapped_key.clone());
    let sealed = Sealed { key_ref, wrapped_key, bytes: bytes.to_vec() };
    let plain = state.ring.open(&artifacts::context(artifact.job, artifact.id), &sealed);
    let plain = plain.map_err(|error| ApiError::internal(&error))?;
    String::from_utf8(plain).map_err(|error| ApiError::internal(&error))
}

/// Deletes the bytes of artifacts whose time is over. Gives how many.
pub(crate) async fn sweep(state: &AppState, most: i64) -> Result<usize, ApiError> {
    let mut connection = state.db.pool().acquire().await.map_err(iama_store::StoreError::from)?;
    let expired = artifacts::expired(&mut connection, state.clock.now(), most).await?;
    for (id, key) in &expired {
        match state.objects.0.delete(&object_store::path::Path::from(key.as_str())).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(ApiError::internal(&error)),
        }
        artifacts::gone(&mut connection, *id, state.clock.now()).await?;
    }
    Ok(expired.len())
}
