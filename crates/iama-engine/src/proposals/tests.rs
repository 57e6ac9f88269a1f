use std::fs;
use std::ops::ControlFlow;

use iama_job::policy::billing;
use iama_job::{Entitlement, MilliCredits, entitlement};
use iama_recipes::{Options, PAIRS, Project};
use iama_source::SourceFile;

use super::findings::{Shapes, of_file};
use super::*;
use crate::records::WorkspaceRecord;
use crate::rewrite::{Settled, rewrite};

const LIB: &str = "import psyco\n\ndef pair(a, (b, c)):\n    if a:\n        print b\n    return a / c\n\nclass Box(object):\n    def __nonzero__(self):\n        return True\n    def _own(self):\n        print 'x'\n";
const USER: &str = "import lib\n";
const TEST: &str = "import lib\n\ndef test_pair():\n    print lib.pair(1, (2, 3))\n";
const ALONE: &str = "print 1\n";

fn found(files: &[(&str, &str)], tests: &[String], strategy: Strategy) -> (Vec<FileFindings>, Graph) {
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = WorkspaceRecord { files: BTreeMap::new(), excluded: Vec::new(), dirty: false };
    for (path, text) in files {
        fs::write(folder.path().join(path), text).unwrap();
        workspace.files.insert((*path).to_owned(), String::new());
    }
    let sources: Vec<_> =
        files.iter().map(|(path, _)| SourceFile { path: (*path).to_owned(), bytes: 0, executable: false }).collect();
    let project = Project { certain: true, files: workspace.files.keys().cloned().collect(), ..Project::default() };
    let (mut rows, shapes) = (Vec::new(), Shapes::new());
    rewrite(folder.path(), &sources, PAIRS[0], Settled::of(project), &Options::of(strategy), |file| {
        rows.push(of_file(PAIRS[0], &shapes, &file, tests.contains(&file.path)).0);
        ControlFlow::Continue(())
    });
    rows.retain(|row| row.changed || row.failed.is_some() || !row.notes.is_empty());
    (rows, Graph::read(folder.path(), &workspace))
}

fn proposal(files: &[(&str, &str)], requirements: &[&str], price: Price) -> Proposal {
    proposal_of(Strategy::Standard, files, requirements, price)
}

fn proposal_of(strategy: Strategy, files: &[(&str, &str)], requirements: &[&str], price: Price) -> Proposal {
    let tests = ["test_lib.py".to_owned()];
    let (rows, graph) = found(files, &tests, strategy);
    let requirements: Vec<String> = requirements.iter().map(|&line| line.to_owned()).collect();
    let ground = Ground {
        pair: PAIRS[0],
        target: "Python 3.11".to_owned(),
        files: files.len(),
        graph: &graph,
        tests: &tests,
        command: false,
        requirements: &requirements,
        price,
    };
    let (largest, _) = found(files, &tests, Strategy::Comprehensive);
    propose(&ground, strategy, &rows, &largest)
}

fn files() -> [(&'static str, &'static str); 4] {
    [("lib.py", LIB), ("user.py", USER), ("test_lib.py", TEST), ("alone.py", ALONE)]
}

#[test]
fn a_proposal_tells_how_far_it_goes_and_whom_it_meets() {
    let proposal = proposal(&files(), &[], Price::default());
    assert_eq!((proposal.files, proposal.reach.importers.clone()), (3, vec!["user.py".to_owned()]));
    assert_eq!((proposal.reach.functions, proposal.reach.through), (4, 1));
    let names: Vec<_> = proposal.surface.iter().map(|row| (row.name.as_str(), row.line, row.exposure)).collect();
    assert!(names.contains(&("pair", 3, Exposure::Signature)), "{names:?}");
    assert!(names.contains(&("Box.__nonzero__", 9, Exposure::Signature)), "{names:?}");
    assert!(!names.iter().any(|(name, ..)| name.contains("_own") || name.contains("test_")), "{names:?}");
    assert_eq!(proposal.complexity.most, Some(("lib.py pair".to_owned(), 2)));
    assert_eq!((proposal.complexity.functions, proposal.complexity.ways, proposal.complexity.score), (3, 4, 1));
}

