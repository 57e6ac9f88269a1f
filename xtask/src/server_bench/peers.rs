//! Both servers on one database, and what is in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::node;
use crate::postgres;
use crate::server::Server;
use crate::tools::{command, output, run, shipped_binary, workspace};

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Ours.
    Iama,
    /// The one in `bench/fastify`.
    Fastify,
}

impl Peer {
    pub(crate) const BOTH: [Self; 2] = [Self::Iama, Self::Fastify];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Iama => "iama-server",
            Self::Fastify => "Fastify",
        }
    }
}

/// Whom both take for the issuer of tokens.
pub(crate) const ISSUER: &str = "http://iama.test";
/// Where the peer is.
const FOLDER: &str = "bench/fastify";
/// The task, as its logs are named.
const TASK: &str = "server-bench";
/// The person that all others are copies of.
const EMAIL: &str = "original@example.org";
const PEOPLE: usize = 100;

/// The database with what is in it, and the keys.
pub(crate) struct Stage {
    work: tempfile::TempDir,
    database: iama_postgres::Server,
    iama: String,
    node: String,
    configuration: PathBuf,
}

impl Stage {
    /// Migrates a database by starting our server on it, makes one person and one job through its API, and copies them.
    pub(crate) fn prepare(named: Option<&Path>, jobs: usize) -> Result<Self> {
        node::packages(FOLDER)?;
        run(&mut node::tool(FOLDER, "tsc", &[])?)?;
        let work = tempfile::Builder::new().prefix("iama-server-bench-").tempdir_in("/tmp")?;
        let built = || shipped_binary("iama-server", "iama-server");
        let iama = named.map_or_else(built, |named| Ok(named.to_owned()))?.display().to_string();
        let database = postgres::server()?;
        let configuration = work.path().join("server.toml");
        let node = node::node()?.display().to_string();
        let stage = Self { work, database, iama, node, configuration };
        let server = stage.dev()?;
        let jwks = server.ask("GET", "/.well-known/jwks.json", None)?;
        fs::write(stage.path("jwks.json"), jwks)?;
        original(&server)?;
        drop(server);
        fs::write(&stage.configuration, stage.configured())?;
        let seed = workspace().join("bench/seed.sql").display().to_string();
        let (people, jobs, email) = (format!("people={PEOPLE}"), format!("jobs={jobs}"), format!("email={EMAIL}"));
        stage.psql(&["-v", &people, "-v", &jobs, "-v", &email, "-f", &seed])?;
        Ok(stage)
    }

    fn dev(&self) -> Result<Server> {
        let (url, data) = (self.url(), self.path("data").display().to_string());
        let line = |port: &str| {
            let listen = format!("127.0.0.1:{port}");
            let url = format!("DATABASE_URL={url}");
            [&url, &self.iama, "dev", "--listen", &listen, "--data", &data].map(str::to_owned).to_vec()
        };
        Server::start("iama-server-dev", TASK, "env", line, "/ready")
    }

    fn configured(&self) -> String {
        let (keys, objects) = (self.path("data/keys"), self.path("data/objects"));
        let (keys, objects, url) = (keys.display(), objects.display(), self.url());
        format!(
            "database.url = \"{url}\"\nhttp.public_url = \"{ISSUER}\"\n\
             http.writes_a_minute_by_network = 0\nhttp.writes_a_minute_by_person = 0\nauth.signing_keys = [\"{keys}/signing.pem\"]\n\
             sealing.keys = [{{ name = \"dev\", file = \"{keys}/sealing.key\" }}]\nobjects.folder = \"{objects}\"\n"
        )
    }

    /// Starts one of the two, as in production.
    pub(crate) fn start(&self, peer: Peer) -> Result<Server> {
        match peer {
            Peer::Iama => {
                let configuration = self.configuration.display().to_string();
                let line = |port: &str| {
                    let listen = format!("IAMA_SERVER_HTTP__LISTEN=127.0.0.1:{port}");
                    [&listen, &self.iama, "api", "--config", &configuration].map(str::to_owned).to_vec()
                };
                Server::start(peer.name(), TASK, "env", line, "/ready")
            }
            Peer::Fastify => {
                let (jwks, key) = (self.path("jwks.json"), self.path("data/keys/sealing.key"));
                let main = workspace().join(FOLDER).join("src/main.ts").display().to_string();
                let line = |port: &str| {
                    vec![
                        format!("PORT={port}"),
                        format!("PGHOST={}", self.database.socket_folder().display()),
                        "PGUSER=iama".to_owned(),
                        format!("PGDATABASE={}", iama_postgres::DATABASE),
                        format!("JWKS={}", jwks.display()),
                        format!("SEALING_KEY={}", key.display()),
                        format!("ISSUER={ISSUER}"),
                        "NODE_ENV=production".to_owned(),
                        self.node.clone(),
                        main,
                    ]
                };
                Server::start(peer.name(), TASK, "env", line, "/ready")
            }
        }
    }

