//! Checks, long tests and measurements of the workspace: `cargo xtask COMMAND`.

use std::process::ExitCode;

use clap::Parser;

mod api_check;
mod bench;
mod ci;
mod client;
mod context_bench;
mod context_check;
mod cost;
mod demo;
mod docker_job;
mod engine;
mod escapes;
mod fault_matrix;
mod faults;
mod injections;
mod job_model;
mod kill;
mod live_model;
mod material;
mod model_jobs;
mod mutation_bench;
mod node;
mod oauth;
mod oracle;
mod packages;
mod patch_cases;
mod pgbouncer;
mod platforms;
mod postgres;
mod prices;
mod proof;
mod python3;
mod queries;
mod recipes;
mod s3;
mod sarif_check;
mod secrets;
mod server;
mod server_bench;
mod setup;
mod story;
mod strength;
mod test_strength;
mod tidy;
mod tools;

/// Checks, long tests and measurements of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Build iama and migrate a real, published Python 2 package with it
    Demo(demo::Options),
    /// Every check and test
    Ci(ci::Options),
    /// Fetch what builds and checks need: bubblewrap, cargo's tools, the PostgreSQL that binaries carry
    Setup,
    /// Ask PostgreSQL about every statement of the store, and keep the answers in the repository
    Sqlx(queries::Options),
    /// The whole story with the real binaries: account, sign-in, job of a server, apply, revert
    Story(story::Options),
    /// The client in TypeScript: its types, made of the API's document, and whether it is in order
    Client(client::Options),
    /// Speed and memory of the server under load, beside the same endpoints in Fastify, and with many streams open
    ServerBench(server_bench::Options),
    /// Hold a running server to the document that describes its API, with requests that schemathesis makes up
    ApiCheck(api_check::Options),
    /// Sign-ins by providers of other makers, and what an attacker would try
    Oauth,
    /// Rules of the house that no other tool knows
    Tidy,
    /// Run published Python 2 packages through 2to3 and iama, and their tests on both sides
    Material(material::Options),
    /// Compare the Python 2 trees with CPython's own on the 2.7 standard library
    Oracle,
    /// Search all reachable states of the job machine
    JobModel,
    /// Generate patches, apply them, and look for an edit in a wrong place
    PatchCases(patch_cases::Options),
    /// Hold the recipes to their promises on the 2.7 standard library, and compile it under every Python 3 found
    RecipesCheck,
    /// Run programs as they are on 2.7, and what --dual makes of them on 2.7 and every Python 3 found
    DualCheck,
    /// Record lib2to3's own cases from an installed 3.11 and compare answers by their trees
    Lib2to3,
    /// Run the tests of 2.7's own modules on what the recipes make of the modules
    StdlibTests(python3::Options),
    /// Run the recipes over popular packages for Python 3, in which they may change nothing
    FalseAlarms,
    /// Speed and memory of the recipes on the 2.7 standard library, beside a bare parse and 2to3
    Bench(bench::Options),
    /// Migrate published packages, plant faults at the touched places, and see what own and recorded tests notice
    Strength(strength::Options),
    /// Plant faults of the kind that migrations make into migrated packages, and see what notices them
    Faults(faults::Options),
    /// Mutants per minute beside mutmut 2.5.1 and 3.8.1, on one migrated package, with the same tests and cores
    MutationBench(mutation_bench::Options),
    /// Seconds by stage of a whole `iama refactor` with baseline and strength, and the size of its evidence
    Cost(cost::Options),
    /// A whole job in containers, with scenarios, recorded calls and planted faults
    DockerJob(docker_job::Options),
    /// Compile the sandbox for Windows and macOS
    Platforms,
    /// Hold the SARIF of a job to the published schema
    SarifCheck(sarif_check::Options),
    /// Recall, false alarms and speed of the scan for secrets, beside detect-secrets and kingfisher
    Secrets(secrets::Options),
    /// Analysis of a million lines and a new pack after an edit, beside a bare parse and beside ast-grep
    ContextBench(context_bench::Options),
    /// Interfaces of the libraries of Python and of other folders: whether they are valid in their languages
    ContextCheck(context_check::Options),
    /// Make the table of prices anew from LiteLLM's
    Prices(prices::Options),
    /// Hold the prices of random usages against LiteLLM's
    CostOracle(prices::OracleOptions),
    /// The router of model calls against a mock provider with every fault that it knows, in three forms
    FaultMatrix,
    /// The router of model calls against a small model that really runs, served by llama-server
    LiveModel,
    /// Try to get out of the sandbox in every known way, on every level that this machine has
    Escapes,
    /// Whole jobs with a scripted model: helped by a person, fallen back, recorded and replayed
    ModelJobs(model_jobs::Options),
    /// Poisoned projects and a model that obeys what is written in them
    Injections(injections::Options),
    /// Kill a job with model calls at many points and resume it
    KillModels(model_jobs::kill::Options),
    /// Has the configured model write tests of published packages and prints how much they notice
    TestStrength(test_strength::Options),
    /// Kill a migration at many points and resume it
    Kill(kill::Options),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Demo(options) => demo::run(&options),
        Command::Ci(options) => ci::run(options),
        Command::Setup => setup::run(),
        Command::Sqlx(options) => queries::run(&options),
        Command::Story(options) => story::run(&options),
        Command::Client(options) => client::run(&options),
        Command::ServerBench(options) => server_bench::run(&options),
        Command::ApiCheck(options) => api_check::run(&options),
        Command::Oauth => oauth::run(),
        Command::Tidy => tidy::run(),
        Command::Material(options) => material::run(&options),
        Command::Oracle => oracle::run(),
        Command::JobModel => job_model::run(),
        Command::RecipesCheck => recipes::check_library(),
        Command::DualCheck => recipes::check_dual(),
        Command::Lib2to3 => recipes::lib2to3_cases(),
        Command::PatchCases(options) => patch_cases::run(&options),
        Command::StdlibTests(options) => python3::stdlib_tests(&options),
        Command::FalseAlarms => python3::false_alarms(),
        Command::Bench(options) => bench::run(&options),
        Command::Strength(options) => strength::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::MutationBench(options) => mutation_bench::run(&options),
        Command::Cost(options) => cost::run(&options),
        Command::DockerJob(options) => docker_job::run(&options),
        Command::Platforms => platforms::run(),
        Command::SarifCheck(options) => sarif_check::run(&options),
        Command::Secrets(options) => secrets::run(&options),
        Command::ContextBench(options) => context_bench::run(&options),
        Command::ContextCheck(options) => context_check::run(&options),
        Command::Prices(options) => prices::make(&options),
        Command::CostOracle(options) => prices::compare(&options),
        Command::FaultMatrix => fault_matrix::run(),
        Command::LiveModel => live_model::run(),
        Command::Escapes => escapes::run(),
        Command::ModelJobs(options) => model_jobs::run(&options),
        Command::Injections(options) => injections::run(&options),
        Command::KillModels(options) => model_jobs::kill::run(&options),
        Command::TestStrength(options) => test_strength::run(&options),
        Command::Kill(options) => kill::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
