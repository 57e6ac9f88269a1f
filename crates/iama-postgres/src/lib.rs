//! A PostgreSQL server of one's own: carried in the binary or found on the machine, started, kept and stopped.
//!
//! It is for `iama-server dev`, for tests and for tasks; in production there is a `DATABASE_URL` and nothing of this runs. A
//! server lives in one data folder, listens on a Unix socket in it and nowhere else, and never runs as root. It speaks no
//! SQL: that is `iama-store`'s business.
//!
//! ```text
//! DATA/          mode 0700, owned by whoever the server runs as
//!   lock         held by the process that keeps the server; others that start on DATA attach to the running one
//!   cluster/     PostgreSQL's own
//!   socket/      unless its path is too long for a socket: then a folder of /tmp that is made of DATA's path
//!   server.log
//! ```
//!
//! # When something dies
//!
//! * The process that keeps the server: a guard (a shell that waits for the end of a pipe) stops the server. If the guard is
//!   dead, too, the next start on DATA stops the server that it finds, and starts its own.
//! * The server: the process that keeps it starts it again.
#![cfg(unix)]

mod account;
mod bundle;
mod cluster;
mod error;
mod postmaster;
mod process;
mod programs;
mod server;

pub use bundle::Bundle;
pub use error::Error;
pub use programs::Programs;
pub use server::{Durability, Folders, Server};

/// The role that owns everything in a server of one's own.
pub const ROLE: &str = "iama";
/// The database that every such server has.
pub const DATABASE: &str = "iama";
/// The oldest major version that IAMA's SQL is written for.
pub const OLDEST: u32 = 15;
