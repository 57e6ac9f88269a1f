use std::fs;

use iama_recipes::Strategy;

use super::revise::{changes, current, persist, stage, stage_first, unstage};
use super::*;
use crate::folder::JobFolder;

fn item(id: &str, kind: Kind, text: &str) -> SpecItem {
    let behaviour = (kind == Kind::Behaviour).then(|| Behaviour {
        given: "a call".to_owned(),
        when: "it is made".to_owned(),
        then: format!("{text} comes of it"),
    });
    let places = vec![SitePlace { file: "a--b.py".to_owned(), lines: vec![3, 7] }];
    SpecItem {
        id: id.to_owned(),
        kind,
        text: text.to_owned(),
        behaviour,
        origin: Origin::Recipes,
        recipes: Vec::new(),
        places,
    }
}

fn folder() -> (tempfile::TempDir, JobFolder) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = JobFolder { root: temporary.path().to_owned(), id: "one".to_owned() };
    folder.create().unwrap();
    let items = vec![
        item("TARGET", Kind::Rule, "It runs."),
        item("SEAL", Kind::Rule, "Tests are sealed."),
        item("", Kind::Behaviour, "# a heading? <!-- no -->"),
        item("", Kind::Behaviour, "- no list"),
        item("", Kind::Design, "\\ <!-- `x` --> \"y\""),
    ];
    stage_first(&folder, Strategy::Standard, Origin::Recipes, items).unwrap();
    persist(&folder, 1).unwrap();
    (temporary, folder)
}

fn ids(spec: &Spec) -> Vec<&str> {
    spec.items.iter().map(|item| item.id.as_str()).collect()
}

fn faults(spec: &Spec, text: &str) -> Vec<(usize, String)> {
    let found = markdown::read(text, spec).unwrap_err();
    found.into_iter().map(|fault| (fault.line, fault.sentence)).collect()
}

#[test]
fn a_spec_reads_back_as_it_was_written_whatever_its_texts_look_like() {
    let (_temporary, folder) = folder();
    let spec = current(&folder).unwrap();
    let written = markdown::write(&spec);
    let read = markdown::read(&written, &spec).unwrap();
    assert_eq!((read.token, read.items), (spec.token.clone(), spec.items.clone()));
    assert_eq!(fs::read_to_string(folder.file("spec/1.md")).unwrap(), written);
}

#[test]
fn names_survive_edits_and_orders_and_are_never_given_twice() {
    let (_temporary, folder) = folder();
    let spec = current(&folder).unwrap();
    assert_eq!(ids(&spec), ["TARGET", "SEAL", "B1", "B2", "S1"]);
    let mut items = spec.items.clone();
    items.swap(2, 3);
    items[2].text = "other words".to_owned();
    items.remove(3);
    items.push(item("", Kind::Behaviour, "new"));
    stage(&folder, &Edited { based_on: spec.token.clone(), by: Origin::Person, items }).unwrap();
    persist(&folder, 2).unwrap();
    let second = current(&folder).unwrap();
    assert_eq!(ids(&second), ["TARGET", "SEAL", "B2", "S1", "B3"]);
    assert_eq!((second.revision, second.based_on.as_deref()), (2, Some(spec.token.as_str())));
    assert_ne!(second.token, spec.token);
    let gone = Edited { based_on: second.token.clone(), by: Origin::Person, items: second.items[..4].to_vec() };
    stage(&folder, &gone).unwrap();
    persist(&folder, 3).unwrap();
    let third = current(&folder).unwrap();
    let again = [third.items.clone(), vec![item("", Kind::Behaviour, "newer")]].concat();
    stage(&folder, &Edited { based_on: third.token, by: Origin::Person, items: again }).unwrap();
    persist(&folder, 4).unwrap();
    assert_eq!(ids(&current(&folder).unwrap()), ["TARGET", "SEAL", "B2", "S1", "B4"]);
    let told = changes(&spec.items, &current(&folder).unwrap().items);
    assert_eq!((told.added.len(), told.changed.len(), told.removed.len(), told.moved), (1, 1, 1, false));
}

