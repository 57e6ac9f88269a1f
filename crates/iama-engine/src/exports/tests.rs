use std::fs;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use serde_json::{Value, json};

use super::{Envelope, SignatureError, SigningKey, VerifyingKey, digest, documents};
use crate::verify::{Finding, Options, is_sound, verify};

fn sample(name: &str) -> Vec<u8> {
    fs::read(format!("{}/templates/sample/evidence.{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn document(name: &str, wanted: &str) -> Vec<u8> {
    let all = documents(&sample(name), &[("patch.json", b"{}".to_vec())], None).unwrap();
    all.into_iter().find(|(name, _)| *name == wanted).unwrap().1
}

fn json_of(name: &str, wanted: &str) -> Value {
    serde_json::from_slice(&document(name, wanted)).unwrap()
}

/// A folder with an evidence and what goes with it, and a pair of keys made from `seed`.
fn folder(seed: u8, evidence: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    fs::write(folder.path().join("key.pem"), key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let public = key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    fs::write(folder.path().join("public.pem"), public).unwrap();
    let key = SigningKey::read(&folder.path().join("key.pem")).unwrap();
    for (name, bytes) in documents(evidence, &[], Some(&key)).unwrap() {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    fs::write(folder.path().join("evidence.json"), evidence).unwrap();
    folder
}

fn broken(folder: &tempfile::TempDir, key: bool) -> Vec<&'static str> {
    let place = folder.path().to_owned();
    let key = key.then(|| place.join("public.pem"));
    let checks = verify(&Options { place, key, root: None }).unwrap();
    assert_eq!(is_sound(&checks), checks.iter().all(|check| check.finding != Finding::Broken));
    checks.into_iter().filter(|check| check.finding == Finding::Broken).map(|check| check.code).collect()
}

#[test]
fn the_statement_names_patch_evidence_and_every_test() {
    let statement = json_of("regressions", "statement.json");
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["subject"], json!([{ "name": "patch.json", "digest": { "sha256": digest(b"{}") } }]));
    assert_eq!(statement["predicate"]["result"], "FAILED");
    let configuration = &statement["predicate"]["configuration"][0];
    assert_eq!(configuration["digest"]["sha256"], digest(&sample("regressions")));
    let count = |name: &str| statement["predicate"][name].as_array().unwrap().len();
    let evidence: Value = serde_json::from_slice(&sample("regressions")).unwrap();
    let cases = evidence["tests"]["cases"].as_array().unwrap();
    assert_eq!(count("passedTests") + count("warnedTests") + count("failedTests"), cases.len());
    assert_eq!(count("failedTests"), cases.iter().filter(|case| case["regression"] == true).count());
    assert!(count("failedTests") > 0);
}

#[test]
fn a_trace_names_exactly_the_new_lines_of_each_file() {
    let trace = json_of("delivered", "agent-trace.json");
    let evidence: Value = serde_json::from_slice(&sample("delivered")).unwrap();
    let added: usize = evidence["files"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|file| file["hunks"].as_array().unwrap())
        .flat_map(|hunk| hunk["lines"].as_array().unwrap())
        .filter(|line| line[0] == "+")
        .count();
    let ranges = trace["files"].as_array().unwrap().iter().flat_map(|file| file["conversations"].as_array().unwrap());
    let lines = ranges
        .flat_map(|part| part["ranges"].as_array().unwrap())
        .map(|range| range["end_line"].as_u64().unwrap() - range["start_line"].as_u64().unwrap() + 1);
    assert_eq!((trace["version"].as_str(), lines.sum::<u64>()), (Some("0.1.0"), added as u64));
}

#[test]
fn sarif_tells_regressions_as_errors_and_every_place_once() {
    let sarif = json_of("regressions", "iama.sarif");
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["level"] == "error" && result["ruleId"] == "regression"));
    let rules: Vec<&Value> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    assert!(results.iter().all(|result| rules.contains(&&result["ruleId"])));
    let mut seen: Vec<String> = results.iter().map(Value::to_string).collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all);
}

