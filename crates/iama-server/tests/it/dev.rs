//! A whole server on this machine, in one command.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A server that is killed with this value, unless it was stopped.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) address: String,
}

#[expect(clippy::disallowed_methods, reason = "the program under test is started as its user starts it")]
fn spawn(data: &Path, variables: &[(&str, &str)], errors: Stdio) -> Child {
    Command::new(env!("CARGO_BIN_EXE_iama-server"))
        .args(["dev", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .env_remove("DATABASE_URL")
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .unwrap()
}

impl Server {
    /// One with a database of its own.
    fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// One on a database that is there.
    pub(crate) fn start_on(data: &Path, database: Option<&str>) -> Self {
        let named = database.map(|url| ("DATABASE_URL", url));
        Self::start_with(data, named.as_slice())
    }

    /// One with these variables.
    pub(crate) fn start_with(data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = spawn(data, variables, Stdio::null());
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split(';').next());
        let address = address.unwrap_or_default().to_owned();
        assert!(!address.is_empty(), "it says {line:?}");
        Self { child, out, address }
    }

    /// What a start says that comes to nothing.
    pub(crate) fn refused(data: &Path, variables: &[(&str, &str)]) -> String {
        let mut child = spawn(data, variables, Stdio::piped());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if !line.is_empty() {
            child.kill().unwrap();
        }
        let done = child.wait_with_output().unwrap();
        let told = String::from_utf8(done.stderr).unwrap();
        assert!(line.is_empty() && !done.status.success(), "it has started: {line} {told}");
        told
    }

    /// The first account's password, which the first start prints.
    pub(crate) fn read_password(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "password").unwrap();
        words[at + 1].to_owned()
    }

    /// Sends a request. Gives status and body.
    pub(crate) fn ask(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let kind = "content-type: application/json";
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    fn login(&self, password: &str) -> u16 {
        let body = format!(r#"{{"email":"dev@localhost.test","password":"{password}"}}"#);
        self.ask("POST /api/v1/auth/login", &body).0
    }

    /// The role of an administrator who signs in; nothing when they cannot.
    fn admin_login(&self, email: &str, password: &str) -> Option<String> {
        let body = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
        let (status, answer) = self.ask("POST /api/v1/admin/auth/login", &body);
        let role = answer.split_once(r#""role":""#).and_then(|(_, rest)| rest.split('"').next());
        role.filter(|_| status == 200).map(str::to_owned)
    }

    #[expect(clippy::disallowed_methods, reason = "a person presses Ctrl-C")]
    pub(crate) fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_command_gives_a_server_with_an_account_that_is_there_the_next_time() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data);
    let password = server.read_password();
    assert_eq!(server.ask("GET /ready", ""), (200, r#"{"status":"ready"}"#.to_owned()));
    assert_eq!((server.login(&password), server.login("not the password")), (200, 401));
    assert_eq!(server.stop(), Some(0));

    let again = Server::start(&data);
    assert_eq!(again.login(&password), 200, "keys and accounts are kept");
    drop(again);

    let after_a_kill = Server::start(&data);
    assert_eq!(after_a_kill.login(&password), 200, "a kill loses nothing");
    assert_eq!(after_a_kill.stop(), Some(0));
}

#[expect(clippy::disallowed_methods, reason = "the program under test is started as its user starts it")]
fn make_admin(data: &Path, arguments: &[&str], password: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_iama-server"))
        .args(["admin", "create", "--dev", "--data"])
        .arg(data)
        .args(arguments)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    let done = child.wait_with_output().unwrap();
    let told = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    (done.status.success(), told)
}

#[test]
fn administrators_are_made_at_the_server_itself() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let (made, told) = make_admin(&data, &["--email", "root@example.org"], "");
    let password = told.split_whitespace().skip_while(|word| *word != "password").nth(1).unwrap_or_default().to_owned();
    assert!(made && password.len() == 24, "{told}");
    assert_eq!(server.admin_login("root@example.org", &password).as_deref(), Some("SUPER_ADMIN"));
    assert_eq!(server.admin_login("root@example.org", "not the password"), None);

    let support = ["--email", "help@example.org", "--role", "support", "--password-stdin"];
    let (made, told) = make_admin(&data, &support, "correct horse battery");
    assert!(made && !told.contains("correct"), "{told}");
    assert_eq!(server.admin_login("help@example.org", "correct horse battery").as_deref(), Some("SUPPORT"));
    let (made, told) = make_admin(&data, &support, "correct horse battery");
    assert!(!made && told.contains("is an administrator already"), "{told}");
    let (made, told) = make_admin(&data, &["--email", "x@example.org", "--password-stdin"], "short");
    assert!(!made && told.contains("at least 10 characters"), "{told}");
    assert_eq!(server.stop(), Some(0));
}
