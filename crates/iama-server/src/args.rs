//! What the command line says.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The IAMA server.
#[derive(Debug, Parser)]
#[command(name = "iama-server", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A whole server on this machine: its own database, its own keys, a first account
    Dev(Dev),
    /// The API, on the database that the configuration or the variable `DATABASE_URL` names
    Api(Configured),
    /// Bring the database to the form that this version needs
    Migrate(Configured),
    /// Administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Print the document that describes the API
    Openapi,
    /// Print the JSON schema of the configuration
    ConfigSchema,
}

/// What to do about administrators.
#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Make the account of an administrator: the first, or any other
    Create(AdminCreate),
    /// Whether the books add up and every job is what its events say; exit 1 when not
    Check(Place),
}

/// Which database.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Work on the database of `iama-server dev`
    #[arg(long)]
    pub(crate) dev: bool,
    /// Where `iama-server dev` keeps everything; by default a folder of yours
    #[arg(long, value_name = "FOLDER", requires = "dev")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) configured: Configured,
}

/// An administrator who is to be made.
#[derive(Debug, Args)]
pub(crate) struct AdminCreate {
    /// The address to sign in with
    #[arg(long)]
    pub(crate) email: String,
    /// What they may do
    #[arg(long, value_enum, default_value_t = Role::SuperAdmin)]
    pub(crate) role: Role,
    /// Read the password from the first line of standard input; without it, one is made and printed
    #[arg(long)]
    pub(crate) password_stdin: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What an administrator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything
    SuperAdmin,
    /// Settings but for where keys lie, and switches
    Engineer,
    /// People: quota, and switches for one of them
    Support,
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// The configuration, in TOML; variables such as `IAMA_SERVER_HTTP__LISTEN` go before it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// A server on this machine.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Where everything is kept; by default a folder of yours
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8700")]
    pub(crate) listen: String,
    #[command(flatten)]
    pub(crate) configured: Configured,
}
