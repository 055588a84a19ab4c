//! A request's body: from hyper's frames to a blocking reader on an engine thread, with back-pressure.
//!
//! A task takes frames from the connection and passes them on; a few wait in between. When the reader is gone before the
//! body is (the statement failed), the task reads on for a while and throws away, since most clients send all of a
//! request before they look at the answer.

use std::io::{self, Read};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::exception::{ErrorCode, Exception};
use crate::frame::FrameReader;
use crate::http::encoding::Encoding;
use crate::limits::{BODY_FRAMES_WAITING, DRAINED_BYTES_MAX, DRAINED_TIME_MAX, RECEIVE_TIMEOUT};

/// Starts passing a body on, and gives the reader of it.
pub fn reader_of(body: Incoming) -> BodyReader {
    let (sender, receiver) = mpsc::channel(BODY_FRAMES_WAITING);
    tokio::spawn(pass_on(body, sender, RECEIVE_TIMEOUT));
    BodyReader { receiver, current: Bytes::new(), state: State::Open }
}

/// A piece of a body, or its proper end. A channel that closes without either means that the body was cut off: it must
/// never pass for an end, or half of an insert would be committed.
type Item = Result<Option<Bytes>, Exception>;

async fn pass_on(mut body: Incoming, sender: mpsc::Sender<Item>, receive_timeout: Duration) {
    loop {
        let item = match timeout(receive_timeout, body.frame()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => Ok(Some(data)),
                Err(_trailers) => continue,
            },
            Ok(Some(Err(error))) => Err(Exception::new(
                ErrorCode::NETWORK_ERROR,
                format!("The request's body ended before its announced end: {error}"),
            )),
            Err(_elapsed) => Err(Exception::new(
                ErrorCode::SOCKET_TIMEOUT,
                format!("Timeout exceeded while receiving the request's body ({} s)", receive_timeout.as_secs()),
            )),
        };
        let ends = !matches!(item, Ok(Some(_)));
        if sender.send(item).await.is_err() {
            return drain(body).await;
        }
        if ends {
            return;
        }
    }
}

async fn drain(mut body: Incoming) {
    let deadline = Instant::now() + DRAINED_TIME_MAX;
    let mut drained = 0;
    while let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await {
        drained += frame.data_ref().map_or(0, |data| data.len() as u64);
        if drained > DRAINED_BYTES_MAX {
            return;
        }
    }
}

enum State {
    Open,
    Ended,
    Failed,
}

/// Reads a body on a thread that may block. An [`Exception`] is the inner error of what it returns.
pub struct BodyReader {
    receiver: mpsc::Receiver<Item>,
    current: Bytes,
    state: State,
}

impl BodyReader {
    /// Undoes what the request says was done to its body.
    pub fn decoded(self, encoding: Option<Encoding>, frames: bool) -> io::Result<Box<dyn Read + Send>> {
        let content: Box<dyn Read + Send> = match encoding {
            None => Box::new(self),
            Some(encoding) => encoding.decoder(self)?,
        };
        Ok(if frames { Box::new(FrameReader::new(content)) } else { content })
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.state {
                State::Open => {}
                State::Ended => return Ok(0),
                State::Failed => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
            match self.receiver.blocking_recv() {
                Some(Ok(Some(data))) => self.current = data,
                Some(Ok(None)) => self.state = State::Ended,
                Some(Err(exception)) => {
                    self.state = State::Failed;
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, exception));
                }
                None => self.state = State::Failed,
            }
        }
        let read = self.current.len().min(buffer.len());
        buffer[..read].copy_from_slice(&self.current[..read]);
        self.current.advance(read);
        Ok(read)
    }
}

/// The exception inside an error of a body's reader.
pub fn exception_of(error: &io::Error) -> Exception {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Exception>()) {
        Some(exception) => exception.clone(),
        None => Exception::new(ErrorCode::CANNOT_READ_ALL_DATA, format!("Cannot read the request's body: {error}")),
    }
}
