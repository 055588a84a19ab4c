//! Content encodings of requests and responses.

use std::io::{self, Read, Write};

use crate::exception::{ErrorCode, Exception};

/// A content encoding that is known in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `zstd`
    Zstd,
    /// `br`
    Brotli,
    /// `lz4`, the frame format
    Lz4,
    /// `gzip`
    Gzip,
    /// `deflate`, which is zlib's format
    Deflate,
}

/// In the order of a server's preference.
const ALL: [(Encoding, &str); 5] = [
    (Encoding::Zstd, "zstd"),
    (Encoding::Brotli, "br"),
    (Encoding::Lz4, "lz4"),
    (Encoding::Gzip, "gzip"),
    (Encoding::Deflate, "deflate"),
];

impl Encoding {
    /// The name in headers.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(encoding, _)| *encoding == self).map_or("identity", |(_, name)| name)
    }

    /// The encoding of a `Content-Encoding` header; `None` for a body that is sent as it is.
    pub fn of_content(header: &str) -> Result<Option<Self>, Exception> {
        let name = header.trim();
        if name.is_empty() || name.eq_ignore_ascii_case("identity") {
            return Ok(None);
        }
        match ALL.iter().find(|(_, known)| name.eq_ignore_ascii_case(known)) {
            Some((encoding, _)) => Ok(Some(*encoding)),
            None => Err(Exception::new(
                ErrorCode::NOT_IMPLEMENTED,
                format!("Unknown compression method of the request's body: {name}"),
            )),
        }
    }

    /// The best that an `Accept-Encoding` header offers.
    pub fn best_accepted(header: &str) -> Option<Self> {
        let offered = |name: &str| {
            header.split(',').any(|offer| {
                let mut parts = offer.split(';').map(str::trim);
                let named = parts.next().is_some_and(|offer| offer.eq_ignore_ascii_case(name));
                let refused = parts.any(|part| {
                    part.strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()).is_some_and(|q| q <= 0.0)
                });
                named && !refused
            })
        };
        ALL.iter().find(|(_, name)| offered(name)).map(|(encoding, _)| *encoding)
    }

    /// Decodes a request's body.
    pub fn decoder<'read>(self, input: impl Read + Send + 'read) -> io::Result<Box<dyn Read + Send + 'read>> {
        let code = match self {
            Self::Zstd => ErrorCode::ZSTD_DECODER_FAILED,
            Self::Brotli => ErrorCode::BROTLI_READ_FAILED,
            Self::Lz4 => ErrorCode::LZ4_DECODER_FAILED,
            Self::Gzip | Self::Deflate => ErrorCode::ZLIB_INFLATE_FAILED,
        };
        let decoder: Box<dyn Read + Send + 'read> = match self {
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(input)?),
            Self::Brotli => Box::new(brotli::Decompressor::new(input, DECODER_BUFFER_BYTES)),
            Self::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(input)),
            Self::Deflate => Box::new(flate2::read::ZlibDecoder::new(input)),
        };
        Ok(Box::new(Named { decoder, code, encoding: self }))
    }
}

const DECODER_BUFFER_BYTES: usize = 64 << 10;

/// Gives a decoder's errors their ClickHouse code; errors from below it keep theirs.
struct Named<R> {
    decoder: R,
    code: ErrorCode,
    encoding: Encoding,
}

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Exception>()).is_some();
            if inner || error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let name = self.encoding.name();
            io::Error::new(
                io::ErrorKind::InvalidData,
                Exception::new(self.code, format!("The request's body is no valid {name}: {error}")),
            )
        })
    }
}

/// Encodes a response. What has been encoded is collected with [`ContentEncoder::take`].
pub enum ContentEncoder {
    /// As it is.
    Plain(Vec<u8>),
    /// zstd
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    /// br
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    /// lz4
    Lz4(Box<lz4_flex::frame::FrameEncoder<Vec<u8>>>),
    /// gzip
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    /// deflate
    Deflate(flate2::write::ZlibEncoder<Vec<u8>>),
}

