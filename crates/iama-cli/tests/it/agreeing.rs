//! The questions before work: proposals and the spec.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::world::World;

const SOURCE: &str = "def show(x):\n    print x\n\ndef half(a, b):\n    return a / b\n";
const TEST: &str = "import lib\n\ndef test_half():\n    assert lib.half(5, 2) == 2\n";

fn project() -> World {
    World::new(&[("lib.py", SOURCE), ("user.py", "import lib\n"), ("test_lib.py", TEST), ("requirements.txt", "PIL\n")])
}

fn record(world: &World, name: &str) -> Value {
    serde_json::from_slice(&fs::read(world.job().join(name)).unwrap()).unwrap()
}

#[test]
fn three_proposals_say_what_each_of_them_leaves_and_meets() {
    let world = project();
    assert_eq!(world.iama(&["refactor", "."]).error(), "DECISION_NEEDED");
    let proposals = record(&world, "proposals.json");
    let rows: Vec<_> = proposals.as_array().unwrap().iter().collect();
    let of = |row: &Value| (row["strategy"].clone(), row["left"].clone(), row["files"].clone());
    let told: Vec<_> = rows.iter().map(|row| of(row)).collect();
    let expected = [("CONSERVATIVE", 1, 2), ("STANDARD", 1, 2), ("COMPREHENSIVE", 0, 2)]
        .map(|(name, left, files)| (Value::from(name), Value::from(left), Value::from(files)));
    assert_eq!(told, expected);
    let largest = rows[2];
    let areas: Vec<_> = largest["segments"].as_array().unwrap().iter().map(|row| row["area"].clone()).collect();
    assert_eq!(areas, ["syntax", "meaning", "interfaces", "dependencies", "tests"]);
    assert_eq!(largest["surface"][0]["name"], "half");
    assert_eq!(largest["dependencies"][0]["instead"], "Pillow");
    assert_eq!(largest["reach"]["importers"], serde_json::json!(["test_lib.py", "user.py"]));
    assert_eq!(largest["price"]["high_millicents"], 0);
    let calls: Vec<_> = rows.iter().map(|row| row["performance"]["functions"].clone()).collect();
    assert_eq!(calls, [0, 0, 1], "only the largest treats a division of unknown values");
}

#[test]
fn the_evidence_tells_the_risks_of_the_choice_and_each_hunk_the_items_that_it_serves() {
    let world = project();
    let shown = world.iama(&["refactor", ".", "--yes", "--strategy", "comprehensive", "--json"]);
    if shown.error() == "ISOLATION_MISSING" {
        eprintln!("not run: nothing closes runs off here");
        return;
    }
    let evidence = record(&world, "evidence.json");
    let chosen = record(&world, "proposals.json")[2].clone();
    for part in ["segments", "surface", "dependencies", "complexity"] {
        assert_eq!(evidence["proposal"][part], chosen[part], "{part}");
    }
    assert!(fs::read_to_string(world.job().join("report.html")).unwrap().contains("Risks as they were told"));
    let division = evidence["spec"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["kind"] == "BDD" && item["recipes"] == serde_json::json!(["unknown-division"]));
    let id = division.unwrap()["id"].clone();
    let files = evidence["files"].as_array().unwrap();
    let lib = files.iter().find(|file| file["path"] == "lib.py").unwrap();
    let serving = |hunk: &&Value| hunk["links"]["spec"].as_array().unwrap().contains(&id);
    assert!(lib["hunks"].as_array().unwrap().iter().any(|hunk| serving(&hunk)), "{lib}");
}