#[test]
fn junit_escapes_what_tests_say() {
    let page = String::from_utf8(document("hostile", "junit.xml")).unwrap();
    assert!(page.contains("&lt;script"), "the sample no longer holds a script");
    assert!(!page.contains("<script"));
    assert!(page.trim_end().ends_with("</testsuites>"));
}

#[test]
fn an_evidence_with_its_documents_is_sound_and_a_changed_one_is_not() {
    let evidence = sample("delivered");
    let fine = folder(7, &evidence);
    assert_eq!(broken(&fine, true), Vec::<&str>::new());
    let text = String::from_utf8(evidence).unwrap();
    fs::write(fine.path().join("evidence.json"), text.replacen("ledgerbook", "ledgerbooks", 1)).unwrap();
    assert_eq!(broken(&fine, true), ["HASHES"]);
}

#[test]
fn a_statement_that_somebody_else_signed_is_refused() {
    let (own, other) = (folder(7, &sample("delivered")), folder(8, &sample("delivered")));
    fs::copy(other.path().join("statement.dsse.json"), own.path().join("statement.dsse.json")).unwrap();
    assert_eq!(broken(&own, true), ["SIGNATURE"]);
    assert_eq!(broken(&own, false), Vec::<&str>::new());
}

#[test]
fn a_statement_written_anew_does_not_pass_for_the_signed_one() {
    let fine = folder(7, &sample("delivered"));
    let forged = String::from_utf8(sample("delivered")).unwrap().replacen("ledgerbook", "ledgerbooks", 1).into_bytes();
    fs::write(fine.path().join("evidence.json"), &forged).unwrap();
    let statement = documents(&forged, &[], None).unwrap().into_iter().find(|(name, _)| *name == "statement.json");
    fs::write(fine.path().join("statement.json"), statement.unwrap().1).unwrap();
    assert_eq!(broken(&fine, false), Vec::<&str>::new());
    assert_eq!(broken(&fine, true), ["HASHES"]);
}

#[test]
fn a_seal_that_the_delivery_breaks_and_a_lost_test_that_is_not_told_are_found() {
    let mut evidence: Value = serde_json::from_slice(&sample("delivered")).unwrap();
    let sealed = evidence["tests"]["carried"][0]["path"].clone();
    let files = evidence["files"].as_array_mut().unwrap();
    files.iter_mut().find(|file| file["path"] == sealed).unwrap()["result_sha256"] = json!(digest(b"weaker"));
    evidence["tests"]["cases"][0]["result"] = json!("failed");
    let changed = folder(7, &serde_json::to_vec(&evidence).unwrap());
    assert_eq!(broken(&changed, true), ["VERDICT", "SEALED_TESTS"]);
}

#[test]
fn a_hunk_that_is_linked_to_what_does_not_stand_in_the_evidence_is_found() {
    let check = |change: fn(&mut Value)| {
        let mut evidence: Value = serde_json::from_slice(&sample("delivered")).unwrap();
        change(&mut evidence["files"][0]["hunks"][0]["links"]);
        broken(&folder(7, &serde_json::to_vec(&evidence).unwrap()), true)
    };
    assert_eq!(check(|_| ()), Vec::<&str>::new());
    assert_eq!(check(|links| links["spec"] = json!(["TARGET", "NOWHERE"])), ["LINKS"]);
    assert_eq!(check(|links| links["reached"]["cases"] = json!([[0, 100_000]])), ["LINKS"]);
    assert_eq!(check(|links| links["reached"]["tests"] = json!(0)), ["LINKS"]);
}

#[test]
fn what_is_no_envelope_is_told_from_a_wrong_signature() {
    let keys = folder(7, &sample("delivered"));
    let key = VerifyingKey::read(&keys.path().join("public.pem")).unwrap();
    assert_eq!(Envelope::open(b"{}", &key), Err(SignatureError::Malformed));
    let problem = SigningKey::read(&keys.path().join("public.pem")).err().unwrap();
    assert_eq!(problem.code, "KEY_INVALID");
}
