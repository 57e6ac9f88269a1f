//! The report for the management, as it is printed: what machines have sent of a job, put into sections and tables.

use std::collections::BTreeMap;
use std::fmt::Display;

use iama_engine::proposals::{AnalysisReport, Area, Exposure, Level, Proposal};
use iama_report::{Column, Kind, Report, Section, Table};
use iama_store::artifacts::{self, Artifact};
use iama_store::jobs::Summary;
use iama_store::{Connection, StoreError, jobs};
use serde::{Deserialize, Serialize};
use time::UtcOffset;

use crate::documents;
use crate::error::ApiError;
use crate::jobs::OwnJob;
use crate::state::AppState;

pub(crate) mod printing;

/// The most findings that are listed one by one.
const MOST_FINDINGS: usize = 2_000;

/// The most rows of any other list.
const MOST: usize = 200;

/// What a report is made from, in the order in which it is named.
const GROUND: [&str; 5] = ["analysis_report.json", "proposals.json", "findings.json", "scope.json", "workspace.json"];

/// What was found in one file.
#[derive(Debug, Deserialize)]
pub(crate) struct FileFindings {
    path: String,
    /// Why it would be left as it is.
    failed: Option<(String, String)>,
    notes: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    recipe: String,
    class: Class,
    line: u32,
    symbol: Option<String>,
    why: String,
}

/// How far a rewrite may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Class {
    Safe,
    Check,
    Refused,
}

/// All findings, by strategy.
pub(crate) type Findings = BTreeMap<String, Vec<FileFindings>>;

/// Puts a report together from what is kept of a job. `row` is the analysis that it is made from.
pub(crate) async fn report(
    state: &AppState,
    connection: &mut Connection,
    own: OwnJob,
    row: &Artifact,
) -> Result<Report, ApiError> {
    let analysis: Option<AnalysisReport> = documents::latest(state, connection, own.id, &row.name).await?;
    let analysis = analysis.ok_or_else(|| ApiError::not_yet("report"))?;
    let proposals: Option<Vec<Proposal>> = documents::latest(state, connection, own.id, "proposals.json").await?;
    let proposals = proposals.unwrap_or_default();
    let findings: Option<Findings> = documents::latest(state, connection, own.id, "findings.json").await?;
    let largest = findings.into_iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("comprehensive"));
    let found = largest.map(|(_, files)| files).unwrap_or_default();
    let summary = jobs::summary(connection, own.user.id, own.id).await?.ok_or(StoreError::Missing("job"))?;
    let ground = artifacts::of(connection, own.id).await?;
    Ok(Report {
        title: "Migration analysis".to_owned(),
        subject: summary.project.clone(),
        date: row.created_at.date().to_string(),
        facts: facts(&summary, row),
        figures: figures(&analysis),
        sections: vec![
            debt(&analysis),
            strategies(&analysis, &proposals),
            listed(&found),
            scope(&proposals),
            packages(&analysis, &proposals),
            unproven(&analysis, &proposals, &found),
            assumptions(&analysis),
            evidence(&ground),
        ],
        summary: analysis.summary,
    })
}

fn facts(job: &Summary, row: &Artifact) -> Vec<(String, String)> {
    let at = row.created_at.to_offset(UtcOffset::UTC);
    let (date, hour, minute) = (at.date(), at.hour(), at.minute());
    let facts = [
        ("Project", job.project.clone()),
        ("Migration", pair(&job.language_pair)),
        ("Job", job.id.to_string()),
        ("Analysed", format!("{date}, {hour:02}:{minute:02} UTC")),
        (
            "How",
            "Counted by rules, without running the code. Hours and money follow from stated assumptions.".to_owned(),
        ),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// A language pair as people say it.
fn pair(name: &str) -> String {
    match name {
        "python2-3" => "Python 2 to Python 3".to_owned(),
        other => other.to_owned(),
    }
}

/// The name of a value in records.
fn named(value: impl Serialize) -> String {
    let name = serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.replace('_', " ")));
    name.unwrap_or_default()
}

