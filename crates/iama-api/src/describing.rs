//! What is true of every operation, put into the document in one place: answers that the layers around the handlers give.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, OpenApi, Ref, Response, ResponseBuilder};

/// Adds the answers of the layers to every operation of the API.
pub(crate) fn layers(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if path.starts_with("/api/v1/") {
            of_item(item);
        }
    }
}

fn of_item(item: &mut PathItem) {
    let PathItem { get, put, post, delete, patch, .. } = item;
    for operation in get.iter_mut() {
        of_operation(operation, false);
    }
    for operation in [put, post, delete, patch].into_iter().flatten() {
        of_operation(operation, true);
    }
}

fn of_operation(operation: &mut Operation, writes: bool) {
    let mut add = |status: &str, told: &str| {
        let known = operation.responses.responses.contains_key(status);
        if !known {
            operation.responses.responses.insert(status.to_owned(), answer(told).into());
        }
    };
    add("503", "The server, or its database, has no time at present");
    if writes {
        add("429", "Too many requests came in a short time");
    }
    if operation.request_body.is_some() {
        let told = answer("The body is too large");
        operation.responses.responses.entry("413".to_owned()).or_insert_with(|| told.into());
    }
}

fn answer(told: &str) -> Response {
    let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    ResponseBuilder::new().description(told).content("application/json", body).build()
}
