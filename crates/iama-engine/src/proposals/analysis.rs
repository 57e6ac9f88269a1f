//! The analysis for those who answer for a migration: technical debt, what comes back, time, packages, and a summary. It is
//! reckoned from the proposals and from assumptions that stand in it; nothing else goes in.

use iama_recipes::Strategy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dependencies::{Dependency, Support};
use super::record::{Area, Level, Proposal};

/// The analysis, as it is kept.
pub(crate) const ANALYSIS: &str = "analysis_report.json";

/// The analysis of a job: `iama.analysis/1`, kept as `analysis_report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisReport {
    /// `iama.analysis/1`.
    pub schema: String,
    /// What was assumed and not measured.
    pub assumptions: Assumptions,
    /// What keeps the code from the target.
    pub debt: Debt,
    /// What each proposal saves, and how long what is left takes.
    pub proposals: Vec<Reckoned>,
    /// What the packages are a risk for.
    pub dependencies: DependencyRisk,
    /// In sentences.
    pub summary: Vec<String>,
}

/// What was assumed. Other figures give other results by the same formulas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assumptions {
    /// Minutes in which a person finds, rewrites and tries one place whose meaning stays.
    pub minutes_by_hand: f64,
    /// Minutes in which a person does that at a place whose meaning may change, or that no rewrite is safe for.
    pub minutes_by_hand_risky: f64,
    /// Minutes in which a person reads what was rewritten in one file.
    pub minutes_to_read_a_file: f64,
    /// Minutes in which a person judges one place whose meaning may have changed.
    pub minutes_to_judge: f64,
    /// Hours of a day in which that is done.
    pub hours_a_day: f64,
    /// Dollars that an hour costs.
    pub dollars_an_hour: f64,
    /// By how much time grows with a risk of each level, in percent.
    pub percent_more: PercentMore,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            minutes_by_hand: 5.0,
            minutes_by_hand_risky: 30.0,
            minutes_to_read_a_file: 5.0,
            minutes_to_judge: 10.0,
            hours_a_day: 6.0,
            dollars_an_hour: 100.0,
            percent_more: PercentMore { unknown: 25.0, low: 0.0, medium: 25.0, high: 60.0 },
        }
    }
}

/// By how much time grows, in percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PercentMore {
    /// Where nobody knows.
    pub unknown: f64,
    /// Where the risk is low.
    pub low: f64,
    /// Where it is medium.
    pub medium: f64,
    /// Where it is high.
    pub high: f64,
}

impl PercentMore {
    const fn of(&self, level: Level) -> f64 {
        match level {
            Level::Unknown => self.unknown,
            Level::Low => self.low,
            Level::Medium => self.medium,
            Level::High => self.high,
        }
    }
}

/// What keeps the code from the target, from the largest proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Debt {
    /// Source files.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Places that have to be rewritten and keep their meaning.
    pub plain_places: usize,
    /// Places whose meaning may change, or that no rewrite is safe for.
    pub risky_places: usize,
    /// Places for a thousand lines.
    pub places_per_thousand_lines: f64,
    /// Files that nobody can read as the source language.
    pub unreadable_files: usize,
    /// Files that would change and that no test reaches.
    pub untested_files: usize,
    /// Touched functions with more than ten ways through them.
    pub involved_functions: usize,
    /// Packages that never came to the target.
    pub missing_packages: usize,
    /// All places by hand.
    pub hours_by_hand: f64,
    /// How the hours were reckoned.
    pub formula: String,
}

/// What one proposal saves, and how long what is left takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reckoned {
    /// Which.
    #[schemars(with = "String")]
    pub strategy: Strategy,
    /// Places that it rewrites, by hand.
    pub hours_saved: f64,
    /// Reading what was rewritten, judging what may mean something else, and doing what is left by hand.
    pub hours_left: f64,
    /// Saved hours less reading and judging, in dollars, less the most that models may cost.
    pub dollars_back: f64,
    /// Days for the hours that are left.
    pub days: f64,
    /// By how much that grows: the mean of what the five segments of risk add, in percent.
    pub risk_percent: f64,
    /// The days with that.
    pub days_with_risk: f64,
    /// How it was reckoned.
    pub formula: String,
}

/// What the packages are a risk for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DependencyRisk {
    /// How much.
    pub level: Level,
    /// Packages whose support of the target is known and given.
    pub supported: usize,
    /// Those that need a person, worst first.
    pub open: Vec<Dependency>,
}

/// What the analysis is reckoned from besides the proposals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code<'a> {
    pub(crate) files: usize,
    pub(crate) lines: usize,
    pub(crate) target: &'a str,
}

/// Reckons the analysis from the three proposals. Nothing without the largest one.
pub(crate) fn analyse(code: Code<'_>, proposals: &[Proposal], assumptions: Assumptions) -> Option<AnalysisReport> {
    let largest = proposals.iter().find(|proposal| proposal.strategy == Strategy::Comprehensive)?;
    let debt = debt(code, largest, &assumptions);
    let reckoned: Vec<Reckoned> = proposals.iter().map(|proposal| reckon(proposal, &assumptions)).collect();
    let dependencies = dependency_risk(largest);
    let summary = summary(code, &debt, &reckoned, &dependencies);
    let schema = "iama.analysis/1".to_owned();
    Some(AnalysisReport { schema, assumptions, debt, proposals: reckoned, dependencies, summary })
}

