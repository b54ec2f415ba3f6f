//! ONNX files: an import, or an error in words.
#![no_main]

use brelu_tools::onnx::{ImportOptions, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match import(data, &ImportOptions::default()) {
        Ok(import) => import.graph.check().expect("an imported graph is consistent"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
