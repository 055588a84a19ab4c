//! Turns a beacon on standard input into its other form on standard output: binary into JSON, JSON into hexadecimal digits of the binary form.
//!
//! ```sh
//! cargo run -p beacon-format --features decode --example convert < beacon
//! ```

use std::io::{Read as _, Write as _};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    let beacon = beacon_format::decode(&body)?;
    let mut out = std::io::stdout().lock();
    if body.first() == Some(&beacon_format::FORMAT_VERSION) {
        out.write_all(&beacon_format::encode_json(&beacon))?;
        return Ok(writeln!(out)?);
    }
    let mut buffer = vec![0; beacon_format::limits::BEACON_BYTES_MAX];
    let length = beacon_format::encode(&beacon, &mut buffer);
    for line in buffer[..length].chunks(64) {
        for byte in line {
            write!(out, "{byte:02x}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
