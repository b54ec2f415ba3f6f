//! Reads networks and writes them again: `reexport IN.onnx OUT.onnx [OUTPUT]`, with OUTPUT the value that becomes the
//! output. `tests/onnxruntime.py` compares the two in another runtime.

use std::env::args;
use std::error::Error;
use std::path::Path;

use brelu_networks::onnx::{ImportOptions, export_file, import_file};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let (from, to) = match arguments.as_slice() {
        [from, to] | [from, to, _] => (Path::new(from), Path::new(to)),
        _ => return Err("usage: reexport IN.onnx OUT.onnx [OUTPUT]".into()),
    };
    let options = ImportOptions { output: arguments.get(2).cloned(), input: None };
    Ok(export_file(&import_file(from, &options)?.graph, to)?)
}