#[expect(clippy::cast_precision_loss, reason = "counts of one workspace")]
const fn float(count: usize) -> f64 {
    count as f64
}

/// To one place behind the point.
fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn debt(code: Code<'_>, largest: &Proposal, assumptions: &Assumptions) -> Debt {
    let edits: usize = largest.edits.values().sum();
    let plain = edits.saturating_sub(largest.checks);
    let risky = largest.checks + largest.refused;
    let count = |area: Area| largest.segment(area).map_or(0, |segment| segment.count);
    let minutes = float(plain) * assumptions.minutes_by_hand + float(risky) * assumptions.minutes_by_hand_risky;
    let thousands = float(code.lines) / 1000.0;
    Debt {
        files: code.files,
        lines: code.lines,
        plain_places: plain,
        risky_places: risky,
        places_per_thousand_lines: if code.lines == 0 { 0.0 } else { rounded(float(plain + risky) / thousands) },
        unreadable_files: count(Area::Syntax),
        untested_files: count(Area::Tests),
        involved_functions: largest.complexity.above_ten,
        missing_packages: largest.dependencies.iter().filter(|row| row.support == Support::Missing).count(),
        hours_by_hand: rounded(minutes / 60.0),
        formula: "(plain_places × minutes_by_hand + risky_places × minutes_by_hand_risky) / 60".to_owned(),
    }
}

fn reckon(proposal: &Proposal, assumptions: &Assumptions) -> Reckoned {
    let edits: usize = proposal.edits.values().sum();
    let plain = edits.saturating_sub(proposal.checks);
    let by_hand = assumptions.minutes_by_hand_risky;
    let saved = float(plain) * assumptions.minutes_by_hand + float(proposal.checks) * by_hand;
    let reading = float(proposal.files) * assumptions.minutes_to_read_a_file
        + float(proposal.checks) * assumptions.minutes_to_judge;
    let left = reading + float(proposal.refused + proposal.left) * by_hand;
    let more = proposal.segments.iter().map(|segment| assumptions.percent_more.of(segment.level)).sum::<f64>();
    let risk_percent = more / float(proposal.segments.len().max(1));
    let days = left / 60.0 / assumptions.hours_a_day;
    let millicents = u32::try_from(proposal.price.high_millicents).map_or(f64::from(u32::MAX), f64::from);
    let models = millicents / 100_000.0;
    Reckoned {
        strategy: proposal.strategy,
        hours_saved: rounded(saved / 60.0),
        hours_left: rounded(left / 60.0),
        dollars_back: rounded((saved - reading) / 60.0 * assumptions.dollars_an_hour - models),
        days: rounded(days),
        risk_percent: rounded(risk_percent),
        days_with_risk: rounded(days * (1.0 + risk_percent / 100.0)),
        formula: "hours_saved = (plain × minutes_by_hand + checks × minutes_by_hand_risky) / 60; reading = (files × \
                  minutes_to_read_a_file + checks × minutes_to_judge) / 60; hours_left = reading + (refused + left) × \
                  minutes_by_hand_risky / 60; dollars_back = (hours_saved − reading) × dollars_an_hour − the most that models \
                  may cost; days = hours_left / hours_a_day; days_with_risk = days × (1 + risk_percent / 100)"
            .to_owned(),
    }
}

fn dependency_risk(largest: &Proposal) -> DependencyRisk {
    let is_open = |row: &&Dependency| !matches!(row.support, Support::Supported | Support::SourceOnly);
    let mut open: Vec<Dependency> = largest.dependencies.iter().filter(is_open).cloned().collect();
    let rank = |support: Support| match support {
        Support::Missing => 0,
        Support::Unknown => 1,
        Support::Replaced => 2,
        Support::InLibrary => 3,
        Support::Supported | Support::SourceOnly => 4,
    };
    open.sort_by_key(|row| (rank(row.support), row.name.clone()));
    DependencyRisk {
        level: largest.segment(Area::Dependencies).map_or(Level::Unknown, |segment| segment.level),
        supported: largest.dependencies.len() - open.len(),
        open,
    }
}

fn summary(code: Code<'_>, debt: &Debt, reckoned: &[Reckoned], packages: &DependencyRisk) -> Vec<String> {
    let places = debt.plain_places + debt.risky_places;
    let mut sentences = vec![format!(
        "{} files with {} lines have {places} places that {} needs otherwise: by hand about {} hours, on the assumptions \
         of this report.",
        debt.files, debt.lines, code.target, debt.hours_by_hand
    )];
    sentences.extend(reckoned.iter().map(|row| {
        format!(
            "The {} proposal saves about {} of them and leaves about {} hours: {} days, {} with its risks.",
            row.strategy.name(),
            row.hours_saved,
            row.hours_left,
            row.days,
            row.days_with_risk
        )
    }));
    if debt.untested_files > 0 {
        let files = debt.untested_files;
        sentences.push(format!(
            "No test reaches {files} of the files that would change: what they do cannot be shown to stay."
        ));
    }
    let missing = packages.open.iter().filter(|row| row.support == Support::Missing).count();
    let unknown = packages.open.iter().filter(|row| row.support == Support::Unknown).count();
    if missing + unknown > 0 {
        sentences.push(format!(
            "Of the packages {missing} never came to {}, and of {unknown} IAMA does not know.",
            code.target
        ));
    }
    sentences
}
