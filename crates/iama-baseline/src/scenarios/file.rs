//! The YAML file: what it may hold, and where it is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::content::{self, Content};
use super::normalise::{NORMALISERS, Normaliser};
use super::{Action, Command, Expectation, Request, SECONDS, Scenario, Scenarios, VERSION};

/// The longest that one scenario may ask for, in seconds.
const MOST_SECONDS: u64 = 600;

/// Seconds until a server must listen when nothing is said.
const READY_SECONDS: u64 = 10;

/// A file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Malformed {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong, as a sentence without its end.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

const HINT: &str = "docs/scenarios.md shows every key with an example";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Top {
    version: Spanned<u32>,
    #[serde(default)]
    normalise: Vec<Spanned<String>>,
    #[serde(default)]
    keep: Vec<Spanned<String>>,
    #[serde(default)]
    scenarios: Vec<Spanned<Row>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    run: Option<CommandText>,
    server: Option<CommandText>,
    ready: Option<u64>,
    requests: Option<Vec<RequestText>>,
    stdin: Option<Given>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, Given>,
    timeout: Option<u64>,
    #[serde(default)]
    normalise: Vec<Spanned<String>>,
    #[serde(default)]
    keep: Vec<Spanned<String>>,
    #[serde(default)]
    ignore: Vec<String>,
    expect: Option<Expected>,
}

#[derive(Debug)]
enum CommandText {
    Line(String),
    Words(Vec<String>),
}

