//! An answer that names its request itself.

use iama_engine::executor::Reply;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::result::Answer;
use crate::jobs::{OwnJob, OwnRequest};

/// An answer with the request that it is to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedAnswer {
    /// The request.
    request_id: Uuid,
    /// The token of the claim.
    fencing_token: i64,
    /// What came of the order, as `iama_engine::executor::Reply`.
    #[schema(value_type = Object)]
    reply: Reply,
}

impl NamedAnswer {
    pub(super) fn of(self, own: OwnJob) -> (OwnRequest, Answer) {
        let Self { request_id: request, fencing_token, reply } = self;
        (OwnRequest { own, request }, Answer { fencing_token, reply: Some(reply), documents: Vec::new() })
    }
}
