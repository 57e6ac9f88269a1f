//! The report for the management: who has it and when, what the PDF says, and that it is set once and sealed.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use iama_job::{Effect, Event, Signal};
use iama_store::journal;
use lopdf::Document;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::Duration;
use walkdir::WalkDir;

use crate::decisions::usual;
use crate::execution::Machine;
use crate::jobs::person;
use crate::support::{NOW, PASSWORD, TestApp, token};

/// What a machine has sent of a small project.
const ANALYSIS: &str = include_str!("reports/analysis_report.json");
const PROPOSALS: &str = include_str!("reports/proposals.json");
const FINDINGS: &str = include_str!("reports/findings.json");

/// A job of a tier, at the first request.
async fn begun<'a>(app: &'a TestApp, tier: &str, trial: bool) -> Machine<'a> {
    let access = person(app, "a@example.org").await;
    let tiers = sqlx::query("UPDATE subscription_tiers SET tier = $1, trial = $2").bind(tier).bind(trial);
    tiers.execute(&mut *app.db.pool().acquire().await.unwrap()).await.unwrap();
    iama_api::sweeping::sweep(&app.state).await.unwrap();
    Machine::with(app, &access, "make").await
}

/// Answers what the machine is asked until the job waits for a choice; the three documents come when they are due. Gives what was
/// asked, with what the report was each time before the answer.
async fn analysed(machine: &Machine<'_>, documents: [&str; 3]) -> Vec<(String, u16)> {
    let [analysis, proposals, findings] = documents;
    let mut asked = Vec::new();
    loop {
        let (request, kind) = machine.waiting().await;
        if kind.is_empty() {
            return asked;
        }
        asked.push((kind.clone(), report(machine, "", &[]).await.status.as_u16()));
        let claimed = machine.claim(&request).await.json();
        let effect: Effect = serde_json::from_value(claimed["order"]["dispatch"]["effect"].clone()).unwrap();
        let sent: &[(&str, &str)] = match kind.as_str() {
            "PROPOSE" => {
                &[("proposals.json", proposals), ("findings.json", findings), ("analysis_report.json", analysis)]
            }
            "WRITE_REPORT" => &[("analysis_report.json", analysis)],
            _ => &[],
        };
        let result = serde_json::to_value(usual(&effect)).unwrap();
        let answered = machine.answer(&request, &claimed, result, sent).await;
        assert_eq!(answered.status, StatusCode::OK, "{kind}: {}", answered.text);
    }
}

/// An answer of any kind.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    fn error(&self) -> (u16, Value) {
        (self.status.as_u16(), self.json()["error"]["code"].clone())
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// What somebody reads in the PDF, without white space and places to break a line.
    fn text(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.bytes));
        let document = Document::load_mem(&self.bytes).unwrap();
        let pages: Vec<u32> = document.get_pages().into_keys().collect();
        plain(&document.extract_text(&pages).unwrap())
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
}

async fn report(machine: &Machine<'_>, query: &str, headers: &[(&str, &str)]) -> Answer {
    report_for(machine, &machine.access, query, headers).await
}

