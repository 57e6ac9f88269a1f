//! Who answers the questions of a job: a person at a terminal, or the policy of `--yes`.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anstream::eprintln;
use iama_engine::problem::Problem;
use iama_engine::records::{Proposal, Spec};
use iama_engine::{Answer, Decider, Question};
use iama_recipes::Strategy;
use iama_sandbox::Level;

use crate::paint;

/// The decider for a command: with `--yes` the policy, else the person, else nobody.
pub(crate) fn decider(yes: bool) -> Box<dyn Decider> {
    if yes {
        Box::new(Policy)
    } else {
        Box::new(Person { present: io::stdin().is_terminal() && io::stderr().is_terminal() })
    }
}

/// The answers of `--yes`. It never accepts limits only, and never pays for a stronger model.
struct Policy;

impl Decider for Policy {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        match question {
            Question::NativeRun { level: Level::LimitsOnly, reason } => Err(Problem::decision(
                "ISOLATION_MISSING",
                format!("the project's tests cannot be closed off on this machine: {reason}"),
            )
            .hint(
                "install bubblewrap (Debian: apt-get install bubblewrap), or run without --yes and allow it yourself",
            )),
            Question::MoreTime => Err(Problem::decision("DECISION_NEEDED", question.sentence())
                .hint("`iama jobs resume` asks you; --test-timeout and --run-timeout set other limits for a new job")),
            Question::Strategy(_) => Ok((Answer::Take(Strategy::Standard), "--yes")),
            Question::Dirty | Question::Spec(_) | Question::Uncovered { .. } | Question::NativeRun { .. } => {
                Ok((Answer::Yes, "--yes"))
            }
        }
    }
}

struct Person {
    present: bool,
}

impl Decider for Person {
    fn decide(&mut self, question: &Question) -> Result<(Answer, &'static str), Problem> {
        if !self.present {
            return Err(Problem::decision("DECISION_NEEDED", question.sentence())
                .hint("there is no terminal to ask: pass --yes, or run `iama jobs resume` in a terminal"));
        }
        let answer = match question {
            Question::Strategy(proposals) => {
                proposals.iter().for_each(show_proposal);
                choose()
            }
            Question::Spec(spec) => {
                show_spec(spec);
                confirm(question)
            }
            Question::NativeRun { reason, .. } => {
                eprintln!("{}", paint::dim(reason));
                confirm(question)
            }
            Question::Dirty | Question::Uncovered { .. } | Question::MoreTime => confirm(question),
        };
        answer.map(|answer| (answer, "person")).map_err(|error| {
            Problem::decision("DECISION_NEEDED", format!("no answer could be read: {error}"))
                .hint("`iama jobs resume` asks again")
        })
    }
}

fn show_proposal(proposal: &Proposal) {
    let edits: usize = proposal.edits.values().sum();
    eprintln!("\n  {}  risk {}", paint::strong(format!("{:13}", proposal.strategy.name())), proposal.risk);
    eprintln!("    {} files, {edits} edits by {} recipes", proposal.files, proposal.edits.len());
    eprintln!("    {} places to check, {} left alone", proposal.checks, proposal.refused);
    let mut most: Vec<_> = proposal.edits.iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown: Vec<_> = most.iter().take(4).map(|(id, count)| format!("{id} {count}")).collect();
    eprintln!("    {}", paint::dim(shown.join(", ")));
}

fn show_spec(spec: &Spec) {
    eprintln!();
    for item in &spec.items {
        eprintln!("  {}  {}", paint::place(&item.id), item.text);
    }
}

fn ask(prompt: &str) -> io::Result<String> {
    let mut err = anstream::stderr();
    write!(err, "\n{prompt} ")?;
    err.flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(line.trim().to_ascii_lowercase())
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