#[test]
fn on_the_fast_track_nobody_is_asked_about_the_spec_and_runs_still_need_a_yes() {
    let test = "import lib\n\ndef test_twice():\n    assert lib.twice(2) == 4\n";
    let lib = "def twice(x):\n    print x\n    return x * 2\n";
    let (world, state) = (World::new(&[("lib.py", lib), ("test_lib.py", test)]), tempfile::tempdir().unwrap());
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    let variables = [("XDG_STATE_HOME", state.path()), ("DOCKER_HOST", Path::new("unix:///nowhere/docker.sock"))];
    let stopped = world.iama_where(&variables, &["refactor", ".", "--strategy", "standard", "--fast-track"]);
    assert_eq!((stopped.code, stopped.error()), (3, "DECISION_NEEDED"), "{}", stopped.err);
    assert!(stopped.err.contains("The project's tests will run on this machine"), "{}", stopped.err);
    assert_eq!(record(&world, "spec.json")["revision"], 1);
    let done = world.iama_where(&variables, &["jobs", "resume", "--yes"]);
    if done.error() == "ISOLATION_MISSING" {
        eprintln!("not run: nothing closes runs off here");
        return;
    }
    assert_eq!(done.code, 0, "{}", done.err);
    let evidence = record(&world, "evidence.json");
    let of_spec = |row: &&Value| row["code"] == "SPEC";
    let rows: Vec<&Value> = evidence["decisions"].as_array().unwrap().iter().filter(of_spec).collect();
    assert_eq!(
        (rows.len(), &rows[0]["answer"], &rows[0]["by"]),
        (1, &Value::from("yes"), &Value::from("--fast-track"))
    );
}

#[test]
fn in_enterprise_mode_debt_return_and_time_are_reckoned() {
    let world = project();
    assert_eq!(world.iama(&["refactor", ".", "--mode", "enterprise"]).error(), "DECISION_NEEDED");
    let report = record(&world, "analysis_report.json");
    assert_eq!((&report["schema"], &report["debt"]["files"]), (&Value::from("iama.analysis/1"), &Value::from(4)));
    assert_eq!(report["proposals"].as_array().unwrap().len(), 3);
    assert_eq!(report["dependencies"]["open"][0]["instead"], "Pillow");
    let world = project();
    assert_eq!(world.iama(&["refactor", "."]).error(), "DECISION_NEEDED");
    assert!(!world.job().join("analysis_report.json").exists());
}

#[cfg(target_os = "linux")]
mod at_a_terminal {
    use std::path::PathBuf;

    use iama_model::fake::{Background, Fake, Reply, Seen, frames};
    use serde_json::json;

    use super::*;
    use crate::world::Shown;

    const SPEC: &str = "[yes / no / edit]";

    fn committed() -> World {
        let world = project();
        world.git(&["init", "-q"]);
        world.git(&["add", "."]);
        world.git(&["commit", "-qm", "first"]);
        world
    }

