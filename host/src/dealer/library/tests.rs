use brelu_core::channel::Identity;
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{ColourOrder, Fit, Header, Node, Op, Preprocess, Term, write};
use brelu_core::prf::PairKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::*;
use crate::dealer::DealerKeys;
use crate::dealer::parts::owned_plan;
use crate::weights::PlanHash;

/// Weights of every model here, in the inputs of one output.
const WEIGHTS: usize = 64;

/// The model with a number, of the server with a number.
pub(in crate::dealer) fn model(server: u8, number: u8) -> (ModelId, Parts) {
    let (input, output) = (Shape::new(WEIGHTS as u32, 1, 1), Shape::new(1, 1, 1));
    let terms = [Term { input: 0, map: Conv2d::square(input, 1, 1, 1, 0) }].into_iter().collect();
    let nodes = [
        Node { name: "", shape: input, bits: 24, op: Op::Input },
        Node { name: "", shape: output, bits: 12, op: Op::Linear { terms, fraction: 12 } },
    ];
    let affine = [[1.0, 0.0]].into_iter().collect();
    let name = number.to_string();
    let header = Header::new(&name, Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine });
    let mut bytes = vec![0; 4096];
    let len = write(&header, &nodes, &mut bytes).unwrap();
    bytes.truncate(len);
    let hash: PlanHash = Sha256::digest(&bytes).into();
    let shares = vec![Zeroizing::new(vec![number; WEIGHTS * 3])];
    let server = *Identity::new([server; 32]).public();
    let id = ModelId { server, plan: hash, shares: Sha256::digest(&shares[0]).into() };
    (id, Parts { plan: owned_plan(bytes, &hash).unwrap(), shares })
}

fn bytes() -> u64 {
    model_bytes(model(1, 1).1.plan.get())
}

fn library_of(folder: Option<PathBuf>, most: usize, share: ServerShare) -> Library {
    Library::new(folder, most, share, PlanLimits::default())
}

fn room(library: &Library, number: u8) -> Result<Room, SessionError> {
    let (id, parts) = model(1, number);
    library.reserve(&id, parts.plan.get())
}

/// Puts a model, and says whether there was room for it.
fn put(library: &Library, server: u8, number: u8) -> Result<Arc<DealerModel>, SessionError> {
    let (id, parts) = model(server, number);
    let room = library.reserve(&id, parts.plan.get())?;
    library.put(&room, &parts)
}

fn there(library: &Library, server: u8, numbers: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let known = |number: &u8| library.get(&model(server, *number).0).unwrap().is_some();
    numbers.into_iter().filter(known).collect()
}

fn share(models: usize) -> ServerShare {
    ServerShare { models, ..ServerShare::default() }
}

fn in_use(result: Result<impl Sized, SessionError>) {
    let error = result.err().expect("no room");
    assert!(matches!(error, SessionError::ModelsInUse(_)) && error.is_passing(), "{error}");
}

#[test]
fn the_least_recently_used_model_leaves() {
    let library = library_of(None, 2, share(8));
    for number in [1, 2] {
        put(&library, 1, number).unwrap();
    }
    assert_eq!(there(&library, 1, [1]), [1]);
    put(&library, 1, 3).unwrap();
    assert_eq!(there(&library, 1, 1..=3), [1, 3]);
    put(&library, 1, 2).unwrap();
    assert_eq!(there(&library, 1, 1..=3), [2, 3]);
}

#[test]
fn a_model_that_left_comes_back_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let library = library_of(Some(folder.path().into()), 1, share(1));
    for number in 1..=4 {
        put(&library, 1, number).unwrap();
    }
    assert_eq!(there(&library, 1, 1..=4), [1, 2, 3, 4]);
    put(&library, 1, 5).unwrap();
    assert_eq!(there(&library, 1, 1..=5), [2, 3, 4, 5], "four times as many are on disk");
}

#[test]
fn a_server_pushes_out_its_own_models_only() {
    let library = library_of(None, 4, share(2));
    put(&library, 2, 1).unwrap();
    put(&library, 3, 1).unwrap();
    for number in 1..=20 {
        put(&library, 1, number).unwrap();
    }
    assert_eq!(there(&library, 1, 1..=20), [19, 20]);
    assert_eq!((there(&library, 2, [1]), there(&library, 3, [1])), (vec![1], vec![1]));
    assert!(library.get(&ModelId { server: model(4, 1).0.server, ..model(2, 1).0 }).unwrap().is_none());
}

#[test]
fn bytes_of_one_server_are_limited_too() {
    let share = ServerShare { bytes: 3 * bytes(), ..share(100) };
    let library = library_of(None, 100, share);
    for number in 1..=9 {
        put(&library, 1, number).unwrap();
    }
    // The room of the one that is brought counts as well.
    assert_eq!(there(&library, 1, 1..=9), [7, 8, 9]);
    let small = library_of(None, 100, ServerShare { bytes: bytes() - 1, ..share });
    let error = put(&small, 1, 1).unwrap_err();
    assert!(matches!(error, SessionError::ModelShare { .. }) && !error.is_passing(), "{error}");
}

#[test]
fn models_in_use_or_on_their_way_keep_their_room() {
    let library = library_of(None, 100, share(2));
    let used = [put(&library, 1, 1).unwrap(), put(&library, 1, 2).unwrap()];
    in_use(put(&library, 1, 3));
    put(&library, 2, 3).unwrap();
    drop(used);
    let coming = [3, 4].map(|number| room(&library, number).unwrap());
    // The same model may come over several connections.
    let again = room(&library, 4).unwrap();
    in_use(room(&library, 5));
    drop((coming, again));
    put(&library, 1, 5).unwrap();
}

#[test]
fn a_model_that_leaves_while_it_is_used_goes_on_and_is_freed_at_the_end() {
    let library = library_of(None, 1, share(1));
    let model = put(&library, 1, 1).unwrap();
    put(&library, 2, 1).unwrap();
    assert!(there(&library, 1, [1]).is_empty());
    let [client, server, own] = [1, 2, 3].map(|byte| PairKey::new([byte; 32]));
    assert_eq!(model.deal(&DealerKeys { client, server, own }, 1 << 32 | 1, 1).len(), 2);
    in_use(put(&library, 1, 2));
    let (left, plan) = (Arc::downgrade(&model), model.plan().bytes().len());
    assert!(plan > 0);
    drop(model);
    assert!(left.upgrade().is_none());
    put(&library, 1, 2).unwrap();
}

#[test]
fn only_the_model_that_was_announced_is_taken() {
    let library = library_of(None, 4, share(4));
    let ((id, parts), (other, _)) = (model(1, 1), model(1, 2));
    for wrong in [other, ModelId { shares: [0; 32], ..id }, ModelId { plan: [0; 32], ..id }] {
        let room = library.reserve(&wrong, parts.plan.get()).unwrap();
        assert!(matches!(library.put(&room, &parts), Err(SessionError::ModelHash)));
    }
    let cut = Parts { plan: parts.plan.clone(), shares: vec![] };
    let empty = ModelId { shares: Sha256::digest([]).into(), ..id };
    let room = library.reserve(&empty, parts.plan.get()).unwrap();
    assert!(matches!(library.put(&room, &cut), Err(SessionError::ModelHash)));
}
