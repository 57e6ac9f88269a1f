//! Jobs that a server drives, with this machine as their hands: who is signed in, what is asked and told over HTTP, presence
//! while work is done. What an order may do is `iama_engine::executor`'s to say, and what a job may do is the server's.

mod account;
mod client;
mod drive;
mod fault;
mod lines;
mod presence;
mod rewording;
mod wire;

pub(crate) use account::Accounts;
pub(crate) use client::{Client, NewJob};
pub(crate) use drive::{Remote, put, said};
