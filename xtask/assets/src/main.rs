//! The part of the build whose dependencies take long to compile: `cargo xtask` compiles it beside the downloads and
//! then calls it, so that `cargo xtask` itself starts at once.
//!
//! - `xtask-assets bindgen MODULE.wasm OUT_DIR`: what the `wasm-bindgen` command does, for the target `bundler`, whose glue
//!   leaves fetching and instantiating to who uses it. Writes `glue_bg.js` and `glue_bg.wasm`.
//! - `xtask-assets compress DIR`: writes `FILE.br` (quality 11) and `FILE.gz` (level 9) beside every file of `DIR`.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: xtask-assets bindgen MODULE.wasm OUT_DIR | xtask-assets compress DIR";

fn main() -> Result<()> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match words.as_slice() {
        [verb, module, out] if verb == "bindgen" => bindgen(Path::new(module), Path::new(out)),
        [verb, dir] if verb == "compress" => compress_directory(Path::new(dir)),
        _ => bail!("{USAGE}"),
    }
}

/// Turns cargo's wasm into a module and its JavaScript glue, without what only debuggers read.
fn bindgen(module: &Path, out: &Path) -> Result<()> {
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen
        .input_path(module)
        .bundler(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name("glue");
    bindgen.generate(out).with_context(|| format!("wasm-bindgen failed on {}", module.display()))
}

/// Compresses every file of one directory, not its subdirectories; what is compressed already is left alone.
fn compress_directory(dir: &Path) -> Result<()> {
    for path in files(dir)? {
        if path.extension().is_some_and(|extension| extension == "br" || extension == "gz") {
            continue;
        }
        let raw = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        write_beside(&path, "br", &brotli_of(&raw)?)?;
        write_beside(&path, "gz", &gzip_of(&raw)?)?;
    }
    Ok(())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn write_beside(path: &Path, extension: &str, bytes: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    fs::write(&name, bytes).with_context(|| format!("cannot write {}", Path::new(&name).display()))
}

fn brotli_of(raw: &[u8]) -> Result<Vec<u8>> {
    let parameters =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: raw.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut packed, &parameters)?;
    Ok(packed)
}

/// Gzip without a name or a time in its header: the same bytes in give the same bytes out.
fn gzip_of(raw: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(raw)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn every_file_gets_siblings_that_unpack_to_it() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let text = b"a page view, a page view, a page view".repeat(50);
        fs::write(dir.path().join("stub.js"), &text)?;

        compress_directory(dir.path())?;

        let mut unpacked = Vec::new();
        let packed = fs::read(dir.path().join("stub.js.gz"))?;
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked)?;
        assert_eq!(unpacked, text);

        let mut unpacked = Vec::new();
        let packed = fs::read(dir.path().join("stub.js.br"))?;
        brotli::BrotliDecompress(&mut &packed[..], &mut unpacked)?;
        assert_eq!(unpacked, text);
        assert!(packed.len() < text.len() / 10);
        Ok(())
    }

    #[test]
    fn compressing_again_adds_no_sibling_of_a_sibling() -> Result<()> {
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("core.wasm"), [0_u8; 64])?;

        compress_directory(dir.path())?;
        compress_directory(dir.path())?;

        assert_eq!(files(dir.path())?.len(), 3);
        Ok(())
    }
}
