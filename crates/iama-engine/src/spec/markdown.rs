//! The form of a spec that a person edits: Markdown, read strictly.

use super::check::{self, one_line};
use super::record::{Behaviour, Kind, Origin, Spec, SpecItem};

/// Something that is wrong with an edited file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub sentence: String,
}

/// What an edited file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The token of the revision that was edited.
    pub token: String,
    /// The items, in the order of the file. New ones have no id.
    pub items: Vec<SpecItem>,
}

/// The parts of the file, in their order.
const PARTS: [(Kind, &str, &str); 3] = [
    (Kind::Rule, "Rules", "What IAMA itself holds to. These cannot be changed or taken out."),
    (
        Kind::Behaviour,
        "Behaviour",
        "What stays as it is. Each item has a text and one line each for Given, When and Then.",
    ),
    (Kind::Design, "Design", "What is changed, and where."),
];

const HELP: &str = "<!--
Change texts, put items into another order, or take items out of Behaviour and Design. A new item begins with
`### new` in its part and gets its name when it is saved. Names and the token stay as they are.
Comments like this one are not read.
-->";

/// Where names of places are cut off: the list of all is in the JSON form.
const PLACES: usize = 12;

/// Writes a spec for a person to edit.
pub fn write(spec: &Spec) -> String {
    let mut out = format!("# Spec\n\nRevision: {}\nToken: {}\n\n{HELP}\n", spec.revision, spec.token);
    for (kind, title, about) in PARTS {
        out.extend([format!("\n## {title}\n\n<!-- {about} -->\n")]);
        spec.items.iter().filter(|item| item.kind == kind).for_each(|item| write_item(item, &mut out));
    }
    out
}

