//! One HTTP/1.1 message, as it goes over the wire.

use std::io::{self, BufRead, Read};

/// Longest line of a head, or of a chunk's length.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// Largest message: a segment, which is at most 16 MiB, and room.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A request or an answer, every byte of it.
pub(super) struct Message {
    /// Head and body, framing included.
    pub(super) bytes: Vec<u8>,
    head_length: usize,
}

/// Where a body ends that has neither a length nor chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unframed {
    /// Where it begins: a request.
    Empty,
    /// With the connection: an answer.
    ToTheEnd,
}

impl Message {
    /// The next one; `None` where the stream ends before it begins.
    pub(super) fn read(from: &mut impl BufRead, unframed: Unframed) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        loop {
            let length = read_line(from, &mut bytes)?;
            if length == 0 && bytes.is_empty() {
                return Ok(None);
            }
            if length == 2 {
                break;
            }
        }
        let mut message = Self { head_length: bytes.len(), bytes };
        let length = message.header("content-length").map(str::parse).transpose().map_err(io::Error::other)?;
        if message.header("transfer-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked")) {
            read_chunks(from, &mut message.bytes)?;
        } else if let Some(length) = length {
            read_exactly(from, &mut message.bytes, length)?;
        } else if unframed == Unframed::ToTheEnd {
            from.take(MESSAGE_BYTES_MAX as u64).read_to_end(&mut message.bytes)?;
        }
        Ok(Some(message))
    }

    fn head(&self) -> &str {
        str::from_utf8(&self.bytes[..self.head_length]).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head().lines().skip(1).filter_map(|line| line.split_once(':'));
        fields
            .map(|(field, value)| (field, value.trim()))
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether its connection ends with the answer.
    pub(super) fn is_last(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Whether it is a request that stores rows.
    pub(super) fn is_insert(&self) -> bool {
        self.head().lines().next().is_some_and(|line| line.contains("query=INSERT"))
    }
}

/// One line with its end, behind what is there. Its length: 0 where the stream ends.
fn read_line(from: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let length = from.take(LINE_BYTES_MAX).read_until(b'\n', bytes)?;
    if length > 0 && !bytes.ends_with(b"\r\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(length)
}

fn read_exactly(from: &mut impl BufRead, bytes: &mut Vec<u8>, length: usize) -> io::Result<()> {
    if bytes.len() + length > MESSAGE_BYTES_MAX {
        return Err(io::Error::other("a message that is larger than any test's"));
    }
    let began = bytes.len();
    bytes.resize(began + length, 0);
    from.read_exact(&mut bytes[began..])
}

fn read_chunks(from: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line_length = read_line(from, bytes)?;
        let line = str::from_utf8(&bytes[bytes.len() - line_length..]).map_err(io::Error::other)?;
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
        read_exactly(from, bytes, length + 2)?;
        if length == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(mut stream: &[u8], unframed: Unframed) -> io::Result<Vec<usize>> {
        let mut lengths = Vec::new();
        while let Some(message) = Message::read(&mut stream, unframed)? {
            lengths.push(message.bytes.len());
        }
        Ok(lengths)
    }

    #[test]
    fn messages_end_where_their_framing_says() {
        let (plain, counted) = ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
        let chunked =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\r\n\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
        let all = [plain, counted, chunked, plain].concat();
        let expected = [plain.len(), counted.len(), chunked.len(), plain.len()];
        assert_eq!(lengths(all.as_bytes(), Unframed::Empty).unwrap(), expected);
        let answer = b"HTTP/1.0 200 OK\r\n\r\nall of it\r\n\r\n";
        assert_eq!(lengths(answer, Unframed::ToTheEnd).unwrap(), [answer.len()]);
    }

    #[test]
    fn half_a_message_is_an_error() {
        for half in [
            "GET / HT",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        ] {
            assert!(lengths(half.as_bytes(), Unframed::Empty).is_err(), "{half}");
        }
    }

    #[test]
    fn an_insert_is_told_from_other_requests() {
        for (line, is_insert) in [
            ("POST /?database=a&query=INSERT+INTO+%60goals%60 HTTP/1.1", true),
            ("POST /?query=SELECT+1 HTTP/1.1", false),
        ] {
            let bytes = format!("{line}\r\n\r\n").into_bytes();
            let request = Message::read(&mut &bytes[..], Unframed::Empty).unwrap().unwrap();
            assert_eq!(request.is_insert(), is_insert, "{line}");
        }
    }
}