impl ContentEncoder {
    /// An encoder of the given level, as `http_zlib_compression_level` sets it for every method.
    pub fn new(encoding: Option<Encoding>, level: u32) -> io::Result<Self> {
        let level = level.clamp(1, 9);
        let zlib = flate2::Compression::new(level);
        let output = Vec::new();
        Ok(match encoding {
            None => Self::Plain(output),
            Some(Encoding::Zstd) => {
                let level = i32::try_from(level).map_err(io::Error::other)?;
                Self::Zstd(zstd::stream::write::Encoder::new(output, level)?)
            }
            Some(Encoding::Brotli) => {
                Self::Brotli(Box::new(brotli::CompressorWriter::new(output, DECODER_BUFFER_BYTES, level, 22)))
            }
            Some(Encoding::Lz4) => Self::Lz4(Box::new(lz4_flex::frame::FrameEncoder::new(output))),
            Some(Encoding::Gzip) => Self::Gzip(flate2::write::GzEncoder::new(output, zlib)),
            Some(Encoding::Deflate) => Self::Deflate(flate2::write::ZlibEncoder::new(output, zlib)),
        })
    }

    /// Takes what is ready.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Plain(output) => output,
            Self::Zstd(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Lz4(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Deflate(encoder) => encoder.get_mut(),
        })
    }

    /// Ends the encoding and gives what is left.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(output) => Ok(output),
            Self::Zstd(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Lz4(encoder) => encoder.finish().map_err(io::Error::other),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Deflate(encoder) => encoder.finish(),
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(output) => output,
            Self::Zstd(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Lz4(encoder) => encoder,
            Self::Gzip(encoder) => encoder,
            Self::Deflate(encoder) => encoder,
        }
    }
}

impl Write for ContentEncoder {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.writer().write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(encoding: Encoding, bytes: &[u8]) -> Result<Vec<u8>, i32> {
        let mut data = Vec::new();
        match encoding.decoder(bytes).unwrap().read_to_end(&mut data) {
            Ok(_) => Ok(data),
            Err(error) => Err(error.get_ref().unwrap().downcast_ref::<Exception>().unwrap().code),
        }
    }

    fn encoded(encoding: Encoding, data: &[u8]) -> Vec<u8> {
        let mut encoder = ContentEncoder::new(Some(encoding), 3).unwrap();
        encoder.write_all(data).unwrap();
        let mut bytes = encoder.take();
        encoder.flush().unwrap();
        bytes.extend(encoder.take());
        bytes.extend(encoder.finish().unwrap());
        bytes
    }

    #[test]
    fn the_best_offer_is_taken() {
        assert_eq!(Encoding::best_accepted("gzip, deflate"), Some(Encoding::Gzip));
        assert_eq!(Encoding::best_accepted("gzip, br;q=0.5, ZSTD"), Some(Encoding::Zstd));
        assert_eq!(Encoding::best_accepted("lz4"), Some(Encoding::Lz4));
        assert_eq!(Encoding::best_accepted("zstd;q=0, gzip;q=0.1"), Some(Encoding::Gzip));
        assert_eq!(Encoding::best_accepted("identity, *"), None);
        assert_eq!(Encoding::best_accepted(""), None);
    }

    #[test]
    fn an_unknown_content_encoding_is_refused() {
        assert_eq!(Encoding::of_content("identity").unwrap(), None);
        assert_eq!(Encoding::of_content("Gzip").unwrap(), Some(Encoding::Gzip));
        assert_eq!(Encoding::of_content("compress").unwrap_err().code, 48);
    }

    #[test]
    fn garbage_and_cuts_have_the_code_of_their_encoding() {
        for (encoding, code) in [
            (Encoding::Zstd, 561),
            (Encoding::Brotli, 448),
            (Encoding::Lz4, 618),
            (Encoding::Gzip, 354),
            (Encoding::Deflate, 354),
        ] {
            assert_eq!(decoded(encoding, b"this is not compressed at all"), Err(code), "{encoding:?}");
            let good = encoded(encoding, &b"some data".repeat(1000));
            assert_eq!(decoded(encoding, &good[..good.len() / 2]), Err(code), "{encoding:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            data in prop::collection::vec(any::<u8>(), 0..3000),
            encoding in prop::sample::select(ALL.map(|(encoding, _)| encoding).to_vec()),
        ) {
            prop_assert_eq!(decoded(encoding, &encoded(encoding, &data)), Ok(data));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            encoding in prop::sample::select(ALL.map(|(encoding, _)| encoding).to_vec()),
        ) {
            let _ = decoded(encoding, &bytes);
        }
    }
}