    /// A file of the run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    fn url(&self) -> String {
        self.database.url(iama_postgres::DATABASE)
    }

    /// What a query gives, a row in a line, its columns parted by blanks.
    pub(crate) fn query(&self, text: &str) -> Result<String> {
        self.psql(&["-c", text])
    }

    fn psql(&self, arguments: &[&str]) -> Result<String> {
        let program = self.database.programs().program("psql").display().to_string();
        let socket = self.database.socket_folder().display().to_string();
        let mut psql = command(&program, &["-XqAt", "-F", " ", "-v", "ON_ERROR_STOP=1", "-h", &socket, "-U", "iama"]);
        output(psql.args(["-d", iama_postgres::DATABASE]).args(arguments))
    }

    /// Access tokens of people, as our server would give them, by their ids.
    pub(crate) fn tokens(&self, people: &[&str]) -> Result<Vec<String>> {
        let ids = self.path("people.txt");
        fs::write(&ids, people.join("\n"))?;
        let script = workspace().join(FOLDER).join("src/tokens-for.ts").display().to_string();
        let (key, jwks) = (self.path("data/keys/signing.pem"), self.path("jwks.json"));
        let mut make = command(&self.node, &[&script, &key.display().to_string(), &jwks.display().to_string(), ISSUER]);
        Ok(output(make.stdin(fs::File::open(ids)?))?.lines().map(str::to_owned).collect())
    }

    /// Both must have written the same: the rows of a job that each of them started, but for ids and moments.
    pub(crate) fn compare_rows(&self) -> Result<()> {
        let rows = self.query(ROWS)?;
        match rows.lines().collect::<Vec<_>>()[..] {
            [] => bail!("nothing was started"),
            [_] => {}
            [first, second, ..] => bail!("the two servers write different rows:\n{first}\n{second}"),
        }
        Ok(())
    }
}

/// What stands in the database of each job that was started, without what differs from job to job.
const ROWS: &str = "
    SELECT DISTINCT replace(jsonb_build_object(
        'record', e.record - 'at', 'snapshot', j.snapshot, 'entitlement', s.snapshot, 'dispatch', x.dispatch,
        'stream', (SELECT jsonb_agg(t.data - 'request_id' ORDER BY t.id) FROM stream_events t WHERE t.job_id = j.id),
        'columns', to_jsonb(j) - '{id,owner_id,project_id,snapshot,created_at,started_at,updated_at}'::text[],
        'reserved', q.reserved_mc, 'round', q.round, 'counted', q.counted_on = q.created_at::date,
        'booked', (SELECT jsonb_agg(jsonb_build_array(c.kind, a.kind, y.amount_mc) ORDER BY a.kind)
            FROM credit_transactions c JOIN credit_entries y ON y.transaction_id = c.id
            JOIN credit_accounts a ON a.id = y.account_id WHERE c.job_id = j.id))::text, j.id::text, 'JOB')
    FROM bench_jobs b JOIN refactor_jobs j ON j.id = b.id JOIN job_events e ON e.job_id = j.id
        JOIN entitlement_snapshots s ON s.job_id = j.id JOIN execution_requests x ON x.job_id = j.id
        JOIN quota_reservations q ON q.job_id = j.id";

/// One person with one job that waits, made as everybody makes them.
fn original(server: &Server) -> Result<()> {
    let body = json!({ "email": EMAIL, "password": "correct horse battery", "consent": true });
    let answer: Value = serde_json::from_str(&server.ask("POST", "/api/v1/auth/register", Some(&body))?)?;
    let token = answer["access_token"].as_str().context("no token came")?;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "original")];
    server.ask_with("POST", "/api/v1/me/disclosure", &headers, None)?;
    let wanted = json!({ "project": "shop", "language_pair": "python2-3", "execution_mode": "LOCAL_NATIVE" });
    server.ask_with("POST", "/api/v1/jobs", &headers, Some(&wanted))?;
    Ok(())
}

/// How much of a process lies in memory.
pub(crate) fn resident_mib(process: u32) -> Result<f64> {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the process is gone")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Seconds of CPU that a process has used.
pub(crate) fn cpu_seconds(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"))?;
    // The name, which may hold anything, ends with the last bracket; user and system time are the 12th and 13th after it.
    let (_, fields) = stat.rsplit_once(") ").context("the process is gone")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
