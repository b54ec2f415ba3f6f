//! What a party reads from its own disk: logs of epochs, counts of inferences, prepared inferences, keys and lists, weights.
//! Any content is refused in
//! words or read, and what is refused is never handed out.
#![no_main]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use brelu_core::plan::Plan;
use brelu_core::prf::PairKey;
use brelu_host::keys::{Access, read_identity, read_public};
use brelu_host::quota::{Day, Limit, Quota};
use brelu_host::state::{Epochs, Limits, Ready, Usage};
use brelu_host::weights::Weights;
use libfuzzer_sys::fuzz_target;

const PLAN: &[u8] = include_bytes!("../corpus/plan/residual");

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a temporary folder");
    match choice % 4 {
        _ if choice >= 0xf0 => usage(&folder.path().join("usage"), data),
        _ if choice >= 0xe0 => weights(&folder.path().join("some.weights"), data),
        0 => epochs(&folder.path().join("epochs"), data),
        1 => ready(folder.path(), data),
        2 => keys(&folder.path().join("list.txt"), data),
        _ => private_key(&folder.path().join("some.key"), data),
    }
});

fn epochs(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a file");
    let Ok(epochs) = Epochs::open(path) else { return };
    let peer = [7; 32];
    let Ok(floor) = epochs.floor(&peer) else { return };
    if let Ok(next) = epochs.next(&peer, 0) {
        assert!(next > floor);
        assert!(epochs.consume(&peer, next).is_err());
        drop(epochs);
        let again = Epochs::open(path).expect("the file it wrote");
        assert_eq!(again.floor(&peer).ok(), Some(next));
    }
}

fn usage(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a file");
    let looked = Usage::look(path);
    let Ok(usage) = Usage::open(path) else { return assert!(looked.is_err()) };
    assert_eq!(looked.ok(), usage.all().ok());
    let peer = [7; 32];
    let Ok(before) = usage.of(&peer) else { return };
    let quota = Quota { total: Limit::Most(before.total.saturating_add(1)), day: Limit::Unset };
    if let Ok(after) = usage.count(&peer, &quota, Day(0)) {
        assert!(after > before);
        assert!(usage.count(&peer, &quota, Day(u32::MAX)).is_err());
        drop(usage);
        let again = Usage::open(path).expect("the file it wrote");
        assert_eq!(again.of(&peer).ok(), Some(after));
    }
}

fn ready(folder: &Path, data: &[u8]) {
    let (peer, limits) = ([7; 32], Limits { items: 4, peer_bytes: 1 << 20, bytes: 1 << 20 });
    let place = folder.join("07".repeat(32));
    fs::create_dir(&place).expect("a folder");
    fs::write(place.join("5.ready"), data).expect("a file");
    let Ok(store) = Ready::disk(folder, PairKey::new([1; 32]), limits) else { return };
    assert!(
        store.take(&peer, 5).is_ok_and(|item| item.is_none())
            || store.take(&peer, 5).is_ok_and(|item| item.is_none())
    );
}

fn keys(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a file");
    if let Ok(key) = read_public(&path.display().to_string()) {
        for list in [Access::file(path), Access::clients(path)] {
            let listed = list.and_then(|list| list.find(&key));
            assert!(listed.map_or(true, |name| name.is_some()));
        }
    }
    let _ = Access::clients(path);
    let _ = read_public(&String::from_utf8_lossy(data));
}

/// As a whole file, with the length that a file has beyond what weights of the plan can have.
fn weights(path: &Path, data: &[u8]) {
    let plan = Plan::parse(PLAN).expect("a valid plan");
    fs::write(path, data).expect("a file");
    let (read, parsed) = (Weights::read(&plan, path), Weights::parse(&plan, data));
    assert!(read == parsed || (read.is_err() && parsed.is_err()));
}

fn private_key(path: &Path, data: &[u8]) {
    fs::write(path, data).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
    let _ = read_identity(path);
}
