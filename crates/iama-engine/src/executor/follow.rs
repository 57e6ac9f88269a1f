//! The mirror of a job's journal: each record is put on the disk before anything is done about it.

use iama_job::event::EventKind;
use iama_job::{Decision, Effect, Event, Record, journal};

use super::check::Checked;
use crate::bench::{Bench, Decided};
use crate::folder::{cannot_write, write_whole};
use crate::problem::Problem;
use crate::records::DecisionRecord;
use crate::spec::revise;

/// Decisions of this machine that were not seen in the journal yet: a list.
const SENT: &str = "sent.json";

/// Who decided what was not decided here.
const ELSEWHERE: &str = "elsewhere";

/// Takes all over that was checked.
pub(super) fn all(bench: &mut Bench<'_>, checked: &Checked<'_>) -> Result<(), Problem> {
    bench.repeat_last()?;
    for (name, text) in &checked.texts {
        write_whole(&bench.shop.folder.file(name), text.as_bytes())?;
    }
    checked.fresh.iter().try_for_each(|record| one(bench, record, checked))
}

fn one(bench: &mut Bench<'_>, record: &Record, checked: &Checked<'_>) -> Result<(), Problem> {
    match &record.event {
        Event::Decision(Decision::Start { .. }) => bench.note_overrides()?,
        Event::Decision(decision) => note(bench, record, decision)?,
        Event::Result { .. } | Event::Signal(_) => {}
    }
    let job = journal::replay(&bench.job, record).map_err(|error| super::check::unfolded(&error))?;
    for dispatch in &record.effects {
        if let Effect::PersistSpec { revision, .. } = dispatch.effect
            && let Some(next) = checked.edits.get(&revision)
        {
            revise::put(bench.shop.folder, next)?;
        }
    }
    bench.journal.append(record.clone())?;
    bench.job = job;
    bench.repeat_last()
}

/// Keeps that a decision is on its way, so that it is known when it comes back.
pub(super) fn sent(bench: &Bench<'_>, decided: Decided) -> Result<Decided, Problem> {
    let mut known: Vec<Decision> = bench.shop.folder.read_if_kept(SENT)?.unwrap_or_default();
    known.push(decided.decision.clone());
    bench.shop.folder.keep(SENT, &known)?;
    Ok(decided)
}

/// Forgets a decision that was on its way, with the texts that it names: a later one may bring others of the same name.
pub(super) fn taken_back(bench: &Bench<'_>, decided: &Decided) -> Result<(), Problem> {
    if decided.decision == Decision::EditSpec {
        revise::unstage(bench.shop.folder);
    }
    for name in decided.documents.keys() {
        let place = bench.shop.folder.file(name);
        if place.exists() {
            std::fs::remove_file(&place).map_err(|error| cannot_write(&place, &error))?;
        }
    }
    was_sent(bench, &decided.decision).map(drop)
}

/// Whether a decision was on its way. It is not any more.
fn was_sent(bench: &Bench<'_>, decision: &Decision) -> Result<bool, Problem> {
    let folder = bench.shop.folder;
    let mut known: Vec<Decision> = folder.read_if_kept(SENT)?.unwrap_or_default();
    let Some(place) = known.iter().position(|sent| sent == decision) else { return Ok(false) };
    known.remove(place);
    folder.keep(SENT, &known)?;
    Ok(true)
}

/// Puts a decision on record that was taken elsewhere; what was decided here is on record already.
fn note(bench: &Bench<'_>, record: &Record, decision: &Decision) -> Result<(), Problem> {
    if was_sent(bench, decision)? {
        return Ok(());
    }
    let kind: EventKind = decision.kind();
    let asked = bench.question()?;
    let code = asked.as_ref().map_or_else(|| kind.code().to_owned(), |question| question.code().to_owned());
    let question = asked.map_or_else(String::new, |question| question.sentence());
    let answer = crate::situation::word(kind);
    bench.append(&DecisionRecord { at: record.at, code, question, answer, by: ELSEWHERE.to_owned() })
}