#[test]
fn an_edit_of_an_old_revision_is_refused_and_nothing_is_lost() {
    let (_temporary, folder) = folder();
    let first = current(&folder).unwrap();
    let edit = |token: &str, text: &str| {
        let mut items = first.items.clone();
        items[4].text = text.to_owned();
        Edited { based_on: token.to_owned(), by: Origin::Person, items }
    };
    stage(&folder, &edit(&first.token, "one")).unwrap();
    persist(&folder, 2).unwrap();
    assert_eq!(stage(&folder, &edit(&first.token, "two")).unwrap_err().code, "SPEC_STALE");
    assert_eq!(current(&folder).unwrap().items[4].text, "one");
    assert_eq!(folder.read::<Spec>("spec/1.json").unwrap(), first);
}

#[test]
fn a_revision_is_made_once_however_often_it_is_asked_for() {
    let (_temporary, folder) = folder();
    let first = current(&folder).unwrap();
    let mut items = first.items.clone();
    items[4].text = "one".to_owned();
    stage(&folder, &Edited { based_on: first.token.clone(), by: Origin::Person, items }).unwrap();
    persist(&folder, 2).unwrap();
    let second = current(&folder).unwrap();
    // As if the process had ended before the current revision was replaced.
    folder.keep("spec.json", &first).unwrap();
    persist(&folder, 2).unwrap();
    assert_eq!(current(&folder).unwrap(), second);
    unstage(&folder);
    persist(&folder, 3).unwrap();
    assert_eq!(current(&folder).unwrap().items, second.items, "nothing waits, so nothing is different");
}

#[test]
fn what_waits_for_the_next_revision_survives_that_the_last_one_is_made_again_and_fits_no_other() {
    let (_temporary, folder) = folder();
    let first = current(&folder).unwrap();
    let edit = |base: &Spec, text: &str| {
        let mut items = base.items.clone();
        items[4].text = text.to_owned();
        stage(&folder, &Edited { based_on: base.token.clone(), by: Origin::Person, items }).unwrap();
    };
    edit(&first, "one");
    persist(&folder, 1).unwrap();
    persist(&folder, 2).unwrap();
    let second = current(&folder).unwrap();
    assert_eq!((second.items[4].text.as_str(), second.by), ("one", Origin::Person));
    edit(&second, "two");
    // As if another revision had been made in the meantime.
    folder.keep("spec.json", &first).unwrap();
    persist(&folder, 3).unwrap();
    assert_eq!(current(&folder).unwrap().items, first.items);
}

#[test]
fn all_faults_of_a_file_are_told_at_once_with_their_lines() {
    let (_temporary, folder) = folder();
    let spec = current(&folder).unwrap();
    let text = "# Spec\n\nRevision: 1\nToken: t\n\nloose\n\n## Rules\n\n### TARGET\n\nIt walks.\n\n## Behaviour\n\n### B1\n\ntext\n- Given g\n- Given g\n- Whom w\n\n### B1\n\ntext\n- Given g\n- When w\n- Then t\n\n### B9 more\n- Then t\n\n## Other\n### S1\n\ndesign\n";
    let expected = [
        (1, "SEAL is missing: a rule cannot be taken out"),
        (6, "this belongs to no item"),
        (10, "TARGET is a rule that IAMA itself holds to, and cannot be changed"),
        (16, "Then is missing"),
        (16, "When is missing"),
        (20, "Given stands there twice"),
        (21, "a line with `- ` begins with Given, When or Then"),
        (23, "B1 stands there twice"),
        (30, "B9 more is no item of this spec; a new one has `new` in place of its name"),
        (30, "Given is missing"),
        (30, "When is missing"),
        (30, "the heading of an item is its name, or `new`; the text stands below it"),
        (30, "the text is missing"),
        (33, "the parts are Rules, Behaviour and Design"),
        (34, "an item stands in one of the parts Rules, Behaviour and Design"),
        (36, "this belongs to no item"),
    ]
    .map(|(line, sentence)| (line, sentence.to_owned()));
    assert_eq!(faults(&spec, text), expected);
}

