//! One request and its stream, with cancelling at every point.

use std::time::Duration;

use bytes::Bytes;
use eventsource_stream::{EventStreamError, Eventsource as _};
use futures_util::{Stream, StreamExt as _};
use serde_json::Value;
use tokio::select;
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::Provider;
use crate::prompt::{Prompt, estimate};
use crate::usage::Usage;
use crate::wire::{Body, Exchange, Http, Piece, Player, Reader, Recorder, Request, Stop, Tape, WireFault};

/// More bytes than this are no answer. The longest has 30 000 tokens, each in a frame of a few hundred bytes.
const LONGEST_BYTES: usize = 32 << 20;
/// What is read of a refusal.
const REFUSAL_BYTES: usize = 64 << 10;
/// The longest wait for a number.
const NUMBER_WAIT: Duration = Duration::from_secs(10);
/// After the end event the stream itself ends at once; waiting for it lets the provider see that its answer was taken.
const LAST_WAIT: Duration = Duration::from_millis(50);
/// Turns of the runtime in which the task that owns a connection learns that nobody reads it, and closes it.
const CLOSING_TURNS: usize = 8;

/// Where exchanges take place.
pub(super) enum Wire {
    Live(Http),
    Recording(Http, Recorder),
    Replaying(Player),
}

/// What came of a request.
pub(super) struct Received {
    pub(super) text: String,
    thought_bytes: usize,
    usage: Option<Usage>,
    /// Whether the provider may have worked.
    worked: bool,
    pub(super) end: Result<Stop, Broken>,
}

/// Why a request has no answer.
pub(super) enum Broken {
    Cancelled,
    Fault(WireFault),
}

impl Received {
    fn broken(broken: Broken, worked: bool) -> Self {
        Self { text: String::new(), thought_bytes: 0, usage: None, worked, end: Err(broken) }
    }

    pub(super) fn failed(fault: WireFault) -> Self {
        let worked = match &fault {
            WireFault::Connection { sent, .. } => *sent,
            WireFault::Silence { .. } => true,
            _ => false,
        };
        Self::broken(Broken::Fault(fault), worked)
    }

    /// Whether the provider worked and never told how much.
    pub(super) fn silent(&self) -> bool {
        self.worked && self.usage.is_none() && self.end.is_err()
    }

    /// What was used, and whether it is an estimate. An answer that was cut off used at least what had arrived of it.
    pub(super) fn tokens(&self, prompt: &Prompt) -> (Usage, bool) {
        let arrived = estimate(&self.text, 3) + u64::try_from(self.thought_bytes).unwrap_or(u64::MAX).div_ceil(3);
        match (self.usage, &self.end) {
            (Some(usage), Ok(_)) => (usage, false),
            (Some(usage), Err(_)) => (Usage { output: usage.output.max(arrived), ..usage }, true),
            (None, _) if self.worked => (Usage { input: prompt.tokens(), output: arrived, ..Usage::default() }, true),
            (None, _) => (Usage::default(), false),
        }
    }
}

impl Wire {
    async fn open(&self, provider: &Provider, request: &Request) -> Result<(Exchange, Option<Tape>), WireFault> {
        match self {
            Self::Live(http) => Ok((http.open(provider, request).await?, None)),
            Self::Recording(http, _recorder) => {
                let (exchange, tape) = Recorder::tape(request, http.open(provider, request).await?);
                Ok((exchange, Some(tape)))
            }
            Self::Replaying(player) => Ok((player.open(request)?, None)),
        }
    }

    /// Makes a request and reads its answer. Dropping the future at any point closes the connection. So does a broken answer, and
    /// before this returns: the runtime may stand still afterwards.
    pub(super) async fn exchange(
        &self,
        provider: &Provider,
        request: &Request,
        cancel: &CancellationToken,
        show: &mut (dyn FnMut(&Piece) + Send),
    ) -> Received {
        let received = self.attempt(provider, request, cancel, show).await;
        if received.end.is_err() {
            close().await;
        }
        received
    }

    /// What a provider answers to a request that wants no stream: a number in its JSON. Nothing if it does not tell, or not soon:
    /// there is no call that could not be made without it.
    pub(super) async fn number(
        &self,
        provider: &Provider,
        request: &Request,
        pointer: &str,
        cancel: &CancellationToken,
    ) -> Option<u64> {
        let number = select! {
            biased;
            () = cancel.cancelled() => None,
            number = timeout(NUMBER_WAIT, self.told(provider, request, pointer)) => number.ok().flatten(),
        };
        if number.is_none() {
            close().await;
        }
        number
    }

