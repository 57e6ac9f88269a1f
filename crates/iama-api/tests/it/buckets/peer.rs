//! s3s-fs: a peer that speaks S3 strictly, on a folder.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use iama_api::S3;
use tempfile::TempDir;

/// Looks at a peer that starts: ten seconds.
const LOOKS: usize = 500;
const BETWEEN: Duration = Duration::from_millis(20);
pub(super) const BUCKET: &str = "iama";
/// What names of hosts end with that begin with a bucket.
pub(super) const DOMAIN: &str = "peer.test";
const ACCESS: &str = "AKIAPEEROFATEST";
const SECRET: &str = "secret-of-the-peer-of-a-test";

/// One with an empty bucket.
pub(super) struct Peer {
    program: PathBuf,
    pub(super) folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Peer {
    /// `None` where there is no s3s-fs (`IAMA_TEST_S3`, or the one that `cargo xtask setup` builds).
    pub(super) async fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("not run: there is no s3s-fs (cargo xtask setup builds one)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut peer = Self { program, folder, port, process: None };
        peer.again().await;
        Some(peer)
    }

    /// Starts it on the same port and folder.
    #[expect(clippy::disallowed_methods, reason = "a test's peer is kept as long as the test, and ended with it")]
    pub(super) async fn again(&mut self) {
        let mut server = Command::new(&self.program);
        server.args(["--host", "127.0.0.1", "--port", &self.port.to_string()]);
        server.args(["--access-key", ACCESS, "--secret-key", SECRET, "--domain", DOMAIN]).arg(self.folder.path());
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(server.spawn().unwrap());
        for _ in 0..LOOKS {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            tokio::time::sleep(BETWEEN).await;
        }
        panic!("s3s-fs does not answer");
    }

    pub(super) fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// How it is reached.
    pub(super) fn place(&self) -> S3 {
        S3 {
            endpoint: format!("http://127.0.0.1:{}", self.port),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            prefix: "artifacts/here".to_owned(),
            virtual_hosted: false,
            access_key: ACCESS.to_owned(),
            secret_key: SECRET.to_owned(),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is told by a variable where its peer is")]
fn program() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = || std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let built = || Some(cache()?.join("iama/s3s-fs-0.14.1/bin/s3s-fs"));
    std::env::var_os("IAMA_TEST_S3").map(PathBuf::from).or_else(built).filter(|program| program.exists())
}
