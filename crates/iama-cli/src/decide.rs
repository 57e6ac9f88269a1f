//! Who answers the questions of a job: a person at a terminal, or the policy of `--yes`.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use iama_engine::driver::{Agreement, PERSON, no_checkpoint};
use iama_engine::problem::{Kind, Problem};
use iama_engine::situation::{Choice, Said, Situation};
use iama_engine::{Answer, Decider, Question};
use iama_job::{Denial, ModelClass};
use iama_model::templates::Mode;
use iama_recipes::Strategy;
use iama_sandbox::{Level, printable};

use crate::machine::is_interrupted;
use crate::out::tell;
use crate::{paint, show};

mod proposal;
mod spec;

pub(crate) use spec::{Editor, previewed};

/// The decider for a command: with `--yes` the policy, else the person, else nobody.
pub(crate) fn decider(yes: bool, editor: Option<Editor>) -> Box<dyn Decider> {
    if yes {
        Box::new(Policy)
    } else {
        Box::new(Person { present: io::stdin().is_terminal() && io::stderr().is_terminal(), editor })
    }
}

/// The answers of `--yes`. It never accepts limits only, and never pays for a stronger model.
struct Policy;

impl Decider for Policy {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        match question {
            Question::NativeRun { level: Level::LimitsOnly, reason } => Err(not_closed_off(reason)),
            Question::Spec(agreement) => match &agreement.run {
                Some((Level::LimitsOnly, reason)) => Err(not_closed_off(reason)),
                _ => Ok((Answer::Yes, "--yes")),
            },
            Question::Situation(situation) => unpaid(situation).map(|answer| (answer, "--yes")),
            Question::Strategy(_) => Ok((Answer::Take(Strategy::Standard), "--yes")),
            // Nobody who is asked by a policy has said any words.
            Question::Preview(_) => Ok((Answer::No, "--yes")),
            Question::Dirty | Question::Uncovered { .. } | Question::NativeRun { .. } | Question::NoCheckpoint => {
                Ok((Answer::Yes, "--yes"))
            }
        }
    }
}

/// What is said to a situation when nobody is there: no stronger model is paid for, and what only a person can decide waits.
fn unpaid(situation: &Situation) -> Result<Answer, Problem> {
    match situation.code {
        "FALLBACK" => Ok(Answer::Later),
        "ESCALATION" => Ok(Answer::Say(Said { word: "decline-escalation".to_owned(), ..Said::default() })),
        _ => Err(needed(situation)),
    }
}

/// A job that waits says why, and what can be decided.
fn needed(situation: &Situation) -> Problem {
    let facts: Vec<String> = situation.facts.iter().map(|fact| format!("\n  {fact}")).collect();
    let words: Vec<String> = situation.choices.iter().map(show::spoken).collect();
    let hint = format!("iama jobs decide JOB with one of: {}", words.join("; "));
    Problem::decision("DECISION_NEEDED", format!("{}{}", situation.sentence, facts.concat())).hint(hint)
}

fn not_closed_off(reason: &str) -> Problem {
    let sentence = format!("the project's tests cannot be closed off on this machine: {reason}");
    Problem::decision("ISOLATION_MISSING", sentence)
        .hint("install bubblewrap (Debian: apt-get install bubblewrap), or run without --yes and allow it yourself")
}

struct Person {
    present: bool,
    editor: Option<Editor>,
}

impl Decider for Person {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        let stuck = matches!(question, Question::Spec(agreement) if agreement.no_checkpoint);
        if (stuck && self.present) || *question == Question::NoCheckpoint {
            // Nothing but the project's own version control or an explicit --yes will do.
            return Err(no_checkpoint());
        }
        if let Question::Situation(situation) = question
            && !self.present
        {
            return if situation.code == "FALLBACK" { Ok((Answer::Later, PERSON)) } else { Err(needed(situation)) };
        }
        if !self.present {
            return Err(Problem::decision("DECISION_NEEDED", question.sentence())
                .hint("there is no terminal to ask: pass --yes, or run `iama jobs resume` in a terminal"));
        }
        let answer = match question {
            Question::Strategy(choice) => {
                choice.overview.iter().for_each(|overview| proposal::show_overview(overview, choice.mode));
                choice.proposals.iter().for_each(|proposal| proposal::show(proposal, choice.mode));
                if choice.mode != Mode::Simple {
                    proposal::show_performance(&choice.proposals);
                }
                if choice.dirty {
                    tell!(
                        "\n  {}",
                        paint::warning("The workspace has uncommitted changes; whoever chooses goes on with them.")
                    );
                }
                choose()
            }
            Question::Situation(situation) => {
                show::told(situation);
                say(situation)
            }
            Question::Preview(told) => {
                tell!("");
                for line in previewed(&told.spec, &told.preview) {
                    tell!("{line}");
                }
                confirm(question)
            }
            Question::Spec(agreement) => return self.agree(question, agreement).map(|answer| (answer, PERSON)),
            Question::NativeRun { reason, .. } => {
                tell!("{}", paint::dim(reason));
                confirm(question)
            }
            Question::Dirty | Question::Uncovered { .. } | Question::NoCheckpoint => confirm(question),
        };
        answer.map(|answer| (answer, PERSON)).map_err(|error| unanswered(&error))
    }
}

