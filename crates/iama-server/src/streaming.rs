//! Streams of events, sent past the HTTP library: it keeps two buffers of 8 KiB for each connection, which a stream that waits for
//! hours has no use for.

use std::io::{self, Error, ErrorKind, Write as _};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::response::Parts;
use axum::http::{HeaderValue, Method, Request, Version, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a reader may leave what it was sent lying. Then it is too slow, and comes back when it can.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the answer to a request may be a stream in chunks.
pub(crate) fn is_possible(request: &Request<Body>) -> bool {
    request.method() == Method::GET && request.version() == Version::HTTP_11
}

/// Whether an answer is a stream of events.
pub(crate) fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Sends a stream to its end, which is that of the connection.
///
/// # Errors
///
/// When the reader has left or reads too slowly, or the stream breaks off.
pub(crate) async fn send(mut connection: TcpStream, response: Response) -> io::Result<()> {
    let (head, body) = response.into_parts();
    write(&mut connection, &opening(head)?).await?;
    let mut body = body.into_data_stream();
    loop {
        let data = tokio::select! {
            data = body.next() => data.transpose().map_err(Error::other)?,
            left = until_left(&connection) => return left,
        };
        let Some(data) = data else { break };
        if !data.is_empty() {
            write(&mut connection, &chunk(&data)?).await?;
        }
    }
    write(&mut connection, &chunk(&[])?).await?;
    connection.shutdown().await
}

async fn write(connection: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let written = timeout(PATIENCE, connection.write_all(bytes)).await;
    written.unwrap_or_else(|_| Err(Error::new(ErrorKind::TimedOut, "the reader of a stream is too slow")))
}

/// Waits until the reader has left. Whatever else it sends has no meaning any more.
async fn until_left(connection: &TcpStream) -> io::Result<()> {
    loop {
        connection.readable().await?;
        match connection.try_read(&mut [0; 256]) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}

/// The head of an answer in chunks, after which the connection ends.
#[expect(clippy::disallowed_methods, reason = "a client is told the time of day")]
fn opening(mut head: Parts) -> io::Result<Vec<u8>> {
    let date = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())).map_err(Error::other)?;
    head.headers.entry(header::DATE).or_insert(date);
    head.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    let mut text = Vec::new();
    write!(text, "HTTP/1.1 {}\r\n", head.status)?;
    for (name, value) in &head.headers {
        write!(text, "{name}: ")?;
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    Ok(text)
}

/// A chunk; the empty one is the last.
fn chunk(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut framed = Vec::with_capacity(data.len() + 16);
    write!(framed, "{:x}\r\n", data.len())?;
    framed.extend_from_slice(data);
    framed.extend_from_slice(b"\r\n");
    Ok(framed)
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use futures_util::stream;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (listener.accept().await.unwrap().0, reader)
    }

    fn events(of: impl stream::Stream<Item = Result<Bytes, Error>> + Send + 'static) -> Response {
        let mut response = Response::new(Body::from_stream(of));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response
    }

    #[tokio::test]
    async fn a_stream_comes_in_chunks_and_its_end_is_that_of_the_connection() {
        let (server, mut reader) = connected().await;
        let response = events(stream::iter(
            ["data: one\n\n", "", "data: two, longer than sixteen\n\n"].map(|text| Ok(text.into())),
        ));
        assert!(is_stream(&response));
        send(server, response).await.unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for line in ["content-type: text/event-stream", "transfer-encoding: chunked", "connection: close"] {
            assert!(head.lines().any(|known| known == line), "{head}");
        }
        assert!(head.contains("\r\ndate: "), "{head}");
        assert_eq!(body, "b\r\ndata: one\n\n\r\n20\r\ndata: two, longer than sixteen\n\n\r\n0\r\n\r\n");
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_not_ended_as_if_it_were_whole() {
        let (server, mut reader) = connected().await;
        let broken = stream::iter([Ok("data: one\n\n".into()), Err(Error::other("the database is away"))]);
        assert_eq!(send(server, events(broken)).await.unwrap_err().to_string(), "the database is away");
        let mut text = String::new();
        reader.read_to_string(&mut text).await.unwrap();
        assert!(text.ends_with("b\r\ndata: one\n\n\r\n"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_too_slowly_is_dropped() {
        let (server, reader) = connected().await;
        let block = Bytes::from(vec![b'x'; 1 << 16]);
        let endless = stream::repeat_with(move || Ok(block.clone()));
        assert_eq!(send(server, events(endless)).await.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(reader);
    }

    #[tokio::test]
    async fn a_reader_that_leaves_ends_its_stream() {
        let (server, reader) = connected().await;
        let sent = tokio::spawn(send(server, events(stream::pending())));
        drop(reader);
        sent.await.unwrap().unwrap();
    }
}
