//! Compressed frames of ClickHouse's native protocol, as `compress=1` and `decompress=1` use them.
//!
//! ```text
//! 16  CityHash128 (version 1.0.2) of everything below; high half first, each half little-endian
//!  1  method: 0x82 LZ4 (block format), 0x90 ZSTD, 0x02 none
//!  4  size of header and payload, little-endian: the payload's + 9
//!  4  size of the data, little-endian
//!  n  payload
//! ```
//! Frames follow one another; a stream ends at a frame's edge. A reader trusts no size: both are bounded, and the
//! checksum is compared before anything is decompressed.

use std::io::{self, Read, Write};

use cityhash_rs::cityhash_102_128;

use crate::exception::{ErrorCode, Exception};

const CHECKSUM_BYTES: usize = 16;
const HEADER_BYTES: usize = 9;
const LZ4: u8 = 0x82;
const ZSTD: u8 = 0x90;
const NONE: u8 = 0x02;

/// The largest frame that is read, compressed or not. Clients write 1 MiB and less.
pub const FRAME_BYTES_MAX: usize = 256 << 20;

/// How much data goes into a frame that is written.
pub const WRITTEN_FRAME_BYTES: usize = 1 << 20;

fn checksum(frame: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = cityhash_102_128(frame);
    let mut bytes = [0; CHECKSUM_BYTES];
    let (high, low) = bytes.split_at_mut(8);
    high.copy_from_slice(&((hash >> 64) as u64).to_le_bytes());
    #[expect(clippy::cast_possible_truncation, reason = "the low half")]
    low.copy_from_slice(&(hash as u64).to_le_bytes());
    bytes
}

/// Writes data as LZ4 frames.
pub struct FrameWriter<W: Write> {
    output: W,
    data: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    /// Frames go to `output`.
    pub fn new(output: W) -> Self {
        Self { output, data: Vec::new() }
    }

    /// What the frames go to.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.output
    }

    /// Gives back what the frames went to. Data that was not flushed is lost.
    pub fn into_inner(self) -> W {
        self.output
    }

    fn write_frame(&mut self) -> io::Result<()> {
        if self.data.is_empty() {
            return Ok(());
        }
        let mut frame = vec![0; HEADER_BYTES + lz4_flex::block::get_maximum_output_size(self.data.len())];
        let payload =
            lz4_flex::block::compress_into(&self.data, &mut frame[HEADER_BYTES..]).map_err(io::Error::other)?;
        frame.truncate(HEADER_BYTES + payload);
        let size = |length: usize| u32::try_from(length).map_err(io::Error::other);
        let frame_size = size(frame.len())?;
        frame[0] = LZ4;
        frame[1..5].copy_from_slice(&frame_size.to_le_bytes());
        frame[5..9].copy_from_slice(&size(self.data.len())?.to_le_bytes());
        self.data.clear();
        self.output.write_all(&checksum(&frame))?;
        self.output.write_all(&frame)
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let taken = data.len().min(WRITTEN_FRAME_BYTES - self.data.len());
        self.data.extend_from_slice(&data[..taken]);
        if self.data.len() == WRITTEN_FRAME_BYTES {
            self.write_frame()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_frame()?;
        self.output.flush()
    }
}

/// Reads data out of frames.
pub struct FrameReader<R: Read> {
    input: R,
    data: Vec<u8>,
    position: usize,
}

impl<R: Read> FrameReader<R> {
    /// Frames come from `input`.
    pub fn new(input: R) -> Self {
        Self { input, data: Vec::new(), position: 0 }
    }

