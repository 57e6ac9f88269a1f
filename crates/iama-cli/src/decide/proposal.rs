//! A proposal on the terminal.

use iama_engine::proposals::{EntryPoint, Level, Overview, Proposal, RiskyFile, View};
use iama_model::templates::Mode;
use iama_sandbox::printable;

use crate::out::tell;
use crate::paint;

/// Recipes that are named of a proposal.
const NAMED: usize = 4;

/// Names that are given of a segment.
const PLACES: usize = 3;

/// Shows a proposal: words, the risk by area, figures. Whoever does not read code is told no figures of it.
pub(super) fn show(proposal: &Proposal, mode: Mode) {
    let name = paint::strong(format!("{:13}", proposal.strategy.name().to_uppercase()));
    tell!("\n  {name} risk {}, costs {}", level(proposal.risk, 0), proposal.price);
    tell!("    {}", printable(&proposal.simple));
    for segment in &proposal.segments {
        let figure = if segment.of == 0 { String::new() } else { format!("{} of {}", segment.count, segment.of) };
        let mut places =
            segment.places.iter().take(PLACES).map(|place| printable(place)).collect::<Vec<_>>().join(", ");
        if segment.count > PLACES && !places.is_empty() {
            places.push_str(", …");
        }
        tell!("    {:12} {} {figure:14} {}", segment.area.name(), level(segment.level, 8), paint::dim(places));
    }
    if mode != Mode::Simple {
        show_figures(proposal);
    }
    proposal.view.iter().for_each(show_view);
}

/// Shows what a model makes of the code: in plain words for whoever does not read it.
pub(super) fn show_overview(overview: &Overview, mode: Mode) {
    let simple = mode == Mode::Simple;
    tell!("\n  {}  {}", paint::strong("THE CODE"), paint::dim("as a model sees it"));
    let texts = if simple { vec![&overview.simple] } else { vec![&overview.professional, &overview.depends] };
    texts.into_iter().filter(|text| !text.is_empty()).for_each(|text| tell!("    {}", printable(text)));
    for EntryPoint { file, name, text } in overview.entry_points.iter().filter(|_| !simple) {
        let place = paint::place(format!("{} {}", printable(file), printable(name)));
        tell!("    begins at {place}: {}", printable(text));
    }
    for RiskyFile { file, text } in &overview.risky {
        tell!("    fragile: {}: {}", paint::place(printable(file)), printable(text));
    }
}

fn show_figures(proposal: &Proposal) {
    tell!("    {}", paint::dim(printable(&proposal.professional)));
    let mut most: Vec<_> = proposal.edits.iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown: Vec<_> = most.iter().take(NAMED).map(|(id, count)| format!("{id} {count}")).collect();
    if !shown.is_empty() {
        tell!("    {}", paint::dim(format!("most by: {}", shown.join(", "))));
    }
}

/// Shows what the proposals cost when they run, side by side; nothing where nothing was counted.
pub(super) fn show_performance(proposals: &[Proposal]) {
    let columns: Vec<_> = proposals.iter().map(|proposal| proposal.performance.rows()).collect();
    let Some(first) = columns.first().filter(|_| columns.iter().flatten().any(|(_, count)| *count > 0)) else { return };
    let names: Vec<String> = proposals.iter().map(|proposal| format!("{:>15}", proposal.strategy.name())).collect();
    tell!("\n  {:28}{}", paint::strong(format!("{:28}", "WHEN IT RUNS")), paint::dim(names.concat()));
    for (at, (name, _)) in first.iter().enumerate() {
        let counts: Vec<String> = columns.iter().map(|rows| format!("{:>15}", rows[at].1)).collect();
        tell!("    {name:26}{}", counts.concat());
    }
    tell!(
        "  {}",
        paint::dim(
            "places in the files of code that change, counted and not measured; what makes no list makes a view or an iterator"
        )
    );
}

fn show_view(view: &View) {
    tell!("    {}", paint::dim(format!("a model says: {}", printable(&view.text))));
    for risk in &view.risks {
        let (area, text, file) = (risk.area.name(), printable(&risk.text), printable(&risk.file));
        tell!("      {area}: {text} {}", paint::dim(file));
    }
}

fn level(level: Level, width: usize) -> String {
    let text = format!("{:width$}", level.name());
    match level {
        Level::Unknown => paint::dim(text).to_string(),
        Level::Low => paint::added(text).to_string(),
        Level::Medium => paint::warning(text).to_string(),
        Level::High => paint::error(text).to_string(),
    }
}
