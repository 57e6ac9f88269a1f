//! Runs a server until its input ends: `iama-postgres DATA CACHE`. With `-` for DATA, on a folder that goes with it.

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    use std::path::Path;
    use std::process::ExitCode;

    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [data, cache] = arguments.as_slice() else {
        eprintln!("usage: iama-postgres DATA CACHE");
        return ExitCode::FAILURE;
    };
    match unix::run(Path::new(data), Path::new(cache)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error[{}]: {error}\nhint: {}", error.code(), error.hint());
            ExitCode::FAILURE
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read as _};
    use std::path::Path;

    use iama_postgres::{DATABASE, Durability, Error, Programs, Server};

    pub(super) fn run(data: &Path, cache: &Path) -> Result<(), Error> {
        let programs = Programs::find(cache, &path())?;
        let server = if data == Path::new("-") {
            Server::temporary(&programs)?
        } else {
            Server::start(&programs, data, Durability::Full)?
        };
        let how = if server.is_attached() { "attached" } else { "started" };
        println!("{how} {}", server.url(DATABASE));
        let _ = io::stdin().read_to_end(&mut Vec::new());
        server.stop()
    }

    #[expect(clippy::disallowed_methods, reason = "this program's configuration is its command line and PATH")]
    fn path() -> std::ffi::OsString {
        std::env::var_os("PATH").unwrap_or_default()
    }
}

#[cfg(not(unix))]
fn main() {
    eprintln!("a server of one's own needs a Unix system; set DATABASE_URL");
}
