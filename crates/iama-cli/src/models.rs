//! The models that a job may call: from the user's own settings, the project's, the environment, or a recording.

use std::fs;
use std::path::{Path, PathBuf};

use iama_engine::{Machine, Models, Request, Tape};
use iama_model::config::{ENV_TABLE, Keys, Origin, read};
use iama_model::{Fault, RouteTable, Router};
use serde_json::Value;

use crate::out::tell;
use crate::problem::{Problem, bad_input, io};
use crate::settings;

/// The route table of a recording, beside its exchanges.
const TABLE: &str = "models.json";

/// Gives a machine the models that a job may call; none is no error.
pub(crate) fn connect(machine: &mut Machine, request: &Request) -> Result<(), Problem> {
    if request.no_models {
        return Ok(());
    }
    let (settings, origin) = settings_of(machine, request)?;
    let keys = if matches!(request.tape, Tape::Replay(_)) { Keys::Unneeded } else { Keys::Needed };
    let replays = keys == Keys::Unneeded;
    let environment = |name: &str| machine.variables.get(name).filter(|_| !(replays && name == ENV_TABLE)).cloned();
    let table = read(&settings, origin, keys, &environment).map_err(|faults| faulty(&faults))?;
    if table.routes.is_empty() {
        return if request.needs_models() { Err(none(machine)) } else { Ok(()) };
    }
    let router = router(table, &request.tape, &settings, &environment)?;
    let models = Models::new(router).map_err(|error| io("cannot start the runtime of model calls", &error))?;
    tell!("models: {}", names(&models));
    machine.models = Some(models);
    Ok(())
}

fn names(models: &Models) -> String {
    let names: Vec<String> = models.snapshot().iter().map(|(class, route)| format!("{class} {}", route.name)).collect();
    names.join(", ")
}

/// The settings that count, and who vouches for them: a user's own win over the project's.
fn settings_of(machine: &Machine, request: &Request) -> Result<(Value, Origin), Problem> {
    if let Tape::Replay(folder) = &request.tape {
        let path = folder.join(TABLE);
        if let Ok(text) = fs::read(&path) {
            let value =
                serde_json::from_slice(&text).map_err(|error| io("cannot read the recording", &error.into()))?;
            return Ok((value, Origin::User));
        }
    }
    if let Some(own) = own_file(machine).map(|file| settings::read_own(&file)).transpose()?.and_then(|own| own.models) {
        return Ok((own, Origin::User));
    }
    let project = settings::read(&request.root)?.models;
    Ok((project.unwrap_or_else(|| Value::Object(serde_json::Map::new())), Origin::Project))
}

/// `iama/iama.toml` in the user's folder of settings.
fn own_file(machine: &Machine) -> Option<PathBuf> {
    let folder = |name: &str| machine.variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(settings.join("iama/iama.toml"))
}

fn router(
    table: RouteTable,
    tape: &Tape,
    settings: &Value,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Router, Problem> {
    let recording = |error: iama_model::StoreError| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        bad_input(
            "RECORDING_UNUSABLE",
            format!("{error}{cause}"),
            "name a folder that you may write, or that --record has filled",
        )
    };
    match tape {
        Tape::Live => Router::live(table).map_err(|fault| bad_input(fault.code(), fault.to_string(), fault.hint())),
        Tape::Record(folder) => {
            let router = Router::recording(table, folder).map_err(recording)?;
            keep_table(folder, settings, environment)?;
            Ok(router)
        }
        Tape::Replay(folder) => Router::replaying(table, folder).map_err(recording),
    }
}

/// Keeps the table with a recording, without the headers of its providers, where keys may be.
fn keep_table(folder: &Path, settings: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), Problem> {
    let given = environment(ENV_TABLE).and_then(|text| serde_json::from_str(&text).ok());
    let mut table = given.unwrap_or_else(|| settings.clone());
    for provider in
        table.get_mut("provider").and_then(Value::as_object_mut).into_iter().flat_map(|all| all.values_mut())
    {
        provider.as_object_mut().map(|fields| fields.remove("headers"));
    }
    let failed = |error: std::io::Error| io("cannot write the recording", &error);
    let text = serde_json::to_vec_pretty(&table).map_err(|error| failed(error.into()))?;
    fs::write(folder.join(TABLE), text).map_err(failed)
}

fn faulty(faults: &[Fault]) -> Problem {
    let lines: Vec<String> = faults.iter().map(|fault| format!("[{}] {fault} ({})", fault.code, fault.hint)).collect();
    let code = faults.first().map_or("MODELS_INVALID", |fault| fault.code);
    bad_input(code, lines.join("\n"), "docs/models.md shows what `[models]` can hold; --no-models leaves models out")
}

fn none(machine: &Machine) -> Problem {
    let place = own_file(machine).map_or_else(|| "iama.toml".to_owned(), |file| file.display().to_string());
    bad_input(
        "MODELS_MISSING",
        "what you ask for needs a model, and none is configured",
        format!("put a `[[models.route]]` into {place}, as docs/models.md shows it"),
    )
}
