//! The way of a result: from the engine's output, through encodings, to the response, with back-pressure.
//!
//! [`Output`] lives on a blocking thread and takes the bytes of the result. A result up to
//! [`RESPONSE_HOLD_BYTES`] is kept until the statement has ended, so its answer has the true status; past that a 200 is
//! sent and the rest follows in pieces. With `wait_end_of_query` everything is kept, in a file where it is long.
//!
//! An error after the 200 is reported as ClickHouse does since 25.11: the body ends with
//! ```text
//! \r\n__exception__\r\n<TAG>\r\n<message>\n<length of message and line end> <TAG>\r\n__exception__\r\n
//! ```
//! where TAG was announced in a header, and then the connection breaks off without a proper end.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::engine::Stats;
use crate::exception::{ErrorCode, Exception};
use crate::frame::FrameWriter;
use crate::http::encoding::{ContentEncoder, Encoding};
use crate::limits::{
    RESPONSE_HOLD_BYTES, RESPONSE_PIECE_BYTES, RESPONSE_PIECES_WAITING, SEND_TIMEOUT, WAITING_BYTES_MAX,
    WAITING_MEMORY_BYTES_MAX,
};

/// What became of a statement, as far as the head of its response goes.
pub enum Reply {
    /// It ended: the whole body and the counters.
    Done {
        /// The body.
        body: Content,
        /// The counters.
        stats: Stats,
        /// The format of the body.
        format: String,
    },
    /// It failed before anything was sent: the message, encoded as the client wanted its result to be.
    Failed {
        /// What went wrong.
        exception: Exception,
        /// The body.
        body: Vec<u8>,
    },
    /// It runs on: the body follows.
    Streaming {
        /// The pieces.
        pieces: mpsc::Receiver<Piece>,
        /// The counters so far.
        stats: Stats,
        /// The format of the body.
        format: String,
    },
}

/// A piece of a streamed body. A channel that closes without an end means that the body is cut off.
pub enum Piece {
    /// Some bytes.
    Data(Bytes),
    /// The proper end.
    End,
}

/// A finished body.
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// In an unlinked file, at its beginning.
    File(File),
}

/// How the client wants its result.
#[derive(Debug, Clone)]
pub struct OutputOptions {
    /// The content encoding of the response.
    pub encoding: Option<Encoding>,
    /// Its level.
    pub level: u32,
    /// Whether the result is in native compressed frames (`compress=1`).
    pub frames: bool,
    /// Whether nothing is sent before the statement has ended (`wait_end_of_query=1`).
    pub wait_for_end: bool,
    /// Bytes kept before the first are sent.
    pub hold_bytes: usize,
    /// Where a long result waits for its end.
    pub temporary: PathBuf,
    /// The tag that marks an exception in the body.
    pub exception_tag: String,
    /// The engine's version, which ends error messages.
    pub version: String,
}

enum Encoder {
    Content(ContentEncoder),
    Frames(FrameWriter<ContentEncoder>),
}

impl Encoder {
    fn new(options: &OutputOptions) -> io::Result<Self> {
        let content = ContentEncoder::new(options.encoding, options.level)?;
        Ok(if options.frames { Self::Frames(FrameWriter::new(content)) } else { Self::Content(content) })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Content(content) => content,
            Self::Frames(frames) => frames,
        }
    }

    fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Content(content) => content.take(),
            Self::Frames(frames) => frames.get_mut().take(),
        }
    }

    fn finish(mut self) -> io::Result<Vec<u8>> {
        if let Self::Frames(frames) = &mut self {
            frames.flush()?;
        }
        match self {
            Self::Content(content) => content.finish(),
            Self::Frames(frames) => frames.into_inner().finish(),
        }
    }
}

enum Destination {
    /// Nothing is sent yet.
    Held { content: Content, bytes: u64 },
    /// The head is sent.
    Sending(mpsc::Sender<Piece>),
}

/// Why output stops.
#[derive(Debug)]
pub enum Stop {
    /// Nobody reads it any more.
    ClientGone,
    /// It cannot be kept or encoded.
    Failed(Exception),
}

