//! Prints a sample report: `cargo run -p iama-report --example print -- FILE`.

use iama_report::{Column, Kind, Report, Section, Table, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let columns = vec![
        Column::new("Place", 5, Kind::Code),
        Column::new("Recipe", 3, Kind::Code),
        Column::new("Risk", 2, Kind::Level),
        Column::new("Lines", 1, Kind::Number),
        Column::new("Why", 6, Kind::Text),
    ];
    let levels = ["low", "medium", "high", "unknown"];
    let rows = (0..60)
        .map(|rank: usize| {
            let place = format!("src/shop/warehouse/order_{rank}.py:{}", rank * 7 + 1);
            let why = "the division of whole numbers gives a fraction in Python 3; nobody has shown that it never does";
            vec![place, "division".to_owned(), levels[rank % 4].to_owned(), rank.to_string(), why.to_owned()]
        })
        .collect();
    let table = Table {
        title: "High: no rewrite is safe".to_owned(),
        columns,
        rows,
        notes: vec!["12 more are in findings.json.".to_owned()],
    };
    let section = |title: &str| Section {
        title: title.to_owned(),
        text: vec!["What was found, by place.".to_owned()],
        tables: vec![table.clone()],
    };
    let report = Report {
        title: "Analysis for the architecture board".to_owned(),
        subject: "shop".to_owned(),
        date: "2026-11-23".to_owned(),
        facts: [
            ("Project", "shop"),
            ("Migration", "Python 2 to Python 3"),
            ("Job", "01984d2e-5c3b-7f00-8a52-1f2b3c4d5e6f"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        figures: [
            ("214", "source files"),
            ("1 873", "places to rewrite"),
            ("96", "that need a person"),
            ("204.1 h", "of work by hand"),
        ]
        .map(|(value, name)| (value.to_owned(), name.to_owned()))
        .to_vec(),
        summary: vec!["214 files with 41 022 lines have 1 873 places that Python 3.13 needs otherwise.".to_owned(); 4],
        sections: ["Findings by severity", "Packages", "Evidence"].map(section).to_vec(),
    };
    let path = std::env::args().nth(1).ok_or("name a file")?;
    std::fs::write(path, render(&report)?)?;
    Ok(())
}
