//! No party reads the system's clock: what it says may jump, and nothing must depend on it but a quota for a day, which
//! `brelu serve` brings the day for, and which of a dealer's stored models leaves first: it is sent again.

use std::fs;
use std::path::{Path, PathBuf};

/// Names by which Rust programs read it.
const CLOCKS: [&str; 3] = ["SystemTime", "UNIX_EPOCH", "CLOCK_REALTIME"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn no_party_reads_the_systems_clock() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let may =
        ["tools/brelu/src/cmd/quotas.rs", "host/src/dealer/storage.rs", "host/src/dealer/storage/tests.rs"]
            .map(|file| root.join(file));
    assert!(may.iter().all(|file| file.exists()));
    for folder in ["core/src", "host/src", "embedded/src", "tools"] {
        let files = sources(&root.join(folder));
        assert!(files.len() > 3, "{folder}");
        let rust = files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
        for file in rust.filter(|file| !may.contains(file)) {
            let text = fs::read_to_string(&file).unwrap();
            for clock in CLOCKS {
                assert!(!text.contains(clock), "{} reads {clock}", file.display());
            }
        }
    }
}
