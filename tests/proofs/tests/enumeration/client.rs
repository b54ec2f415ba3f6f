//! A client that follows the protocol learns the index of the winner of a tournament, and nothing else of the scores.

use std::collections::BTreeMap;

use brelu_proofs::enumeration::{SCORES, client_views};
use brelu_proofs::fault::Fault;

/// Draws of the client's randomness.
const CLIENTS: u64 = 16;

/// Scores whose winner is not what is opened, or that give other views than scores with the same winner before them.
fn difference(fault: Option<Fault>) -> Option<[u32; 2]> {
    for client in 0..CLIENTS {
        let mut of_winner: [Option<BTreeMap<[u32; 4], u32>>; 2] = [None, None];
        for scores in (0..SCORES).flat_map(|p| (0..SCORES).map(move |q| [p, q])) {
            let (views, winners) = client_views(scores, client, fault);
            let winner = usize::from(scores[0] <= scores[1]);
            let views_of = &mut of_winner[winner];
            if winners[1 - winner] > 0 || views_of.get_or_insert_with(|| views.clone()) != &views {
                return Some(scores);
            }
        }
    }
    None
}

#[test]
fn views_depend_on_the_index_only() {
    assert_eq!(difference(None), None);
}

#[test]
fn errors_are_found() {
    for fault in
        [Fault::WindowBare, Fault::PixelBare, Fault::ScoreOpened, Fault::BesideTheWindow, Fault::NoPublicPart]
    {
        let scores = difference(Some(fault));
        assert!(scores.is_some(), "{fault:?}");
        println!("{fault:?}: {scores:?}");
    }
}