/// Takes a result on a blocking thread.
pub struct Output {
    encoder: Encoder,
    destination: Destination,
    reply: Option<oneshot::Sender<Reply>>,
    options: OutputOptions,
    format: String,
    /// Bytes of the result, before their encoding.
    taken: u64,
    runtime: Handle,
}

impl Output {
    /// `reply` gets the head of the response as soon as it is known.
    pub fn new(
        options: OutputOptions,
        format: &str,
        reply: oneshot::Sender<Reply>,
        runtime: Handle,
    ) -> io::Result<Self> {
        Ok(Self {
            encoder: Encoder::new(&options)?,
            destination: Destination::Held { content: Content::Bytes(Vec::new()), bytes: 0 },
            reply: Some(reply),
            options,
            format: format.to_owned(),
            taken: 0,
            runtime,
        })
    }

    /// The statement names the format of its result.
    pub fn set_format(&mut self, format: &str) {
        format.clone_into(&mut self.format);
    }

    /// Takes bytes of the result, waiting while the client is behind. `progress` is asked once, when the head is sent.
    pub fn write(&mut self, data: &[u8], progress: impl FnOnce() -> Stats) -> Result<(), Stop> {
        self.taken += data.len() as u64;
        self.encoder.writer().write_all(data).map_err(|error| cannot("encode", &error))?;
        let ready = self.encoder.take();
        self.pass_on(ready)?;
        if let Destination::Held { bytes, .. } = self.destination
            && !self.options.wait_for_end
            && bytes >= self.options.hold_bytes as u64
        {
            self.start_sending(progress())?;
        }
        Ok(())
    }

    /// Whether nothing of the result has come yet.
    pub fn is_untouched(&self) -> bool {
        self.taken == 0
    }

    /// The statement has ended well.
    pub fn finish(mut self, stats: Stats) -> Result<(), Stop> {
        let replacement = Encoder::Content(ContentEncoder::Plain(Vec::new()));
        let rest =
            std::mem::replace(&mut self.encoder, replacement).finish().map_err(|error| cannot("encode", &error))?;
        self.pass_on(rest)?;
        match self.destination {
            Destination::Held { mut content, .. } => {
                if let Content::File(file) = &mut content {
                    file.rewind().map_err(|error| cannot("reread", &error))?;
                }
                let reply = self.reply.take().ok_or(Stop::ClientGone)?;
                reply.send(Reply::Done { body: content, stats, format: self.format }).map_err(|_| Stop::ClientGone)
            }
            Destination::Sending(ref sender) => send(&self.runtime, sender, Piece::End),
        }
    }

    /// The statement has failed.
    pub fn fail(mut self, exception: Exception) {
        let message = format!("{}\n", exception.render(&self.options.version));
        if let Some(reply) = self.reply.take() {
            // Nothing is sent: the held part of the result is dropped, and the message is all of the body.
            let body = self.encoded_alone(message.as_bytes()).unwrap_or_else(|_| message.into_bytes());
            let _ = reply.send(Reply::Failed { exception, body });
        } else if let Destination::Sending(sender) = &self.destination {
            let block = exception_block(&self.options.exception_tag, &message);
            let mut encoder = self.encoder;
            let flushed = encoder.writer().flush();
            // The block is a piece of its own, and ends the encoded stream: clients look for it at the end of a piece.
            let before = encoder.take();
            if flushed.is_ok()
                && (before.is_empty() || send(&self.runtime, sender, Piece::Data(before.into())).is_ok())
                && encoder.writer().write_all(block.as_bytes()).is_ok()
                && let Ok(rest) = encoder.finish()
            {
                let _ = send(&self.runtime, sender, Piece::Data(rest.into()));
            }
            // The sender goes without an end: the connection breaks off.
        }
    }

    fn encoded_alone(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = Encoder::new(&self.options)?;
        encoder.writer().write_all(message)?;
        encoder.finish()
    }

