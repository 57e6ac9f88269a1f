//! What was decided, who said so and when: `decisions.jsonl`, of which the evidence tells.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::Bench;
use crate::driver::{Answer, MOCK, PERSON, Progress, QUARANTINE, Question};
use crate::evidence;
use crate::folder::cannot_write;
use crate::problem::Problem;
use crate::records::DecisionRecord;
use crate::situation::{self, Said};

/// Who approved a spec that approved itself.
const FAST_TRACK: &str = "--fast-track";

impl Bench<'_> {
    /// Whether this very question was answered with yes: what was said about one level says nothing about another.
    pub(super) fn is_answered(&self, question: &Question) -> Result<bool, Problem> {
        let (code, sentence) = (question.code(), question.sentence());
        let said = |known: &DecisionRecord| known.code == code && known.question == sentence && known.answer == "yes";
        Ok(evidence::decisions(self.shop.folder)?.iter().any(said))
    }

    /// Whether this very question has been answered in any way.
    pub(super) fn was_put(&self, question: &Question) -> Result<bool, Problem> {
        let (code, sentence) = (question.code(), question.sentence());
        Ok(evidence::decisions(self.shop.folder)?.iter().any(|known| known.code == code && known.question == sentence))
    }

    /// Puts on record what was said in the middle of work.
    pub(crate) fn note_said(&self, said: &Said) -> Result<(), Problem> {
        match situation::of(self.shop.folder, &self.job)? {
            Some(situation) => self.note(&Question::Situation(situation), &Answer::Say(said.clone()), PERSON),
            None => Ok(()),
        }
    }

    /// Puts on record what was left out or replaced with the request: what, why, who and when.
    pub(crate) fn note_overrides(&self) -> Result<(), Problem> {
        let request = self.shop.request;
        let by = request.person.as_ref().map_or_else(|| PERSON.to_owned(), |name| format!("{PERSON} ({name})"));
        let quarantine =
            request.quarantine.iter().map(|(test, why)| (QUARANTINE, format!("Leave {test} out on both sides?"), why));
        let mock = request
            .mock
            .iter()
            .map(|(module, why)| (MOCK, format!("Put a stand-in in place of {module} on both sides?"), why));
        for (code, question, why) in quarantine.chain(mock) {
            let (at, code, answer) = (request.created, code.to_owned(), format!("yes: {why}"));
            self.append(&DecisionRecord { at, code, question, answer, by: by.clone() })?;
        }
        Ok(())
    }

    /// Puts on record, once, that a spec approved itself, and says so.
    pub(super) fn note_fast_track(&mut self, revision: u32) -> Result<(), Problem> {
        if evidence::decisions(self.shop.folder)?.iter().any(|known| known.by == FAST_TRACK) {
            return Ok(());
        }
        (self.shop.progress)(Progress::Stage("the spec approves itself (--fast-track); `iama jobs spec` shows it"));
        let (at, code) = ((self.shop.machine.clock)(), "SPEC".to_owned());
        let question = format!("Is revision {revision} of the spec what shall be done?");
        self.append(&DecisionRecord { at, code, question, answer: "yes".to_owned(), by: FAST_TRACK.to_owned() })
    }

    /// Puts an answer on record.
    pub(super) fn note(&self, question: &Question, answer: &Answer, by: &str) -> Result<(), Problem> {
        let answer = match answer {
            Answer::Yes => "yes".to_owned(),
            Answer::No => "no".to_owned(),
            Answer::Take(strategy) => strategy.name().to_owned(),
            Answer::Say(said) => said.line(),
            Answer::Later => "later".to_owned(),
            Answer::Edit(_) => "edited".to_owned(),
            Answer::Words(words) => words.clone(),
        };
        let at = (self.shop.machine.clock)();
        let (code, question) = (question.code().to_owned(), question.sentence());
        self.append(&DecisionRecord { at, code, question, answer, by: by.to_owned() })
    }

    /// Puts a row on record.
    pub(crate) fn append(&self, row: &DecisionRecord) -> Result<(), Problem> {
        let path = self.shop.folder.file("decisions.jsonl");
        let write = || -> std::io::Result<()> {
            let mut line = serde_json::to_vec(row)?;
            line.push(b'\n');
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(&line)?;
            file.sync_data()
        };
        write().map_err(|error| cannot_write(&path, &error))
    }
}
