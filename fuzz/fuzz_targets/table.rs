//! Tables of distortions: any bytes, and tables that were altered and then sealed anew, or nothing would get past the
//! digest. What is read is checked, and the same when it is written and read again.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use brelu_budget::distortion::{read_table, write_table};
use brelu_budget::generated::{generated_table, with_windows};
use brelu_core::geometry::Shape;
use brelu_networks::blocks::Candidates;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

/// The first bytes, and the digest of all others behind them.
const MARK: &[u8; 12] = b"PAR1brelu-d1";
const DIGEST_END: usize = 44;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a temporary folder").keep()
});

/// Two layers, one of them with windows.
static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let shapes = [Shape::new(2, 4, 3), Shape::new(3, 1, 1)];
    let mut table = with_windows(generated_table("small", &shapes, &Candidates::Auto, 1), 2);
    table.layers[1].windows.clear();
    table.layers[1].clip = Some(6.0);
    table.layers[0].exact[2] = 0.5;
    let path = FOLDER.join("first");
    write_table(&path, &table).expect("a table");
    fs::read(path).expect("a file")
});

fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    if let Some((head, body)) = file.split_at_mut_checked(DIGEST_END) {
        head[..MARK.len()].copy_from_slice(MARK);
        let digest = Sha256::new().chain_update(MARK).chain_update(body).finalize();
        head[MARK.len()..].copy_from_slice(&digest);
    }
    file
}

/// Three bytes of `data` are an edit: of the pages with an even first byte, else of the footer, where most is decided.
fn altered(data: &[u8]) -> Vec<u8> {
    let mut file = TABLE.clone();
    for edit in data.chunks_exact(4).take(16) {
        let at = usize::from(u16::from_be_bytes([edit[1], edit[2]]));
        let from = if edit[0] % 2 == 0 { DIGEST_END } else { file.len() * 3 / 4 };
        let at = from + at % (file.len() - from);
        match edit[0] / 2 % 8 {
            0 => file.insert(at, edit[3]),
            1 if file.len() > 100 => drop(file.remove(at)),
            2 => file[at] = file[at].wrapping_add(1),
            3 => file[at] ^= 1 << (edit[3] % 8),
            _ => file[at] = edit[3],
        }
    }
    file
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let file = match choice % 4 {
        0 => data.to_vec(),
        1 => sealed(data.to_vec()),
        _ => sealed(altered(data)),
    };
    let [path, once, twice] = ["given", "once", "twice"].map(|name| FOLDER.join(name));
    fs::write(&path, &file).expect("a file");
    match read_table(&path) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(table) => {
            table.check().expect("what was read was checked");
            write_table(&once, &table).expect("what was read can be written");
            write_table(&twice, &read_table(&once).expect("what was written")).expect("a table");
            assert_eq!(fs::read(once).ok(), fs::read(twice).ok());
        }
    }
});
