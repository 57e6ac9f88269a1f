//! What left the machine.

use schemars::JsonSchema;
use serde::Serialize;

use super::calls::CallsPart;
use crate::executor::server_of;
use crate::folder::JobFolder;
use crate::problem::Problem;
use crate::records::Toolchain;

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Privacy {
    network_calls: u32,
    model_requests: u32,
    left_machine: Vec<String>,
}

/// Only the installer of an isolated environment, once for each side, and model calls use the network; the tests have none. What a
/// server is told, it is told by whoever talks to it.
pub(super) fn part(folder: &JobFolder, models: Option<&CallsPart>) -> Result<Privacy, Problem> {
    let mut network_calls = 0;
    for side in ["legacy.toolchain.json", "target.toolchain.json"] {
        let toolchain: Toolchain = folder.read_if_kept(side)?.unwrap_or_default();
        let own = toolchain.interpreter.zip(toolchain.environment);
        network_calls +=
            u32::from(own.is_some_and(|(interpreter, environment)| environment.python != interpreter.path));
    }
    let told = "the names of the packages that the tests need, to the package index, when their environment was made";
    let mut left_machine = if network_calls > 0 { vec![told.to_owned()] } else { Vec::new() };
    left_machine.extend(models.into_iter().flat_map(CallsPart::left_machine));
    let told = |url| format!("what was found, agreed and delivered, and this evidence, to {url}, which drives the job");
    left_machine.extend(server_of(folder)?.map(told));
    let model_requests = models.map_or(0, CallsPart::requests);
    Ok(Privacy { network_calls, model_requests, left_machine })
}