    /// A script that stands for an editor: it changes the file in one way the first time, and in another after that.
    fn editor(folder: &Path, first: &str, then: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join("edit.sh");
        let text =
            format!("#!/bin/sh\nif [ -e {0}/once ]; then {then}\nelse touch {0}/once; {first}\nfi\n", folder.display());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn run(world: &World, state: &Path, editor: &Path, arguments: &str, answers: &[(&str, &str)]) -> Option<Shown> {
        let variables = [
            ("DOCKER_HOST", Path::new("unix:///nowhere/docker.sock")),
            ("XDG_STATE_HOME", state),
            ("NO_COLOR", Path::new("1")),
            ("VISUAL", editor),
        ];
        world.iama_at_terminal(&variables, arguments, answers)
    }

    /// How often somebody was asked something.
    fn questions(shown: &Shown) -> usize {
        shown.err.matches("[yes / no").count() + shown.err.matches("Which one?").count()
    }

    const INTERRUPT: (&str, &str) = ("preparing an isolated environment", "\x03");

    #[test]
    fn nobody_is_asked_more_than_twice_before_work_starts() {
        let (world, state) = (committed(), tempfile::tempdir().unwrap());
        world.write("user.py", b"import lib\nprint 2\n");
        let answers = [("Which one?", "standard\n"), (SPEC, "yes\n"), INTERRUPT];
        let Some(shown) = run(&world, state.path(), Path::new("true"), "refactor .", &answers) else {
            eprintln!("not run: there is no `script` to make a terminal");
            return;
        };
        assert_eq!(questions(&shown), 2, "{}", shown.err);
        assert!(shown.err.contains("The workspace has uncommitted changes"), "{}", shown.err);
        assert!(shown.err.contains("The project's tests will run on this machine"), "{}", shown.err);
        let rows = fs::read_to_string(world.job().join("decisions.jsonl")).unwrap();
        let told = |row: &str| {
            let row: Value = serde_json::from_str(row).unwrap();
            ["code", "answer", "by"].map(|key| row[key].as_str().unwrap().to_owned()).join(" ")
        };
        let expected =
            ["DIRTY_WORKSPACE yes person", "STRATEGY standard person", "NATIVE_RUN yes person", "SPEC yes person"];
        assert_eq!(rows.lines().map(told).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn with_a_strategy_named_uncommitted_changes_are_asked_about_on_their_own() {
        let (world, state) = (committed(), tempfile::tempdir().unwrap());
        world.write("user.py", b"import lib\nprint 2\n");
        let answers = [("uncommitted changes. Go on?", "yes\n"), (SPEC, "yes\n"), INTERRUPT];
        let arguments = "refactor . --strategy standard";
        let Some(shown) = run(&world, state.path(), Path::new("true"), arguments, &answers) else { return };
        assert_eq!(questions(&shown), 2, "{}", shown.err);
    }

    #[test]
    fn whoever_turns_the_proposals_down_has_not_gone_on_with_uncommitted_changes() {
        let (world, state) = (committed(), tempfile::tempdir().unwrap());
        world.write("user.py", b"import lib\nprint 2\n");
        let Some(_) = run(&world, state.path(), Path::new("true"), "refactor .", &[("Which one?", "none\n")]) else {
            return;
        };
        let rows = fs::read_to_string(world.job().join("decisions.jsonl")).unwrap();
        let first: Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
        assert_eq!((&first["code"], &first["answer"]), (&Value::from("DIRTY_WORKSPACE"), &Value::from("no")));
        assert_eq!(world.iama(&["jobs", "list", "--json"]).json()["jobs"][0]["state"], "FAILED");
    }

    #[test]
    fn a_spec_is_edited_until_it_is_right_and_becomes_a_revision() {
        let (world, state) = (committed(), tempfile::tempdir().unwrap());
        let wrong = "sed -i 's/Tests are carried/Tests are not carried/; s/^- Then each/- Than each/' \"$1\"";
        let right = "sed -i 's/Tests are not carried/Tests are carried/; s/^- Than each/- Then each and every/' \"$1\"\n\
                     printf '\\n### new\\n\\nNothing else is touched.\\n' >> \"$1\"";
        let editor = editor(state.path(), wrong, right);
        let answers = [(SPEC, "edit\n"), ("Press Enter to open it again", "\n"), (SPEC, "yes\n"), INTERRUPT];
        let arguments = "refactor . --strategy comprehensive";
        let Some(shown) = run(&world, state.path(), &editor, arguments, &answers) else {
            eprintln!("not run: there is no `script` to make a terminal");
            return;
        };
        for told in
            ["SEAL is a rule that IAMA itself holds to", "begins with Given, When or Then", "Nothing else is touched."]
        {
            assert!(shown.err.contains(told), "{told}: {}", shown.err);
        }
        let (first, second) = (record(&world, "spec/1.json"), record(&world, "spec.json"));
        assert_eq!((&second["revision"], &second["based_on"]), (&Value::from(2), &first["token"]));
        let origin = |id: &str| {
            let items = second["items"].as_array().unwrap();
            items.iter().find(|item| item["id"] == id).map(|item| item["origin"].clone()).unwrap()
        };
        let last = second["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["kind"], &last["text"]), (&Value::from("SDD"), &Value::from("Nothing else is touched.")));
        assert_eq!([origin("SEAL"), origin("B1"), origin("B2")], ["recipes", "person", "recipes"].map(Value::from));
        let journal = fs::read_to_string(world.job().join("journal.jsonl")).unwrap();
        assert_eq!(journal.matches("\"EDIT_SPEC\"").count(), 1, "{journal}");
        assert!(!world.job().join("spec/edit.md").exists());
    }

    #[test]
    fn what_was_written_is_kept_when_the_edit_is_given_up_and_opened_again_when_it_is_taken_up() {
        let (world, state) = (committed(), tempfile::tempdir().unwrap());
        let editor =
            editor(state.path(), "echo loose >> \"$1\"; echo '## Odd' >> \"$1\"", "sed -i '/^## Odd/d' \"$1\"");
        let answers = [(SPEC, "edit\n"), ("Press Enter", "drop\n"), (SPEC, "\x03")];
        let Some(_) = run(&world, state.path(), &editor, "refactor . --strategy standard", &answers) else { return };
        assert!(world.read_job("spec/edit.md").contains("loose"));
        let answers = [(SPEC, "edit\n"), (SPEC, "\x03")];
        run(&world, state.path(), &editor, "jobs resume", &answers).unwrap();
        let spec = record(&world, "spec.json");
        let last = spec["items"].as_array().unwrap().last().unwrap().clone();
        assert!(last["text"].as_str().unwrap().ends_with("loose"), "{last}");
    }

    /// A table with these classes, the model of each named by it.
    fn table(provider: &Background, classes: &[&str]) -> String {
        let price = json!({"input": 1.0, "output": 2.0});
        let here = json!({"kind": "openai-compatible", "base-url": format!("{}/v1", provider.url)});
        let route = |class: &&str| json!({"class": class, "provider": "here", "model": class, "price": price});
        let routes: Vec<Value> = classes.iter().map(route).collect();
        json!({"route": routes, "provider": {"here": here}}).to_string()
    }

    #[test]
    fn words_are_shown_as_a_change_before_they_become_one() {
        let (world, state) = (committed(), tempfile::tempdir().unwrap());
        let change = |action: &str, id: &str, text: &str| json!({"action": action, "id": id, "kind": null, "text": text, "given": null, "when": null, "then": null});
        let answer = json!({"say": "Said so.", "changes": [change("remove", "SEAL", ""), change("change", "S1", "Rewrite printing.")]});
        let provider =
            Fake::in_background(move |_| Reply::stream(&frames::openai(&[&answer.to_string()], "stop"))).unwrap();
        let table = table(&provider, &["L1", "L2"]);
        let variables = [
            ("DOCKER_HOST", Path::new("unix:///nowhere/docker.sock")),
            ("XDG_STATE_HOME", state.path()),
            ("NO_COLOR", Path::new("1")),
            ("IAMA_LLM_ROUTE_TABLE", Path::new(&table)),
        ];
        let prompt = "[yes / no / edit / words …]";
        let answers = [
            (prompt, "words Call it printing\n"),
            ("Shall the spec be changed like this", "no\n"),
            (prompt, "words Call it printing\n"),
            ("Shall the spec be changed like this", "yes\n"),
            (prompt, "\x03"),
        ];
        let key = ["ghp_", "x7Rk2Lq9Tz4Wv8Bn3Mc6Yd1Hs5Jf0PgAeUiO"].concat();
        let arguments = format!("refactor . --strategy standard --test-command 'TOKEN={key} python lib.py'");
        let Some(shown) = world.iama_at_terminal(&variables, &arguments, &answers) else {
            eprintln!("not run: there is no `script` to make a terminal");
            return;
        };
        for told in
            ["SEAL is a rule that IAMA itself holds to", "+ S1     Rewrite printing.", "the model says: Said so."]
        {
            assert!(shown.err.contains(told), "{told}: {}", shown.err);
        }
        assert_eq!(provider.seen().len(), 1, "an answer that is kept is not asked for again");
        assert!(provider.seen()[0].texts().contains("# What is asked for\n\nCall it printing"));
        assert_eq!(provider.seen()[0].body["model"], "L2", "a person's words are for the stronger model");
        let told = provider.seen()[0].texts();
        assert!(!told.contains(&key) && told.contains("it looks like a secret"), "{told}");
        let spec = record(&world, "spec.json");
        assert_eq!((&spec["revision"], &spec["by"]), (&Value::from(2), &Value::from("model")));
        let rows = spec["items"].as_array().unwrap();
        let changed: Vec<_> = rows.iter().filter(|row| row["origin"] == "model").collect();
        assert_eq!(changed.len(), 1);
        assert_eq!((&changed[0]["id"], &changed[0]["text"]), (&Value::from("S1"), &Value::from("Rewrite printing.")));
        assert!(rows.iter().any(|row| row["id"] == "SEAL"));
    }

    #[test]
    fn a_models_view_is_told_beside_the_figures_and_adds_to_the_spec() {
        let (world, state) = (committed(), tempfile::tempdir().unwrap());
        let view = json!({"proposals": [{"strategy": "STANDARD", "text": "Halves are at stake.", "risks": [
            {"area": "meaning", "file": "lib.py", "text": "Halves of odd numbers."}]}]});
        let more = json!({"items": [{"file": "lib.py", "text": "Showing ends with a line end.", "given": "g", "when": "w", "then": "t"}]});
        let seen = json!({"simple": "It halves.", "professional": "One module of arithmetic.", "depends": "user.py leans on it.",
            "entry_points": [{"file": "lib.py", "name": "show", "text": "prints"}, {"file": "/etc/passwd", "name": "x", "text": "y"}],
            "risky": [{"file": "lib.py", "text": "Halves are whole."}]});
        let mut answers = vec![more.to_string(), view.to_string(), seen.to_string(), "no JSON".to_owned()];
        let provider = Fake::in_background(move |_| {
            let text = answers.pop().unwrap_or_default();
            Reply::stream(&frames::openai(&[&text], "stop"))
        })
        .unwrap();
        let table = table(&provider, &["L1"]);
        let variables = [
            ("DOCKER_HOST", Path::new("unix:///nowhere/docker.sock")),
            ("XDG_STATE_HOME", state.path()),
            ("NO_COLOR", Path::new("1")),
            ("IAMA_LLM_ROUTE_TABLE", Path::new(&table)),
        ];
        let answers = [("Which one?", "standard\n"), ("words …]", "\x03")];
        let Some(shown) = world.iama_at_terminal(&variables, "refactor . --model-views", &answers) else {
            eprintln!("not run: there is no `script` to make a terminal");
            return;
        };
        assert_eq!(provider.seen().len(), 4, "one answer was asked for again");
        for told in ["One module of arithmetic.", "begins at lib.py show", "a model says: Halves are at stake."] {
            assert!(shown.err.contains(told), "{told}: {}", shown.err);
        }
        assert!(!shown.err.contains("/etc/passwd"), "{}", shown.err);
        let asked: Vec<String> = provider.seen().iter().map(Seen::texts).collect();
        assert!(asked[0].contains("return a / b") && asked[0].contains("lib.py: imported by"), "{}", asked[0]);
        assert!(asked[2].contains("One module of arithmetic."), "the proposals are asked about with what was seen");
        assert_eq!(record(&world, "analysis.json")["risky"][0]["file"], "lib.py");
        let items = record(&world, "spec.json")["items"].clone();
        let added: Vec<_> = items.as_array().unwrap().iter().filter(|row| row["origin"] == "model").cloned().collect();
        assert_eq!(
            (added.len(), &added[0]["kind"], &added[0]["places"][0]["file"]),
            (1, &json!("BDD"), &json!("lib.py"))
        );
    }
}

#[test]
fn a_script_reads_the_spec_and_makes_a_revision_from_the_one_it_has_read() {
    let world = project();
    assert_eq!(world.iama(&["refactor", ".", "--strategy", "standard"]).error(), "DECISION_NEEDED");
    let first = world.iama(&["jobs", "spec"]).out;
    let write = |text: &str| world.write("spec.md", text.as_bytes());
    write(&first);
    assert_eq!(world.iama(&["jobs", "spec", "--set", "spec.md"]).error(), "SPEC_UNCHANGED");
    write(&first.replace("### SEAL", "### SEEL").replace("## Design", "## Plan"));
    let refused = world.iama(&["jobs", "spec", "--set", "spec.md"]);
    assert_eq!((refused.code, refused.error()), (2, "SPEC_INVALID"));
    for told in ["SEEL is no item of this spec", "SEAL is missing", "the parts are Rules, Behaviour and Design"] {
        assert!(refused.err.contains(told), "{told}: {}", refused.err);
    }
    write(&(first.clone() + "\n### new\n\nNothing else.\n"));
    let made = world.iama(&["jobs", "spec", "--set", "spec.md", "--json"]).json();
    assert_eq!((&made["revision"], &made["state"]), (&Value::from(2), &Value::from("WAITING_SPEC_APPROVAL")));
    let stale = world.iama(&["jobs", "spec", "--set", "spec.md"]);
    assert_eq!((stale.code, stale.error()), (3, "SPEC_STALE"));
    let now = world.iama(&["jobs", "spec", "--json"]).json();
    assert_eq!((&now["token"], &now["by"]), (&made["token"], &Value::from("person")));
}

#[test]
fn a_script_asks_a_model_of_this_machine_for_a_change_in_words() {
    use iama_model::fake::{Fake, Reply, frames};
    use serde_json::json;
    let world = project();
    let change = json!({"action": "change", "id": "S1", "kind": null, "text": "Rewrite printing.", "given": null, "when": null, "then": null});
    let answer = json!({"say": "Said so.", "changes": [change]}).to_string();
    let provider = Fake::in_background(move |_| Reply::stream(&frames::openai(&[&answer], "stop"))).unwrap();
    let here = json!({"kind": "openai-compatible", "base-url": format!("{}/v1", provider.url)});
    let route = json!({"class": "L1", "provider": "here", "model": "scripted", "price": {"input": 1.0, "output": 2.0}});
    let table = json!({"route": [route], "provider": {"here": here}}).to_string();
    let run = |arguments: &[&str]| world.iama_where(&[("IAMA_LLM_ROUTE_TABLE", Path::new(&table))], arguments);
    assert_eq!(run(&["refactor", ".", "--strategy", "standard"]).error(), "DECISION_NEEDED");
    let shown = run(&["jobs", "spec", "--words", "Call it printing"]);
    assert!(shown.code == 0 && shown.out.contains("+ S1     Rewrite printing."), "{}{}", shown.out, shown.err);
    assert_eq!(record(&world, "spec.json")["revision"], 1);
    let taken = run(&["jobs", "spec", "--words", "Call it printing", "--take", "--json"]);
    assert_eq!((taken.code, &taken.json()["revision"], provider.seen().len()), (0, &json!(2), 1), "{}", taken.err);
    let alone = world.iama(&["jobs", "spec", "--words", "Call it printing"]);
    assert_eq!(alone.error(), "MODELS_MISSING", "{}", alone.err);
}

#[test]
fn a_spec_that_is_edited_in_the_middle_of_work_begins_again_with_a_question() {
    use iama_model::fake::{Fake, Reply, frames};
    use serde_json::json;
    let world = World::new(&[
        ("lib.py", "def greet(name):\n    return 'hi ' + name\n\ndef show(name):\n    print greet(name)\n"),
        ("test_lib.py", "import lib\ndef test_greet():\n    assert lib.greet('a') == 'hi a'\n"),
    ]);
    let provider = Fake::in_background(|_| Reply::stream(&frames::openai(&["I do not know."], "stop"))).unwrap();
    let here = json!({"kind": "openai-compatible", "base-url": format!("{}/v1", provider.url)});
    let route = json!({"class": "L1", "provider": "here", "model": "scripted", "price": {"input": 1.0, "output": 2.0}});
    let table = json!({"route": [route], "provider": {"here": here}}).to_string();
    let run =
        |arguments: &[&str]| world.iama_where(&[("IAMA_LLM_ROUTE_TABLE", std::path::Path::new(&table))], arguments);
    let stuck = run(&["refactor", ".", "--yes", "--json", "--no-recipes"]);
    assert_eq!((stuck.code, &stuck.json()["state"]), (1, &Value::from("FALLBACK_REQUIRED")), "{}", stuck.err);
    let asked = provider.seen().len();
    let spec = run(&["jobs", "spec"]).out;
    world.write("spec.md", (spec + "\n### new\n\nPrinting is called.\n").as_bytes());
    let made = run(&["jobs", "spec", "--set", "spec.md", "--json"]);
    assert_eq!(made.json()["state"], "WAITING_SPEC_APPROVAL", "{}", made.err);
    assert_eq!(provider.seen().len(), asked, "nobody is paid before the new spec is approved");
    let waits = run(&["jobs", "resume"]);
    assert_eq!((waits.code, waits.error()), (3, "DECISION_NEEDED"));
    let again = run(&["jobs", "resume", "--yes"]);
    assert_eq!(again.code, 1, "{}", again.err);
    assert!(provider.seen().len() > asked, "a new round has attempts of its own");
    assert!(provider.seen().last().unwrap().texts().contains("Printing is called."), "the new spec is told");
    let text = run(&["jobs", "spec"]).out;
    assert!(text.contains("Recipes write in tests alone") && !text.contains("print-statement"), "{text}");
}
