//! What must hold, over the inputs that are kept: those that reach what others do not, and those for which something once did not hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let paths: std::io::Result<Vec<PathBuf>> =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths = paths.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    paths.sort();
    paths
}

#[test]
fn every_target_has_a_folder_of_inputs_and_no_other_folder_is_there() {
    let folders: BTreeSet<String> =
        listed(&corpus()).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let names: BTreeSet<String> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(folders, names);
}

#[test]
fn what_must_hold_holds_for_every_input_that_is_kept() {
    for (name, target) in fuzz::TARGETS {
        let inputs = listed(&corpus().join(name));
        assert!(!inputs.is_empty(), "{name}");
        for input in inputs {
            // Shown where it does not hold.
            println!("{}", input.display());
            target(&fs::read(&input).unwrap());
        }
    }
}
