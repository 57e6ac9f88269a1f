//! What a PDF says is what the report says, and nothing in it is read as markup.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use iama_report::{Column, Kind, Report, Section, Table, render};
use lopdf::Document;

fn report(rows: Vec<Vec<String>>) -> Report {
    let columns = vec![
        Column::new("File", 5, Kind::Code),
        Column::new("What", 5, Kind::Text),
        Column::new("Lines", 1, Kind::Number),
        Column::new("Risk", 2, Kind::Level),
    ];
    let table = Table { title: "By file".to_owned(), columns, rows, notes: vec!["Nothing was left out.".to_owned()] };
    let section =
        Section { title: "Findings".to_owned(), text: vec!["What was found.".to_owned()], tables: vec![table] };
    Report {
        title: "Analysis report".to_owned(),
        subject: "shop".to_owned(),
        date: "2026-11-23".to_owned(),
        facts: vec![("Project".to_owned(), "shop".to_owned())],
        figures: vec![("12".to_owned(), "files".to_owned())],
        summary: vec!["All is well.".to_owned()],
        sections: vec![section],
    }
}

fn row(file: &str, what: &str) -> Vec<String> {
    [file, what, "12", "high"].map(str::to_owned).to_vec()
}

/// What a reader reads, without white space and places to break a line.
fn text(pdf: &[u8]) -> (usize, String) {
    let document = Document::load_mem(pdf).unwrap();
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    let text = document.extract_text(&pages).unwrap();
    (pages.len(), plain(&text))
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
}

#[test]
fn what_looks_like_markup_is_shown_as_it_is() {
    let hostile = [
        "#import \"@preview/cetz:0.2.0\"",
        "#read(\"/etc/passwd\")",
        "#eval(\"1+1\") ${x} $ x^2 $ *bold* _emph_ `raw` <label> @ref",
        "= heading // comment /* block */ \\ \\u{1F600} ]) #(",
        "\"); #panic(\"out\")",
    ];
    let rows = hostile.iter().map(|text| row(text, text)).collect();
    let (pages, told) = text(&render(&report(rows)).unwrap());
    assert!((2..=4).contains(&pages), "{pages}");
    for text in hostile {
        assert!(told.contains(&plain(text)), "{text}\n{told}");
    }
    assert!(!told.contains("root:x:"));
}

#[test]
fn a_hostile_heading_and_summary_are_text_as_well() {
    let mut report = report(vec![row("a.py", "x")]);
    for place in [&mut report.subject, &mut report.summary[0], &mut report.sections[0].title] {
        *place = "#read(\"/etc/passwd\") $x$ *y*".to_owned();
    }
    let (_, told) = text(&render(&report).unwrap());
    assert!(told.matches("#read(\"/etc/passwd\")$x$*y*").count() >= 4, "{told}");
}

#[test]
fn letters_of_any_script_and_lines_of_any_length_are_set() {
    let rows = vec![
        row(
            "\u{202e}yp.live\u{202c}.py",
            "emoji \u{1f468}\u{200d}\u{1f469} and \u{5e9}\u{5dc}\u{5d5}\u{5dd} and \u{4f60}\u{597d}",
        ),
        row(&"deep/".repeat(200), &"x".repeat(50_000)),
        row("nul\0.py", "tab\there"),
        row("", ""),
    ];
    let (_, told) = text(&render(&report(rows)).unwrap());
    assert!(told.contains("⟨U+202E⟩yp.live") && told.contains("⟨U+1F468⟩") && told.contains("⟨U+4F60⟩"), "{told}");
}

#[test]
fn a_table_of_many_pages_is_whole_has_its_head_on_each_and_the_pages_are_counted() {
    let rows = (0..300).map(|rank| row(&format!("src/module_{rank}.py"), "a division of whole numbers")).collect();
    let pdf = render(&report(rows)).unwrap();
    let document = Document::load_mem(&pdf).unwrap();
    let pages = document.get_pages().len();
    assert!(pages > 6, "{pages}");
    let told: Vec<String> =
        (1..=pages).map(|page| plain(&document.extract_text(&[u32::try_from(page).unwrap()]).unwrap())).collect();
    for (rank, page) in told.iter().enumerate() {
        assert!(page.contains(&format!("Page{}of{pages}", rank + 1)), "{page}");
        let has_rows = page.contains("src/module_");
        assert_eq!(page.contains("FileWhatLinesRisk"), has_rows, "{page}");
    }
    let whole = told.concat();
    assert!((0..300).all(|rank| whole.contains(&format!("src/module_{rank}.py"))));
}

#[test]
fn the_same_report_is_the_same_bytes_and_has_outline_tags_and_title() {
    let rows = vec![row("a.py", "x")];
    let pdf = render(&report(rows.clone())).unwrap();
    assert!(pdf == render(&report(rows)).unwrap());
    let document = Document::load_mem(&pdf).unwrap();
    let root = document.catalog().unwrap();
    for part in [&b"Outlines"[..], b"StructTreeRoot", b"Metadata", b"MarkInfo", b"Lang"] {
        assert!(root.has(part), "{}", String::from_utf8_lossy(part));
    }
    let whole = String::from_utf8_lossy(&pdf);
    assert!(whole.contains("pdfaid:part") && whole.contains("pdfuaid:part"), "it says which standards it keeps to");
}
