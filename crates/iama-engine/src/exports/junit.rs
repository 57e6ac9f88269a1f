//! `JUnit`'s XML, as CI servers read it: each test with how it ended on the result.

use minijinja::{Environment, context};
use serde::Serialize;

use super::told::{Case, Told};
use crate::problem::Problem;

const NAME: &str = "junit.xml.j2";
const TEMPLATE: &str = include_str!("../../templates/junit.xml.j2");

#[derive(Serialize)]
struct Row {
    class: String,
    name: String,
    failure: Option<(String, String)>,
    skipped: Option<String>,
}

/// A regression is a failure; what failed on the legacy code already, or was never run, is skipped with the reason.
pub(super) fn of(told: &Told) -> Result<String, Problem> {
    let rows: Vec<Row> = told.tests.cases.iter().map(row).collect();
    let failures = rows.iter().filter(|row| row.failure.is_some()).count();
    let skipped = rows.iter().filter(|row| row.skipped.is_some()).count();
    let mut environment = Environment::new();
    let rendered =
        environment.add_template(NAME, TEMPLATE).and_then(|()| environment.get_template(NAME)).and_then(|template| {
            let project = plain(&told.job.project);
            template.render(context! { project, rows => minijinja::value::Serde(&rows), failures, skipped })
        });
    rendered.map_err(|error| Problem::input("EXPORT_FAILED", format!("junit.xml could not be written: {error:#}")))
}

fn row(case: &Case) -> Row {
    let (class, name) = case.id.rsplit_once("::").unwrap_or(("", &case.id));
    let (mut failure, mut skipped) = (None, None);
    if case.regression {
        let told = case.error.as_ref().map(|error| (plain(&error.class), plain(&error.message)));
        failure =
            Some(told.unwrap_or_else(|| ("Missing".to_owned(), "it passed before and was not run now".to_owned())));
    } else if case.result != "passed" {
        skipped = Some(format!("{} on the legacy code, {} on the result", case.legacy, case.result));
    }
    Row { class: plain(&class.replace('/', ".")), name: plain(name), failure, skipped }
}

/// XML has no way to write most control characters.
fn plain(text: &str) -> String {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect()
}
