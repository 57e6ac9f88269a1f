//! Whether files compile on an interpreter: said by the interpreter itself, without running any of their code.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use iama_sandbox::{Launch, Sandbox};
use serde::Deserialize;

use super::interpreter::Interpreter;
use crate::suite::{CaseError, CollectError};

const LIMIT: Duration = Duration::from_mins(5);

/// Reads names from its first argument, compiles each file, and writes what fails to its second, one object a line.
const PROGRAM: &str = r#"
import io, json, sys, warnings
warnings.simplefilter("ignore")
out = io.open(sys.argv[2], "w", encoding="utf-8")
for name in io.open(sys.argv[1], encoding="utf-8").read().split("\n"):
    if not name:
        continue
    try:
        with open(name, "rb") as source:
            compile(source.read(), name, "exec", 0, True)
    except Exception as error:
        row = {"file": name, "class": type(error).__name__, "message": str(error), "line": getattr(error, "lineno", None)}
        out.write(u"%s\n" % json.dumps(row))
out.close()
"#;

#[derive(Deserialize)]
struct Row {
    file: String,
    class: String,
    message: String,
    line: Option<u32>,
}

/// The files that do not compile. Names hold no line break: the walk refuses such names.
pub fn broken_files(
    sandbox: &Sandbox,
    interpreter: &Interpreter,
    root: &Path,
    scratch: &Path,
    files: &[String],
) -> io::Result<Vec<CollectError>> {
    fs::create_dir_all(scratch)?;
    let (list, answer, program) =
        (scratch.join("files.txt"), scratch.join("answer.jsonl"), scratch.join("compile_files.py"));
    fs::write(&list, files.join("\n"))?;
    fs::write(&answer, "")?;
    fs::write(&program, PROGRAM)?;
    let shown = |path: &Path| path.display().to_string();
    let launch = Launch {
        command: vec![
            shown(&interpreter.path),
            "-I".into(),
            "-B".into(),
            shown(&program),
            shown(&list),
            shown(&answer),
        ],
        folder: root.to_owned(),
        environment: [("PYTHONHASHSEED".to_owned(), "0".to_owned())].into(),
        writable: vec![scratch.to_owned()],
        readable: vec![interpreter.prefix.clone(), root.to_owned()],
        hidden: Vec::new(),
        output: scratch.join("output.txt"),
        limit: LIMIT,
    };
    let outcome = sandbox.run(&launch, || ControlFlow::Continue(())).map_err(io::Error::other)?;
    if let Some(refusal) = outcome.refusal() {
        return Err(io::Error::other(refusal.to_owned()));
    }
    let text = fs::read_to_string(&answer)?;
    Ok(text.lines().filter_map(|line| serde_json::from_str::<Row>(line).ok()).map(error_of).collect())
}

fn error_of(row: Row) -> CollectError {
    let error = CaseError {
        class: row.class,
        message: row.message,
        file: Some(row.file.clone()),
        line: row.line,
        symbol: None,
        phase: "compile".to_owned(),
        frames: Vec::new(),
    };
    CollectError { file: row.file, error: super::run::shown(error) }
}