    async fn told(&self, provider: &Provider, request: &Request, pointer: &str) -> Option<u64> {
        let (mut exchange, tape) = self.open(provider, request).await.ok()?;
        let mut body = Vec::new();
        while let Some(chunk) = exchange.body.next().await {
            body.extend_from_slice(&chunk.ok()?);
            if body.len() > REFUSAL_BYTES {
                return None;
            }
        }
        let told: Value = serde_json::from_slice(&body).ok().filter(|_| exchange.status == 200)?;
        let number = told.pointer(pointer)?.as_u64()?;
        if let (Self::Recording(_, recorder), Some(tape)) = (self, tape) {
            recorder.keep(tape, false).ok()?;
        }
        Some(number)
    }

    async fn attempt(
        &self,
        provider: &Provider,
        request: &Request,
        cancel: &CancellationToken,
        show: &mut (dyn FnMut(&Piece) + Send),
    ) -> Received {
        let opened = select! {
            biased;
            () = cancel.cancelled() => return Received::broken(Broken::Cancelled, true),
            opened = self.open(provider, request) => opened,
        };
        let (exchange, tape) = match opened {
            Ok(opened) => opened,
            Err(fault) => return Received::failed(fault),
        };
        let reading = read(exchange, Reader::of(request.kind), cancel, show);
        let received = reading.await;
        self.keep(tape, received)
    }

    /// Keeps the tape of what came to an end by itself.
    fn keep(&self, tape: Option<Tape>, received: Received) -> Received {
        let cut = match &received.end {
            Err(Broken::Cancelled) => return received,
            Err(Broken::Fault(WireFault::Connection { .. } | WireFault::Silence { .. })) => true,
            Ok(_) | Err(Broken::Fault(_)) => false,
        };
        match (self, tape) {
            (Self::Recording(_, recorder), Some(tape)) => match recorder.keep(tape, cut) {
                Ok(()) => received,
                Err(fault) => Received { end: Err(Broken::Fault(fault)), ..received },
            },
            _ => received,
        }
    }
}

/// Lets the connections that were given up be closed.
async fn close() {
    for _ in 0..CLOSING_TURNS {
        yield_now().await;
    }
}

async fn read(
    exchange: Exchange,
    mut reader: Reader,
    cancel: &CancellationToken,
    show: &mut (dyn FnMut(&Piece) + Send),
) -> Received {
    if !(200..300).contains(&exchange.status) {
        return refused(exchange, cancel).await;
    }
    let mut received = Received::broken(Broken::Cancelled, true);
    received.end = stream(exchange.body, &mut reader, cancel, &mut |piece| {
        show(&piece);
        match piece {
            Piece::Text(text) => received.text.push_str(&text),
            Piece::Thought(bytes) => received.thought_bytes += bytes,
        }
    })
    .await;
    received.usage = reader.usage();
    received
}

async fn refused(mut exchange: Exchange, cancel: &CancellationToken) -> Received {
    let mut body = Vec::new();
    while body.len() < REFUSAL_BYTES {
        let chunk = select! {
            biased;
            () = cancel.cancelled() => return Received::broken(Broken::Cancelled, false),
            chunk = exchange.body.next() => chunk,
        };
        let Some(Ok(chunk)) = chunk else { break };
        body.extend_from_slice(&chunk);
    }
    let fault = WireFault::of_status(exchange.status, &exchange.headers, &body);
    Received::broken(Broken::Fault(fault), false)
}

async fn stream(
    body: Body,
    reader: &mut Reader,
    cancel: &CancellationToken,
    take: &mut (dyn FnMut(Piece) + Send),
) -> Result<Stop, Broken> {
    let mut events = Box::pin(bounded(body).eventsource());
    while !reader.ended() {
        let event = select! {
            biased;
            () = cancel.cancelled() => return Err(Broken::Cancelled),
            event = events.next() => event,
        };
        let Some(event) = event else { break };
        let event = event.map_err(|error| Broken::Fault(fault(error)))?;
        if let Some(piece) = reader.read(&event.event, &event.data).map_err(Broken::Fault)? {
            take(piece);
        }
    }
    if reader.ended() {
        let _ = timeout(LAST_WAIT, events.next()).await;
    }
    reader.stop().map_err(Broken::Fault)
}

fn bounded(body: Body) -> impl Stream<Item = Result<Bytes, WireFault>> + Send {
    let mut total = 0;
    body.map(move |chunk| {
        let chunk = chunk?;
        total += chunk.len();
        if total > LONGEST_BYTES { Err(WireFault::Endless { bytes: LONGEST_BYTES }) } else { Ok(chunk) }
    })
}

fn fault(error: EventStreamError<WireFault>) -> WireFault {
    match error {
        EventStreamError::Transport(fault) => fault,
        EventStreamError::Utf8(_) => WireFault::Malformed { what: "the stream is no UTF-8".to_owned() },
        EventStreamError::Parser(_) => WireFault::Malformed { what: "the stream has no events".to_owned() },
    }
}
