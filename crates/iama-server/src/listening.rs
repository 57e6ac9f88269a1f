//! Connections: accepted, given to the router, and ended in good order.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::streaming;

/// How long a client may take to send the head of a request, and a connection wait for its next one: longer than the proxies before
/// a server keep theirs, so that it is not the server that ends one in use.
const PATIENCE: Duration = Duration::from_secs(75);

/// Serves until told to stop; then takes no more connections and waits until those that are open have had their answers.
pub(crate) async fn serve(mut listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let connections = Connections { http, router, open: TaskTracker::new(), stop: CancellationToken::new() };
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            // It waits out what only time mends, such as too many open files.
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        // Answers are small or are events: neither may wait for more.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection cannot be told to send at once");
        }
        connections.open.spawn(connections.clone().serve(stream, address));
    }
    drop(listener);
    connections.stop.cancel();
    connections.open.close();
    connections.open.wait().await;
}

/// What all connections share.
#[derive(Clone)]
struct Connections {
    http: http1::Builder,
    router: Router,
    open: TaskTracker,
    stop: CancellationToken,
}

impl Connections {
    /// Answers one request after the other, until one of them is for a stream of events: that has the connection to itself.
    async fn serve(self, stream: TcpStream, address: SocketAddr) {
        let (hand_over, mut handed_over) = oneshot::channel();
        let hand_over = Arc::new(Mutex::new(Some(hand_over)));
        let answer = service_fn(|request| answer(self.router.clone(), address, request, Arc::clone(&hand_over)));
        let mut connection = self.http.serve_connection(TokioIo::new(stream), answer);
        let events = tokio::select! {
            ended = &mut connection => return told(ended),
            Ok(events) = &mut handed_over => events,
            () = self.stop.cancelled() => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                return told(connection.await);
            }
        };
        let stream = connection.into_parts().io.into_inner();
        self.open.spawn(async move { told(streaming::send(stream, events).await) });
    }
}

fn told<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

type HandOver = Arc<Mutex<Option<oneshot::Sender<Response>>>>;

/// The answer to a request; none ever when it went to whoever sends streams.
async fn answer(
    router: Router,
    address: SocketAddr,
    request: Request<Incoming>,
    hand_over: HandOver,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(address));
    let takes_chunks = streaming::is_possible(&request);
    let response = router.oneshot(request).await?;
    if takes_chunks && streaming::is_stream(&response) {
        let hand_over = hand_over.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nobody waits for it when the connection has ended.
        if let Some(hand_over) = hand_over {
            drop(hand_over.send(response));
        }
        return std::future::pending().await;
    }
    Ok(response)
}