#[test]
fn each_segment_counts_what_it_names() {
    let proposal = proposal(&files(), &["psyco", "requests>=1", "PIL"], Price::default());
    let figures = Area::ALL.map(|area| {
        let segment = proposal.segment(area).unwrap();
        (segment.level, segment.count)
    });
    assert_eq!(figures[0], (Level::Low, 0));
    assert_eq!(figures[1], (Level::High, proposal.checks + proposal.refused + proposal.left));
    assert_eq!(proposal.left, 1, "the division");
    assert_eq!(figures[3], (Level::High, 3));
    assert_eq!(figures[4], (Level::Medium, 1), "one of two changed files is reached");
    assert_eq!(proposal.segment(Area::Tests).unwrap().places, ["alone.py"]);
    assert_eq!(proposal.risk, Level::High);
    let known: Vec<_> = proposal.dependencies.iter().map(|row| (row.name.as_str(), row.support)).collect();
    assert_eq!(known, [("PIL", Support::Replaced), ("psyco", Support::Missing), ("requests", Support::Unknown)]);
    assert_eq!(proposal.dependencies[1].places, ["lib.py:1"]);
    assert!(
        proposal.simple.contains("1 package that the code uses has no version for Python 3.11."),
        "{}",
        proposal.simple
    );
}

#[test]
fn a_file_that_nobody_can_read_is_a_risk_of_syntax_and_unknown_support_stays_unknown() {
    let proposal = proposal(&[("bad.py", "def (:\n"), ("ok.py", "print 1\n")], &["requests"], Price::default());
    let segment = proposal.segment(Area::Syntax).unwrap();
    assert_eq!(
        (segment.level, segment.count, segment.of, &segment.places[..]),
        (Level::High, 1, 2, &["bad.py".to_owned()][..])
    );
    assert_eq!(proposal.segment(Area::Dependencies).unwrap().level, Level::Unknown);
}

#[test]
fn a_price_spans_from_no_repair_to_every_attempt() {
    let route = |output_tokens, each| entitlement::Route {
        name: iama_job::RouteName("m".to_owned()),
        price: billing::Price { input_per_mtok: MilliCredits(each), output_per_mtok: MilliCredits(10 * each) },
        output_tokens,
    };
    let routes = BTreeMap::from([
        (iama_job::ModelClass::L1, route(1000, 1_000_000)),
        (iama_job::ModelClass::L2, route(100, 2_000_000)),
    ]);
    let price = Price::of(&Entitlement::local(routes), 50, Before::of(1, 1).and(Before::of(1, 2)));
    // L1: two questions before work, one of them in two rounds, and three attempts; without L3, the last three attempts are
    // those of L2. Each may take two answers.
    assert_eq!(price.calls.iter().map(|row| (row.fewest, row.most)).collect::<Vec<_>>(), [(2, 12), (0, 12)]);
    assert_eq!(price.low_millicents, 2 * 50);
    assert_eq!(price.high_millicents, 12 * (50 + 10_000) + 12 * (100 + 2000));
    assert_eq!(price.to_string(), "$0.01 to $1.46");
    assert_eq!(Price::of(&Entitlement::local(BTreeMap::new()), 50, Before::default()), Price::default());
    assert_eq!(Price::default().to_string(), "nothing: no model is called");
}

