//! What is found in a text, and what is not.

use super::*;

/// The rules found, each with its line and column.
fn found(path: &str, text: &str) -> Vec<(String, u32, u32)> {
    scan(path, text.as_bytes()).into_iter().map(|finding| (finding.rule, finding.line, finding.column)).collect()
}

fn check(path: &str, text: &str, expected: &[(&str, u32, u32)]) {
    let shown = found(path, text);
    let shown: Vec<_> = shown.iter().map(|(rule, line, column)| (rule.as_str(), *line, *column)).collect();
    assert_eq!(shown, expected, "{text}");
}

/// Put together here, so that the file itself holds none.
fn token(prefix: &str, rest: &str) -> String {
    format!("{prefix}{rest}")
}

#[test]
fn tokens_are_known_by_their_form() {
    let github = token("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
    check("a.py", &format!("x = 1\ncall('{github}')\n"), &[("github-token", 2, 7)]);
    check("a.md", &format!("see {} there", token("AKIA", "Q3EGRZX5WV7LPT2K")), &[("aws-access-key-id", 1, 5)]);
    check("a.py", &format!("'{}'", token("AKIA", "IOSFODNN7EXAMPLE")), &[]);
}

#[test]
fn no_finding_holds_its_secret() {
    let secret = "k9#Vx2!qLw8Z";
    let findings = scan("a.py", format!("db_password = '{secret}'\n").as_bytes());
    let shown = serde_json::to_string(&findings).unwrap();
    assert_eq!(findings.len(), 1);
    assert!(!shown.contains(secret) && shown.contains("k9#…"), "{shown}");
}

#[test]
fn columns_count_characters() {
    check("a.py", "ä = 'ö'; db_password = 'k9#Vx2!qLw8Z'\n", &[("named-password", 1, 25)]);
}

#[test]
fn comments_allow_a_line_or_the_next() {
    check("a.py", "db_password = 'k9#Vx2!qLw8Z'  # iama: allow secret\n", &[]);
    check("a.py", "# iama: allow next secret\ndb_password = 'k9#Vx2!qLw8Z'\n", &[]);
    check("a.py", "db_password = 'k9#Vx2!qLw8Z'  # pragma: allowlist secret\n", &[]);
}

#[test]
fn a_very_long_line_takes_no_longer_than_many_short_ones() {
    let entry = "curl -p 'a' db_password = 'k9#Vx2!qLw8Z', ";
    let findings = scan("a.json", entry.repeat(3_000).as_bytes());
    assert_eq!(findings.len(), 3_000);
    assert_eq!(findings.last().map(|last| (last.line, last.column)), Some((1, 125_986)));
}

#[test]
fn stand_ins_and_references_are_no_secrets() {
    for text in [
        "password = os.environ['DB_PASSWORD']\n",
        "password = get_password(user)\n",
        "password = 'changeme'\n",
        "password = '<your password>'\n",
        "password = '${DB_PASSWORD}'\n",
        "token_type = 'q8Zr2LmX0vTn5KpW'\n",
        "key = 'Content-Type'\n",
        "url = 'http://user:pass@example.com/'\n",
    ] {
        check("a.py", text, &[]);
    }
}

#[test]
fn settings_give_plain_passwords_away() {
    check("config/database.yml", "production:\n  password: hunter2\n", &[("named-password", 2, 13)]);
    check(".env", "DB_PASSWORD=hunter2\n", &[("named-password", 1, 13)]);
    check("app.properties", "spring.datasource.password=hunter2\n", &[("named-password", 1, 28)]);
}

#[test]
fn a_private_key_needs_more_than_its_header() {
    let header = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
    let body = "MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi";
    check("key.pem", &format!("{header}\n{body}\n"), &[("private-key", 1, 1)]);
    check("a.py", &format!("KEY = \"{header}\\n{body}\\n\"\n"), &[("private-key", 1, 8)]);
    check("a.py", &format!("if line == '{header}':\n    pass\n"), &[]);
}

#[test]
fn addresses_with_a_password_are_found() {
    check("settings.py", "DB = 'postgres://app:q8Zr2LmX@db.internal/app'\n", &[("url-password", 1, 22)]);
    check(".git-credentials", "https://me:hunter2@git.internal\n", &[("url-password", 1, 12)]);
}

#[test]
fn findings_that_overlap_are_told_once() {
    let github = token("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
    check(".env", &format!("GITHUB_TOKEN={github}\n"), &[("github-token", 1, 14)]);
}

#[test]
fn every_pattern_compiles_and_every_lead_is_in_lower_case() {
    for rule in rules::tokens() {
        let built = regex::bytes::RegexBuilder::new(rule.pattern).unicode(false).build();
        assert!(built.is_ok() && rule.key == rule.key.to_ascii_lowercase(), "{}: {}", rule.id, rule.key);
    }
    for rule in rules::VENDORS {
        let built = regex::bytes::RegexBuilder::new(rule.value).unicode(false).build();
        assert!(built.is_ok() && rule.words.iter().all(|word| *word == word.to_ascii_lowercase()), "{}", rule.id);
    }
}

#[test]
fn weak_passwords_count_in_programs_where_no_test_is() {
    check("app.py", "password = 'hunter2'\n", &[("named-password", 1, 13)]);
    check("tests/test_app.py", "password = 'hunter2'\n", &[]);
    check("tests/test_app.py", "password = 'k9#Vx2!qLw8Z'\n", &[("named-password", 1, 13)]);
    check("examples/app.py", "password = 'k9#Vx2!qLw8Z'\n", &[]);
    check("app.py", "password = field.encode('latin1')\n", &[]);
}

#[test]
fn connection_strings_are_read_within_quotes() {
    check("Db.java", "String url = \"jdbc:x://db?user=a&password=Tr0ub4dor3\";\n", &[("named-password", 1, 43)]);
    check("a.cs", "var s = \"Server=x;Password=Qw7!xPz93;Encrypt=True\";\n", &[("named-password", 1, 28)]);
}

#[test]
fn commands_give_passwords_away() {
    check(".bash_history", "mysql -u root -pS3cretP4ss app\n", &[("command-password", 1, 17)]);
    check("a.sh", "curl -u bob:passw0rd https://x\n", &[("curl-password", 1, 13)]);
    check("a.sh", "curl -H \"Authorization: Bearer 9f8e7d6c5b4a39281706f5e4\" x\n", &[("bearer-token", 1, 32)]);
}

#[test]
fn entries_of_a_cluster_secret_are_found() {
    let text = "apiVersion: v1\nkind: Secret\ndata:\n  password: MWYyZDFlMmU2N2Rm\n";
    check("secret.yaml", text, &[("kubernetes-secret", 4, 13)]);
}

#[test]
fn two_keys_with_the_same_header_have_different_hashes() {
    let key = |body: &str| format!("-----BEGIN RSA {p} KEY-----\n{body}\n-----END RSA {p} KEY-----\n", p = "PRIVATE");
    let text = key("MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi") + &key("MIICXwIBAAKBgQC8ddrhm2LutBvjYcQlnH21PPI");
    let findings = scan("keys.pem", text.as_bytes());
    let shown: Vec<_> = findings.iter().map(|finding| (finding.line, finding.redacted.as_str())).collect();
    assert_eq!(shown, [(1, "----…"), (4, "----…")]);
    assert_ne!(findings[0].hash, findings[1].hash);
}

#[test]
fn stores_of_keys_are_known_by_their_names() {
    assert_eq!(key_store("a/b.P12", b"\0").map(|finding| finding.rule).as_deref(), Some("key-store"));
    assert_eq!(key_store("a/b.png", b"\0"), None);
}

#[test]
fn running_numbers_of_a_protocol_are_no_secrets() {
    check("a.json", "{\"LockToken\": \"447e55ac-2396-4c6d-b9f9-86b67c17f8b5\"}\n", &[]);
    check("a.py", "oauth_nonce = '4572616e48616d6d65724c61686176'\n", &[]);
    check("RECORD", "a.py,sha256=AP4fdkL3XDH7OkSKe6oNKmzifWJUkCE4NSBluHwfHk,1149\n", &[]);
}

/// Pieces that lead somewhere, cut and mixed with bytes of any kind.
const PIECES: &[&[u8]] = &[
    b"password",
    b" = ",
    b": ",
    b"'",
    b"\"",
    b"\\\"",
    b"://u:",
    b"@",
    b"-----BEGIN RSA PRIVATE KEY-----",
    b"\n",
    b"-----END ",
    b"curl ",
    b"-u ",
    b"kind: Secret",
    b"data:\n  a: ",
    b"\xff\xfe",
    b"\xc3\xa4",
    b"ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    b"Basic ",
    b"Bearer ",
    b"mysql -p",
    b"<pass>",
    b"</",
    b"key=\"x\" value=\"",
    b"identified by '",
    b"sk_",
    b"ey",
    b".",
    b"PuTTY-User-Key-File-2",
    b"9f8e7d6c5b4a39281706f5e4",
    b"\"\"\"",
    b"|| ",
    b",",
];

#[test]
fn any_bytes_are_scanned_without_a_panic_and_with_places_inside() {
    let mut state = 1_u64;
    let mut next = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most
    };
    for round in 0..4000 {
        let mut text = Vec::new();
        for _ in 0..next(14) {
            let piece = PIECES[next(PIECES.len())];
            text.extend_from_slice(&piece[..=next(piece.len())]);
            text.extend((0..next(3)).map(|_| u8::try_from(next(256)).unwrap()));
        }
        let lines = text.split(|byte| *byte == b'\n').count();
        for path in ["a.py", "a.yaml", ".env", ".bash_history"] {
            let findings = scan(path, &text);
            assert!(findings.iter().all(|finding| usize::try_from(finding.line).unwrap() <= lines), "{round}");
        }
    }
}
