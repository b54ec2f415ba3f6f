//! ONNX files: an import that can be simplified, or an error in words.
#![no_main]

use brelu_tools::graph::simplify;
use brelu_tools::onnx::{ImportOptions, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match import(data, &ImportOptions::default()) {
        Ok(import) => {
            import.graph.check().expect("an imported graph is consistent");
            simplify(import.graph).expect("it can be simplified");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
