//! A relay before a server, which sees when a client hangs up.

use std::io::{Result, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::time::Instant;

/// A relay; it stops with the process.
pub(super) struct Relay {
    port: u16,
    /// When each connection was closed by its client.
    pub(super) hung_up: Receiver<Instant>,
}

impl Relay {
    /// A relay before a port of this machine.
    pub(super) fn before(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = listener.local_addr()?.port();
        let (told, hung_up) = channel();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that fails here fails for the client.
                let _ = pass(&client, port, told.clone());
            }
        });
        Ok(Self { port: relay, hung_up })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn pass(client: &TcpStream, port: u16, told: Sender<Instant>) -> Result<()> {
    let server = TcpStream::connect(("127.0.0.1", port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut asking, mut asked) = (client.try_clone()?, server.try_clone()?);
    let (mut answering, mut answered) = (server, client.try_clone()?);
    thread::spawn(move || {
        let _ = copy(&mut asking, &mut asked);
        let _ = told.send(Instant::now());
        let _ = asked.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let _ = copy(&mut answering, &mut answered);
        let _ = answered.shutdown(Shutdown::Both);
    });
    Ok(())
}