async fn report_for(machine: &Machine<'_>, access: &str, query: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/api/v1/jobs/{}/enterprise-report{query}", machine.job);
    let mut request = Request::get(path).header("authorization", format!("Bearer {access}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = machine.app.open(request.body(Body::empty()).unwrap()).await;
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}

/// A figure as it is printed, to so many places behind the point.
fn shown(figure: &Value, places: usize) -> String {
    let figure = format!("{:.places$}", figure.as_f64().unwrap().abs());
    let (whole, rest) = figure.split_at(figure.find('.').unwrap_or(figure.len()));
    let apart = whole.as_bytes().rchunks(3).rev().map(|three| String::from_utf8(three.to_vec()).unwrap());
    apart.collect::<Vec<_>>().join(",") + rest
}

#[tokio::test]
async fn the_pdf_says_what_the_json_says() {
    let app = TestApp::new().await;
    let machine = begun(&app, "ENTERPRISE", false).await;
    let asked = analysed(&machine, [ANALYSIS, PROPOSALS, FINDINGS]).await;
    let kinds = ["PREFLIGHT", "BUILD_CONTEXT", "ANALYSE_SCOPE", "PROPOSE", "WRITE_REPORT"];
    assert_eq!(asked, kinds.map(|kind| (kind.to_owned(), 404)), "before that there is none");
    let told = report(&machine, "", &[]).await.json();
    assert_eq!(
        (&told["upgrade_required"], &told["artifact_expires_at"]),
        (&json!(false), &json!("2026-12-07T12:00:00Z"))
    );
    let told = &told["report"];
    assert_eq!(told, &serde_json::from_str::<Value>(ANALYSIS).unwrap());
    let pdf = report(&machine, "?format=pdf", &[]).await;
    let text = pdf.text();
    assert_eq!(pdf.header(header::CONTENT_TYPE), "application/pdf");
    assert_eq!(pdf.header(header::CONTENT_DISPOSITION), "attachment; filename=\"shop-analysis-2026-11-23.pdf\"");
    let said = |part: &str| assert!(text.contains(&plain(part)), "{part} is not in {text}");
    for (name, label) in [
        ("files", "Source files"),
        ("lines", "Lines in them"),
        ("plain_places", "Places that are rewritten and keep their meaning"),
        ("risky_places", "Places whose meaning may change, or that no rewrite is safe for"),
        ("unreadable_files", "Files that cannot be read as the source language"),
        ("untested_files", "Files that would change and that no test reaches"),
        ("involved_functions", "Touched functions with more than ten ways through them"),
        ("missing_packages", "Packages that never came to the target"),
    ] {
        said(&format!("{label}{}", shown(&told["debt"][name], 0)));
    }
    said(&format!("Places for a thousand lines{}", shown(&told["debt"]["places_per_thousand_lines"], 1)));
    said(&format!("Hours for all places by hand{}", shown(&told["debt"]["hours_by_hand"], 1)));
    for (one, name) in told["proposals"].as_array().unwrap().iter().zip(["Conservative", "Standard", "Comprehensive"]) {
        let hours =
            ["hours_saved", "hours_left", "days", "days_with_risk"].map(|figure| shown(&one[figure], 1)).concat();
        let sign = if one["dollars_back"].as_f64().unwrap() < 0.0 { "\u{2212}" } else { "" };
        said(&format!("{name}{hours}{sign}${}", shown(&one["dollars_back"], 2)));
    }
    for sentence in told["summary"].as_array().unwrap() {
        said(sentence.as_str().unwrap());
    }
    for one in told["dependencies"]["open"].as_array().unwrap() {
        said(one["name"].as_str().unwrap());
    }
    for document in [ANALYSIS, PROPOSALS, FINDINGS] {
        said(&hex::encode(Sha256::digest(document)));
    }
    said(&machine.job);
    said("Analysed 2026-11-23, 12:00 UTC");
}

#[tokio::test]
async fn the_pdf_is_set_once_sealed_known_by_its_hash_and_gone_after_its_time() {
    let app = TestApp::new().await;
    let machine = begun(&app, "ENTERPRISE", false).await;
    analysed(&machine, [ANALYSIS, PROPOSALS, FINDINGS]).await;
    let wanted: &[(&str, &str)] = &[("accept", "application/pdf")];
    let (first, second) = tokio::join!(report(&machine, "", wanted), report(&machine, "", wanted));
    assert!(first.bytes.starts_with(b"%PDF") && first.bytes == second.bytes);
    let tag = first.header(header::ETAG).to_owned();
    assert_eq!(tag, format!("\"{}\"", hex::encode(Sha256::digest(&first.bytes))));
    let again = report(&machine, "?format=pdf", &[("if-none-match", &format!("\"other\", W/{tag}"))]).await;
    assert_eq!(
        (again.status, again.header(header::ETAG), again.bytes.len()),
        (StatusCode::NOT_MODIFIED, tag.as_str(), 0)
    );
    let other = report(&machine, "?format=pdf", &[("if-none-match", "\"other\"")]).await;
    assert!(other.status == StatusCode::OK && other.bytes == first.bytes);

    let rows = "SELECT count(*) FROM job_artifacts WHERE name = 'analysis_report.pdf'";
    let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut *app.db.pool().acquire().await.unwrap()).await.unwrap();
    assert_eq!(rows, 1);
    let files = || WalkDir::new(app.objects.path()).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let kept = files().count();
    for file in files() {
        let bytes = std::fs::read(file.path()).unwrap();
        let clear = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!clear(b"%PDF") && !clear(b"places"), "{}", file.path().display());
    }
    let listed = machine.get("/artifacts").await["artifacts"].clone();
    let pdf = listed.as_array().unwrap().iter().find(|one| one["name"] == "analysis_report.pdf").unwrap().clone();
    assert_eq!(pdf["size_bytes"], first.bytes.len());

    app.pass(Duration::days(14));
    let pair = app.login("a@example.org", PASSWORD).await.json();
    let access = token(&pair, "access_token");
    for form in ["?format=pdf", "?format=json"] {
        let late = report_for(&machine, access, form, &[("if-none-match", &tag)]).await;
        assert_eq!(late.error(), (410, json!("ARTIFACT_EXPIRED")), "{form}");
    }
    iama_api::sweeping::tidy(&app.state).await.unwrap();
    assert_eq!((kept > 4, files().count()), (true, 0));
    let late = app.get(&format!("/api/v1/jobs/{}/artifacts", machine.job), Some(access)).await.json();
    let row = late["artifacts"].as_array().unwrap().iter().find(|one| one["name"] == "analysis_report.pdf").unwrap();
    assert_eq!((&row["url"], &row["sha256"]), (&Value::Null, &pdf["sha256"]), "what it was is known still");
}

#[tokio::test]
async fn a_tier_without_the_report_is_told_which_one_has_it() {
    let app = TestApp::new().await;
    let machine = begun(&app, "MAX", false).await;
    let asked = analysed(&machine, [ANALYSIS, PROPOSALS, FINDINGS]).await;
    assert_eq!(asked.last(), Some(&("PROPOSE".to_owned(), 403)), "a machine may make one all the same");
    for form in ["", "?format=pdf"] {
        let denied = report(&machine, form, &[]).await;
        assert_eq!(denied.error(), (403, json!("ENTITLEMENT_DENIED")));
        assert_eq!(denied.json()["error"]["details"], json!({ "tier": "MAX", "needs": "ENTERPRISE" }));
    }
}

