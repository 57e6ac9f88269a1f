//! Code for both languages: it must do on 2.7 what the legacy code does, and on the target nearly what the plain migration does.

use anyhow::{Context as _, Result};
use iama_baseline::python::interpreter::{self, Interpreter, Wanted};

use super::Bench;
use crate::packages::{Package, search};

/// Tests in a hundred by which code for both may fall short of the plain migration on the target.
const SHORT: u32 = 3;

impl Bench {
    /// Prints a row for each package. Gives the packages that fall short.
    pub(super) fn dual_target(
        &self,
        python: &Interpreter,
        packages: &[&Package],
        causes: usize,
    ) -> Result<Vec<String>> {
        let two = interpreter::find(Wanted::LEGACY, None, &search());
        let two = two.context("code for both languages is measured on a Python 2.7 as well, and none was found")?;
        println!("\nPython 2.7 and {}", python.version);
        println!("{:16} {:>7} {:>9}  {:>7} {:>7}", "tests passing", "legacy", "both, 2.7", "plain", "both");
        let (mut sums, mut short) = ([0; 4], Vec::new());
        for package in packages {
            let legacy = self.legacy(package)?.unwrap_or_default();
            let before = u32::try_from(legacy.len())?;
            let on_two = self.measure(package, &two, python, "dual", Some(&legacy))?;
            let plain = self.measure(package, python, python, "iama", Some(&legacy))?;
            let both = self.measure(package, python, python, "dual", Some(&legacy))?;
            let row = [before, on_two.passing, plain.passing, both.passing];
            println!("{:16} {:>7} {:>9}  {:>7} {:>7}", package.name, row[0], row[1], row[2], row[3]);
            for (count, cause) in both.causes.iter().take(causes) {
                println!("    {count:4} × {cause}");
            }
            for (sum, part) in sums.iter_mut().zip(row) {
                *sum += part;
            }
            if on_two.passing < before || both.passing * 100 < plain.passing * (100 - SHORT) {
                short.push(format!("{} ({})", package.name, python.version));
            }
        }
        println!("{:16} {:>7} {:>9}  {:>7} {:>7}", "all", sums[0], sums[1], sums[2], sums[3]);
        Ok(short)
    }
}
