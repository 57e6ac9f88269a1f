//! What the commands print, and what they refuse.

use std::path::Path;
use std::process::{Command, Output};

#[expect(clippy::disallowed_methods, reason = "the program under test is started as its user starts it")]
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iama-server"));
    command
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("DIRECT_DATABASE_URL")
        .envs(variables.iter().copied());
    command.output().unwrap()
}

/// The committed schema is the one that the program prints. `UPDATE_GOLDEN=1` writes it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test is told by a variable to write its snapshot anew")]
fn the_committed_schema_of_the_configuration_is_fresh() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/iama-server.json");
    let fresh = String::from_utf8(run(&["config-schema"], &[]).stdout).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&place, &fresh).unwrap();
    }
    let known = std::fs::read_to_string(&place).unwrap_or_default();
    assert!(known == fresh, "docs/schemas/iama-server.json is not what the program prints; run with UPDATE_GOLDEN=1");
}

#[test]
fn all_that_is_wrong_with_a_configuration_is_named_at_once() {
    let variables = [("IAMA_SERVER_HTTP__LISTEN", "nowhere"), ("IAMA_SERVER_AUTH__BCRYPT_COST", "4")];
    let done = run(&["api"], &variables);
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success());
    for wanted in [
        "database.url is missing",
        "http.listen must be an address and a port",
        "auth.signing_keys must name at least one file",
        "auth.bcrypt_cost must be from 12 to 16",
        "sealing.keys must name at least one key",
        "objects needs a folder or s3",
    ] {
        assert!(told.contains(wanted), "{wanted} is not in\n{told}");
    }
}

#[test]
fn all_that_is_wrong_with_a_bucket_and_a_collector_is_named_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.toml");
    let text = r#"
        [objects]
        folder = "objects"
        [objects.s3]
        endpoint = "https://keys@fra1.example.org/bucket"
        region = ""
        bucket = "No"
        prefix = "/a"
        access_key = { env = "A", file = "a" }
        secret_key = {}
        [traces]
        endpoint = "collector:4317"
        ratio = 2.0
    "#;
    std::fs::write(&file, text).unwrap();
    let done = run(&["api", "--config", file.to_str().unwrap()], &[]);
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success());
    for wanted in [
        "objects must not have both a folder and s3",
        "objects.s3.endpoint must be",
        "objects.s3.region must not be empty",
        "objects.s3.bucket must have",
        "objects.s3.prefix must be",
        "objects.s3.access_key must have either file or env",
        "objects.s3.secret_key must have either file or env",
        "traces.endpoint must be",
        "traces.ratio must be",
    ] {
        assert!(told.contains(wanted), "{wanted} is not in\n{told}");
    }
}

#[test]
fn a_header_for_the_collector_that_is_none_ends_a_start_and_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (file, header) = (folder.path().join("server.toml"), folder.path().join("header"));
    let text = format!(
        r#"
        [auth]
        signing_keys = ["signing.pem"]
        [sealing]
        keys = [{{ name = "k1", file = "sealing.key" }}]
        [objects]
        folder = "objects"
        [traces]
        endpoint = "http://127.0.0.1:1"
        header_file = "{}"
        "#,
        header.display()
    );
    std::fs::write(&file, text).unwrap();
    let start = || {
        let variables = [("DATABASE_URL", "postgres://nobody:nothing@127.0.0.1:1/none")];
        let done = run(&["api", "--config", file.to_str().unwrap()], &variables);
        assert!(!done.status.success());
        String::from_utf8(done.stderr).unwrap()
    };
    let told = start();
    assert!(told.contains("traces.header_file") && told.contains("cannot be read"), "{told}");
    for bad in
        ["", "Bearer secret-of-the-collector", "two words: secret-of-the-collector", "authorization:", "a: b\nc: d"]
    {
        std::fs::write(&header, bad).unwrap();
        let told = start();
        assert!(told.contains("traces.header_file") && told.contains("holds no header"), "{bad:?}: {told}");
        assert!(told.contains("hint") && !told.contains("secret-of-the-collector"), "{told}");
    }
    std::fs::write(&header, "authorization: Bearer secret-of-the-collector\n").unwrap();
    let told = start();
    assert!(told.contains("DATABASE_UNREACHABLE") && !told.contains("secret-of-the-collector"), "{told}");
}

#[test]
fn a_setting_that_does_not_exist_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "[http]\nlissten = \"127.0.0.1:1\"\n").unwrap();
    let done = run(&["api", "--config", file.to_str().unwrap()], &[]);
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success() && told.contains("lissten"), "{told}");
}

#[test]
fn a_database_that_does_not_answer_is_named_with_a_code_and_a_hint() {
    let done = run(&["migrate"], &[("DATABASE_URL", "postgres://nobody:secret@127.0.0.1:1/none")]);
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success() && told.contains("DATABASE_UNREACHABLE") && told.contains("hint"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}
