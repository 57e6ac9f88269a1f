//! What the analysis of a large tree costs, beside a bare parse of the same files and beside another scanner.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::packages::python;
use crate::tools::{cache, command, output, release_binary, release_example};

/// The scanner on PyPI.
const PEER: &str = "ast-grep-cli==0.51.1";

/// Lines of the tree.
const LINES: usize = 1_000_000;

/// One rule, which finds a little.
const RULE: &str = "id: one\nlanguage: python\nrule:\n  pattern: os.popen($A)\n";

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each command runs; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// The iama to run, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

/// What one run cost: seconds and MiB.
#[derive(Clone, Copy, Deserialize)]
struct Cost {
    cpu: f64,
    wall: f64,
    peak: f64,
    exit: i32,
}

/// Prints the table. Fails when a bar is missed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (Some(two), Some(three)) = (python(2, 7), python(3, 11)) else {
        println!("not run: it takes a Python 2.7 and a Python 3.11");
        return Ok(());
    };
    let folder = cache().join("context-bench");
    let tree = folder.join("tree");
    let (files, lines, target) = make_tree(&two.prefix.join("lib/python2.7"), &tree)?;
    let iama = options.iama.clone().map_or_else(|| release_binary("iama-cli", "iama"), Ok)?;
    let cost = release_example("iama-source", "context_cost")?.display().to_string();
    let peer = peer(&folder, &three.path)?;
    let rule = folder.join("rule.yml");
    fs::write(&rule, RULE)?;
    let (iama, tree_shown, rule) = (iama.display().to_string(), tree.display().to_string(), rule.display().to_string());
    let python = three.path.display().to_string();
    let measured = |line: &[&str]| measure(&python, options.runs, line);
    let bare = measured(&[&cost, "bare", &tree_shown])?;
    let own = measured(&[&iama, "context", &tree_shown, "--target", &target, "--json"])?;
    let other = measured(&[&peer, "scan", "--rule", &rule, &tree_shown])?;
    println!("{files} files, {lines} lines, seconds, median of {}", options.runs);
    println!("                          wall      CPU   peak MiB");
    for (name, cost) in [("bare tree-sitter parse", bare), ("ast-grep, one rule", other), ("iama context", own)] {
        println!("  {name:22} {:6.2}   {:6.2}   {:6.0}", cost.wall, cost.cpu, cost.peak);
    }
    let told = output(&mut command(&cost, &["repack", &tree_shown, &target]))?;
    let mut times = told.split_whitespace().map(str::parse::<f64>);
    let (middle, worst) = (times.next().context("no time")??, times.next().context("no time")??);
    let bars = [
        ("x the bare parse", own.wall / bare.wall, 2.0),
        ("x ast-grep", own.wall / other.wall, 1.2),
        ("MiB at most", own.peak, 300.0),
        ("ms for a new pack after an edit, beyond the file alone, median", middle, 10.0),
        ("ms, the worst of them", worst, 10.0),
    ];
    for (what, value, bar) in bars {
        println!("  {value:8.2} {what} (bar {bar})");
    }
    let missed: Vec<&str> = bars.iter().filter(|(_, value, bar)| value > bar).map(|(what, ..)| *what).collect();
    if missed.is_empty() { Ok(()) } else { bail!("missed: {}", missed.join("; ")) }
}

/// Copies of the library's files, each a little different, until there are enough lines. Gives how many files and lines, and
/// a file that imports others.
fn make_tree(library: &Path, tree: &Path) -> Result<(usize, usize, String)> {
    let listed = output(&mut command(
        "find",
        &[&library.display().to_string(), "-name", "*.py", "-not", "-path", "*/site-packages/*"],
    ))?;
    let mut sources: Vec<&str> = listed.lines().filter(|path| !path.contains("/lib2to3/tests/data/")).collect();
    sources.sort_unstable();
    let (mut files, mut lines) = (0, 0);
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    for copy in 0.. {
        for source in &sources {
            if lines >= LINES {
                return Ok((files, lines, "copy0/unittest/case.py".to_owned()));
            }
            let text = fs::read(source)?;
            let place = tree.join(format!("copy{copy}")).join(Path::new(source).strip_prefix(library)?);
            fs::create_dir_all(place.parent().unwrap_or(tree))?;
            fs::write(place, [&text[..], format!("\ncopied_{copy}_{files} = {files}\n").as_bytes()].concat())?;
            lines += String::from_utf8_lossy(&text).lines().count() + 2;
            files += 1;
        }
    }
    bail!("{} holds no source", library.display())
}

/// The other scanner's program, installed when it is missing.
fn peer(folder: &Path, python: &Path) -> Result<String> {
    let own = folder.join("peer");
    let program = own.join("bin/ast-grep");
    if !program.exists() {
        output(&mut command(&python.display().to_string(), &["-m", "venv", "--clear", &own.display().to_string()]))?;
        output(&mut command(&own.join("bin/python").display().to_string(), &["-m", "pip", "install", "-q", PEER]))?;
    }
    Ok(program.display().to_string())
}

fn measure(python: &str, runs: usize, line: &[&str]) -> Result<Cost> {
    let runs = runs.to_string();
    let mut arguments = vec!["xtask/python/measure.py", &runs, "-"];
    arguments.extend(line);
    let mut costs: Vec<Cost> = serde_json::from_str(&output(&mut command(python, &arguments))?)?;
    if let Some(bad) = costs.iter().find(|cost| cost.exit != 0) {
        bail!("{line:?} ended with {}", bad.exit);
    }
    costs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    let peak = costs.iter().map(|cost| cost.peak).fold(0.0, f64::max);
    let median = costs.get(costs.len() / 2).context("no run")?;
    Ok(Cost { peak, ..*median })
}
