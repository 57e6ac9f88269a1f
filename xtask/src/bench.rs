//! Speed and memory of the recipes, side by side with what else reads the same files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iama_baseline::python::interpreter::Interpreter;
use serde::Deserialize;

use crate::packages::python;
use crate::tools::{cache, command, output, release_binary, release_example};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each command runs; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Leave 2to3 out: its one run takes many minutes
    #[arg(long)]
    without_2to3: bool,
}

/// What one run cost: seconds and MiB.
#[derive(Clone, Copy, Deserialize)]
struct Cost {
    cpu: f64,
    wall: f64,
    peak: f64,
    exit: i32,
}

/// The places of the run.
struct Bench {
    python: Interpreter,
    folder: PathBuf,
}

impl Bench {
    /// The median cost of a command. Its exit code must be one of `expected`: a command that failed has measured nothing.
    fn cost(&self, runs: usize, stdin: Option<&Path>, expected: &[i32], line: &[&str]) -> Result<Cost> {
        let runs = runs.to_string();
        let stdin = stdin.map_or_else(|| "-".to_owned(), |path| path.display().to_string());
        let mut arguments = vec!["xtask/python/measure.py", &runs, &stdin];
        arguments.extend(line);
        let told = output(&mut command(&self.python.path.display().to_string(), &arguments))?;
        let mut costs: Vec<Cost> = serde_json::from_str(&told)?;
        if let Some(bad) = costs.iter().find(|cost| !expected.contains(&cost.exit)) {
            bail!("{line:?} ended with {}", bad.exit);
        }
        costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
        let peak = costs.iter().map(|cost| cost.peak).fold(0.0, f64::max);
        let median = costs.get(costs.len() / 2).context("no run")?;
        Ok(Cost { peak, ..*median })
    }
}

const READS: &str = "
import sys
from lib2to3.pgen2 import driver, token
from lib2to3 import pygram, pytree
from lib2to3.refactor import RefactoringTool
tool = RefactoringTool([])
for path in sys.stdin.read().split('\\n'):
    if path:
        try:
            text, encoding = tool._read_python_source(path)
            tool.driver.parse_string(text + '\\n')
            print(path)
        except Exception:
            pass
";

const COMPILES: &str = "
import os, sys
for folder, _, names in sorted(os.walk(sys.argv[1])):
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name.endswith('.py') and 'site-packages' not in path:
            try:
                compile(open(path, 'rb').read(), path, 'exec', 0, True)
                print(path)
            except Exception:
                pass
";

/// Prints what the recipes cost on the 2.7 standard library, beside a bare parse of the same files and beside 2to3.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (two, three) = (python(2, 7), python(3, 11));
    let (Some(two), Some(three)) = (two, three) else {
        println!("not run: it takes a Python 2.7 and a Python 3.11");
        return Ok(());
    };
    let iama = release_binary("iama-cli", "iama")?.display().to_string();
    let parse = release_example("tree-sitter-python2", "bare_parse")?.display().to_string();
    let bench = Bench { python: three, folder: cache().join("bench") };
    let (library, list) = bench.library(&two)?;
    let folder = library.display().to_string();
    let bytes = size(&list)?;
    let bare = bench.cost(options.runs, Some(&list), &[0], &[&parse])?;
    let recipes = ["recipes", "run", "--check", "--strategy", "comprehensive"];
    let mut line = vec![iama.as_str()];
    line.extend(recipes);
    line.push(&folder);
    let own = bench.cost(options.runs, None, &[1], &line)?;
    println!("the 2.7 standard library, {:.1} MB, CPU seconds, median of {}", bytes / 1e6, options.runs);
    println!("  bare tree-sitter parse   {:8.2}", bare.cpu);
    println!("  iama, comprehensive      {:8.2}   {:.1} x the bare parse (bar 5)", own.cpu, own.cpu / bare.cpu);
    println!("  iama, peak memory        {:8.0}   MiB (bar 150)", own.peak);
    bench.single_file(options, &iama, &library)?;
    if !options.without_2to3 {
        bench.against_2to3(bytes / own.cpu, &list)?;
    }
    Ok(())
}

/// Bytes of all files in a list.
fn size(list: &Path) -> Result<f64> {
    let mut bytes = 0;
    for path in fs::read_to_string(list)?.lines() {
        bytes += fs::metadata(path)?.len();
    }
    #[expect(clippy::cast_precision_loss, reason = "a size to print")]
    Ok(bytes as f64)
}

impl Bench {
    /// A copy of every file of the library that Python 2 compiles, and a list of them.
    fn library(&self, two: &Interpreter) -> Result<(PathBuf, PathBuf)> {
        let (from, to) = (two.prefix.join("lib/python2.7"), self.folder.join("library"));
        let python = two.path.display().to_string();
        let from_text = from.display().to_string();
        let compiled = output(&mut command(
            &python,
            &["-W", "ignore", "-c", &COMPILES.replace("print(path)", "print path"), &from_text],
        ))?;
        let mut paths = Vec::new();
        for path in compiled.lines() {
            let target = to.join(Path::new(path).strip_prefix(&from)?);
            fs::create_dir_all(target.parent().unwrap_or(&to))?;
            fs::copy(path, &target)?;
            paths.push(target.display().to_string());
        }
        let list = self.folder.join("library.txt");
        fs::write(&list, paths.join("\n") + "\n")?;
        Ok((to, list))
    }

    /// What an editor pays for each save.
    fn single_file(&self, options: &Options, iama: &str, library: &Path) -> Result<()> {
        let text = fs::read_to_string(library.join("sched.py"))? + &fs::read_to_string(library.join("cmd.py"))?;
        let lines: Vec<&str> = text.lines().take(300).collect();
        let file = self.folder.join("three-hundred-lines.py");
        fs::write(&file, lines.join("\n") + "\n")?;
        let cost = self.cost(options.runs, Some(&file), &[0], &[iama, "recipes", "run", "-"])?;
        println!("  {} lines from a cold start {:5.0}   ms (bar 60)", lines.len(), cost.wall * 1000.0);
        Ok(())
    }

    /// One run of 2to3 without -j on the files that it can read, against our bytes a CPU second.
    fn against_2to3(&self, own: f64, list: &Path) -> Result<()> {
        let python = self.python.path.display().to_string();
        let mut reads = command(&python, &["-W", "ignore", "-c", READS]);
        let readable = output(reads.stdin(fs::File::open(list)?))?;
        let known = self.folder.join("readable.txt");
        fs::write(&known, &readable)?;
        let bytes = size(&known)?;
        let mut line = vec![python.as_str(), "-W", "ignore", "-m", "lib2to3"];
        line.extend(readable.lines());
        let cost = self.cost(1, None, &[0, 1], &line)?;
        println!("  2to3, {} files it reads {:8.2}   {:.1} MB", readable.lines().count(), cost.cpu, bytes / 1e6);
        println!("  throughput               {:8.1} x that of 2to3 (bar 15)", own / (bytes / cost.cpu));
        Ok(())
    }
}