    /// Reads the next frame. `false`: the input ended at a frame's edge.
    fn read_frame(&mut self) -> io::Result<bool> {
        let mut start = [0; CHECKSUM_BYTES + HEADER_BYTES];
        match read_up_to(&mut self.input, &mut start)? {
            0 => return Ok(false),
            read if read < start.len() => return Err(cut_off(read, start.len())),
            _ => {}
        }
        let size_at = |at: usize| {
            let bytes = [start[at], start[at + 1], start[at + 2], start[at + 3]];
            usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)
        };
        let method = start[CHECKSUM_BYTES];
        let frame_size = size_at(CHECKSUM_BYTES + 1);
        let data_size = size_at(CHECKSUM_BYTES + 5);
        if !(HEADER_BYTES..=FRAME_BYTES_MAX).contains(&frame_size) || data_size > FRAME_BYTES_MAX {
            return Err(refused(
                ErrorCode::TOO_LARGE_SIZE_COMPRESSED,
                format!(
                    "Sizes of a compressed frame are out of bounds: {frame_size} bytes compressed, {data_size} \
                     uncompressed, at most {FRAME_BYTES_MAX}. Most likely corrupted data."
                ),
            ));
        }
        let frame = self.read_payload(&start, frame_size)?;
        if checksum(&frame) != start[..CHECKSUM_BYTES] {
            return Err(refused(
                ErrorCode::CHECKSUM_DOESNT_MATCH,
                format!("Checksum doesn't match: corrupted data in a compressed frame of {frame_size} bytes."),
            ));
        }
        self.data = decompress(method, &frame[HEADER_BYTES..], data_size)?;
        self.position = 0;
        Ok(true)
    }

    /// The frame without its checksum. Grows with what arrives, not with what a header claims.
    fn read_payload(&mut self, start: &[u8], frame_size: usize) -> io::Result<Vec<u8>> {
        let mut frame = start[CHECKSUM_BYTES..].to_vec();
        let missing = frame_size - HEADER_BYTES;
        let read = (&mut self.input).take(missing as u64).read_to_end(&mut frame)?;
        if read < missing {
            return Err(cut_off(read, missing));
        }
        Ok(frame)
    }
}

impl<R: Read> Read for FrameReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.data.len() {
            if !self.read_frame()? {
                return Ok(0);
            }
        }
        let read = (self.data.len() - self.position).min(buffer.len());
        buffer[..read].copy_from_slice(&self.data[self.position..self.position + read]);
        self.position += read;
        Ok(read)
    }
}