#[tokio::test]
async fn a_trial_sees_the_report_and_chooses_after_its_upgrade() {
    let app = TestApp::new().await;
    let machine = begun(&app, "ENTERPRISE", true).await;
    analysed(&machine, [ANALYSIS, PROPOSALS, FINDINGS]).await;
    assert_eq!(report(&machine, "", &[]).await.json()["upgrade_required"], true);
    assert!(report(&machine, "?format=pdf", &[]).await.bytes.starts_with(b"%PDF"));
    let choice = || Some(json!({ "strategy": "STANDARD" }));
    let refused = machine.write("/proposals/select", "early", choice()).await;
    assert_eq!(refused.error(), (403, "UPGRADE_REQUIRED".to_owned()));
    let mut transaction = app.state.db.begin().await.unwrap();
    let owned = journal::lock(&mut transaction, machine.job.parse().unwrap()).await.unwrap().unwrap();
    let put = journal::put(&mut transaction, &owned, Event::Signal(Signal::TrialUpgraded), NOW).await.unwrap();
    assert!(matches!(put, journal::Put::Taken { .. }), "{put:?}");
    transaction.commit().await.unwrap();
    assert_eq!(report(&machine, "", &[]).await.json()["upgrade_required"], false);
    let chosen = machine.write("/proposals/select", "late", choice()).await;
    assert_eq!(chosen.json()["place"], "WAITING_STRATEGY.drafting", "{}", chosen.text);
}

#[tokio::test]
async fn a_form_that_there_is_not_is_refused_with_what_to_do_and_strangers_see_nothing() {
    let app = TestApp::new().await;
    let machine = begun(&app, "ENTERPRISE", false).await;
    analysed(&machine, [ANALYSIS, PROPOSALS, FINDINGS]).await;
    let unknown = report(&machine, "?format=docx", &[]).await;
    assert_eq!(unknown.error(), (422, json!("VALIDATION_FAILED")));
    let said = unknown.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("docx") && said.contains("`json` or `pdf`"), "{said}");
    let unknown = report(&machine, "", &[("accept", "text/csv")]).await;
    assert_eq!(unknown.error(), (406, json!("NOT_ACCEPTABLE")));
    assert!(unknown.json()["error"]["hint"].as_str().unwrap().contains("application/pdf"));
    let named = report(&machine, "?format=json", &[("accept", "text/csv")]).await;
    assert_eq!(named.header(header::CONTENT_TYPE), "application/json", "what is named goes before what is accepted");
    let other = person(&app, "b@example.org").await;
    assert_eq!(report_for(&machine, &other, "?format=pdf", &[]).await.error(), (404, json!("NOT_FOUND")));
}

#[tokio::test]
async fn no_name_of_a_file_breaks_the_pdf_or_means_anything_in_it() {
    const NAMES: [&str; 5] = [
        "src/#read(\"../../etc/passwd\")/$x^2$/*bold*.py",
        "src/\u{202e}yp.elif\u{202c}/\u{5e9}\u{5dc}\u{5d5}\u{5dd}/\u{1f469}\u{200d}\u{1f680}.py",
        "#import \"@preview/cetz:0.2.0\": *",
        "<label> @ref // comment /* block ]) #panic(\"out\") \\ = heading",
        "\u{e000}\u{fffe}nothing\u{7f}.py",
    ];
    let app = TestApp::new().await;
    let machine = begun(&app, "ENTERPRISE", false).await;
    let long = "deep/".repeat(400);
    let mut findings: Value = serde_json::from_str(FINDINGS).unwrap();
    let files = findings.as_object_mut().unwrap().values_mut().flat_map(|files| files.as_array_mut().unwrap());
    for file in files {
        let note =
            file["notes"].as_array().unwrap().first().cloned().unwrap_or_else(
                || json!({ "recipe": "print", "class": "SAFE", "line": 1, "symbol": null, "why": "why" }),
            );
        let named = NAMES.into_iter().chain([long.as_str()]).map(|name| {
            let mut note = note.clone();
            (note["class"], note["symbol"], note["why"]) = (json!("REFUSED"), json!(name), json!(name));
            note
        });
        file["notes"] = named.collect();
        file["path"] = json!(NAMES[0]);
    }
    analysed(&machine, [ANALYSIS, PROPOSALS, &findings.to_string()]).await;
    let text = report(&machine, "?format=pdf", &[]).await.text();
    for name in
        [NAMES[0], NAMES[2], NAMES[3], "⟨U+202E⟩yp.elif⟨U+202C⟩", "⟨U+1F680⟩", "⟨U+E000⟩⟨U+FFFE⟩nothing", "deep/deep/"]
    {
        assert!(text.contains(&plain(name)), "{name} is not in {text}");
    }
    assert!(!text.contains("root:x:"));
}