#[test]
fn a_model_adds_words_and_never_a_figure() {
    use serde_json::json;
    let mut proposals = vec![proposal(&files(), &[], Price::default())];
    let before = proposals.clone();
    let risk = |file: &str, text: &str| json!({"area": "meaning", "file": file, "text": text});
    let said = |strategy: &str| json!({"strategy": strategy, "text": "Look\u{202e} twice.", "risks": [risk("lib.py", "It rounds."), risk("/etc/passwd", "x"), risk("lib.py", " ")]});
    let filling = iama_model::templates::Filling {
        mode: iama_model::templates::Mode::Simple,
        class: iama_job::ModelClass::L1,
        target: "Python 3.11",
        dual: false,
    };
    let shown = BTreeSet::from(["lib.py".to_owned()]);
    let answer = json!({"proposals": [said("STANDARD"), said("COMPREHENSIVE")]});
    view::view(&mut proposals, None, "source", &shown, &filling, &mut |_| Ok(answer.clone())).unwrap();
    let view = proposals[0].view.take().unwrap();
    assert_eq!(proposals, before, "what recipes counted stays");
    assert_eq!((view.text.as_str(), view.risks.len()), ("Look twice.", 1));
    let wrong = json!({"proposals": [{"strategy": "STANDARD", "text": "", "risks": [], "risk": "low"}]});
    let refused = view::view(&mut proposals, None, "source", &shown, &filling, &mut |_| Ok(wrong.clone())).unwrap_err();
    assert_eq!((refused.code, proposals), ("PLAN_SCHEMA", before));
}

#[test]
fn the_analysis_is_reckoned_from_counts_and_stated_assumptions() {
    let packages = ["psyco", "requests"];
    let proposals = Strategy::ALL.map(|strategy| proposal_of(strategy, &files(), &packages, Price::default()));
    let code = analysis::Code { files: 4, lines: 1000, target: "Python 3.11" };
    let report = analysis::analyse(code, &proposals, analysis::Assumptions::default()).unwrap();
    let largest = &proposals[2];
    let edits: usize = largest.edits.values().sum();
    let (plain, risky) = (edits - largest.checks, largest.checks + largest.refused);
    assert_eq!((report.debt.plain_places, report.debt.risky_places, report.debt.missing_packages), (plain, risky, 1));
    assert!(
        (report.debt.hours_by_hand * 60.0 - f64::from(u32::try_from(plain * 5 + risky * 30).unwrap())).abs() < 3.1,
        "{:?}",
        report.debt
    );
    for (row, proposal) in report.proposals.iter().zip(&proposals) {
        let reading = proposal.files * 5 + proposal.checks * 10;
        let left = reading + (proposal.refused + proposal.left) * 30;
        assert!((row.hours_left * 60.0 - f64::from(u32::try_from(left).unwrap())).abs() < 3.1, "{row:?}");
        assert!(row.days_with_risk >= row.days && row.risk_percent > 0.0, "{row:?}");
    }
    let names: Vec<_> = report.dependencies.open.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((report.dependencies.level, names), (Level::High, vec!["psyco", "requests"]));
    assert!(
        report.summary.iter().any(|line| line.contains("1 never came to Python 3.11, and of 1 IAMA does not know"))
    );
    assert_eq!(analysis::analyse(code, &proposals[..2], analysis::Assumptions::default()), None);
}

#[test]
fn the_committed_schema_of_the_analysis_is_that_of_the_type() {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<AnalysisReport>();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = format!("{}/../../docs/schemas/iama.analysis-1.json", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "the switch that rewrites what is committed")]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert_eq!(committed, text, "run the tests once with UPDATE_GOLDEN=1 and commit {path}");
}

#[test]
fn proposals_are_compared_by_what_their_places_cost_when_they_run() {
    let text = "def f(d, n, s, g):\n    x = d.items()\n    x.sort(cmp=g)\n    for i in range(3):\n        x.append(i)\n    \
                return n / 2, s.encode('hex'), map(g, x)[0]\n";
    let files = [("lib.py", text), ("test_lib.py", "import lib\nx = map(str, {}.items())\n")];
    let of = |strategy| proposal_of(strategy, &files, &[], Price::default()).performance;
    let small = Performance { lists: 3, comparisons: 1, ..Performance::default() };
    let standard = Performance { kept: 2, ..small.clone() };
    let large = Performance { functions: 1, conversions: 1, ..standard.clone() };
    assert_eq!(Strategy::ALL.map(of), [small, standard, large]);
}
