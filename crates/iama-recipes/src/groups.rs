//! Edits of several files that are made together or not at all.
//!
//! A finding may name a group. If one place of the group can't be edited in one file, because a line forbids it, because it
//! collides with other rewrites for good or because the file would be wrong, then no file makes any edit of the group: each
//! of them says so instead. Which groups those are is known only when every file that has a part in one has been looked at;
//! whoever holds the workspace asks [`settle`].

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Project;
use crate::engine::Outcome;
use crate::recipe::{Class, Finding};

/// What became of groups in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// Groups of which edits were made.
    pub made: BTreeSet<String>,
    /// Groups of which an edit could not be made, with the reason.
    pub broken: BTreeMap<String, String>,
}

impl Groups {
    pub(crate) fn made(&mut self, finding: &Finding) {
        self.made.extend(finding.group.clone().filter(|_| !finding.edits.is_empty() || finding.moves.is_some()));
    }

    pub(crate) fn broken(&mut self, finding: &Finding, why: impl FnOnce() -> String) {
        if let Some(group) = &finding.group {
            self.broken.entry(group.clone()).or_insert_with(why);
        }
    }
}

/// Takes the edits out of a finding whose group is withdrawn.
pub(crate) fn hold_back(finding: &mut Finding, project: &Project) {
    let Some(why) = finding.group.as_ref().and_then(|group| project.withdrawn.get(group)) else { return };
    finding.why = format!("belongs together with a place that can't be edited: {why}");
    finding.class = Class::Refused;
    finding.edits.clear();
    finding.imports.clear();
    finding.files.clear();
    finding.moves = None;
}

impl Outcome {
    /// What became of groups in the file at `path` that came out like this.
    pub fn groups(&self, path: &str) -> Groups {
        match self {
            Self::Migrated(done) => done.groups.clone(),
            Self::Restored { groups, .. } => {
                let why = format!("{path} would be wrong and stays as it was");
                let mut broken: BTreeMap<_, _> = groups.made.iter().map(|group| (group.clone(), why.clone())).collect();
                broken.extend(groups.broken.clone());
                Groups { made: groups.made.clone(), broken }
            }
            Self::AlreadyTarget | Self::Unreadable(_) => Groups::default(),
        }
    }
}

/// Looks at the files that have a part in groups until no more groups have to be withdrawn. `look` says what becomes of
/// groups in each of the files whose paths it gets, in their order.
pub fn settle(project: &mut Project, mut look: impl FnMut(&[String], &Project) -> Vec<Groups>) {
    let mut files: Vec<String> = project.files.iter().filter(|path| project.facts.shares(path)).cloned().collect();
    let mut shares: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    loop {
        let mut broken = BTreeMap::new();
        let seen = look(&files, project);
        for (path, groups) in files.into_iter().zip(seen) {
            shares.insert(path, groups.made.into_iter().chain(groups.broken.keys().cloned()).collect());
            broken.extend(groups.broken);
        }
        broken.retain(|group, _| !project.withdrawn.contains_key(group));
        if broken.is_empty() {
            return;
        }
        // What became of the other files does not hang on these groups.
        let concerned = shares.iter().filter(|(_, groups)| groups.iter().any(|group| broken.contains_key(group)));
        files = concerned.map(|(path, _)| path.clone()).collect();
        project.withdrawn.extend(broken);
    }
}
