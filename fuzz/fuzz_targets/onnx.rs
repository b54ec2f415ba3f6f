//! ONNX files: an import that can be written again and simplified, or an error in words.
#![no_main]

use brelu_networks::graph::simplify;
use brelu_networks::onnx::{ImportOptions, export, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match import(data, &ImportOptions::default()) {
        Ok(network) => {
            network.graph.check().expect("an imported graph is consistent");
            if let Ok(file) = export(&network.graph) {
                drop(import(&file, &ImportOptions::default()));
            }
            simplify(network.graph).expect("it can be simplified");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
