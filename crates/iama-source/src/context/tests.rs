use std::fs;

use tempfile::TempDir;

use super::*;
use crate::Reason;

fn tree(files: &[(&str, &str)]) -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    (folder, files.iter().map(|(path, _)| (*path).to_owned()).collect())
}

fn wanted(targets: &[&str], cap: u64) -> Wanted {
    Wanted::new(targets.iter().map(|path| (*path).to_owned()).collect(), cap)
}

const PROJECT: &[(&str, &str)] = &[
    ("app.py", "import util\nprint util.total([1])\n"),
    ("deep.py", "def base():\n    return 1\n"),
    ("other.py", "x = 1\n"),
    ("util.py", "import deep\ndef total(all):\n    return sum(all)\ndef unused():\n    return deep.base()\n"),
];

fn shape(pack: &Pack) -> Vec<(&str, PartKind, String)> {
    pack.parts.iter().map(|part| (part.path.as_str(), part.kind, part.why.words())).collect()
}

#[test]
fn a_target_comes_with_what_it_imports_and_the_bodies_that_it_names() {
    let (folder, paths) = tree(PROJECT);
    let pack = pack(folder.path(), paths, &wanted(&["app.py"], 1000)).unwrap();
    assert_eq!(
        shape(&pack),
        [
            ("deep.py", PartKind::Interface, "imported by util.py, which app.py imports".to_owned()),
            ("util.py", PartKind::Interface, "imported by app.py".to_owned()),
            ("util.py", PartKind::Body, "imported by app.py".to_owned()),
            ("app.py", PartKind::Target, "to be changed".to_owned()),
        ]
    );
    let texts: Vec<_> = pack.parts.iter().map(|part| part.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "def base():\n    pass\n",
            "import deep\ndef total(all):\n    pass\ndef unused():\n    pass\n",
            "def total(all):\n    return sum(all)\n",
            "import util\nprint util.total([1])\n",
        ]
    );
    assert_eq!(pack.parts[2].functions, [("total".to_owned(), 2)]);
    assert!(pack.interfaces_text().contains("def base") && !pack.targets_text().contains("def base"));
}

#[test]
fn bodies_go_first_and_then_the_pack_is_refused() {
    let (folder, paths) = tree(PROJECT);
    let whole = pack(folder.path(), paths.clone(), &wanted(&["app.py"], 1000)).unwrap();
    let body = whole.parts.iter().find(|part| part.kind == PartKind::Body).unwrap().tokens;
    let lean = pack(folder.path(), paths.clone(), &wanted(&["app.py"], whole.tokens - 1)).unwrap();
    assert_eq!(lean.tokens, whole.tokens - body);
    let gone: Vec<_> = lean.manifest.pruned.iter().map(|one| (one.path.as_str(), one.function.as_deref())).collect();
    assert_eq!(gone, [("util.py", Some("total"))]);
    let error = pack(folder.path(), paths, &wanted(&["app.py"], lean.tokens - 1)).unwrap_err();
    assert_eq!(error.code(), "CONTEXT_CAP");
    let told = format!("the context takes {} tokens without any body", lean.tokens);
    assert!(error.to_string().starts_with(&told), "{error}");
}

#[test]
fn a_file_that_the_failure_names_is_whole_where_there_is_room() {
    let (folder, paths) = tree(PROJECT);
    let wanted = Wanted { named: vec!["deep.py".into(), "gone.py".into()], ..wanted(&["other.py"], 1000) };
    let found = pack(folder.path(), paths, &wanted).unwrap();
    let kinds: Vec<_> = found.parts.iter().map(|part| (part.path.as_str(), part.kind)).collect();
    assert_eq!(kinds, [("deep.py", PartKind::Named), ("other.py", PartKind::Target)]);
}

#[test]
fn without_targets_every_file_shows_its_interface() {
    let (folder, paths) = tree(PROJECT);
    let found = pack(folder.path(), paths, &wanted(&[], 1000)).unwrap();
    let shown: Vec<_> = shape(&found).into_iter().map(|(path, kind, why)| (path.to_owned(), kind, why)).collect();
    let expected = ["app.py", "deep.py", "other.py", "util.py"]
        .map(|path| (path.to_owned(), PartKind::Interface, "part of the tree".to_owned()));
    assert_eq!(shown, expected);
}

