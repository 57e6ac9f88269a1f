//! Modules that stand in for others which cannot be installed: they accept everything and do nothing.

use std::fs;
use std::io;
use std::path::Path;

use super::environment::Environment;

const MODULE: &str = include_str!("../../scenario/stand_in.py");

/// Puts a stand-in for each module into a folder, and the folder before everything that is installed in the environment.
pub fn put<'a>(
    environment: &mut Environment,
    folder: &Path,
    modules: impl Iterator<Item = &'a String>,
) -> io::Result<()> {
    for module in modules {
        let package = folder.join(module);
        fs::create_dir_all(&package)?;
        fs::write(package.join("__init__.py"), MODULE)?;
    }
    environment.folders.push(folder.to_owned());
    environment.stand_ins = Some(folder.to_owned());
    Ok(())
}
