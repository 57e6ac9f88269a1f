//! The report as a PDF: set once, kept sealed for as long as what it is made from, and known by its hash.

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use iama_store::artifacts::{Artifact, Origin};
use iama_store::{Connection, StoreError, artifacts, jobs, journal};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::error::ApiError;
use crate::jobs::OwnJob;
use crate::objects::{self, Kept};
use crate::state::AppState;

/// What it is called among the documents of the job.
const PDF: &str = "analysis_report.pdf";

/// Reports that are set at once: each takes a core. Whoever comes later waits for a turn, and holds nothing meanwhile.
static SETTING: Semaphore = Semaphore::const_new(2);

/// The PDF of an analysis, or that it is the one which the caller has.
pub(crate) async fn answer(
    state: &AppState,
    own: OwnJob,
    from: &Artifact,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    objects::in_time(state, from)?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    let job = jobs::summary(&mut connection, own.user.id, own.id).await?.ok_or(StoreError::Missing("job"))?;
    let known = printed(&mut connection, own.id, from).await?;
    drop(connection);
    let pdf = match known {
        Some(pdf) => pdf,
        None => print(state, own, from).await?,
    };
    let tag = format!("\"{}\"", hex::encode(&pdf.sha256));
    let told = [
        (header::ETAG, text(&tag)?),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::VARY, HeaderValue::from_static("accept")),
    ];
    if is_known(&tag, headers) {
        return Ok((StatusCode::NOT_MODIFIED, told).into_response());
    }
    let bytes = objects::read_bytes(state, &pdf).await?;
    let saved = disposition(&job.project, &from.created_at.date().to_string());
    let whole: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, text(&saved)?),
    ];
    Ok((told, whole, bytes).into_response())
}

fn text(value: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(value).map_err(|error| ApiError::internal(&error))
}

/// Whether the caller has it already.
fn is_known(tag: &str, headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut tags = named.flat_map(|tags| tags.split(',')).map(|known| known.trim().trim_start_matches("W/"));
    tags.any(|known| known == tag || known == "*")
}

/// The PDF that was set from an analysis before.
async fn printed(connection: &mut Connection, job: Uuid, from: &Artifact) -> Result<Option<Artifact>, ApiError> {
    let known = artifacts::latest(connection, job, PDF).await?;
    Ok(known.filter(|known| known.seq == from.seq))
}

/// Sets the PDF and keeps it. Of two that are made at once, by two instances, one is kept.
async fn print(state: &AppState, own: OwnJob, from: &Artifact) -> Result<Artifact, ApiError> {
    let turn = SETTING.acquire().await.map_err(|error| ApiError::internal(&error))?;
    let mut connection = state.db.pool().acquire().await.map_err(StoreError::from)?;
    if let Some(known) = printed(&mut connection, own.id, from).await? {
        return Ok(known);
    }
    let report = super::report(state, &mut connection, own, from).await?;
    drop(connection);
    let set = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        iama_report::render(&report)
    });
    let bytes = set.await.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))?;
    let mut transaction = state.db.begin().await?;
    journal::lock(&mut transaction, own.id).await?.ok_or_else(|| ApiError::not_found("job"))?;
    if let Some(known) = printed(&mut transaction, own.id, from).await? {
        return Ok(known);
    }
    let origin = Origin { seq: from.seq, index: -1, turn: 0 };
    let kept = Kept { kind: &from.kind, name: PDF, bytes: &bytes, origin };
    let id = objects::keep_until(state, &mut transaction, own.id, kept, from.expires_at).await?;
    let row = artifacts::get(&mut transaction, id).await?.ok_or_else(|| ApiError::not_found("artifact"))?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(row)
}

/// Under which name it is saved: the project's, without what a folder or a shell might take for something else.
fn disposition(project: &str, date: &str) -> String {
    let named = |is_kept: fn(char) -> bool| {
        let plain: String = project.chars().map(|c| if is_kept(c) { c } else { '-' }).collect();
        let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
        let stem: String = parts.join("-").chars().take(60).collect();
        let dash = if stem.is_empty() { "" } else { "-" };
        format!("{stem}{dash}analysis-{date}.pdf")
    };
    let (ascii, whole) = (named(|c| c.is_ascii_alphanumeric() || c == '_'), named(|c| c.is_alphanumeric() || c == '_'));
    let mut told = format!("attachment; filename=\"{ascii}\"");
    if whole != ascii {
        told.push_str("; filename*=UTF-8''");
        for byte in whole.bytes() {
            let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            let _ = if is_plain { write!(told, "{}", char::from(byte)) } else { write!(told, "%{byte:02X}") };
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_named_after_the_project_and_nothing_else_is_in_its_name() {
        let shown = |project| disposition(project, "2026-11-23");
        assert_eq!(shown("shop"), "attachment; filename=\"shop-analysis-2026-11-23.pdf\"");
        assert_eq!(
            shown("../../etc/passwd\"; x=\u{202e}\r\n"),
            "attachment; filename=\"etc-passwd-x-analysis-2026-11-23.pdf\""
        );
        assert_eq!(shown("!!"), "attachment; filename=\"analysis-2026-11-23.pdf\"");
        assert_eq!(
            shown("Müller"),
            "attachment; filename=\"M-ller-analysis-2026-11-23.pdf\"; filename*=UTF-8''M%C3%BCller-analysis-2026-11-23.pdf"
        );
        assert!(shown(&"x".repeat(200)).len() < 130);
    }
}
