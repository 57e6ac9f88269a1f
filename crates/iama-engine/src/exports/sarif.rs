//! SARIF 2.1.0: what a person should look at, as annotations of the code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::told::{Case, Told};

pub(super) fn of(told: &Told) -> Value {
    let mut rules: BTreeMap<&str, &str> = BTreeMap::new();
    let mut results = Vec::new();
    for case in told.tests.cases.iter().filter(|case| case.regression) {
        rules.insert("regression", "a test that passed on the legacy code and does not on the result");
        results.push(regression(case));
    }
    for place in &told.refused {
        rules.insert(&place.recipe, &place.title);
        results.push(result(
            &place.recipe,
            "warning",
            &format!("left as it is: {}", place.reason),
            &place.file,
            (place.line, None),
        ));
    }
    for place in &told.checks {
        rules.insert(&place.recipe, &place.title);
        results.push(result(&place.recipe, "note", &place.reason, &place.file, (place.line, None)));
    }
    let checks: BTreeSet<&str> = told.checks.iter().map(|place| place.recipe.as_str()).collect();
    let is_check = |why: &str| why.split_once(": ").is_some_and(|(recipe, _)| checks.contains(recipe));
    for place in told.unproven.iter().filter(|place| !is_check(&place.why)) {
        rules.insert("unproven", "nothing shows that this behaves as before");
        results.push(result("unproven", "note", &place.why, &place.file, (place.line, None)));
    }
    document(&told.job.iama_version, &rules, &results)
}

/// A whole document: rules by their ids, with what each is about, and results made by [`result`].
pub fn document(version: &str, rules: &BTreeMap<&str, &str>, results: &[Value]) -> Value {
    let rules: Vec<Value> =
        rules.iter().map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } })).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "iama", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn regression(case: &Case) -> Value {
    let test_file = case.id.split("::").next().unwrap_or(&case.id);
    let (message, file, line) = match &case.error {
        Some(error) => (
            format!("{}: {}: {}", case.id, error.class, error.message),
            error.file.as_deref().filter(|file| !file.starts_with('<')).unwrap_or(test_file),
            error.line,
        ),
        None => (format!("{} passed before and is {} now", case.id, case.result), test_file, None),
    };
    result("regression", "error", &message, file, (line, None))
}

/// One result. The file is relative to the root; line and column count from 1, the column in characters.
pub fn result(rule: &str, level: &str, message: &str, file: &str, (line, column): (Option<u32>, Option<u32>)) -> Value {
    let mut region = json!({ "startLine": line.unwrap_or(1).max(1) });
    if let Some(column) = column {
        region["startColumn"] = json!(column);
    }
    json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": message },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" },
                "region": region,
            },
        }],
    })
}

/// A path as a relative reference: what a URI has other uses for is written as its bytes.
fn uri(path: &str) -> String {
    let mut written = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push('%');
            written.push_str(&hex::encode_upper([byte]));
        }
    }
    written
}
