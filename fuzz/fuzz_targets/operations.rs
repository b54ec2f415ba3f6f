//! Sequences of prepare, infer, lost connections, restarts, restored records and replays against a simple model: results are
//! right and nothing is ever used twice.
#![no_main]

use std::path::Path;

use brelu_tests::script::{Step, out_of_time, run};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let steps: Vec<Step> = data.iter().take(48).map(|byte| Step::from_byte(*byte)).collect();
    let memory = Path::new("/dev/shm");
    let home = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let home = home.expect("a temporary folder");
    if let Err(words) = out_of_time(run(&steps, home.path())) {
        panic!("{words}: {steps:?}");
    }
});
