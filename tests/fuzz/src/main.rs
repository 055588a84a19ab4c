//! The fuzzer, for the target that the environment variable `FUZZ_TARGET` names. `cargo xtask fuzz` builds and runs it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    fuzz::target(&name).unwrap_or_else(|| {
        eprintln!("FUZZ_TARGET is `{name}`; it must be one of: {}", fuzz::TARGETS.map(|(known, _)| known).join(" "));
        std::process::exit(2);
    })
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
