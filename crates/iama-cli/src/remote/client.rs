//! What a server is asked, by name.

use std::time::Duration;

use iama_engine::Decided;
use iama_engine::executor::{Document, News, Order, Reply};
use iama_engine::spec::{Behaviour, Kind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::account::{Account, Accounts};
use super::fault::Fault;
use super::wire::{Call, Pair, Wire};
use crate::problem::{Problem, io};

/// A server, asked by somebody who waits for the answer.
pub(crate) struct Client {
    wire: Wire,
    accounts: Accounts,
    runtime: Runtime,
}

/// A job to be made.
#[derive(Debug, Serialize)]
pub(crate) struct NewJob<'w> {
    /// What the project is called.
    pub(crate) project: &'w str,
    /// From which language to which.
    pub(crate) language_pair: &'w str,
    /// Where tests run.
    pub(crate) execution_mode: &'static str,
    /// For whom it explains itself.
    pub(crate) mode: &'static str,
    /// Whether models of class L2 need no question.
    pub(crate) pre_authorised: bool,
}

/// What a server asks this machine for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) status: String,
}

/// A request that was taken.
#[derive(Debug, Deserialize)]
pub(super) struct Claimed {
    pub(super) fencing_token: i64,
    pub(super) order: Option<Order>,
    pub(super) news: Option<News>,
}

/// A spec as it would be.
#[derive(Debug, Deserialize)]
pub(super) struct Reworded {
    pub(super) says: String,
    pub(super) items: Vec<RewordedItem>,
    pub(super) refused: Vec<String>,
}

/// An item as it would be; a new one has no name.
#[derive(Debug, Deserialize)]
pub(super) struct RewordedItem {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) scenario: Option<Behaviour>,
}

/// The codes of a device that wants to be signed in.
#[derive(Debug, Deserialize)]
pub(crate) struct DeviceCodes {
    device_code: String,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

/// Who is signed in, as the server knows them.
#[derive(Debug, Deserialize)]
pub(crate) struct Me {
    pub(crate) email: String,
    pub(crate) disclosure_accepted_at: Option<String>,
}

/// What is done with what is sent, before the first refactoring.
#[derive(Debug, Deserialize)]
pub(crate) struct Disclosure {
    pub(crate) statements: Vec<String>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

impl Client {
    /// The client of a server, which need not be there.
    pub(crate) fn new(url: &str, accounts: Accounts) -> Result<Self, Problem> {
        let wire = Wire::new(url, accounts.clone())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| io("cannot start the runtime of the connection", &error))?;
        Ok(Self { wire, accounts, runtime })
    }

    /// The server's address, as it is kept.
    pub(crate) fn url(&self) -> &str {
        self.wire.url()
    }

    pub(super) const fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Asks, and waits for the answer.
    fn ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Problem> {
        self.try_ask(call).map_err(|fault| fault.problem(self.url()))
    }

    /// Waits for something, as long as no person wants to stop.
    fn unless_interrupted<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async {
            tokio::select! {
                done = what => Some(done),
                () = interrupted() => None,
            }
        })
    }

    fn try_ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Fault> {
        self.runtime.block_on(self.wire.send(call))
    }
}

