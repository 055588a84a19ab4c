//! A connection, held to limits.
//!
//! The web framework times the first head of a connection, and nothing that comes after: the head of a second request, a body that is read
//! only to be thrown away, and an answer that nobody takes may last for ever. Here all of it ends:
//!
//! | while | at most | and then |
//! |---|---|---|
//! | a head arrives | [`HEAD_TIME_MAX`] | 408, closed |
//! | a head arrives in pieces | [`HEAD_BYTES_MAX`] | 431, closed |
//! | the rest of a body arrives that was refused | [`HEAD_TIME_MAX`], [`THROWN_AWAY_BYTES_MAX`] | closed |
//! | nothing is asked | [`IDLE_TIME_MAX`] | closed |
//! | what has been written is not taken | [`WRITE_TIME_MAX`] | closed |
//! | a handler works | its own limits | its own answer |
//!
//! It is one timer for each connection, set back only where it would ring too late. What the framework answers by itself, to what is no HTTP,
//! has no body; here it gets the line of JSON that every refusal has.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::time::{Instant, Sleep, sleep_until};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::refused::whole_answer;
use crate::metrics::Metrics;
use crate::reject::Reject;

/// How long a request's head may take, from its first byte; of a new connection, from its start.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a connection may be idle.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long what has been written may wait for a client that takes none or little of it.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of a head that is not whole: its target, and all its headers. The framework takes at most 96 headers.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Bytes that are read of a body after it was refused, so that its sender gets to read why; and of requests while answers are not taken. More than
/// the framework reads at a time.
const THROWN_AWAY_BYTES_MAX: usize = 1024 * 1024;

/// What requests do, as their connection has to know it.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests(Rc<State>);

#[derive(Debug, Default)]
struct State {
    begun: Cell<u64>,
    ended: Cell<u64>,
    is_handled: Cell<bool>,
    is_body_whole: Cell<bool>,
    leaves_body: Cell<bool>,
}

impl Requests {
    /// A request's head has arrived, and its handler begins.
    pub(super) fn begin(&self) {
        self.0.begun.set(self.0.begun.get() + 1);
        self.0.is_handled.set(true);
        self.0.is_body_whole.set(false);
    }

    /// The handler has read the request's body to its end.
    pub(super) fn body_is_whole(&self) {
        self.0.is_body_whole.set(true);
    }

    /// The handler has its answer. `has_body`: whether the request announced a body.
    pub(super) fn end(&self, has_body: bool) {
        self.0.ended.set(self.0.ended.get() + 1);
        self.0.is_handled.set(false);
        self.0.leaves_body.set(has_body && !self.0.is_body_whole.get());
    }
}

/// What has come since a request began, or since the connection's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// Nothing.
    None,
    /// Its time runs.
    Begun,
    /// It is too long, unless it turns out to be a whole request.
    Suspect,
}

