use super::*;
use crate::dealer::library::tests::model;

fn storage(folder: &Path, models: usize, share: ServerShare) -> Storage {
    Storage::new(folder.into(), models, share)
}

fn share(models: usize) -> ServerShare {
    ServerShare { models, ..ServerShare::default() }
}

fn put(storage: &Storage, server: u8, number: u8) {
    let (id, parts) = model(server, number);
    storage.write(&id, &parts).unwrap();
    age(storage, server, number, 1000 - u64::from(number));
}

/// Makes a file look as if it had been used so many seconds ago.
fn age(storage: &Storage, server: u8, number: u8, seconds: u64) {
    let path = storage.folder.join(model(server, number).0.file_name());
    let then = SystemTime::now() - Duration::from_secs(seconds);
    fs::OpenOptions::new().write(true).open(path).unwrap().set_modified(then).unwrap();
}

/// Which models of a server have a file.
fn files(storage: &Storage, server: u8) -> Vec<u8> {
    (0..50).filter(|number| storage.folder.join(model(server, *number).0.file_name()).exists()).collect()
}

#[test]
fn stored_models_are_read_as_they_were_and_damage_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, (id, parts)) = (storage(folder.path(), 4, share(4)), model(1, 1));
    storage.write(&id, &parts).unwrap();
    let read = storage.read(&id).unwrap();
    assert_eq!((read.plan.get().bytes(), &read.shares), (parts.plan.get().bytes(), &parts.shares));
    let path = folder.path().join(id.file_name());
    let whole = fs::read(&path).unwrap();
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        assert!(storage.read(&id).is_none(), "{len} bytes");
    }
    fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    assert!(storage.read(&id).is_none());
    fs::write(&path, [0xff; 64]).unwrap();
    assert!(storage.read(&id).is_none());
}

#[test]
fn a_server_has_so_many_files_and_the_least_recently_used_one_goes() {
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), 100, share(1));
    put(&storage, 2, 0);
    age(&storage, 2, 0, 100_000);
    for number in 1..=4 {
        put(&storage, 1, number);
    }
    assert!(storage.read(&model(1, 1).0).is_some(), "that was a use");
    put(&storage, 1, 5);
    assert_eq!((files(&storage, 1), files(&storage, 2)), (vec![1, 3, 4, 5], vec![0]));
    put(&storage, 1, 5);
    assert_eq!(files(&storage, 1), [1, 3, 4, 5], "the same one takes no more room");
}

#[test]
fn a_server_has_so_many_bytes_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let whole = storage(folder.path(), 100, share(100));
    put(&whole, 2, 0);
    let bytes = fs::metadata(folder.path().join(model(2, 0).0.file_name())).unwrap().len();
    // Room for eleven of the same length; those with two digits in their name are a byte longer.
    let tight = storage(folder.path(), 100, ServerShare { bytes: (bytes * 11).div_ceil(4), ..share(100) });
    for number in 0..=9 {
        put(&tight, 1, number);
    }
    assert_eq!(files(&tight, 1).len(), 10);
    for number in 10..=19 {
        put(&tight, 1, number);
    }
    assert_eq!((files(&tight, 1), files(&tight, 2)), ((10..=19).collect(), vec![0]));
}

#[test]
fn all_servers_together_have_so_many_files() {
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), 1, share(100));
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let foreign = folder.path().join("0123-4567.model");
    fs::write(&foreign, "of another version").unwrap();
    let file = fs::OpenOptions::new().write(true).open(&foreign).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(9999)).unwrap();
    for (server, number) in [(1, 1), (2, 2), (3, 3), (1, 4), (2, 5)] {
        put(&storage, server, number);
    }
    let left = [1, 2, 3].map(|server| files(&storage, server));
    assert_eq!(left, [vec![4], vec![2, 5], vec![3]]);
    assert!(folder.path().join("notes.txt").exists() && !foreign.exists());
}

#[test]
fn what_was_never_finished_is_removed_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let storage = storage(folder.path(), 4, share(4));
    let [old, new] = ["old.1-1.part", "new.2-1.part"].map(|name| folder.path().join(name));
    fs::write(&old, "half").unwrap();
    fs::write(&new, "half").unwrap();
    let then = SystemTime::now() - 2 * ABANDONED;
    fs::OpenOptions::new().write(true).open(&old).unwrap().set_modified(then).unwrap();
    put(&storage, 1, 1);
    assert!(!old.exists() && new.exists());
}
