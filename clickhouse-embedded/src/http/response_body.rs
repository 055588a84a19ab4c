//! A response's body, as hyper asks for it.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use crate::http::flush::Flushes;
use crate::http::output::{Content, Piece, send};
use crate::http::running::AbandonGuard;
use crate::limits::{RESPONSE_PIECE_BYTES, RESPONSE_PIECES_WAITING, SEND_TIMEOUT};

/// A response's body.
pub struct ResponseBody {
    source: Source,
    /// Of its connection.
    flushes: Arc<Flushes>,
    /// Stops the statement when the client goes away; let go when the body has ended.
    guard: Option<AbandonGuard>,
}

enum Source {
    Whole(Option<Bytes>),
    Pieces(mpsc::Receiver<Piece>),
    /// The body is cut off as soon as what was handed over before is out: after another flush than those seen.
    Breaking {
        flushes_seen: u64,
        at_the_latest: Pin<Box<Sleep>>,
    },
    Ended,
}

impl ResponseBody {
    /// A body that is all there.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self { source: Source::Whole(Some(bytes.into())), flushes: Arc::default(), guard: None }
    }

    /// A body that follows. `flushes` are those of its connection.
    pub fn pieces(pieces: mpsc::Receiver<Piece>, flushes: Arc<Flushes>, guard: Option<AbandonGuard>) -> Self {
        Self { source: Source::Pieces(pieces), flushes, guard }
    }

    /// A body that was finished before it is sent.
    pub fn of(content: Content, flushes: Arc<Flushes>) -> Self {
        match content {
            Content::Bytes(bytes) => Self::whole(bytes),
            Content::File(file) => {
                let (sender, pieces) = mpsc::channel(RESPONSE_PIECES_WAITING);
                let runtime = Handle::current();
                tokio::task::spawn_blocking(move || send_file(&runtime, file, &sender));
                Self::pieces(pieces, flushes, None)
            }
        }
    }
}

fn send_file(runtime: &Handle, mut file: File, sender: &mpsc::Sender<Piece>) {
    loop {
        let mut piece = vec![0; RESPONSE_PIECE_BYTES];
        let sent = match file.read(&mut piece) {
            Ok(0) => {
                let _ = send(runtime, sender, Piece::End);
                return;
            }
            Ok(read) => {
                piece.truncate(read);
                send(runtime, sender, Piece::Data(piece.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                tracing::error!(%error, "a result that waited in a file cannot be reread");
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The body of a response ended early, on purpose: the statement failed after its first rows were sent.
#[derive(Debug, thiserror::Error)]
#[error("the statement failed after the first part of its result was sent")]
pub struct CutOff;

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let body = &mut *self;
        loop {
            match &mut body.source {
                Source::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
                Source::Pieces(pieces) => match ready!(pieces.poll_recv(context)) {
                    Some(Piece::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Some(Piece::End) => {
                        if let Some(guard) = body.guard.take() {
                            guard.release();
                        }
                        body.source = Source::Ended;
                    }
                    None => {
                        let flushes_seen = body.flushes.count();
                        let at_the_latest = Box::pin(sleep(SEND_TIMEOUT));
                        body.source = Source::Breaking { flushes_seen, at_the_latest };
                    }
                },
                Source::Breaking { flushes_seen, at_the_latest } => {
                    if body.flushes.poll_after(*flushes_seen, context).is_pending() {
                        ready!(at_the_latest.as_mut().poll(context));
                    }
                    body.source = Source::Ended;
                    return Poll::Ready(Some(Err(CutOff)));
                }
                Source::Ended => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Ended | Source::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(Some(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            Source::Whole(None) | Source::Ended => SizeHint::with_exact(0),
            Source::Pieces(_) | Source::Breaking { .. } => SizeHint::default(),
        }
    }
}
