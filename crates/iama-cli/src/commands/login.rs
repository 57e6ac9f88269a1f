//! `iama login` and `iama logout`.

use std::process::ExitCode;

use crate::args::{Login, Logout};
use crate::out::{say, tell};
use crate::problem::Problem;
use crate::remote::{Accounts, Client};
use crate::{decide, machine, paint};

/// Signs this machine in, by a code that a person confirms in a browser.
pub(super) fn login(options: &Login) -> Result<ExitCode, Problem> {
    let machine = machine::machine()?;
    let client = Client::new(&options.server, Accounts::of(&machine)?)?;
    machine::catch_interrupts()?;
    let codes = client.device(&machine::name())?;
    tell!("Open  {}", paint::strong(&codes.verification_uri_complete));
    tell!("or go to {} and type the code  {}", codes.verification_uri, paint::strong(&codes.user_code));
    tell!("{}", paint::dim("waiting until it is confirmed; Ctrl-C ends it"));
    let me = client.confirmed(&codes)?;
    if me.disclosure_accepted_at.is_none() {
        disclose(&client, options.accept_disclosure)?;
    }
    say!("signed in at {} as {}", client.url(), me.email);
    Ok(ExitCode::SUCCESS)
}

/// Tells what a server does with what it is sent. Without a yes no job can start there.
fn disclose(client: &Client, accepted: bool) -> Result<(), Problem> {
    tell!("\nWhat happens with what you send:");
    for statement in client.disclosure()?.statements {
        tell!("  * {}", iama_sandbox::printable(&statement));
    }
    if accepted || decide::agreed("Do you accept this?") {
        return client.accept_disclosure();
    }
    tell!(
        "You are signed in, and no job can start there until you accept: iama login --server {} --accept-disclosure",
        client.url()
    );
    Ok(())
}

/// Forgets the sign-in at a server.
pub(super) fn logout(options: &Logout) -> Result<ExitCode, Problem> {
    let machine = machine::machine()?;
    let client = Client::new(&options.server, Accounts::of(&machine)?)?;
    client.logout()?;
    say!("signed out at {}", client.url());
    Ok(ExitCode::SUCCESS)
}
