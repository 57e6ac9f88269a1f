//! What a job leaves for others: `iama verify`, the documents, `--check-only`.

use std::fs;

use crate::world::World;

const SOURCE: &str = "def total(d):\n    return sum(v for k, v in d.iteritems())\n\ndef show(x):\n    print x\n";
const TEST: &str = "import unittest\nimport lib\n\nclass T(unittest.TestCase):\n    def test_total(self):\n        self.assertEquals(lib.total({1: 2, 3: 4}), 6)\n";

fn project() -> World {
    World::new(&[("lib.py", SOURCE), ("test_lib.py", TEST)])
}

fn checks(world: &World, more: &[&str]) -> (i32, Vec<(String, String)>) {
    let arguments: Vec<&str> = ["verify", "../out", "--json"].iter().chain(more).copied().collect();
    let shown = world.iama(&arguments);
    let told = shown.json();
    assert_eq!(told["schema"], "iama.verification/1");
    let checks = told["checks"].as_array().unwrap().iter();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (shown.code, checks.map(|check| (word(&check["code"]), word(&check["finding"]))).collect())
}

/// Runs openssl in the folder of the documents; nothing where there is none.
fn openssl(world: &World, arguments: &[&str]) -> Option<bool> {
    let folder = world.root().join("../out");
    let mut command = std::process::Command::new("openssl");
    Some(command.args(arguments).current_dir(folder).output().ok()?.status.success())
}

#[test]
fn another_tool_verifies_the_signature_of_a_job() {
    let world = project();
    let out = world.root().join("../out");
    fs::create_dir_all(&out).unwrap();
    let Some(true) = openssl(&world, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]) else {
        eprintln!("not run: there is no openssl that knows Ed25519");
        return;
    };
    assert_eq!(openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"]), Some(true));
    let shown = world.iama(&["refactor", ".", "--yes", "--out", "../out", "--sign-key", "../out/key.pem"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let envelope: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("statement.dsse.json")).unwrap()).unwrap();
    let decoded = |text: &serde_json::Value| {
        fs::write(out.join("coded"), text.as_str().unwrap()).unwrap();
        assert_eq!(openssl(&world, &["base64", "-d", "-A", "-in", "coded", "-out", "plain"]), Some(true));
        fs::read(out.join("plain")).unwrap()
    };
    let payload = decoded(&envelope["payload"]);
    assert_eq!(payload, fs::read(out.join("statement.json")).unwrap());
    // What DSSE signs: type and payload with their lengths.
    let kind = envelope["payloadType"].as_str().unwrap();
    assert_eq!(kind, "application/vnd.in-toto+json");
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend(&payload);
    fs::write(out.join("signature"), decoded(&envelope["signatures"][0]["sig"])).unwrap();
    let verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "signed"];
    let verify = [&verify[..], &["-sigfile", "signature"]].concat();
    fs::write(out.join("signed"), &signed).unwrap();
    assert_eq!(openssl(&world, &verify), Some(true));
    signed.push(b' ');
    fs::write(out.join("signed"), &signed).unwrap();
    assert_eq!(openssl(&world, &verify), Some(false), "another payload");
    assert!(checks(&world, &["--key", "../out/public.pem"]).1.contains(&("SIGNATURE".to_owned(), "holds".to_owned())));
}

fn named(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(code, finding)| ((*code).to_owned(), (*finding).to_owned())).collect()
}

#[test]
fn a_delivery_is_verified_offline_and_a_changed_patch_is_found() {
    let world = project();
    let shown = world.iama(&["refactor", ".", "--yes", "--out", "../out"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let out = world.root().join("../out");
    for name in ["statement.json", "agent-trace.json", "iama.sarif", "junit.xml", "evidence.json", "patch.json"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    assert!(!out.join("statement.dsse.json").exists(), "nobody gave a key");
    let sound = [
        ("SIGNATURE", "not_checked"),
        ("HASHES", "holds"),
        ("VERDICT", "holds"),
        ("PATCH", "holds"),
        ("LINKS", "holds"),
        ("SEALED_TESTS", "holds"),
        ("RESULT", "holds"),
    ];
    assert_eq!(checks(&world, &["--root", "."]), (0, named(&sound)));
    let patch = fs::read_to_string(out.join("patch.json")).unwrap();
    fs::write(out.join("patch.json"), patch.replace("print(x)", "print(0)")).unwrap();
    let broken = [
        ("SIGNATURE", "not_checked"),
        ("HASHES", "broken"),
        ("VERDICT", "holds"),
        ("PATCH", "holds"),
        ("LINKS", "holds"),
        ("SEALED_TESTS", "holds"),
        ("RESULT", "broken"),
    ];
    assert_eq!(checks(&world, &["--root", "."]), (1, named(&broken)));
    let refused = world.iama(&["verify", "lib.py"]);
    assert_eq!((refused.code, refused.error()), (2, "EVIDENCE_INVALID"));
}

#[test]
fn a_job_is_run_again_and_another_outcome_is_found() {
    let world = project();
    let shown =
        world.iama(&["refactor", ".", "--yes", "--strategy", "standard", "--sandbox", "native", "--out", "../out"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let before = world.tree();
    let (code, found) = checks(&world, &["--rerun"]);
    let rerun = |found: Vec<(String, String)>| {
        found.into_iter().filter(|(code, _)| code.starts_with("RERUN")).collect::<Vec<_>>()
    };
    let same = [("RERUN_PATCH", "holds"), ("RERUN_TESTS", "holds"), ("RERUN_VERDICT", "holds")];
    assert_eq!((code, rerun(found)), (0, named(&same)));
    assert_eq!(world.tree(), before, "the project is only read");
    world.write("lib.py", SOURCE.replace("sum(v", "sum(k").as_bytes());
    let (code, found) = checks(&world, &["--rerun"]);
    let other = [("RERUN_PATCH", "broken"), ("RERUN_TESTS", "broken")];
    assert_eq!((code, &rerun(found)[..2]), (1, &named(&other)[..]));
    fs::remove_file(world.root().join("../out/request.json")).unwrap();
    assert_eq!(world.iama(&["verify", "../out", "--rerun"]).error(), "REQUEST_MISSING");
}

#[test]
fn a_pipeline_is_told_what_would_come_of_it_and_nothing_is_left_behind() {
    let world = project();
    let before = world.tree();
    let shown = world.iama(&["refactor", ".", "--check-only", "--out", "../out"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    assert!(!shown.out.contains("iama apply"), "there is no job to apply: {}", shown.out);
    assert_eq!(world.tree(), before);
    assert!(!world.root().join(".iama").exists());
    assert!(world.root().join("../out/iama.sarif").is_file());
    let done = World::new(&[("lib.py", "async def f():\n    print(1)\n")]);
    let shown = done.iama(&["refactor", ".", "--check-only"]);
    assert_eq!(shown.code, 0, "nothing is left to migrate: {}{}", shown.out, shown.err);
    let unsigned = world.iama(&["refactor", ".", "--check-only", "--sign-key", "lib.py"]);
    assert_eq!((unsigned.code, unsigned.error()), (2, "KEY_INVALID"));
}
