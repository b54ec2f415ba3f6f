//! Checkpoints as PyTorch 1.6 and later write them: a ZIP archive of a pickle and one file for every storage.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// An entry of a checkpoint: a tensor, or a call in the place of one.
#[derive(Clone, Debug)]
pub(super) struct Item {
    path: Vec<String>,
    value: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Tensor { storage: &'static str, shape: Vec<usize>, bytes: Vec<u8> },
    Call { function: String, argument: String },
}

impl Item {
    pub(super) fn floats(name: &str, shape: &[usize], values: &[f32]) -> Self {
        Self::tensor(
            name,
            "FloatStorage",
            shape,
            values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        )
    }

    pub(super) fn longs(name: &str, shape: &[usize], values: &[i64]) -> Self {
        Self::tensor(
            name,
            "LongStorage",
            shape,
            values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        )
    }

    /// What `function` (module, line end, name) returns for a text.
    pub(super) fn call(function: &str, argument: &str) -> Self {
        let value = Kind::Call { function: function.into(), argument: argument.into() };
        Self { path: vec!["surprise".into()], value }
    }

    fn tensor(name: &str, storage: &'static str, shape: &[usize], bytes: Vec<u8>) -> Self {
        Self { path: vec![name.into()], value: Kind::Tensor { storage, shape: shape.into(), bytes } }
    }

    /// The same in a dictionary of that name.
    pub(super) fn inside(mut self, container: &str) -> Self {
        self.path.insert(0, container.into());
        self
    }
}

/// The bytes of a checkpoint.
pub(super) fn checkpoint(items: &[Item]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut file = |name: &str, bytes: &[u8]| {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(format!("archive/{name}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    };
    file("data.pkl", &pickle(items));
    file("byteorder", b"little");
    for (key, item) in items.iter().enumerate() {
        if let Kind::Tensor { bytes, .. } = &item.value {
            file(&format!("data/{key}"), bytes);
        }
    }
    file("version", b"3\n");
    zip.finish().unwrap().into_inner()
}

/// Its pickle, protocol 2: a dictionary, the entries of one container next to each other.
pub(super) fn pickle(items: &[Item]) -> Vec<u8> {
    let mut out = b"\x80\x02}(".to_vec();
    let mut open: Option<&str> = None;
    for (key, item) in items.iter().enumerate() {
        let container = (item.path.len() > 1).then(|| item.path[0].as_str());
        if open != container {
            if open.is_some() {
                out.push(b'u');
            }
            if let Some(name) = container {
                text(&mut out, name);
                out.extend(b"}(");
            }
            open = container;
        }
        text(&mut out, &item.path[item.path.len() - 1]);
        value(&mut out, key, &item.value);
    }
    if open.is_some() {
        out.push(b'u');
    }
    out.extend(b"u.");
    out
}

fn value(out: &mut Vec<u8>, key: usize, kind: &Kind) {
    match kind {
        Kind::Call { function, argument } => {
            out.extend(format!("c{function}\n(").bytes());
            text(out, argument);
            out.extend(b"tR");
        }
        Kind::Tensor { storage, shape, .. } => {
            out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
            text(out, "storage");
            out.extend(format!("ctorch\n{storage}\n").bytes());
            text(out, &key.to_string());
            text(out, "cpu");
            number(out, shape.iter().product());
            out.extend(b"tQK\x00(");
            shape.iter().for_each(|size| number(out, *size));
            out.extend(b"t(");
            (0..shape.len()).for_each(|axis| number(out, shape[axis + 1..].iter().product()));
            out.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.bytes());
}

fn number(out: &mut Vec<u8>, number: usize) {
    out.push(b'J');
    out.extend((number as u32).to_le_bytes());
}