fn write_item(item: &SpecItem, out: &mut String) {
    out.extend([format!("\n### {}\n\n{}\n", item.id, escape(&one_line(&item.text)))]);
    if let Some(behaviour) = &item.behaviour {
        let Behaviour { given, when, then } = behaviour;
        let [given, when, then] = [given, when, then].map(|text| one_line(text));
        out.extend([format!("\n- Given {given}\n- When {when}\n- Then {then}\n")]);
    }
    let lines = |place: &super::SitePlace| match &place.lines[..] {
        [] => vec![place.file.clone()],
        lines => lines.iter().map(|line| format!("{}:{line}", place.file)).collect(),
    };
    let places: Vec<String> = item.places.iter().flat_map(lines).collect();
    if !places.is_empty() {
        let more = places.len().saturating_sub(PLACES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown = one_line(&places.into_iter().take(PLACES).collect::<Vec<_>>().join(", ")).replace("--", "- -");
        out.extend([format!("\n<!-- {shown}{more} -->\n")]);
    }
}

/// A text that would be taken for something else at the beginning of a line.
fn escape(text: &str) -> String {
    if text.starts_with(['#', '-', '<', '\\']) { format!("\\{text}") } else { text.to_owned() }
}

fn unescape(line: &str) -> &str {
    line.strip_prefix('\\').unwrap_or(line)
}

/// The token that a file names, whatever else is in it.
pub fn token(text: &str) -> Option<&str> {
    text.lines().take_while(|line| !line.starts_with("## ")).find_map(|line| line.trim().strip_prefix("Token: "))
}

/// Reads an edited file. Gives everything that is wrong with it at once.
pub fn read(text: &str, base: &Spec) -> Result<Parsed, Vec<Fault>> {
    let mut reader = Reader::default();
    for (rank, line) in text.lines().enumerate() {
        reader.line(rank + 1, line.trim());
    }
    reader.close_item();
    if let Some(line) = reader.comment {
        reader.fault(line, "this comment has no end");
    }
    let Reader { token, items, mut faults, .. } = reader;
    let (lines, items): (Vec<usize>, Vec<SpecItem>) = items.into_iter().map(|item| restore(item, base)).unzip();
    let place = |rank: Option<usize>| rank.and_then(|rank| lines.get(rank).copied()).unwrap_or(1);
    let wrong = check::faults(base, &items);
    faults.extend(wrong.into_iter().map(|fault| Fault { line: place(fault.rank), sentence: fault.sentence }));
    if token.is_none() {
        faults.push(Fault { line: 1, sentence: "the line with the token is missing".to_owned() });
    }
    faults.sort();
    faults.dedup();
    match token {
        Some(token) if faults.is_empty() => Ok(Parsed { token, items }),
        _ => Err(faults),
    }
}

/// What the file does not hold of an item is that of the item of the same name.
fn restore(read: Open, base: &Spec) -> (usize, SpecItem) {
    let known = base.items.iter().find(|item| !read.id.is_empty() && item.id == read.id);
    let Open { line, id, kind, text, given, when, then } = read;
    let behaviour = if given.is_some() || when.is_some() || then.is_some() {
        let [given, when, then] = [given, when, then].map(Option::unwrap_or_default);
        Some(Behaviour { given, when, then })
    } else {
        None
    };
    let mut item = SpecItem {
        id,
        kind,
        text,
        behaviour,
        origin: Origin::Person,
        recipes: known.map(|known| known.recipes.clone()).unwrap_or_default(),
        places: known.map(|known| known.places.clone()).unwrap_or_default(),
    };
    if let Some(known) = known.filter(|known| shown(known).says_the_same(&item)) {
        item = known.clone();
    }
    (line, item)
}

/// An item as the file shows it.
fn shown(item: &SpecItem) -> SpecItem {
    let line = |text: &String| one_line(text);
    let behaviour = item.behaviour.as_ref().map(|one| Behaviour {
        given: line(&one.given),
        when: line(&one.when),
        then: line(&one.then),
    });
    SpecItem { text: line(&item.text), behaviour, ..item.clone() }
}

/// An item that is being read.
#[derive(Debug)]
struct Open {
    line: usize,
    id: String,
    kind: Kind,
    text: String,
    given: Option<String>,
    when: Option<String>,
    then: Option<String>,
}

#[derive(Debug, Default)]
struct Reader {
    token: Option<String>,
    part: Option<Kind>,
    open: Option<Open>,
    /// Where a comment began that has not ended.
    comment: Option<usize>,
    items: Vec<Open>,
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, line: usize, sentence: impl Into<String>) {
        self.faults.push(Fault { line, sentence: sentence.into() });
    }

    fn close_item(&mut self) {
        self.items.extend(self.open.take());
    }

    fn line(&mut self, number: usize, line: &str) {
        if self.comment.is_some() || line.starts_with("<!--") {
            let begun = self.comment.unwrap_or(number);
            self.comment = (!line.ends_with("-->")).then_some(begun);
        } else if let Some(title) = line.strip_prefix("### ") {
            self.item(number, title.trim());
        } else if let Some(title) = line.strip_prefix("## ") {
            self.part(number, title.trim());
        } else if line.starts_with('#') {
            if line != "# Spec" || self.part.is_some() {
                self.fault(number, "there is no such heading; parts begin with `## ` and items with `### `");
            }
        } else if !line.is_empty() {
            self.words(number, line);
        }
    }

    fn part(&mut self, number: usize, title: &str) {
        self.close_item();
        self.part = PARTS.iter().find(|(_, known, _)| *known == title).map(|(kind, ..)| *kind);
        if self.part.is_none() {
            self.fault(number, "the parts are Rules, Behaviour and Design");
        }
    }

    fn item(&mut self, number: usize, title: &str) {
        self.close_item();
        let Some(kind) = self.part else {
            return self.fault(number, "an item stands in one of the parts Rules, Behaviour and Design");
        };
        if title.contains(char::is_whitespace) {
            self.fault(number, "the heading of an item is its name, or `new`; the text stands below it");
        }
        let id = if title == "new" { String::new() } else { title.to_owned() };
        let (text, given, when, then) = (String::new(), None, None, None);
        self.open = Some(Open { line: number, id, kind, text, given, when, then });
    }

    fn words(&mut self, number: usize, line: &str) {
        let Some(open) = &mut self.open else { return self.head(number, line) };
        let Some(step) = line.strip_prefix("- ") else {
            if open.given.is_some() || open.when.is_some() || open.then.is_some() {
                return self.fault(
                    number,
                    "the text of an item stands above its Given, When and Then, each of which is one line",
                );
            }
            if !open.text.is_empty() {
                open.text.push(' ');
            }
            open.text.push_str(unescape(line));
            return;
        };
        let (word, rest) = step.trim().split_once(' ').unwrap_or((step.trim(), ""));
        let place = match word {
            "Given" => &mut open.given,
            "When" => &mut open.when,
            "Then" => &mut open.then,
            _ => return self.fault(number, "a line with `- ` begins with Given, When or Then"),
        };
        if place.replace(rest.trim().to_owned()).is_some() {
            self.fault(number, format!("{word} stands there twice"));
        }
    }

    /// What stands before the first item of a part.
    fn head(&mut self, number: usize, line: &str) {
        match line.split_once(": ") {
            Some(("Token", token)) if self.part.is_none() && self.token.is_none() => {
                self.token = Some(token.to_owned());
            }
            Some(("Revision", _)) if self.part.is_none() => {}
            _ => self.fault(number, "this belongs to no item"),
        }
    }
}
