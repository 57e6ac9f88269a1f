use iama_patch::apply;

use super::*;

fn files(files: &[(&str, &str)]) -> Files {
    let state = |text: &str| FileState { bytes: text.as_bytes().to_vec(), executable: false };
    files.iter().map(|(path, text)| ((*path).to_owned(), state(text))).collect()
}

/// The named file after the answer's edits.
fn edited(answer: &str, path: &str, text: &str) -> Result<Option<String>, EditFault> {
    let base = files(&[(path, text)]);
    let patch = read_edits(answer, &Stop::End, ModelClass::L1, &base)?;
    let changed = apply(&patch, &base).changed;
    Ok(changed.map(|mut changed| String::from_utf8(changed.remove(path).flatten().unwrap().bytes).unwrap()))
}

fn fault(answer: &str, class: ModelClass, base: &[(&str, &str)]) -> &'static str {
    read_edits(answer, &Stop::End, class, &files(base)).unwrap_err().code()
}

const ONE: &str = "Sure.\n\n`a.py`\n```python\n<<<<<<< SEARCH\nprint 1\n=======\nprint(1)\n>>>>>>> REPLACE\n```\n";

#[test]
fn a_block_replaces_its_lines_and_the_next_goes_on_with_the_file() {
    let two = format!("{ONE}\n<<<<<<< SEARCH\nprint 2\n=======\n>>>>>>> REPLACE\n");
    assert_eq!(edited(&two, "a.py", "print 1\nprint 2\nx\n"), Ok(Some("print(1)\nx\n".to_owned())));
}

#[test]
fn a_file_keeps_its_line_ends_and_its_open_last_line() {
    assert_eq!(edited(ONE, "a.py", "x\r\nprint 1\r\n"), Ok(Some("x\r\nprint(1)\r\n".to_owned())));
    assert_eq!(edited(ONE, "a.py", "x\nprint 1"), Ok(Some("x\nprint(1)".to_owned())));
}

#[test]
fn what_is_not_there_exactly_once_is_refused_by_the_patch_engine() {
    assert_eq!(edited(ONE, "a.py", "print  1\n"), Ok(None));
    assert_eq!(edited(ONE, "a.py", "print 1\nprint 1\n"), Ok(None));
}

#[test]
fn longer_markers_hold_lines_that_look_like_markers() {
    let title = "a.rst\n<<<<<<<< SEARCH\nTitle_1\n=======\n========\nTitle_2\n=======\n>>>>>>>> REPLACE\n";
    assert_eq!(edited(title, "a.rst", "Title_1\n=======\n"), Ok(Some("Title_2\n=======\n".to_owned())));
    let unclear = title.replace("<<<<<<<<", "<<<<<<<").replace(">>>>>>>>", ">>>>>>>").replace("========", "=======");
    assert_eq!(fault(&unclear, ModelClass::L1, &[]), "EDIT_UNFINISHED");
}

#[test]
fn a_new_file_is_made_and_may_be_edited_again() {
    let answer = "new.py\n<<<<<<< SEARCH\n=======\na = 1\n>>>>>>> REPLACE\n<<<<<<< SEARCH\na = 1\n=======\na = 2\n>>>>>>> REPLACE\n";
    let patch = read_edits(answer, &Stop::End, ModelClass::L2, &Files::new()).unwrap();
    let changed = apply(&patch, &Files::new()).changed.unwrap();
    assert_eq!(changed["new.py"].as_ref().unwrap().bytes, b"a = 2\n");
}

#[test]
fn whole_files_are_for_the_first_class_and_small_ones() {
    let whole = "a.py\n<<<<<<< FILE\nnew\n>>>>>>> FILE\n";
    assert_eq!(edited(whole, "a.py", "old\n"), Ok(Some("new\n".to_owned())));
    assert_eq!(fault(whole, ModelClass::L2, &[("a.py", "old\n")]), "EDIT_WHOLE_FILE");
    assert_eq!(fault(whole, ModelClass::L3, &[]), "EDIT_WHOLE_FILE");
    assert_eq!(fault(whole, ModelClass::L1, &[("a.py", &"x".repeat(WHOLE_FILE_BYTES + 1))]), "EDIT_WHOLE_FILE");
}

#[test]
fn what_is_no_edit_is_refused_with_its_reason() {
    let told = |answer: &str| fault(answer, ModelClass::L1, &[("a.py", "  print 1\nx\n")]);
    assert_eq!(told("I would rather not."), "EDIT_NO_BLOCK");
    assert_eq!(told("<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE"), "EDIT_NO_PATH");
    assert_eq!(told("../b\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE"), "EDIT_PATH");
    assert_eq!(told("a.py\n<<<<<<< SEARCH\nx\n=======\ny\n"), "EDIT_UNFINISHED");
    assert_eq!(told("a.py\n<<<<<<< SEARCH\nx\n>>>>>>> REPLACE"), "EDIT_UNFINISHED");
    assert_eq!(told("a.py\n<<<<<<< SEARCH\n=======\ny\n>>>>>>> REPLACE"), "EDIT_EMPTY_SEARCH");
    assert_eq!(told(ONE), "EDIT_WITHIN_LINE");
    let cut = read_edits(ONE, &Stop::Length, ModelClass::L1, &files(&[("a.py", "print 1\n")]));
    assert_eq!(cut, Err(EditFault::Cut));
}

proptest::proptest! {
    #[test]
    fn any_text_is_edits_or_a_fault(text in "([<=>]{7,8} ?(SEARCH|REPLACE|FILE)?|```|a.py|\\PC{0,8}|\n|\r\n){0,30}") {
        let base = files(&[("a.py", "x = 1\n")]);
        if let Ok(patch) = read_edits(&text, &Stop::End, ModelClass::L1, &base) {
            proptest::prop_assert!(!patch.operations.is_empty());
        }
    }
}
