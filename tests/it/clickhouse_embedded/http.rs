//! Requests byte by byte, and responses with how they ended: what libraries hide is what these tests look at.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than anything here takes.
const TIME_MAX: Duration = Duration::from_mins(1);

/// A response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether the body came to its announced end.
    pub(super) complete: bool,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code that an exception's header and text both must have.
    pub(super) fn exception_code(&self) -> i32 {
        let code = self.header("X-ClickHouse-Exception-Code").unwrap_or_else(|| panic!("no exception: {self:?}"));
        assert!(self.text().starts_with(&format!("Code: {code}. DB::Exception: ")), "{self:?}");
        code.parse().unwrap()
    }
}

/// A connection.
pub(super) struct Http {
    stream: TcpStream,
    /// Read, but not yet used.
    buffer: Vec<u8>,
}

impl Http {
    pub(super) fn connect(port: u16) -> Self {
        Self::try_connect(port).unwrap_or_else(|| panic!("nobody listens on {port}"))
    }

    pub(super) fn try_connect(port: u16) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(TIME_MAX)).unwrap();
        stream.set_write_timeout(Some(TIME_MAX)).unwrap();
        Some(Self { stream, buffer: Vec::new() })
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(super) fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a request with a body of known length.
    pub(super) fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head = head + name + ": " + value + "\r\n";
        }
        head.push_str("\r\n");
        self.send(head.as_bytes());
        // A server may answer before it has read all.
        let _ = self.stream.write_all(body);
        self.response(method == "HEAD")
    }

    pub(super) fn response(&mut self, without_body: bool) -> Response {
        self.try_response(without_body).unwrap_or_else(|| panic!("the connection ended before a response"))
    }

    /// `None` if the connection ends first.
    pub(super) fn try_response(&mut self, without_body: bool) -> Option<Response> {
        let head = String::from_utf8(self.read_until(b"\r\n\r\n")?).unwrap();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut response = Response { status, headers, body: Vec::new(), complete: true };
        if without_body || status == 204 {
            return Some(response);
        }
        if let Some(length) = response.header("Content-Length").map(|length| length.parse().unwrap()) {
            match self.read_exactly(length) {
                Some(body) => response.body = body,
                None => response.complete = false,
            }
        } else {
            response.complete = self.read_chunks(&mut response.body);
        }
        Some(response)
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            let Some(line) = self.read_until(b"\r\n") else { return false };
            let length = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
            let Some(chunk) = self.read_exactly(length + 2) else { return false };
            body.extend_from_slice(&chunk[..length]);
            if length == 0 {
                return true;
            }
        }
    }

    /// Reads and forgets at least so many bytes.
    pub(super) fn skip(&mut self, at_least: usize) -> usize {
        let mut skipped = std::mem::take(&mut self.buffer).len();
        let mut buffer = vec![0; 1 << 20];
        while skipped < at_least {
            match self.stream.read(&mut buffer).unwrap() {
                0 => break,
                read => skipped += read,
            }
        }
        skipped
    }

    fn more(&mut self) -> bool {
        let mut buffer = [0; 16384];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.buffer.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn read_until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end) {
                return Some(self.buffer.drain(..at + end.len()).collect());
            }
            if !self.more() {
                return None;
            }
        }
    }

    fn read_exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < length {
            if !self.more() {
                return None;
            }
        }
        Some(self.buffer.drain(..length).collect())
    }
}

/// A URL's query from names and values.
pub(super) fn url(parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("/?{query}")
}

/// One request over a connection of its own.
pub(super) fn post(port: u16, parameters: &[(&str, &str)], body: impl AsRef<[u8]>) -> Response {
    Http::connect(port).request("POST", &url(parameters), &[], body.as_ref())
}

/// One request over a connection of its own.
pub(super) fn get(port: u16, parameters: &[(&str, &str)]) -> Response {
    Http::connect(port).request("GET", &url(parameters), &[], b"")
}