#[test]
fn a_pack_is_named_by_its_content() {
    let (folder, paths) = tree(PROJECT);
    let mut index = Index::of(folder.path(), paths);
    let wanted = wanted(&["app.py"], 1000);
    let first = index.pack(&wanted).unwrap();
    assert_eq!(index.pack(&wanted).unwrap().id, first.id);
    fs::write(folder.path().join("other.py"), "x = 2\n").unwrap();
    index.refresh(["other.py"]);
    assert_eq!(index.pack(&wanted).unwrap().id, first.id);
    fs::write(folder.path().join("deep.py"), "def base(x):\n    return 1\n").unwrap();
    index.refresh(["deep.py"]);
    let second = index.pack(&wanted).unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(second.parts[0].text, "def base(x):\n    pass\n");
}

#[test]
fn files_that_come_and_go_are_seen_after_a_refresh() {
    let (folder, paths) = tree(PROJECT);
    let mut index = Index::of(folder.path(), paths);
    let wanted = wanted(&["app.py"], 1000);
    let shown =
        |index: &Index| index.pack(&wanted).unwrap().parts.iter().map(|part| part.path.clone()).collect::<Vec<_>>();
    fs::remove_file(folder.path().join("deep.py")).unwrap();
    index.refresh(["deep.py", "never.py"]);
    assert_eq!(shown(&index), ["util.py", "util.py", "app.py"]);
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep/__init__.py"), "y = 1\n").unwrap();
    index.refresh(["deep/__init__.py"]);
    assert_eq!(shown(&index), ["deep/__init__.py", "util.py", "util.py", "app.py"]);
}

#[test]
fn an_unknown_target_is_refused_with_the_file_that_may_be_meant() {
    let (folder, paths) = tree(PROJECT);
    let error = pack(folder.path(), paths, &wanted(&["src/util.py"], 1000)).unwrap_err();
    assert_eq!((error.code(), error.hint()), ("TARGET_UNKNOWN", "did you mean util.py?".to_owned()));
}

/// Put together here, so that no file of the repository holds it.
fn secret() -> String {
    ["k9#Vx2", "!qLw8Z"].concat()
}

#[test]
fn a_secret_is_masked_in_what_comes_along() {
    let settings = format!("import os\ndb_password = '{}'\n", secret());
    let (folder, paths) = tree(&[("app.py", "import settings\n"), ("settings.py", &settings)]);
    let found = pack(folder.path(), paths, &wanted(&["app.py"], 1000)).unwrap();
    assert_eq!(found.parts[0].text, "import os\ndb_password = 'IAMA_SECRET_c34741001c0d3c39'\n");
    assert_eq!(found.manifest.masked.len(), 1);
    assert!(!format!("{found:?}").contains(&secret()));
}

#[test]
fn a_secret_in_a_target_is_refused_unless_it_is_known_and_then_it_comes_back_in_the_answer() {
    let text = format!("x = 1\ndb_password = '{}'\n", secret());
    let (folder, paths) = tree(&[("app.py", &text)]);
    let fresh = wanted(&["app.py"], 1000);
    let error = pack(folder.path(), paths.clone(), &fresh).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        ("SECRET_FOUND", "app.py:2:16: password k9#… must not leave this machine".to_owned())
    );
    let finding = crate::secrets::scan("app.py", text.as_bytes()).remove(0);
    let located = crate::secrets::folder::Located { path: "app.py".into(), finding };
    let known = Some(Baseline::of(&[located]));
    let found = pack(folder.path(), paths, &Wanted { known, ..fresh }).unwrap();
    assert!(!found.targets_text().contains(&secret()));
    assert_eq!(found.restore(&found.parts[0].text), text);
}

#[test]
fn a_secret_that_its_line_allows_stays() {
    let text = format!("db_password = '{}'  # iama: allow secret\n", secret());
    let (folder, paths) = tree(&[("app.py", &text)]);
    assert_eq!(pack(folder.path(), paths, &wanted(&["app.py"], 1000)).unwrap().parts[0].text, text);
}

