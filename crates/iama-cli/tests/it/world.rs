//! A project in a folder of its own, and the program run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a run showed.
pub(crate) struct Shown {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Shown {
    /// The JSON on the standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The code of the error that was printed.
    pub(crate) fn error(&self) -> &str {
        let after = self.err.split_once("error[").map_or("", |(_, after)| after);
        after.split(']').next().unwrap_or("")
    }
}

/// A project.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(world.root()).unwrap();
        for (path, text) in files {
            world.write(path, text.as_bytes());
        }
        world
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// A file of the only job.
    pub(crate) fn read_job(&self, name: &str) -> String {
        fs::read_to_string(self.job().join(name)).unwrap()
    }

    /// Runs the program in the folder of the project.
    pub(crate) fn iama(&self, arguments: &[&str]) -> Shown {
        self.run(program(), arguments, "")
    }

    pub(crate) fn iama_with_input(&self, arguments: &[&str], input: &str) -> Shown {
        self.run(program(), arguments, input)
    }

    /// Runs the program where no interpreter can be found.
    pub(crate) fn iama_without_python(&self, arguments: &[&str]) -> Shown {
        let mut command = program();
        let tools = self.folder.path().join("bin");
        fs::create_dir_all(&tools).unwrap();
        command.env_clear().env("PATH", &tools).env("HOME", self.folder.path());
        self.run(command, arguments, "")
    }

    /// Runs the program with a standard output of its own.
    pub(crate) fn iama_into(&self, arguments: &[&str], output: Stdio) -> Shown {
        let mut command = program();
        command.stdout(output);
        self.start(command, arguments, "")
    }

    /// Runs the program where only the system's own interpreters can be found. Environments are kept as usual.
    pub(crate) fn iama_of_the_system(&self, arguments: &[&str]) -> Shown {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let usual = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let mut command = program();
        command.env_remove("PYENV_ROOT").env("PATH", "/usr/bin:/bin").env("HOME", self.folder.path());
        command.env("XDG_CACHE_HOME", cache.or(usual).unwrap());
        self.run(command, arguments, "")
    }

    /// Runs the program with nothing but these variables.
    pub(crate) fn iama_with_only(&self, variables: &[(&str, &Path)], arguments: &[&str]) -> Shown {
        let mut command = program();
        command.env_clear().envs(variables.iter().copied());
        self.run(command, arguments, "")
    }

    /// Runs the program with these variables besides its usual ones.
    pub(crate) fn iama_where(&self, variables: &[(&str, &Path)], arguments: &[&str]) -> Shown {
        let mut command = program();
        command.envs(variables.iter().copied());
        self.run(command, arguments, "")
    }

    fn run(&self, mut command: Command, arguments: &[&str], input: &str) -> Shown {
        command.stdout(Stdio::piped());
        self.start(command, arguments, input)
    }

    fn start(&self, mut command: Command, arguments: &[&str], input: &str) -> Shown {
        use std::io::Write as _;
        command.args(arguments).current_dir(self.root()).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A child that reads nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Shown {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the program at a terminal and types, each text once its prompt was shown after the one before it; nothing where
    /// there is no `script` to make a terminal.
    pub(crate) fn iama_at_terminal(
        &self,
        variables: &[(&str, &Path)],
        arguments: &str,
        answers: &[(&str, &str)],
    ) -> Option<Shown> {
        use std::io::{Read as _, Write as _};
        let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_iama"));
        let mut script = Command::new("script");
        script.args(["-qfec", &command, "/dev/null"]).current_dir(self.root()).envs(variables.iter().copied());
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut shown, mut part, mut seen, mut answers) = (Vec::new(), [0; 1024], 0, answers.iter());
        let mut next = answers.next();
        while let Ok(read @ 1..) = screen.read(&mut part) {
            shown.extend_from_slice(&part[..read]);
            if let Some((prompt, text)) = next
                && String::from_utf8_lossy(&shown[seen..]).contains(prompt)
            {
                keys.write_all(text.as_bytes()).unwrap();
                (next, seen) = (answers.next(), shown.len());
            }
        }
        let code = child.wait().unwrap().code().unwrap_or(-1);
        Some(Shown { code, out: String::new(), err: String::from_utf8_lossy(&shown).into_owned() })
    }

    /// Every file of the project with its bytes, but for IAMA's own folder.
    pub(crate) fn tree(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.root(), &mut files);
        files.sort();
        files
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let mut git = Command::new("git");
        let output = git.args(identity).args(arguments).current_dir(self.root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The folder of the only job.
    pub(crate) fn job(&self) -> PathBuf {
        let jobs: Vec<_> = fs::read_dir(self.root().join(".iama/jobs")).unwrap().flatten().collect();
        assert_eq!(jobs.len(), 1);
        jobs[0].path()
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_iama"))
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_name() == ".iama" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), files);
        } else {
            files.push((entry.path(), fs::read(entry.path()).unwrap()));
        }
    }
}