impl Person {
    /// Asks about a spec until it is approved, turned down or edited.
    fn agree(&self, question: &Question, agreement: &Agreement) -> Result<Answer, Problem> {
        spec::show(&agreement.spec);
        let mut sentence = question.sentence();
        if let Some(run) = agreement.run_question() {
            tell!("\n  {}", run.sentence());
            tell!("  {}", paint::dim(agreement.run.iter().map(|(_, reason)| reason.as_str()).collect::<String>()));
            sentence.push_str(" With `yes` you allow the run, too.");
        }
        let mut choices = vec!["yes", "no"];
        choices.extend(self.editor.is_some().then_some("edit"));
        choices.extend(agreement.words.map(|_| "words …"));
        let wording = wording(agreement);
        if let Some(told) = &wording {
            tell!("  {}", paint::dim(told));
        }
        let prompt = format!("{sentence} [{}]", choices.join(" / "));
        loop {
            let said = read(&prompt).map_err(|error| unanswered(&error))?;
            let (word, rest) = said.trim().split_once(char::is_whitespace).unwrap_or((said.trim(), ""));
            match (word.to_ascii_lowercase().as_str(), rest.trim(), &self.editor) {
                ("y" | "yes", "", _) => return Ok(Answer::Yes),
                ("n" | "no", "", _) => return Ok(Answer::No),
                ("e" | "edit", "", Some(editor)) => {
                    let mut again = || Ok(ask("Press Enter to open it again, or say `drop`")? != "drop");
                    if let Some(edited) = editor.edit(&agreement.spec, &mut again)? {
                        return Ok(Answer::Edit(Box::new(edited)));
                    }
                }
                ("w" | "words", words, _) if agreement.words.is_some() && !words.is_empty() => {
                    return Ok(Answer::Words(words.to_owned()));
                }
                ("w" | "words", _, _) => wording.iter().for_each(|told| tell!("  {}", paint::warning(told))),
                _ => {}
            }
        }
    }
}

/// What a person has to know of changes in their own words; nothing where no model is configured.
fn wording(agreement: &Agreement) -> Option<String> {
    match (&agreement.words, &agreement.denied) {
        (Some(class), _) => {
            Some(format!("`words …` asks a model ({class}) for a change, and shows it before it counts"))
        }
        (None, denied) => denied.map(no_words),
    }
}

/// Why a server asks no model about somebody's words.
pub(crate) fn no_words(denial: Denial) -> String {
    let needs = |class: ModelClass| format!("a change in your own words needs a model of class {class}");
    match denial {
        Denial::EntitlementDenied { class, tier, needs: better } => {
            format!("{}, which {} has and {} has not", needs(class), better.code(), tier.code())
        }
        Denial::NoRoute { class } => format!("{}, and the server has none", needs(class)),
    }
}

fn unanswered(error: &io::Error) -> Problem {
    let hint = "`iama jobs resume` asks again";
    if error.kind() == ErrorKind::Interrupted {
        let problem = Problem::decision("INTERRUPTED", "interrupted before the question was answered").hint(hint);
        return Problem { kind: Kind::Interrupted, ..problem };
    }
    Problem::decision("DECISION_NEEDED", format!("no answer could be read: {error}")).hint(hint)
}

fn ask(prompt: &str) -> io::Result<String> {
    Ok(read(prompt)?.to_ascii_lowercase())
}

fn read(prompt: &str) -> io::Result<String> {
    let mut err = anstream::stderr();
    write!(err, "\n{prompt} ")?;
    err.flush()?;
    Ok(read_line()?.trim().to_owned())
}