/// A figure with its thousands apart.
fn number(figure: impl Display) -> String {
    let figure = figure.to_string();
    let (whole, rest) =
        figure.split_once('.').map_or((figure.as_str(), ""), |(whole, _)| (whole, &figure[whole.len()..]));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("\u{2212}", digits));
    let first = digits.len() % 3;
    let threes = digits.as_bytes()[first..].chunks(3).map(String::from_utf8_lossy);
    let head = (first > 0).then(|| digits[..first].into());
    let apart = head.into_iter().chain(threes).collect::<Vec<_>>().join(",");
    format!("{sign}{apart}{rest}")
}

/// Hours, days and the like, to one place behind the point.
fn decimal(figure: f64) -> String {
    number(format!("{figure:.1}"))
}

fn dollars(amount: f64) -> String {
    let sign = if amount < 0.0 { "\u{2212}" } else { "" };
    format!("{sign}${}", number(format!("{:.2}", amount.abs())))
}

/// A formula in the words that the assumptions are listed under.
fn formula(text: &str) -> String {
    text.replace('_', " ")
}

fn figures(report: &AnalysisReport) -> Vec<(String, String)> {
    let debt = &report.debt;
    let figures = [
        (number(debt.files), "source files"),
        (number(debt.plain_places + debt.risky_places), "places to rewrite"),
        (number(debt.risky_places), "of them need a person"),
        (format!("{} h", decimal(debt.hours_by_hand)), "of work by hand"),
    ];
    figures.map(|(value, name)| (value, name.to_owned())).to_vec()
}

fn table(title: &str, columns: &[(&str, u8, Kind)], rows: Vec<Vec<String>>, notes: Vec<String>) -> Table {
    let columns = columns.iter().map(|(title, share, kind)| Column::new(title, *share, *kind)).collect();
    Table { title: title.to_owned(), columns, rows, notes }
}

