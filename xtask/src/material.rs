//! Published packages through 2to3 and through iama, their own tests on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iama_baseline::python::environment::{Environment, Kitchen, prepare, test_tools};
use iama_baseline::python::interpreter::{self, Interpreter, Wanted};
use iama_baseline::python::run::{Request, run_suite};
use iama_baseline::python::{compile, requirements};
use iama_baseline::{Suite, TestId};
use iama_sandbox::Sandbox;

use crate::packages::{PACKAGES, Package, named, search};
use crate::tools::{cache, command, iama, output, sandbox};

mod dual;

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this package (repeatable)
    #[arg(long)]
    package: Vec<String>,
    /// Only this target (repeatable)
    #[arg(long, default_values = ["3.8", "3.11", "3.13"])]
    target: Vec<String>,
    /// How many first causes to print for each run that falls short
    #[arg(long, default_value_t = 3)]
    causes: usize,
    /// Strategy of iama
    #[arg(long, default_value = "comprehensive")]
    strategy: String,
    /// Measure code for both languages instead: on 2.7 beside the legacy code, on the target beside the plain migration
    #[arg(long)]
    dual: bool,
    /// The iama to measure, instead of one built here
    #[arg(long)]
    iama: Option<PathBuf>,
}

impl Options {
    /// Three packages on one target: enough to see that nothing fell below 2to3.
    pub(crate) fn for_ci() -> Self {
        let package = ["iso8601", "blinker", "sqlparse"].map(str::to_owned).into();
        Self {
            package,
            target: vec!["3.11".to_owned()],
            causes: 3,
            strategy: "comprehensive".to_owned(),
            dual: false,
            iama: None,
        }
    }
}

/// What a tool made of a package on one target.
struct Measured {
    passing: u32,
    compiling: (usize, usize),
    causes: Vec<(usize, String)>,
}

struct Bench {
    iama: PathBuf,
    sandbox: Sandbox,
    variables: BTreeMap<String, String>,
    folder: PathBuf,
    strategy: String,
}

/// Runs the packages and prints a table. Fails when iama falls below 2to3 anywhere.
pub(crate) fn run(options: &Options) -> Result<()> {
    crate::setup::bubblewrap()?;
    let iama = iama(options.iama.as_deref())?;
    let sandbox = sandbox(&iama);
    let folder = cache().join("material/runs");
    let bench = Bench { iama, sandbox, variables: variables(), folder, strategy: options.strategy.clone() };
    let packages: Vec<&Package> = match options.package.as_slice() {
        [] => PACKAGES.iter().collect(),
        names => names.iter().map(|name| named(name)).collect::<Result<_>>()?,
    };
    let mut below = Vec::new();
    for target in &options.target {
        let wanted = Wanted::parse(target).with_context(|| format!("{target} is no version"))?;
        let Some(python) = interpreter::find(wanted, None, &search()) else {
            println!("Python {wanted}: not run, it was not found");
            continue;
        };
        below.extend(if options.dual {
            bench.dual_target(&python, &packages, options.causes)?
        } else {
            bench.target(&python, &packages, options.causes)?
        });
    }
    if !below.is_empty() {
        let peer = if options.dual { "what it must reach" } else { "2to3" };
        bail!("iama is below {peer} on {}", below.join(", "));
    }
    Ok(())
}

fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Bench {
    fn target(&self, python: &Interpreter, packages: &[&Package], causes: usize) -> Result<Vec<String>> {
        println!("\nPython {}", python.version);
        println!(
            "{:16} {:>7} {:>7} {:>7}  {:>11} {:>11}",
            "tests passing", "legacy", "2to3", "iama", "2to3 files", "iama files"
        );
        let (mut sums, mut shares, mut below) = ([0, 0, 0], 0.0, Vec::new());
        for package in packages {
            let legacy = self.legacy(package)?;
            let theirs = self.measure(package, python, python, "2to3", legacy.as_ref())?;
            let ours = self.measure(package, python, python, "iama", legacy.as_ref())?;
            let files = |measured: &Measured| format!("{}/{}", measured.compiling.0, measured.compiling.1);
            let shown = legacy.map_or_else(|| format!("({})", package.passing), |passing| passing.len().to_string());
            println!(
                "{:16} {shown:>7} {:>7} {:>7}  {:>11} {:>11}",
                package.name,
                theirs.passing,
                ours.passing,
                files(&theirs),
                files(&ours)
            );
            for (count, cause) in ours.causes.iter().take(causes) {
                println!("    {count:4} × {cause}");
            }
            for (sum, part) in sums.iter_mut().zip([package.passing, theirs.passing, ours.passing]) {
                *sum += part;
            }
            shares += f64::from(ours.passing) / f64::from(package.passing);
            if ours.passing < theirs.passing {
                below.push(format!("{} ({})", package.name, python.version));
            }
        }
        let share = |part: u32| 100.0 * f64::from(part) / f64::from(sums[0].max(1));
        let mean = 100.0 * shares / f64::from(u32::try_from(packages.len().max(1))?);
        println!(
            "all {} tests: 2to3 {} ({:.1} %), iama {} ({:.1} %); mean over packages {mean:.1} %",
            sums[0],
            sums[1],
            share(sums[1]),
            sums[2],
            share(sums[2])
        );
        Ok(below)
    }

    fn copy(&self, package: &Package, tool: &str) -> Result<PathBuf> {
        let copy = self.folder.join(tool).join(package.name);
        package.copy_to(&copy)?;
        Ok(copy)
    }

    /// Tests that pass on the legacy code; nothing without a Python 2.7.
    fn legacy(&self, package: &Package) -> Result<Option<BTreeSet<TestId>>> {
        let Some(python) = interpreter::find(Wanted::LEGACY, None, &search()) else { return Ok(None) };
        let copy = self.copy(package, "legacy")?;
        let suite = self.suite(package, &python, &copy, "legacy")?;
        Ok(Some(suite.passed().cloned().collect()))
    }

    /// What a tool makes of a package for a target, run on `python`. Where the legacy code was run, only tests that passed
    /// there count.
    fn measure(
        &self,
        package: &Package,
        python: &Interpreter,
        target: &Interpreter,
        tool: &str,
        legacy: Option<&BTreeSet<TestId>>,
    ) -> Result<Measured> {
        let copy = self.copy(package, tool)?;
        let shown = copy.display().to_string();
        if tool == "2to3" {
            let eleven = interpreter::find(Wanted { major: 3, minor: 11 }, None, &search());
            let eleven = eleven.context("2to3 needs a Python 3.11: later ones no longer have it")?;
            output(&mut command(
                &eleven.path.display().to_string(),
                &["-W", "ignore", "-m", "lib2to3", "-w", "-n", "--no-diffs", &shown],
            ))?;
        } else {
            let version = format!("{}.{}", target.version.major, target.version.minor);
            let mut arguments = vec!["recipes", "run", "--write", "--strategy", &self.strategy, &shown];
            arguments.extend(["--target-version", &version]);
            arguments.extend((tool == "dual").then_some("--dual"));
            output(&mut command(&self.iama.display().to_string(), &arguments))?;
        }
        let files = python_files(&copy)?;
        let broken = compile::broken_files(&self.sandbox, python, &copy, &self.folder.join("scratch/compile"), &files)?;
        let suite = self.suite(package, python, &copy, tool)?;
        let counts = |id: &&TestId| legacy.is_none_or(|legacy| legacy.contains(*id));
        let passing = u32::try_from(suite.passed().filter(counts).count())?;
        Ok(Measured { passing, compiling: (files.len() - broken.len(), files.len()), causes: causes(&suite) })
    }

    fn suite(&self, package: &Package, python: &Interpreter, copy: &Path, tool: &str) -> Result<Suite> {
        let files = test_files(package, copy)?;
        let environment = self.environment(package, python, copy, &files)?;
        let pythonpath: Vec<String> = package.pythonpath.iter().map(|&path| path.to_owned()).collect();
        let request = Request {
            root: copy,
            scratch: &self.folder.join("scratch").join(tool),
            environment: &environment,
            files: &files,
            pythonpath: &pythonpath,
            only: None,
            without: &BTreeSet::new(),
            per_test: Duration::from_secs(20),
            whole: Duration::from_mins(10),
            hidden: &[],
            observe: false,
            seed: 0,
            recorder: None,
        };
        Ok(run_suite(&self.sandbox, &request, |_, _| {})?)
    }

    fn environment(
        &self,
        package: &Package,
        python: &Interpreter,
        copy: &Path,
        files: &[String],
    ) -> Result<Environment> {
        let texts: Vec<String> = files
            .iter()
            .map(|file| fs::read(copy.join(file)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            .collect::<std::io::Result<_>>()?;
        let mut wanted = test_tools(python);
        wanted.extend(requirements::of_project(&package.fetch()?, &texts));
        let helper = interpreter::find(Wanted { major: 3, minor: 11 }, None, &search());
        let cache = cache();
        let kitchen =
            Kitchen { cache: &cache, sandbox: &self.sandbox, helper: helper.as_ref(), variables: &self.variables };
        Ok(prepare(&kitchen, python, &wanted)?)
    }
}

fn test_files(package: &Package, copy: &Path) -> Result<Vec<String>> {
    let (folder, start, part) = package.tests;
    let mut files: Vec<String> = fs::read_dir(copy.join(folder))?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| {
            name.starts_with(start) && name.contains(part) && name.ends_with(".py") && !name.starts_with('.')
        })
        .map(|name| if folder == "." { name } else { format!("{folder}/{name}") })
        .collect();
    files.sort();
    Ok(files)
}

fn python_files(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)?.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if name.ends_with(".py") && !name.starts_with("._") {
                files.push(path.strip_prefix(root)?.display().to_string());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What tests fail of, most frequent first.
fn causes(suite: &Suite) -> Vec<(usize, String)> {
    let cases = suite.cases.values().filter_map(|case| case.error.as_ref());
    let errors = cases.chain(suite.collect_errors.iter().map(|error| &error.error));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for error in errors {
        let message: String = error.message.lines().next().unwrap_or("").chars().take(90).collect();
        let place = format!("{}:{}", error.file.as_deref().unwrap_or("?"), error.line.unwrap_or(0));
        *counts.entry(format!("{}: {message} ({place})", error.class)).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().map(|(cause, count)| (count, cause)).collect();
    rows.sort_by(|a, b| b.cmp(a));
    rows
}