/// Not derived: a list that is read word by word takes `8080` and `yes` as they are written.
impl<'de> Deserialize<'de> for CommandText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = CommandText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line of text or a list of words")
            }
            fn visit_str<E: de::Error>(self, line: &str) -> Result<CommandText, E> {
                Ok(CommandText::Line(line.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<CommandText, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element::<String>()? {
                    words.push(word);
                }
                Ok(CommandText::Words(words))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Text, or a mapping with more to say.
#[derive(Debug)]
enum Either<T> {
    Text(String),
    Map(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Either<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Either<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a mapping")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Either<T>, E> {
                Ok(Either::Text(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Either<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Either::Map)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

type RequestText = Either<WholeRequest>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeRequest {
    request: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Given>,
}

type Given = Either<Binary>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binary {
    base64: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    exit: Option<i32>,
    stdout: Option<Content>,
    stderr: Option<Content>,
    #[serde(default)]
    files: BTreeMap<String, Content>,
    #[serde(default)]
    responses: Vec<Response>,
    #[serde(default)]
    normalised: BTreeMap<String, usize>,
    #[serde(default)]
    quarantined: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, Content>,
    body: Option<Content>,
}

/// Reads a file of scenarios.
pub fn parse(text: &str) -> Result<Scenarios, Malformed> {
    // `yes` and `on` are words here.
    let options = serde_saphyr::options! { strict_booleans: true };
    let top: Top = serde_saphyr::from_str_with_options(text, options).map_err(|error| unreadable(&error))?;
    if top.version.value != VERSION {
        let what = format!("the version {} is not known", top.version.value);
        return Err(Malformed { line: line_of(&top.version), what, hint: "this iama reads `version: 1`" });
    }
    let (normalise, keep) = (names(&top.normalise)?, names(&top.keep)?);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut scenarios = Vec::new();
    for row in top.scenarios {
        let line = line_of(&row);
        let scenario = scenario(row.value, line, &normalise, &keep)?;
        if !seen.insert(scenario.name.clone()) {
            return Err(wrong(line, format!("the name {:?} is taken already", scenario.name)));
        }
        scenarios.push(scenario);
    }
    Ok(Scenarios { scenarios })
}

fn line_of<T>(value: &Spanned<T>) -> usize {
    usize::try_from(value.referenced.line()).unwrap_or(1).max(1)
}

fn wrong(line: usize, what: impl Into<String>) -> Malformed {
    Malformed { line, what: what.into(), hint: HINT }
}

/// The library's message without the piece of the file that it draws.
fn unreadable(error: &serde_saphyr::Error) -> Malformed {
    let line = error.location().map_or(1, |place| usize::try_from(place.line()).unwrap_or(1));
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    let what = first.split(" at line ").next().unwrap_or(first).trim_start_matches("error: ");
    wrong(line, what)
}

fn names(given: &[Spanned<String>]) -> Result<BTreeSet<&'static str>, Malformed> {
    let find = |name: &Spanned<String>| {
        let known =
            NORMALISERS.iter().map(|normaliser: &Normaliser| normaliser.name).find(|known| *known == name.value);
        known.ok_or_else(|| {
            let what = format!("there is no normaliser {:?}", name.value);
            Malformed { line: line_of(name), what, hint: "`iama baseline show --normalisers` lists them" }
        })
    };
    given.iter().map(find).collect()
}

fn scenario(
    row: Row,
    line: usize,
    normalise: &BTreeSet<&'static str>,
    keep: &BTreeSet<&'static str>,
) -> Result<Scenario, Malformed> {
    let fail = |what: String| wrong(line, format!("{} in the scenario {:?}", what, row.name));
    if row.name.trim().is_empty() || row.name.contains(['\n', ':']) {
        return Err(wrong(line, "a name is one line without a colon"));
    }
    let seconds = row.timeout.unwrap_or(SECONDS);
    let ready_seconds = row.ready.unwrap_or(READY_SECONDS);
    if !(1..=MOST_SECONDS).contains(&seconds) || !(1..=MOST_SECONDS).contains(&ready_seconds) {
        return Err(fail(format!("`timeout` and `ready` lie between 1 and {MOST_SECONDS} seconds")));
    }
    let files: Option<BTreeMap<String, Vec<u8>>> =
        row.files.into_iter().map(|(path, given)| Some((path, given.bytes()?))).collect();
    let files = files.ok_or_else(|| fail("a file holds no valid base64".to_owned()))?;
    if let Some(path) = files.keys().find(|path| !is_inside(path)) {
        return Err(fail(format!("{path} does not lie in the project")));
    }
    let action = match (row.run, row.server) {
        (Some(run), None) if row.requests.is_none() => Action::Run(run.command()),
        (None, Some(server)) => {
            let requests: Result<Vec<Request>, String> =
                row.requests.unwrap_or_default().into_iter().map(RequestText::request).collect();
            Action::Serve { command: server.command(), ready_seconds, requests: requests.map_err(&fail)? }
        }
        (Some(_), None) => return Err(fail("`requests` go with `server`, not with `run`".to_owned())),
        _ => return Err(fail("exactly one of `run` and `server` is needed".to_owned())),
    };
    if matches!(&action, Action::Run(command) | Action::Serve { command, .. } if command.shown().trim().is_empty()) {
        return Err(fail("the command is empty".to_owned()));
    }
    if matches!(&action, Action::Serve { requests, .. } if requests.is_empty()) {
        return Err(fail("a server needs `requests`".to_owned()));
    }
    let stdin = row.stdin.map_or(Some(Vec::new()), Given::bytes);
    let own_normalise = names(&row.normalise)?;
    let own_keep = names(&row.keep)?;
    Ok(Scenario {
        line,
        action,
        stdin: stdin.ok_or_else(|| fail("`stdin` holds no valid base64".to_owned()))?,
        environment: row.env,
        files,
        seconds,
        normalise: normalise.union(&own_normalise).copied().collect(),
        keep: keep.union(&own_keep).copied().collect(),
        ignore: row.ignore,
        expect: row.expect.map(Expected::expectation),
        name: row.name,
    })
}

fn is_inside(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !part.is_empty() && part != ".." && part != ".")
}

impl CommandText {
    fn command(self) -> Command {
        match self {
            Self::Line(line) => Command::Line(line),
            Self::Words(words) => Command::Words(words),
        }
    }
}

impl Given {
    fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.into_bytes()),
            Self::Map(Binary { base64 }) => content::decode(&base64),
        }
    }
}

impl RequestText {
    fn request(self) -> Result<Request, String> {
        let (line, headers, body) = match self {
            Self::Text(line) => (line, BTreeMap::new(), None),
            Self::Map(whole) => (whole.request, whole.headers, whole.body),
        };
        let body = body.map_or(Some(Vec::new()), Given::bytes).ok_or("a body holds no valid base64")?;
        let broken = |text: &str| text.chars().any(char::is_control);
        if headers.iter().any(|(name, value)| broken(name) || broken(value) || name.contains([':', ' '])) {
            return Err("a header holds what no header may hold".to_owned());
        }
        match line.split_once(' ') {
            Some((method, path))
                if !method.is_empty()
                    && method.chars().all(|c| c.is_ascii_uppercase())
                    && path.starts_with('/')
                    && path.chars().all(|c| c.is_ascii_graphic()) =>
            {
                Ok(Request { method: method.to_owned(), path: path.to_owned(), headers, body })
            }
            _ => Err(format!(
                "{line:?} is no request: it looks like `GET /path?query`, with everything else percent-encoded"
            )),
        }
    }
}

impl Expected {
    fn expectation(self) -> Expectation {
        let mut parts = BTreeMap::new();
        parts.extend(self.exit.map(|code| ("exit".to_owned(), Content::Text(code.to_string()))));
        parts.extend(self.stdout.map(|content| ("stdout".to_owned(), content)));
        parts.extend(self.stderr.map(|content| ("stderr".to_owned(), content)));
        parts.extend(self.files.into_iter().map(|(path, content)| (format!("file {path}"), content)));
        for (at, response) in self.responses.into_iter().enumerate() {
            let name = |rest: &str| format!("response {} {rest}", at + 1);
            parts.extend(response.status.map(|status| (name("status"), Content::Text(status.to_string()))));
            parts.extend(response.body.map(|content| (name("body"), content)));
            let header = |(header, value): (String, Content)| (name(&format!("header {header}")), value);
            parts.extend(response.headers.into_iter().map(header));
        }
        Expectation { parts, normalised: self.normalised, quarantined: self.quarantined }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_and_words_stay_as_they_are_written() {
        let text = "version: 1\nnormalise: [durations]\nscenarios:\n  - name: one\n    run: [python, a.py, 010, yes, 1.50]\n    stdin: {base64: AP8=}\n    env: {N: 007, DEBUG: on}\n    files: {a/b.txt: text}\n    timeout: 5\n    normalise: [reprs]\n    keep: [times]\n    ignore: [stderr, file cache]\n  - name: two\n    server: python s.py {port}\n    ready: 3\n    requests:\n      - GET /a?b=c\n      - {request: PUT /x, headers: {X-Count: 010}, body: yes}\n";
        let read = parse(text).unwrap().scenarios;
        let words = |text: &[&str]| Command::Words(text.iter().map(|word| (*word).to_owned()).collect());
        let map = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let request = |method: &str, path: &str| Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: BTreeMap::new(),
            body: Vec::new(),
        };
        let one = Scenario {
            name: "one".to_owned(),
            line: 4,
            action: Action::Run(words(&["python", "a.py", "010", "yes", "1.50"])),
            stdin: vec![0, 255],
            environment: [map("N", "007"), map("DEBUG", "on")].into_iter().flatten().collect(),
            files: BTreeMap::from([("a/b.txt".to_owned(), b"text".to_vec())]),
            seconds: 5,
            normalise: ["durations", "reprs"].into(),
            keep: ["times"].into(),
            ignore: vec!["stderr".to_owned(), "file cache".to_owned()],
            expect: None,
        };
        let put = Request { headers: map("X-Count", "010"), body: b"yes".to_vec(), ..request("PUT", "/x") };
        let two = Scenario {
            name: "two".to_owned(),
            line: 13,
            action: Action::Serve {
                command: Command::Line("python s.py {port}".to_owned()),
                ready_seconds: 3,
                requests: vec![request("GET", "/a?b=c"), put],
            },
            stdin: Vec::new(),
            environment: BTreeMap::new(),
            files: BTreeMap::new(),
            seconds: SECONDS,
            normalise: ["durations"].into(),
            keep: BTreeSet::new(),
            ignore: Vec::new(),
            expect: None,
        };
        assert_eq!(read, [one, two]);
        let ignored = ["stderr", "file cache/x", "file cached"].map(|part| read[0].ignores(part));
        assert_eq!(ignored, [true, true, false]);
    }
}