fn row<const N: usize>(cells: [&dyn Display; N]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

fn section(title: &str, text: &[&str], tables: Vec<Table>) -> Section {
    let tables = tables.into_iter().filter(|table| !table.rows.is_empty()).collect();
    Section { title: title.to_owned(), text: text.iter().map(|text| (*text).to_owned()).collect(), tables }
}

const WHAT_AND_COUNT: [(&str, u8, Kind); 2] = [("What", 6, Kind::Text), ("Count", 2, Kind::Number)];

fn debt(report: &AnalysisReport) -> Section {
    let debt = &report.debt;
    let rows = vec![
        row([&"Source files", &number(debt.files)]),
        row([&"Lines in them", &number(debt.lines)]),
        row([&"Places that are rewritten and keep their meaning", &number(debt.plain_places)]),
        row([&"Places whose meaning may change, or that no rewrite is safe for", &number(debt.risky_places)]),
        row([&"Places for a thousand lines", &decimal(debt.places_per_thousand_lines)]),
        row([&"Files that cannot be read as the source language", &number(debt.unreadable_files)]),
        row([&"Files that would change and that no test reaches", &number(debt.untested_files)]),
        row([&"Touched functions with more than ten ways through them", &number(debt.involved_functions)]),
        row([&"Packages that never came to the target", &number(debt.missing_packages)]),
        row([&"Hours for all places by hand", &decimal(debt.hours_by_hand)]),
    ];
    let note = format!("Hours by hand = {}. The assumptions are listed at the end.", formula(&debt.formula));
    section(
        "Technical debt",
        &["What keeps the code from the target."],
        vec![table("", &WHAT_AND_COUNT, rows, vec![note])],
    )
}

fn strategies(report: &AnalysisReport, proposals: &[Proposal]) -> Section {
    let tables = vec![extent(proposals), effort(report, proposals), risks(proposals), words(proposals)];
    section("The three proposals", &["Three ways to go on, each with what it costs and what it leaves."], tables)
}

fn words(proposals: &[Proposal]) -> Table {
    let mut rows = Vec::new();
    for one in proposals {
        let name = title(one.strategy.name());
        rows.push(row([&name, &one.professional]));
        rows.extend(one.view.iter().map(|view| row([&format!("{name}, as a model sees it"), &view.text])));
    }
    let columns = [("Proposal", 3, Kind::Text), ("What it comes to", 11, Kind::Text)];
    table("In words", &columns, rows, Vec::new())
}

fn extent(proposals: &[Proposal]) -> Table {
    let rows = proposals.iter().map(|one| {
        let edits: usize = one.edits.values().sum();
        let [files, edits, checks, refused, left] = [one.files, edits, one.checks, one.refused, one.left].map(number);
        row([&title(one.strategy.name()), &files, &edits, &checks, &refused, &left, &one.risk])
    });
    let columns = [
        ("Proposal", 4, Kind::Text),
        ("Files", 2, Kind::Number),
        ("Places", 2, Kind::Number),
        ("To check", 2, Kind::Number),
        ("Refused", 2, Kind::Number),
        ("Left", 2, Kind::Number),
        ("Risk", 3, Kind::Level),
    ];
    let note = "To check: a person should look at them. Refused: no rewrite is safe. Left: only a larger proposal treats them.";
    table("Extent and risk", &columns, rows.collect(), vec![note.to_owned()])
}

#[expect(clippy::cast_precision_loss, reason = "dollars and cents of one job")]
fn effort(report: &AnalysisReport, proposals: &[Proposal]) -> Table {
    let price = |name: &str| {
        let known = proposals.iter().find(|one| one.strategy.name() == name).map(|one| &one.price);
        let amount = |millicents: u64| dollars(millicents as f64 / 100_000.0);
        match known {
            Some(price) if price.high_millicents == 0 => "no model".to_owned(),
            Some(price) => format!("{} to {}", amount(price.low_millicents), amount(price.high_millicents)),
            None => String::new(),
        }
    };
    let rows = report.proposals.iter().map(|one| {
        let name = one.strategy.name();
        let [saved, left, days, with_risk] =
            [one.hours_saved, one.hours_left, one.days, one.days_with_risk].map(decimal);
        row([&title(name), &saved, &left, &days, &with_risk, &dollars(one.dollars_back), &price(name)])
    });
    let columns = [
        ("Proposal", 4, Kind::Text),
        ("Hours saved", 2, Kind::Number),
        ("Hours left", 2, Kind::Number),
        ("Days", 2, Kind::Number),
        ("Days with risk", 2, Kind::Number),
        ("Comes back", 3, Kind::Number),
        ("Models may cost", 4, Kind::Number),
    ];
    let how = report.proposals.first().map(|one| one.formula.split("; ").map(formula).collect());
    table("Effort and price", &columns, rows.collect(), how.unwrap_or_default())
}

fn risks(proposals: &[Proposal]) -> Table {
    let level = |one: &Proposal, area: Area| one.segment(area).map_or(Level::Unknown, |segment| segment.level);
    let rows = Area::ALL.into_iter().filter(|_| !proposals.is_empty()).map(|area| {
        let levels = proposals.iter().map(|one| level(one, area).to_string());
        let basis = proposals.last().and_then(|one| one.segment(area)).map_or("", |segment| &segment.basis);
        [title(area.name())].into_iter().chain(levels).chain([basis.to_owned()]).collect()
    });
    let names = proposals.iter().map(|one| Column::new(&title(one.strategy.name()), 3, Kind::Level));
    let columns = [Column::new("Area", 3, Kind::Text)].into_iter().chain(names);
    let columns = columns.chain([Column::new("What was counted", 6, Kind::Text)]).collect();
    Table { title: "Risk by area".to_owned(), columns, rows: rows.collect(), notes: Vec::new() }
}

/// A name with a capital.
fn title(name: &str) -> String {
    let mut rest = name.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + &rest.as_str().to_lowercase()
}

/// Findings by how serious they are; those that keep their meaning are only counted.
fn listed(found: &[FileFindings]) -> Section {
    let mut room = MOST_FINDINGS;
    let of_class = |class| {
        let notes = found.iter().flat_map(|file| file.notes.iter().map(move |note| (file, note)));
        notes.filter(move |(_, note)| note.class == class)
    };
    let mut list = |heading: &str, class: Class| {
        let rows: Vec<Vec<String>> = of_class(class)
            .take(room)
            .map(|(file, note)| {
                let place = note.symbol.as_deref().unwrap_or("");
                row([&format!("{}:{}", file.path, note.line), &place, &note.recipe, &note.why])
            })
            .collect();
        room -= rows.len();
        let columns =
            [("Place", 5, Kind::Code), ("In", 3, Kind::Code), ("Rule", 3, Kind::Code), ("Why", 6, Kind::Text)];
        let note = more(of_class(class).count(), rows.len(), "findings.json");
        table(heading, &columns, rows, note)
    };
    let serious = [("High: no rewrite is safe", Class::Refused), ("Medium: the meaning may change", Class::Check)];
    let tables = serious.map(|(heading, class)| list(heading, class)).into_iter().collect();
    let [safe, check, refused] = [Class::Safe, Class::Check, Class::Refused].map(|class| of_class(class).count());
    let kept = format!("At {} places the rewrite keeps the meaning.", number(safe));
    let text = if check + refused == 0 {
        format!("{kept} Nothing else was found.")
    } else {
        let (check, refused) = (number(check), number(refused));
        format!("{kept} Listed are the {check} where it may change, and the {refused} where no rewrite is safe.")
    };
    section("Findings by severity", &[&text], tables)
}

fn more(all: usize, shown: usize, file: &str) -> Vec<String> {
    let left = (all > shown).then(|| number(all - shown));
    left.into_iter().map(|left| format!("{left} more are in {file}, among the documents of the job.")).collect()
}

fn scope(proposals: &[Proposal]) -> Section {
    let heading = "Scope and dependencies inside the project";
    let Some(largest) = proposals.last() else { return section(heading, &["No proposal has arrived."], Vec::new()) };
    let reach = &largest.reach;
    let figures = vec![
        row([&"Files that change", &number(reach.files)]),
        row([&"Functions and methods with a change inside", &number(reach.functions)]),
        row([&"Lines that are gone or different", &number(reach.old_lines)]),
        row([&"Lines in their place", &number(reach.new_lines)]),
        row([&"Files that import a changed one, directly or through others", &number(reach.through)]),
    ];
    let figures = table("How far it goes", &WHAT_AND_COUNT, figures, Vec::new());
    let names = largest.surface.iter().take(MOST).map(|name| {
        let how = match name.exposure {
            Exposure::Signature => "how it is declared",
            Exposure::Meaning => "what it does",
        };
        row([&name.name, &format!("{}:{}", name.file, name.line), &how])
    });
    let names = table(
        "Public names that may be something else",
        &[("Name", 4, Kind::Code), ("Place", 5, Kind::Code), ("What may be different", 4, Kind::Text)],
        names.collect(),
        more(largest.surface.len(), MOST, "proposals.json"),
    );
    let importers = reach.importers.iter().take(MOST).map(|file| row([file])).collect();
    let importers = table(
        "Files that import a changed one",
        &[("File", 1, Kind::Code)],
        importers,
        more(reach.importers.len(), MOST, "proposals.json"),
    );
    section(heading, &["For the largest proposal."], vec![figures, names, importers])
}

fn packages(report: &AnalysisReport, proposals: &[Proposal]) -> Section {
    let all = proposals.last().map(|one| one.dependencies.as_slice()).unwrap_or_default();
    let shown = if all.is_empty() { report.dependencies.open.as_slice() } else { all };
    let rows = shown.iter().take(MOST).map(|one| {
        let (required, instead) =
            (one.requirement.as_deref().unwrap_or("imported"), one.instead.as_deref().unwrap_or(""));
        row([&one.name, &required, &named(one.support), &instead])
    });
    let columns = [
        ("Package", 3, Kind::Code),
        ("Required", 4, Kind::Code),
        ("Support", 3, Kind::Text),
        ("Instead", 5, Kind::Text),
    ];
    let (good, open) = (report.dependencies.supported, report.dependencies.open.len());
    let text = if good + open == 0 {
        "The project names no packages.".to_owned()
    } else {
        let level = report.dependencies.level;
        format!(
            "Risk: {level}. Packages that are known to support the target: {good}. Packages that need a person: {open}."
        )
    };
    let note = more(shown.len(), MOST, "proposals.json");
    section("Packages", &[&text], vec![table("", &columns, rows.collect(), note)])
}

/// What this report cannot show, by place.
fn unproven(report: &AnalysisReport, proposals: &[Proposal], found: &[FileFindings]) -> Section {
    let mut rows = Vec::new();
    if let Some(largest) = proposals.last() {
        for (area, why) in
            [(Area::Tests, "changes, and no test reaches it"), (Area::Syntax, "cannot be read or written")]
        {
            let places = largest.segment(area).map(|segment| segment.places.as_slice()).unwrap_or_default();
            rows.extend(places.iter().map(|place| row([place, &why])));
        }
    }
    let failed = found.iter().filter_map(|file| Some((file, file.failed.as_ref()?)));
    rows.extend(failed.map(|(file, (code, sentence))| row([&file.path, &format!("{sentence} ({code})")])));
    let open = report.dependencies.open.iter();
    rows.extend(open.map(|one| row([&one.name, &format!("package: {}", named(one.support))])));
    let all = rows.len();
    rows.truncate(MOST);
    let note = more(all, MOST, "proposals.json");
    let columns = [("Place", 4, Kind::Code), ("Why nothing can be shown", 6, Kind::Text)];
    let text = [
        "Nothing has been run for this report. What the tests of the project show, and what they cannot, is measured before \
         the first line is rewritten, and stands in the evidence of the delivery.",
        "For these places it is known already that nothing can be shown:",
    ];
    let text = if rows.is_empty() { &text[..1] } else { &text[..] };
    section("What is not proven", text, vec![table("", &columns, rows, note)])
}

fn assumptions(report: &AnalysisReport) -> Section {
    let a = &report.assumptions;
    let more = &a.percent_more;
    let rows = vec![
        row([&"Minutes by hand for a place whose meaning stays", &"minutes by hand", &a.minutes_by_hand]),
        row([&"Minutes by hand for any other place", &"minutes by hand risky", &a.minutes_by_hand_risky]),
        row([&"Minutes to read what was rewritten in a file", &"minutes to read a file", &a.minutes_to_read_a_file]),
        row([&"Minutes to judge a place whose meaning may have changed", &"minutes to judge", &a.minutes_to_judge]),
        row([&"Hours of such work in a day", &"hours a day", &a.hours_a_day]),
        row([&"Dollars for an hour", &"dollars an hour", &a.dollars_an_hour]),
        row([&"More time at unknown risk, in percent", &"risk percent", &more.unknown]),
        row([&"More time at low risk, in percent", &"risk percent", &more.low]),
        row([&"More time at medium risk, in percent", &"risk percent", &more.medium]),
        row([&"More time at high risk, in percent", &"risk percent", &more.high]),
    ];
    let columns = [("What", 6, Kind::Text), ("In formulas", 3, Kind::Text), ("Figure", 2, Kind::Number)];
    let text = "What was assumed and not measured. Other figures give other results by the same formulas. The risk percent of a proposal \
                are the mean of its five areas.";
    section("Assumptions", &[text], vec![table("", &columns, rows, Vec::new())])
}

fn evidence(ground: &[Artifact]) -> Section {
    let known = GROUND.iter().filter_map(|name| ground.iter().find(|known| known.name == *name));
    let rows = known.map(|known| row([&known.name, &number(known.size_bytes), &hex::encode(&known.sha256)])).collect();
    let columns = [("Document", 7, Kind::Code), ("Bytes", 3, Kind::Number), ("SHA-256", 17, Kind::Code)];
    let text = "What this report was made from. The documents are kept encrypted for 14 days; after that, these hashes are what is left of \
                them here.";
    section("Evidence", &[text], vec![table("", &columns, rows, Vec::new())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_with_their_thousands_apart() {
        let shown = [0, 7, 999, 1_000, 41_022, 1_234_567].map(number);
        assert_eq!(shown, ["0", "7", "999", "1,000", "41,022", "1,234,567"]);
        assert_eq!([8.0, 1234.56, -1234.5].map(decimal), ["8.0", "1,234.6", "\u{2212}1,234.5"]);
        assert_eq!([0.0, 12_345.678, -3.5].map(dollars), ["$0.00", "$12,345.68", "\u{2212}$3.50"]);
    }
}
