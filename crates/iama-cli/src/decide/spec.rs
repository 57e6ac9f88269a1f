//! The spec on the terminal, and in the editor of whoever is asked.

use std::fs;
use std::io;
use std::process::{Command, ExitStatus};

use iama_engine::problem::Problem;
use iama_engine::spec::{Edited, Kind, Origin, Preview, Spec, SpecItem, markdown, revise};
use iama_engine::{JobFolder, Machine, folder};
use iama_sandbox::printable;

use crate::out::{count, tell};
use crate::paint;

/// Items of a kind that are shown; the editor shows all.
const SHOWN: usize = 12;

/// Shows a spec: what IAMA holds to, which behaviour stays, how much is changed.
pub(super) fn show(spec: &Spec) {
    tell!("\n  {}  {}", paint::strong("SPEC"), paint::dim(format!("revision {}", spec.revision)));
    for kind in [Kind::Rule, Kind::Behaviour] {
        let items: Vec<_> = spec.items.iter().filter(|item| item.kind == kind).collect();
        items.iter().take(SHOWN).for_each(|item| line(item));
        if items.len() > SHOWN {
            tell!("  {}", paint::dim(format!("… and {} more", items.len() - SHOWN)));
        }
    }
    let design = spec.items.iter().filter(|item| item.kind == Kind::Design).count();
    if design > 0 {
        tell!("  {}", paint::dim(format!("and {} of what is changed where; `edit` shows all", count(design, "item"))));
    }
}

fn line(item: &SpecItem) {
    tell!("  {}  {}", paint::place(format!("{:6}", printable(&item.id))), printable(&item.text));
}

/// What is different in edited items.
fn changes(before: &[SpecItem], after: &[SpecItem]) -> Vec<String> {
    let changes = revise::changes(before, after);
    let mut lines = Vec::new();
    let whole = |item: &SpecItem| {
        let scenario = item.behaviour.as_ref().map_or_else(String::new, |behaviour| {
            format!(" Given {}, when {}, then {}.", behaviour.given, behaviour.when, behaviour.then)
        });
        printable(&format!("{}{scenario}", item.text)).into_owned()
    };
    let named = |item: &SpecItem| if item.id.is_empty() { "new".to_owned() } else { printable(&item.id).into_owned() };
    for item in &changes.removed {
        lines.push(format!("  {}", paint::removed(format!("- {:6} {}", named(item), whole(item)))));
    }
    for (old, new) in &changes.changed {
        lines.push(format!("  {}", paint::removed(format!("- {:6} {}", named(old), whole(old)))));
        lines.push(format!("  {}", paint::added(format!("+ {:6} {}", named(new), whole(new)))));
    }
    for item in &changes.added {
        lines.push(format!("  {}", paint::added(format!("+ {:6} {}", named(item), whole(item)))));
    }
    if changes.moved {
        lines.push(format!("  {}", paint::dim("items stand in another order")));
    }
    lines
}

/// What would become of a spec by words, for a person to read.
pub(crate) fn previewed(spec: &Spec, preview: &Preview) -> Vec<String> {
    let mut lines = Vec::new();
    if !preview.says.is_empty() {
        lines.push(format!("  {}", paint::dim(format!("the model says: {}", printable(&preview.says)))));
    }
    for why in &preview.refused {
        lines.push(format!("  {} {}", paint::warning("not done:"), printable(why)));
    }
    if spec.items == preview.edited.items {
        lines.push("  nothing would change".to_owned());
    }
    lines.extend(changes(&spec.items, &preview.edited.items));
    lines
}

/// What a person writes with.
pub(crate) struct Editor {
    command: String,
    folder: JobFolder,
}

/// The file that is open in the editor, in the job's folder. It stays until its content has become a revision.
const FILE: &str = "spec/edit.md";

impl Editor {
    pub(crate) fn of(machine: &Machine, folder: &JobFolder) -> Self {
        let get = |name: &str| machine.variables.get(name).filter(|value| !value.trim().is_empty()).cloned();
        let command = get("VISUAL").or_else(|| get("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        Self { command, folder: folder.clone() }
    }

    /// Lets a person edit a spec; nothing when they leave it as it is. Whatever is wrong is told at once, and the file is
    /// opened again until it is right or they give up; what they wrote is kept in both cases.
    pub(super) fn edit(
        &self,
        spec: &Spec,
        again: &mut dyn FnMut() -> io::Result<bool>,
    ) -> Result<Option<Edited>, Problem> {
        let path = self.folder.file(FILE);
        self.lay_out(spec)?;
        loop {
            if let Some(why) = self.open().map_or_else(|error| Some(error.to_string()), why_failed) {
                tell!("  the editor `{}` could not be used: {why}; set VISUAL or EDITOR to another one", self.command);
                return Ok(None);
            }
            let text = fs::read_to_string(&path).map_err(|error| folder::cannot_read(&path, &error))?;
            match markdown::read(&text, spec) {
                Ok(parsed) if parsed.items == spec.items => {
                    tell!("  nothing was changed");
                    self.put_away();
                    return Ok(None);
                }
                Ok(parsed) => {
                    for line in changes(&spec.items, &parsed.items) {
                        tell!("{line}");
                    }
                    self.put_away();
                    return Ok(Some(Edited { based_on: parsed.token, by: Origin::Person, items: parsed.items }));
                }
                Err(faults) => {
                    for fault in faults {
                        let place = format!("{}:{}", path.display(), fault.line);
                        tell!("  {}  {}", paint::place(place), printable(&fault.sentence));
                    }
                }
            }
            if !again().map_err(|error| super::unanswered(&error))? {
                tell!("  the spec stays as it was; what you wrote is kept in {}", path.display());
                return Ok(None);
            }
        }
    }

    /// Writes the file, or leaves what was begun on the same revision. What was begun on another one is put aside.
    fn lay_out(&self, spec: &Spec) -> Result<(), Problem> {
        let path = self.folder.file(FILE);
        if let Ok(begun) = fs::read_to_string(&path) {
            if begun.contains(&format!("Token: {}", spec.token)) {
                return Ok(());
            }
            let aside = self.folder.file(&format!("spec/edit-before-{}.md", spec.revision));
            fs::rename(&path, &aside).map_err(|error| folder::cannot_write(&aside, &error))?;
            tell!("  what you began on another revision is kept in {}", aside.display());
        }
        folder::write_whole(&path, markdown::write(spec).as_bytes())
    }

    /// The command may have arguments, as other tools allow.
    #[expect(clippy::disallowed_methods, reason = "an editor is a person's own and takes the terminal")]
    fn open(&self) -> io::Result<ExitStatus> {
        let line = format!("{} \"$1\"", self.command);
        Command::new("/bin/sh").args(["-c", &line, "sh"]).arg(self.folder.file(FILE)).status()
    }

    /// A file that cannot be removed is put aside by the next edit.
    fn put_away(&self) {
        let _ = fs::remove_file(self.folder.file(FILE));
    }
}

fn why_failed(ended: ExitStatus) -> Option<String> {
    (!ended.success()).then(|| format!("it ended with {ended}"))
}
