//! The README names the fingerprint of the wire types, so that nobody changes the format without noticing.

/// FNV-1a, 64 bits: a fingerprint, not a defence.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The code without comments and white space.
fn code(source: &str) -> String {
    let lines = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect()
}

#[test]
fn the_readme_names_the_wire_as_it_is() {
    let fingerprint = fnv1a(&(code(include_str!("../src/types.rs")) + &code(include_str!("../src/encode.rs"))));
    let stated = format!("wire fingerprint: {fingerprint:016x}");
    assert!(
        include_str!("../README.md").contains(&stated),
        "the wire changed: is it a new version? Then state `{stated}` in README.md"
    );
}
