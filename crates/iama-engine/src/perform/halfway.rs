//! What an effect has worked out before it had to stop: for a model call that a server has to make, or for a person. It is taken up
//! when the same effect is carried out again, and is of no use to any other.

use iama_job::EffectId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Shop;
use crate::folder::cannot_write;
use crate::problem::Problem;

const FOLDER: &str = "halfway";

#[derive(Serialize, Deserialize)]
struct Halfway<T> {
    effect: EffectId,
    value: T,
}

impl Shop<'_> {
    /// A value that is worked out once for an effect, however often it is carried out.
    pub(super) fn once<T: Serialize + DeserializeOwned>(
        &mut self,
        effect: &EffectId,
        name: &str,
        work_out: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Some(known) = self.known_halfway(effect, name)? {
            return Ok(known);
        }
        let value = work_out(self)?;
        self.keep_halfway(effect, name, &value)?;
        Ok(value)
    }

    /// What an effect has worked out.
    pub(super) fn known_halfway<T: DeserializeOwned>(
        &self,
        effect: &EffectId,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        let known: Option<Halfway<T>> = self.folder.read_if_kept(&file(name))?;
        Ok(known.filter(|known| known.effect == *effect).map(|known| known.value))
    }

    /// Keeps what an effect has worked out, unless it was stopped in the middle.
    pub(super) fn keep_halfway(&self, effect: &EffectId, name: &str, value: &impl Serialize) -> Result<(), Problem> {
        if self.machine.sandbox.is_stopped() {
            return Ok(());
        }
        let folder = self.folder.file(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        self.folder.keep(&file(name), &Halfway { effect: effect.clone(), value })
    }
}

fn file(name: &str) -> String {
    format!("{FOLDER}/{name}.json")
}