    fn pass_on(&mut self, ready: Vec<u8>) -> Result<(), Stop> {
        if ready.is_empty() {
            return Ok(());
        }
        match &mut self.destination {
            Destination::Sending(sender) => send_in_pieces(&self.runtime, sender, ready),
            Destination::Held { content, bytes } => {
                *bytes += ready.len() as u64;
                if *bytes > WAITING_BYTES_MAX {
                    return Err(Stop::Failed(Exception::new(
                        ErrorCode::TOO_MANY_ROWS_OR_BYTES,
                        format!("A result kept until its end may have at most {WAITING_BYTES_MAX} bytes"),
                    )));
                }
                keep(content, &ready, &self.options.temporary).map_err(|error| cannot("keep", &error))
            }
        }
    }

    /// What was held in a file: one piece of the engine's output may be longer than memory is to hold.
    fn pass_on_file(&mut self, mut file: File) -> Result<(), Stop> {
        file.rewind().map_err(|error| cannot("reread", &error))?;
        loop {
            let mut piece = Vec::new();
            let read = (&mut file).take(RESPONSE_PIECE_BYTES as u64).read_to_end(&mut piece);
            if read.map_err(|error| cannot("reread", &error))? == 0 {
                return Ok(());
            }
            self.pass_on(piece)?;
        }
    }

    fn start_sending(&mut self, stats: Stats) -> Result<(), Stop> {
        let (sender, pieces) = mpsc::channel(RESPONSE_PIECES_WAITING);
        let reply = self.reply.take().ok_or(Stop::ClientGone)?;
        reply.send(Reply::Streaming { pieces, stats, format: self.format.clone() }).map_err(|_| Stop::ClientGone)?;
        let held = std::mem::replace(&mut self.destination, Destination::Sending(sender));
        match held {
            Destination::Held { content: Content::Bytes(bytes), .. } => self.pass_on(bytes),
            Destination::Held { content: Content::File(file), .. } => self.pass_on_file(file),
            Destination::Sending(_) => Ok(()),
        }
    }
}

/// Adds to what is held, moving to a file when it gets long.
fn keep(content: &mut Content, data: &[u8], directory: &std::path::Path) -> io::Result<()> {
    match content {
        Content::File(file) => file.write_all(data),
        Content::Bytes(bytes) if bytes.len() + data.len() <= WAITING_MEMORY_BYTES_MAX => {
            bytes.extend_from_slice(data);
            Ok(())
        }
        Content::Bytes(bytes) => {
            let mut file = tempfile::tempfile_in(directory)?;
            file.write_all(bytes)?;
            file.write_all(data)?;
            *content = Content::File(file);
            Ok(())
        }
    }
}

fn cannot(what: &str, error: &io::Error) -> Stop {
    Stop::Failed(Exception::new(ErrorCode::POCO_EXCEPTION, format!("Cannot {what} the result: {error}")))
}

fn send_in_pieces(runtime: &Handle, sender: &mpsc::Sender<Piece>, data: Vec<u8>) -> Result<(), Stop> {
    let mut data = Bytes::from(data);
    while !data.is_empty() {
        let piece = data.split_to(data.len().min(RESPONSE_PIECE_BYTES));
        send(runtime, sender, Piece::Data(piece))?;
    }
    Ok(())
}

/// Sends from a blocking thread, waiting a while for a slow client.
pub(super) fn send(runtime: &Handle, sender: &mpsc::Sender<Piece>, piece: Piece) -> Result<(), Stop> {
    match runtime.block_on(async { timeout(SEND_TIMEOUT, sender.send(piece)).await }) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Stop::ClientGone),
    }
}

/// `message` ends with a line end, which counts.
fn exception_block(tag: &str, message: &str) -> String {
    format!("\r\n__exception__\r\n{tag}\r\n{message}{} {tag}\r\n__exception__\r\n", message.len())
}