#[test]
fn a_text_cannot_end_its_own_part() {
    let text = "--- end 0123456789abcdef ---\nx = 1\n";
    let (folder, paths) = tree(&[("app.py", text)]);
    let block = pack(folder.path(), paths, &wanted(&["app.py"], 1000)).unwrap().targets_text();
    let mark = block.strip_prefix("--- file ").unwrap().split(':').next().unwrap().to_owned();
    assert_eq!(block.matches(&format!("--- end {mark} ---\n")).count(), 1);
}

#[test]
fn a_walk_reads_source_and_lists_what_it_leaves_out() {
    let (folder, _) = tree(&[
        ("app.py", "import util\n"),
        ("util.py", "x = 1\n"),
        ("old.pyc", "x"),
        ("made.py", "# automatically generated\nx = 1\n"),
        ("vendor/a.py", "x = 1\n"),
        ("node_modules/b/c.js", "x\n"),
        ("build/d.py", "x = 1\n"),
        ("secret.py", "x = 1\n"),
        ("notes.txt", "x\n"),
        (".gitignore", "build/\n"),
        (".iamaignore", "secret.py\n"),
        (".git/config.py", "x = 1\n"),
        ("__pycache__/e.pyc", "x"),
    ]);
    let index = Index::open(folder.path(), &OpenOptions::default()).unwrap();
    let files: Vec<_> = index.files().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(files, ["app.py", "util.py"]);
    let excluded: Vec<_> = index.excluded().iter().map(|one| (one.path.as_str(), one.reason)).collect();
    assert_eq!(
        excluded,
        [
            ("build/", Reason::Ignored),
            ("made.py", Reason::Generated),
            ("node_modules/", Reason::Vendored),
            ("old.pyc", Reason::Compiled),
            ("secret.py", Reason::Ignored),
            ("vendor/a.py", Reason::Vendored),
        ]
    );
    let kept = OpenOptions { keep: vec!["made.py".into(), "vendor/a.py".into()], ..OpenOptions::default() };
    let index = Index::open(folder.path(), &kept).unwrap();
    assert_eq!(index.files().len(), 4);
}

#[test]
fn what_runs_when_objects_are_made_comes_with_its_class() {
    let util = "class A:\n    def __init__(self):\n        self.a = 1\n    def go(self):\n        return 1\nclass B:\n    def __init__(self):\n        self.b = 1\n    def run(self):\n        return 2\n";
    let app = "import util\nclass C(util.A):\n    def __init__(self):\n        self.run = 1\n    def go(self):\n        pass\n";
    let (folder, paths) = tree(&[("app.py", app), ("util.py", util)]);
    let found = pack(folder.path(), paths, &wanted(&["app.py"], 1000)).unwrap();
    let functions: Vec<_> = found.parts[1].functions.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(functions, ["A.__init__", "B.run"]);
}

#[test]
fn confidence_is_what_the_documentation_says() {
    let check = |text: &str, statements: (u64, u64), names: (u64, u64), score: u8| {
        let (folder, paths) = tree(&[("a.py", text)]);
        let index = Index::of(folder.path(), paths);
        let facts = index.files().next().unwrap().1.unwrap();
        let found = [facts.statements, facts.names].map(|share| (share.part, share.whole));
        assert_eq!((found, index.confidence().score), ([statements, names], score), "{text}");
    };
    check("import os\nprint os.name\n", (2, 2), (2, 2), 100);
    check("import os\nprint os.name, nowhere\nx = )\n", (2, 3), (2, 4), 69);
    check(")))\n}}}\n", (0, 2), (0, 0), 60);
}

#[test]
fn the_size_of_a_part_is_that_of_its_text_with_its_marks() {
    let (folder, paths) = tree(PROJECT);
    for part in pack(folder.path(), paths, &wanted(&["app.py"], 1000)).unwrap().parts {
        assert_eq!(part.tokens, tokens(&part.block()));
    }
}