/// Comes back when a person wants to stop.
async fn interrupted() {
    while !crate::machine::is_interrupted() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Signing in and out.
impl Client {
    /// Asks for codes that a person confirms elsewhere.
    pub(crate) fn device(&self, client: &str) -> Result<DeviceCodes, Problem> {
        self.ask(&Call::post("/auth/device", json!({ "client": client })).unsigned())
    }

    /// Waits until a person has confirmed, and keeps the sign-in.
    pub(crate) fn confirmed(&self, codes: &DeviceCodes) -> Result<Me, Problem> {
        let mut interval = Duration::from_secs(codes.interval.clamp(1, 60));
        let call = Call::post("/auth/device/token", json!({ "device_code": codes.device_code })).unsigned();
        let mut waited = Duration::ZERO;
        let Pair { access_token, refresh_token } = loop {
            self.pause(interval)?;
            waited += interval;
            match self.try_ask::<Pair>(&call) {
                Ok(pair) => break pair,
                Err(fault) if waited.as_secs() > codes.expires_in => return Err(fault.problem(self.url())),
                Err(fault) if fault.is("AUTHORIZATION_PENDING") => {}
                Err(fault) if fault.is("SLOW_DOWN") => interval += Duration::from_secs(5),
                Err(fault) => return Err(fault.problem(self.url())),
            }
        };
        self.accounts.hold()?.put(self.url(), Some(Account { access_token, refresh_token }))?;
        self.me()
    }

    fn pause(&self, time: Duration) -> Result<(), Problem> {
        // A pause is begun where the runtime is.
        let paused = self.unless_interrupted(async { tokio::time::sleep(time).await });
        paused.ok_or_else(|| super::drive::interrupted("nobody was signed in", "run `iama login` again"))
    }

    pub(crate) fn me(&self) -> Result<Me, Problem> {
        self.ask(&Call::get("/me"))
    }

    pub(crate) fn disclosure(&self) -> Result<Disclosure, Problem> {
        self.ask(&Call::get("/me/disclosure"))
    }

    pub(crate) fn accept_disclosure(&self) -> Result<(), Problem> {
        self.ask(&Call::poke("/me/disclosure"))
    }

    /// Ends the sign-in there and here. One that is over there is forgotten here.
    pub(crate) fn logout(&self) -> Result<(), Problem> {
        let done = self.try_ask::<()>(&Call::poke("/auth/logout"));
        match done {
            Ok(()) | Err(Fault::Refused(_)) => self.accounts.hold()?.put(self.url(), None),
            Err(fault) => Err(fault.problem(self.url())),
        }
    }
}

/// Jobs.
impl Client {
    /// Makes a job, and gives its name.
    pub(crate) fn create(&self, wanted: &NewJob<'_>, key: String) -> Result<String, Problem> {
        let body = serde_json::to_value(wanted).unwrap_or_default();
        self.ask::<Made>(&Call::post("/jobs", body).once(key)).map(|made| made.id)
    }

    pub(crate) fn start(&self, job: &str) -> Result<(), Problem> {
        let path = format!("/jobs/{job}/start");
        let call = Call::poke(&path).once(format!("start-{job}"));
        self.ask::<Value>(&call).map(drop)
    }

    pub(crate) fn cancel(&self, job: &str) -> Result<(), Problem> {
        let path = format!("/jobs/{job}");
        let call = Call::delete(&path).once(format!("cancel-{job}"));
        self.ask::<Value>(&call).map(drop)
    }

    /// What this machine is asked for, the oldest first.
    pub(super) fn requests(&self, job: &str) -> Result<Vec<Asked>, Problem> {
        #[derive(Deserialize)]
        struct List {
            requests: Vec<Asked>,
        }
        self.ask::<List>(&Call::get(&format!("/jobs/{job}/execution/requests"))).map(|list| list.requests)
    }

    pub(super) fn claim(&self, job: &str, request: &str, session: &str, seen: u64) -> Result<Claimed, Fault> {
        let path = format!("/jobs/{job}/execution/requests/{request}/claim");
        self.try_ask(&Call::post(&path, json!({ "client_session": session, "seen": seen })))
    }

    pub(super) fn answer(&self, job: &str, request: &str, token: i64, reply: &Reply) -> Result<(), Fault> {
        let path = format!("/jobs/{job}/execution/requests/{request}/result");
        let body = json!({ "fencing_token": token, "reply": reply });
        self.try_ask::<Value>(&Call::post(&path, body)).map(drop)
    }

    pub(super) fn followed(&self, job: &str, request: &str, token: i64, came: &[Document]) -> Result<(), Fault> {
        let path = format!("/jobs/{job}/execution/requests/{request}/result");
        let body = json!({ "fencing_token": token, "documents": came });
        self.try_ask::<Value>(&Call::post(&path, body)).map(drop)
    }

    /// What would become of a spec by a person's words; nothing where they have stopped waiting for it.
    pub(super) fn reword(&self, job: &str, token: &str, words: &str, key: String) -> Option<Result<Reworded, Fault>> {
        let path = format!("/jobs/{job}/spec/nl-convert");
        let body = json!({ "revision_token": token, "text": words });
        let call = Call::post(&path, body).once(key).of_model();
        self.unless_interrupted(self.wire.send(&call))
    }

    /// The part of the month's allowance that the last round of a job may take, in percent; nothing where there is none to
    /// take a part of.
    pub(super) fn share(&self, job: &str) -> Option<f64> {
        #[derive(Deserialize)]
        struct Usage {
            rounds: Vec<Round>,
        }
        #[derive(Deserialize)]
        struct Round {
            percent_of_period: Option<f64>,
        }
        let usage: Usage = self.ask(&Call::get(&format!("/usage/job/{job}"))).ok()?;
        usage.rounds.last()?.percent_of_period
    }

    pub(super) fn news(&self, job: &str, seen: u64) -> Result<News, Problem> {
        self.ask(&Call::get(&format!("/jobs/{job}/news?seen={seen}")))
    }

    pub(super) fn decide(&self, job: &str, decided: &Decided, key: String) -> Result<(), Fault> {
        let path = format!("/jobs/{job}/decisions");
        let body = serde_json::to_value(decided).unwrap_or_default();
        self.try_ask::<Value>(&Call::post(&path, body).once(key)).map(drop)
    }
}
