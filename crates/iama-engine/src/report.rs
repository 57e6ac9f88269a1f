//! The report: the evidence as one page that needs nothing else.

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::problem::Problem;

const NAME: &str = "report.html.j2";
const TEMPLATE: &str = include_str!("../templates/report.html.j2");

/// Renders evidence as HTML. Everything in it is escaped: the migrated code is hostile input.
pub fn render(evidence: &impl Serialize) -> Result<String, Problem> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let rendered = environment
        .add_template(NAME, TEMPLATE)
        .and_then(|()| environment.get_template(NAME))
        .and_then(|template| template.render(minijinja::value::Serde(evidence)));
    rendered.map_err(|error| {
        Problem::input("REPORT_FAILED", format!("the report could not be written: {error:#}"))
            .hint("evidence.json holds the same; please report this")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> String {
        let path = format!("{}/templates/sample/evidence.{name}.json", env!("CARGO_MANIFEST_DIR"));
        let evidence: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        render(&evidence).unwrap()
    }

    #[test]
    fn every_sample_is_rendered_with_its_verdict() {
        for name in ["delivered", "regressions", "unproven", "hostile"] {
            let page = sample(name);
            assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"), "{name}");
            assert!(page.trim_end().ends_with("</html>"), "{name}");
        }
    }

    #[test]
    fn markup_in_the_evidence_stays_text() {
        let page = sample("hostile");
        assert!(page.contains("&lt;script&gt;") || page.contains("&lt;script"), "the sample no longer holds a script");
        assert!(!page.contains("<script>alert"));
        assert!(!page.contains("<img"));
    }
}
