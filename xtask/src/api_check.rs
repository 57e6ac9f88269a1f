//! Whether a running server keeps to the document that describes its API, asked by schemathesis: no request, well or badly
//! formed, may break the server, be answered with what the document does not name, or get past a check.

use std::fs;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::{Value, json};

use crate::server::Server;
use crate::tools::{command, debug_binary, environment, output, run as start};

/// How much is asked.
#[derive(Args)]
pub(crate) struct Options {
    /// Requests made up for each operation, beside those that try the edges of every field
    #[arg(long, default_value_t = 5)]
    examples: u32,
    /// Where making up begins
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { examples: 5, seed: 1 }
    }
}

const VERSION: &str = "4.32.5";

/// A request may be right by the document and refused all the same: an address that is none, a project that is blank. What
/// the form of a document can say is held by the other checks.
const NOT_ASKED: &str = "positive_data_acceptance";

/// So many requests are no attack.
const UNLIMITED: &str = "[http]
sign_ins_a_minute_by_network = 0
writes_a_minute_by_network = 0
writes_a_minute_by_person = 0
";

/// Starts a server with a person, two jobs at work and an administrator, and has schemathesis ask all it can think of. One job is for those
/// operations that end jobs.
pub(crate) fn run(options: &Options) -> Result<()> {
    let schemathesis = environment("schemathesis", VERSION)?.join("schemathesis").display().to_string();
    let program = debug_binary("iama-server", "iama-server")?.display().to_string();
    let work = tempfile::Builder::new().prefix("iama-api-check-").tempdir_in("/tmp")?;
    let data = work.path().join("data").display().to_string();
    let settings = work.path().join("server.toml");
    fs::write(&settings, UNLIMITED)?;
    let settings = settings.display().to_string();
    let line = |port: &str| {
        let listen = format!("127.0.0.1:{port}");
        ["dev", "--listen", &listen, "--data", &data, "--config", &settings].map(str::to_owned).to_vec()
    };
    let server = Server::start("iama-server", "api-check", &program, line, "/ready")?;
    let person = Person::register(&server)?;
    let (job, ending) = (person.job_at_work("first")?, person.job_at_work("second")?);
    let request = person.open_request(&job)?;
    let admins = [administrator(&server, &program, &data, "one")?, administrator(&server, &program, &data, "two")?];
    let configuration = work.path().join("schemathesis.toml");
    fs::write(&configuration, configured([&person.token, &admins[0], &admins[1]], [&job, &ending], &request))?;
    let configuration = configuration.display().to_string();
    let (examples, seed) = (options.examples.to_string(), options.seed.to_string());
    let document = format!("{}/api/v1/openapi.json", server.url());
    let line = ["--config-file", &configuration, "run", &document, "--checks", "all", "--exclude-checks", NOT_ASKED];
    let mut asked = command(&schemathesis, &line);
    asked.args(["--max-examples", &examples, "--seed", &seed, "--no-shrink", "--warnings", "off"]);
    start(asked.args(["--suppress-health-check", "all"]).current_dir(work.path()))
}

/// Streams have no end, so two events of each are read. 503 is an answer where the document names it: administrators stop everything.
fn configured([user, admin, leaving]: [&str; 3], [job, ending]: [&str; 2], request: &str) -> String {
    format!(
        r#"request-timeout = 20
max-stream-events = 2
continue-on-failure = true

[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]

[auth.openapi.user]
bearer = "{user}"

[auth.openapi.admin]
bearer = "{admin}"

[parameters]
"path.job_id" = "{job}"
"path.request_id" = "{request}"

[[operations]]
include-operation-id = ["cancelJob", "forceTerminateJob"]
parameters = {{ "path.job_id" = "{ending}" }}

[[operations]]
include-operation-id = "adminLogout"
headers = {{ Authorization = "Bearer {leaving}" }}
"#
    )
}

/// The token of somebody who may do everything, on a server that runs.
fn administrator(server: &Server, program: &str, data: &str, name: &str) -> Result<String> {
    let email = format!("{name}@example.org");
    let said = output(&mut command(program, &["admin", "create", "--email", &email, "--dev", "--data", data]))?;
    let mut words = said.split_whitespace().skip_while(|word| *word != "password");
    let password = words.nth(1).context("no password was printed")?;
    let body = json!({ "email": email, "password": password });
    let answer: Value = serde_json::from_str(&server.ask("POST", "/api/v1/admin/auth/login", Some(&body))?)?;
    text(&answer, "token")
}

/// Somebody who may start jobs.
struct Person<'a> {
    server: &'a Server,
    token: String,
}

impl<'a> Person<'a> {
    fn register(server: &'a Server) -> Result<Self> {
        let body = json!({ "email": "ada@example.org", "password": "correct horse battery", "consent": true });
        let answer: Value = serde_json::from_str(&server.ask("POST", "/api/v1/auth/register", Some(&body))?)?;
        let person = Self { server, token: text(&answer, "access_token")? };
        person.ask("POST", "/me/disclosure", "", None)?;
        Ok(person)
    }

    fn job_at_work(&self, project: &str) -> Result<String> {
        let wanted = json!({ "project": project, "language_pair": "python2-3", "execution_mode": "LOCAL_NATIVE" });
        let job = text(&self.ask("POST", "/jobs", &format!("make {project}"), Some(&wanted))?, "id")?;
        self.ask("POST", &format!("/jobs/{job}/start"), &format!("start {project}"), None)?;
        Ok(job)
    }

    fn open_request(&self, job: &str) -> Result<String> {
        let detail = self.ask("GET", &format!("/jobs/{job}"), "", None)?;
        Ok(detail["open_requests"][0].as_str().context("the job asks for nothing")?.to_owned())
    }

    fn ask(&self, method: &str, path: &str, key: &str, body: Option<&Value>) -> Result<Value> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
        let answer = self.server.ask_with(method, &format!("/api/v1{path}"), &headers, body)?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    Ok(answer[field].as_str().with_context(|| format!("the answer has no {field}"))?.to_owned())
}