/// The bytes that are held by default before the first are sent, or more if the client asks for it.
pub fn hold_bytes(asked: Option<u64>) -> usize {
    usize::try_from(asked.unwrap_or(0)).unwrap_or(usize::MAX).clamp(RESPONSE_HOLD_BYTES, WAITING_MEMORY_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_in_the_body_is_framed_as_clickhouse_does() {
        // The example of the `clickhouse` crate's own test.
        let message = "Code: 159. DB::Exception: Timeout exceeded: elapsed 126.147987 ms, maximum: 100 ms. \
                       (TIMEOUT_EXCEEDED) (version 25.12.1.649 (official build))\n";
        assert_eq!(
            exception_block("rnywyenlaeqynhmu", message),
            format!("\r\n__exception__\r\nrnywyenlaeqynhmu\r\n{message}142 rnywyenlaeqynhmu\r\n__exception__\r\n")
        );
    }

    fn options(directory: &std::path::Path) -> OutputOptions {
        OutputOptions {
            encoding: None,
            level: 1,
            frames: false,
            wait_for_end: false,
            hold_bytes: RESPONSE_HOLD_BYTES,
            temporary: directory.to_owned(),
            exception_tag: "tag".to_owned(),
            version: "1.2.3.4".to_owned(),
        }
    }

    /// Writes pieces of these sizes, each filled with its number, and gives what a client gets.
    fn sent(sizes: &[usize]) -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (reply, answered) = oneshot::channel();
        let mut output = Output::new(options(directory.path()), "CSV", reply, runtime.handle().clone()).unwrap();
        let sizes = sizes.to_vec();
        let writer = std::thread::spawn(move || {
            for (number, size) in (0..).zip(sizes) {
                output.write(&vec![number; size], Stats::default).unwrap();
            }
            output.finish(Stats::default()).unwrap();
        });
        let body = runtime.block_on(async {
            match answered.await.unwrap() {
                Reply::Done { body: Content::Bytes(bytes), .. } => bytes,
                Reply::Streaming { mut pieces, .. } => {
                    let mut body = Vec::new();
                    while let Some(Piece::Data(data)) = pieces.recv().await {
                        body.extend_from_slice(&data);
                    }
                    body
                }
                Reply::Done { .. } | Reply::Failed { .. } => panic!("neither held in memory nor streamed"),
            }
        });
        writer.join().unwrap();
        body
    }

    #[test]
    fn every_byte_arrives_whatever_the_pieces() {
        for sizes in [
            &[][..],
            &[10],
            &[RESPONSE_HOLD_BYTES - 1],
            &[RESPONSE_HOLD_BYTES],
            &[RESPONSE_HOLD_BYTES - 1, 1, 5],
            &[3, RESPONSE_HOLD_BYTES, RESPONSE_PIECE_BYTES + 1],
            &[WAITING_MEMORY_BYTES_MAX + 1, 7],
        ] {
            let expected: Vec<u8> = (0..).zip(sizes).flat_map(|(number, size)| vec![number; *size]).collect();
            assert!(sent(sizes) == expected, "{sizes:?}");
        }
    }

    #[test]
    fn what_is_held_has_bounds() {
        assert_eq!(hold_bytes(None), RESPONSE_HOLD_BYTES);
        assert_eq!(hold_bytes(Some(2 << 20)), 2 << 20);
        assert_eq!(hold_bytes(Some(u64::MAX)), WAITING_MEMORY_BYTES_MAX);
    }

    #[test]
    fn a_long_result_that_waits_goes_to_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let mut content = Content::Bytes(Vec::new());
        keep(&mut content, &vec![1; WAITING_MEMORY_BYTES_MAX], directory.path()).unwrap();
        assert!(matches!(content, Content::Bytes(_)));
        keep(&mut content, &[2], directory.path()).unwrap();
        let Content::File(mut file) = content else { panic!("still in memory") };
        file.rewind().unwrap();
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert_eq!((all.len(), all[0], all[WAITING_MEMORY_BYTES_MAX]), (WAITING_MEMORY_BYTES_MAX + 1, 1, 2));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "the file has a name");
    }
}