fn decompress(method: u8, payload: &[u8], data_size: usize) -> io::Result<Vec<u8>> {
    let failed = |reason: String| {
        refused(ErrorCode::CANNOT_DECOMPRESS, format!("Cannot decompress a frame: {reason}. Corrupted data."))
    };
    let data = match method {
        LZ4 => lz4_flex::block::decompress(payload, data_size).map_err(|error| failed(error.to_string()))?,
        ZSTD => zstd::bulk::decompress(payload, data_size).map_err(|error| failed(error.to_string()))?,
        NONE => payload.to_vec(),
        other => {
            return Err(refused(
                ErrorCode::UNKNOWN_COMPRESSION_METHOD,
                format!("Unknown compression method 0x{other:02x} of a frame; known are LZ4, ZSTD and none."),
            ));
        }
    };
    if data.len() != data_size {
        return Err(failed(format!("it has {} bytes of data instead of {data_size}", data.len())));
    }
    Ok(data)
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match input.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn cut_off(read: usize, expected: usize) -> io::Error {
    refused(
        ErrorCode::CANNOT_READ_ALL_DATA,
        format!("Cannot read all data. Bytes read: {read}. Bytes expected: {expected}."),
    )
}

fn refused(code: ErrorCode, message: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Exception::new(code, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(data: &[u8]) -> Vec<u8> {
        let mut writer = FrameWriter::new(Vec::new());
        writer.write_all(data).unwrap();
        writer.flush().unwrap();
        writer.output
    }

    fn frame(method: u8, payload: &[u8], data_size: u32) -> Vec<u8> {
        let mut frame = vec![method];
        frame.extend_from_slice(&u32::try_from(payload.len() + HEADER_BYTES).unwrap().to_le_bytes());
        frame.extend_from_slice(&data_size.to_le_bytes());
        frame.extend_from_slice(payload);
        [checksum(&frame).to_vec(), frame].concat()
    }

    fn read(frames: &[u8]) -> Result<Vec<u8>, i32> {
        let mut data = Vec::new();
        match FrameReader::new(frames).read_to_end(&mut data) {
            Ok(_) => Ok(data),
            Err(error) => Err(error.get_ref().unwrap().downcast_ref::<Exception>().unwrap().code),
        }
    }

    /// Frames out of the data files of MergeTree tables, which the engine itself wrote with these codecs.
    #[test]
    fn frames_of_the_engine_are_read() {
        for frame in [
            "88114c9e6d4ab52c5d39f85be983582d821b000000200000009e1f736c6f77746178200800506f77746178",
            "17b34e9685970970c7cd74da517c9b6390210000002000000028b52ffd20207d0000481f736c6f77746178200100abcb11",
            "5d64418a574581727d8400dcbc88ba020229000000200000001f736c6f7774617820736c6f7774617820736c6f7774617820736c6f\
             77746178",
        ] {
            let bytes: Vec<u8> =
                (0..frame.len() / 2).map(|at| u8::from_str_radix(&frame[2 * at..2 * at + 2], 16).unwrap()).collect();
            assert_eq!(read(&bytes).as_deref(), Ok(&b"\x1fslowtax slowtax slowtax slowtax"[..]), "{frame}");
        }
    }

    #[test]
    fn every_method_is_read() {
        let data = b"abc".repeat(100);
        let size = u32::try_from(data.len()).unwrap();
        assert_eq!(read(&frame(NONE, &data, size)), Ok(data.clone()));
        assert_eq!(read(&frame(LZ4, &lz4_flex::block::compress(&data), size)), Ok(data.clone()));
        assert_eq!(read(&frame(ZSTD, &zstd::bulk::compress(&data, 1).unwrap(), size)), Ok(data.clone()));
        assert_eq!(read(&frame(0x91, &data, size)), Err(89));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let good = written(&b"some data that compresses, that compresses".repeat(3));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let code = read(&bad).expect_err("the flip went unnoticed");
            assert!(matches!(code, 40 | 39 | 33), "byte {at}: code {code}");
        }
    }

    #[test]
    fn a_cut_is_noticed_except_at_an_edge() {
        let two = [written(b"first"), written(b"second")].concat();
        let edge = written(b"first").len();
        for end in 0..two.len() {
            match read(&two[..end]) {
                Ok(data) => assert!(end == 0 && data.is_empty() || end == edge && data == b"first", "cut at {end}"),
                Err(code) => assert_eq!(code, 33, "cut at {end}"),
            }
        }
    }

    #[test]
    fn sizes_that_are_claimed_are_not_believed() {
        let mut huge = vec![0; CHECKSUM_BYTES];
        huge.push(LZ4);
        huge.extend_from_slice(&u32::MAX.to_le_bytes());
        huge.extend_from_slice(&8_u32.to_le_bytes());
        assert_eq!(read(&huge), Err(39));
        // A bomb: right checksum, a small payload, a large claim.
        assert_eq!(read(&frame(LZ4, &lz4_flex::block::compress(b"x"), 200 << 20)), Err(271));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(data in prop::collection::vec(any::<u8>(), 0..5000), pieces in 1..50_usize) {
            let mut writer = FrameWriter::new(Vec::new());
            for piece in data.chunks(pieces) {
                writer.write_all(piece).unwrap();
            }
            writer.flush().unwrap();
            prop_assert_eq!(read(&writer.output), Ok(data));
        }

        #[test]
        fn any_bytes_are_read_or_refused(frames in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&frames);
        }

        #[test]
        fn any_payload_under_a_right_checksum_is_read_or_refused(
            method in prop::sample::select(vec![LZ4, ZSTD, NONE, 0_u8]),
            payload in prop::collection::vec(any::<u8>(), 0..200),
            size in 0..1000_u32,
        ) {
            let _ = read(&frame(method, &payload, size));
        }
    }
}