/// A line of the standard input. Reading goes on over an interrupt, so it happens on a thread of its own.
fn read_line() -> io::Result<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line).and_then(|read| match read {
            0 => Err(io::Error::from(ErrorKind::UnexpectedEof)),
            _ => Ok(line),
        });
        // Nobody listens any more after an interrupt.
        let _ = sender.send(read);
    });
    loop {
        match receiver.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => return line,
            Err(RecvTimeoutError::Timeout) if !is_interrupted() => {}
            Err(_) => return Err(io::Error::from(ErrorKind::Interrupted)),
        }
    }
}

fn choose() -> io::Result<Answer> {
    loop {
        let line = ask("Which one? [conservative / STANDARD / comprehensive / none]")?;
        let found = Strategy::ALL.into_iter().find(|strategy| !line.is_empty() && strategy.name().starts_with(&line));
        match (line.as_str(), found) {
            ("", _) => return Ok(Answer::Take(Strategy::Standard)),
            ("none" | "n" | "no", _) => return Ok(Answer::No),
            ("co" | "c" | "con" | "com", _) if line.len() < 3 => {}
            (_, Some(strategy)) => return Ok(Answer::Take(strategy)),
            _ => {}
        }
    }
}

/// Lets a person choose by number or word; what has to be said with it is asked for.
fn say(situation: &Situation) -> io::Result<Answer> {
    loop {
        let line = ask("Which one? [number, word, or `later`]")?;
        if matches!(line.as_str(), "later" | "l") {
            return Ok(Answer::Later);
        }
        let number: Option<usize> = line.parse().ok();
        let is_named = |at: usize, choice: &Choice| {
            number == Some(at + 1) || choice.word == line || show::named(choice).eq_ignore_ascii_case(&line)
        };
        let mut found = situation.choices.iter().enumerate().filter(|(at, choice)| is_named(*at, choice));
        let Some((_, choice)) = found.next() else { continue };
        if found.next().is_some() {
            tell!("  there are several of that name: say its number");
            continue;
        }
        if !is_agreed(choice)? {
            continue;
        }
        let mut said = Said { word: choice.word.clone(), ..Said::default() };
        for with in &choice.with {
            complete(&mut said, with, &choice.names)?;
        }
        return Ok(Answer::Say(said));
    }
}

/// A price is agreed to in a word of its own.
fn is_agreed(choice: &Choice) -> io::Result<bool> {
    if !choice.with.iter().any(|with| with.starts_with("--quote ")) {
        return Ok(true);
    }
    loop {
        match ask(&format!("To {}: is that what you want? [yes / no]", choice.meaning))?.as_str() {
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

fn complete(said: &mut Said, with: &str, tests: &[String]) -> io::Result<()> {
    match with.split_once(' ') {
        Some(("--class", class)) => said.class = ModelClass::ALL.iter().copied().find(|known| known.code() == class),
        Some(("--quote", quote)) => said.quote = Some(quote.to_owned()),
        Some(("--test", _)) => said.tests = which(tests)?,
        Some(("--words", _)) => said.text = Some(read("What shall be done?")?),
        _ => {}
    }
    Ok(())
}

/// Tests by number or name; those that a situation is about are listed.
fn which(tests: &[String]) -> io::Result<Vec<String>> {
    if tests.is_empty() {
        return read("Which test?").map(|name| vec![name]);
    }
    for (at, test) in tests.iter().enumerate() {
        tell!("  {:2}  {}", at + 1, printable(test));
    }
    loop {
        let line = read("Which tests? [numbers, `all`, or one name]")?;
        if line.eq_ignore_ascii_case("all") {
            return Ok(tests.to_vec());
        }
        let words = line.split([' ', ',']).filter(|word| !word.is_empty());
        let at = |word: &str| word.parse::<usize>().ok()?.checked_sub(1).and_then(|at| tests.get(at).cloned());
        match words.map(at).collect::<Option<Vec<String>>>() {
            Some(named) if !named.is_empty() => return Ok(named),
            None if line.contains("::") || tests.contains(&line) => return Ok(vec![line]),
            _ => {}
        }
    }
}

fn confirm(question: &Question) -> io::Result<Answer> {
    loop {
        match ask(&format!("{} [yes / no]", question.sentence()))?.as_str() {
            "y" | "yes" => return Ok(Answer::Yes),
            "n" | "no" => return Ok(Answer::No),
            _ => {}
        }
    }
}

/// One question of a command's own; without a terminal the answer is no.
pub(crate) fn agreed(sentence: &str) -> bool {
    io::stdin().is_terminal() && matches!(ask(&format!("{sentence} [yes / no]")).as_deref(), Ok("y" | "yes"))
}