/// A stream within its limits; what exceeds them ends it with an error, and is counted.
pub(super) struct Connection<S> {
    stream: S,
    requests: Requests,
    metrics: Arc<Metrics>,
    timer: Pin<Box<Sleep>>,
    /// When it is over, unless a handler works.
    deadline: Instant,
    /// Requests begun when it was last looked.
    seen: u64,
    /// Requests whose answers were written when last all was.
    answered: u64,
    /// Bytes that came since a request began.
    unasked_bytes: usize,
    head: Head,
    has_written: bool,
    is_blocked: bool,
    /// An answer in place of the framework's, and how much of it is written.
    own: Option<(String, usize)>,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: S, metrics: Arc<Metrics>) -> Self {
        let deadline = Instant::now() + HEAD_TIME_MAX;
        Self {
            stream,
            requests: Requests::default(),
            metrics,
            timer: Box::pin(sleep_until(deadline)),
            deadline,
            seen: 0,
            answered: 0,
            unasked_bytes: 0,
            head: Head::Begun,
            has_written: false,
            is_blocked: false,
            own: None,
        }
    }

    pub(super) fn requests(&self) -> Requests {
        self.requests.clone()
    }

    /// Forgets what belongs to a request that has begun meanwhile.
    fn look(&mut self) -> &State {
        let begun = self.requests.0.begun.get();
        if begun != self.seen {
            self.seen = begun;
            self.unasked_bytes = 0;
            self.head = Head::None;
        }
        &self.requests.0
    }

    fn set_deadline(&mut self, deadline: Instant, cx: &mut Context<'_>) {
        self.deadline = deadline;
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
            // So that it knows whom to wake; where it is over, the next look tells.
            let _ = self.timer.as_mut().poll(cx);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Whether no more is to be read for now: a head has as many bytes as it may, which the framework looks at first, whether they are not a whole
    /// request.
    fn has_enough(&mut self) -> bool {
        let blocked = self.is_blocked;
        let state = self.look();
        let is_head = !state.is_handled.get() && !state.leaves_body.get() && !blocked;
        is_head && self.unasked_bytes > HEAD_BYTES_MAX
    }

    /// Counts what came; an error when it is more than is ever thrown away.
    fn came(&mut self, bytes: usize, cx: &mut Context<'_>) -> io::Result<()> {
        let state = self.look();
        if state.is_handled.get() || bytes == 0 {
            return Ok(());
        }
        let leaves_body = state.leaves_body.get();
        self.unasked_bytes += bytes;
        if self.unasked_bytes > THROWN_AWAY_BYTES_MAX {
            if self.is_blocked {
                self.metrics.request_refused(Reject::AnswerNotTaken);
            }
            return Err(ErrorKind::InvalidData.into());
        }
        if self.head == Head::None && !leaves_body {
            self.head = Head::Begun;
            self.set_deadline(Instant::now() + HEAD_TIME_MAX, cx);
        }
        Ok(())
    }

    /// Nothing can be read, or written, at the moment: whether that has been so for too long, or too much has come.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let state = self.look();
        let (is_handled, leaves_body) = (state.is_handled.get(), state.leaves_body.get());
        if self.has_enough() {
            if self.head == Head::Suspect {
                return Err(self.refuse(Reject::HeadTooLarge, cx));
            }
            // The framework has not seen these bytes yet: it may be a request with its body.
            self.head = Head::Suspect;
            cx.waker().wake_by_ref();
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if is_handled && !self.is_blocked {
                self.deadline = now + IDLE_TIME_MAX;
            } else if now >= self.deadline {
                return Err(self.too_slow(leaves_body, cx));
            }
            self.timer.as_mut().reset(self.deadline);
        }
        Ok(())
    }

    /// What is over ends: a refusal where something was begun, and else no more than an end.
    fn too_slow(&mut self, leaves_body: bool, cx: &mut Context<'_>) -> io::Error {
        if self.is_blocked {
            self.metrics.request_refused(Reject::AnswerNotTaken);
        } else if self.unasked_bytes > 0 && !leaves_body {
            return self.refuse(Reject::HeadTooSlow, cx);
        }
        ErrorKind::TimedOut.into()
    }

    /// Counts a refusal, and says it as far as the client takes it at once.
    fn refuse(&mut self, reject: Reject, cx: &mut Context<'_>) -> io::Error {
        self.metrics.request_refused(reject);
        let _ = Pin::new(&mut self.stream).poll_write(cx, whole_answer(reject).as_bytes());
        ErrorKind::TimedOut.into()
    }

    /// The refusal that the framework answers by itself, if these bytes are one: they begin an answer, and no handler has ended since
    /// all was written.
    fn framework_refusal(&self, bytes: &[u8]) -> Option<Reject> {
        let state = &self.requests.0;
        if state.is_handled.get() || state.ended.get() != self.answered {
            return None;
        }
        match bytes.get(..13)? {
            b"HTTP/1.1 400 " => Some(Reject::Malformed),
            b"HTTP/1.1 431 " => Some(Reject::HeadTooLarge),
            _ => None,
        }
    }

    fn write_own(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((text, written)) = &mut self.own {
            let rest = text.as_bytes().get(*written..).unwrap_or_default();
            if rest.is_empty() {
                self.own = None;
                break;
            }
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            *written += count;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.has_enough() {
            return match self.check(cx) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            };
        }
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(self.came(buffer.filled().len() - before, cx)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => match self.check(cx) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.write_own(cx))?;
        if let Some(reject) = self.framework_refusal(bytes) {
            self.own = Some((whole_answer(reject), 0));
            return Poll::Ready(Ok(bytes.len()));
        }
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Pending => {
                if !self.is_blocked {
                    self.is_blocked = true;
                    self.set_deadline(Instant::now() + WRITE_TIME_MAX, cx);
                }
                match self.check(cx) {
                    Ok(()) => Poll::Pending,
                    Err(error) => Poll::Ready(Err(error)),
                }
            }
            written @ Poll::Ready(_) => {
                self.has_written = true;
                written
            }
        }
    }

    /// The framework flushes when all that it had to write is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_own(cx))?;
        if std::mem::take(&mut self.has_written) {
            self.is_blocked = false;
            let leaves_body = self.look().leaves_body.get();
            self.answered = self.requests.0.ended.get();
            let time_max = if leaves_body { HEAD_TIME_MAX } else { IDLE_TIME_MAX };
            if self.head == Head::None {
                self.set_deadline(Instant::now() + time_max, cx);
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_own(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