#[test]
fn a_comment_without_an_end_and_a_file_without_a_token_are_faults() {
    let (_temporary, folder) = folder();
    let spec = current(&folder).unwrap();
    let text = markdown::write(&spec).replace(&format!("Token: {}\n", spec.token), "") + "\n<!-- open\n";
    let told = faults(&spec, &text);
    assert!(told.contains(&(1, "the line with the token is missing".to_owned())), "{told:?}");
    assert!(told.iter().any(|(_, sentence)| sentence == "this comment has no end"), "{told:?}");
}

#[test]
fn what_cannot_be_seen_is_refused_and_no_text_is_endless() {
    let (_temporary, folder) = folder();
    let spec = current(&folder).unwrap();
    let check = |text: &str, expected: &str| {
        let mut items = spec.items.clone();
        items[4].text = text.to_owned();
        let edited = Edited { based_on: spec.token.clone(), by: Origin::Person, items };
        let refused = stage(&folder, &edited).unwrap_err();
        assert_eq!((refused.code, refused.sentence.as_str()), ("SPEC_INVALID", expected));
    };
    check("a\u{202e}b", "the text holds characters that cannot be seen");
    check(&"x".repeat(2001), "the text is longer than 2000 characters");
    check(" ", "the text is missing");
}

#[test]
fn a_draft_says_who_writes_and_stays_short_however_much_is_found() {
    use crate::proposals::findings::{FileFindings, Found};
    use iama_recipes::Class;
    let note = |class: Class, line: u32| Found {
        recipe: "unknown-division".to_owned(),
        class,
        line,
        symbol: Some("half".to_owned()),
        why: format!("reason {line}"),
        weight: None,
    };
    let draft = |notes: Vec<Found>, recipes: bool, models: bool| {
        let found = [FileFindings { path: "lib.py".to_owned(), changed: true, notes, ..FileFindings::default() }];
        draft::items(&draft::Ground {
            pair: iama_recipes::PAIRS[0],
            strategy: Strategy::Standard,
            target: "Python 3.11".to_owned(),
            both: None,
            tests: &["test_lib.py".to_owned()],
            test_command: None,
            scenarios: vec![("smoke".to_owned(), "python tool.py".to_owned())],
            records: true,
            recipes,
            models,
            found: &found,
            surface: &[],
        })
    };
    let few = draft(vec![note(Class::Check, 3), note(Class::Refused, 9)], true, false);
    let told: Vec<_> = few.iter().map(|item| (item.id.as_str(), item.kind)).collect();
    let behaviour = ("", Kind::Behaviour);
    let rules = ["TARGET", "TESTS", "SEAL", "SCOPE"].map(|id| (id, Kind::Rule));
    assert_eq!(told, [&rules[..], &[behaviour; 4], &[("", Kind::Design); 2]].concat());
    assert!(few[7].text.starts_with("What lib.py:3 (in half) does stays as it is."), "{}", few[7].text);
    assert_eq!(few[7].places, [SitePlace { file: "lib.py".to_owned(), lines: vec![3] }]);
    let many = (1..=500).flat_map(|line| [note(Class::Check, line), note(Class::Refused, line + 500)]).collect();
    let many = draft(many, true, true);
    assert_eq!(many.len(), few.len(), "one item for each recipe");
    assert!(many[9].text.ends_with("(unknown-division): 500 reasons."), "{}", many[9].text);
    let who = |items: &[SpecItem]| items[3].text.clone();
    assert_eq!(who(&few), "Only recipes of the strategy standard write, and each place says which.");
    assert!(who(&many).contains("models write in files that failing tests point to"));
    assert!(who(&draft(Vec::new(), false, true)).starts_with("Recipes write in tests alone"));
}

#[test]
fn those_who_write_code_are_told_what_binds_them_within_a_limit() {
    let (_temporary, folder) = folder();
    let mut spec = current(&folder).unwrap();
    spec.items.push(SpecItem { origin: Origin::Person, ..item("S2", Kind::Design, "Keep it small.") });
    let told = |bytes: usize| spec.binding(bytes).into_iter().map(|item| item.id.as_str()).collect::<Vec<_>>();
    assert_eq!(told(1000), ["TARGET", "SEAL", "S2", "B1", "B2"]);
    assert_eq!(told(60), ["TARGET", "SEAL", "S2"]);
    assert_eq!(told(0), ["TARGET", "SEAL"]);
}
