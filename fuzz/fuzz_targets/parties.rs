//! Whole parties after a handshake that is only said to have happened: any frames may be altered, repeated, swapped, lost or
//! made up on all four links. Every session ends, with a result or with one sentence, and the parties serve the next one.
#![no_main]

use std::sync::LazyLock;

use brelu_core::channel::{EPOCH_JUMP, EPOCH_LEAD};
use brelu_tests::script::{agree, out_of_time, small};
use brelu_tests::wire::{Route, Wire, honest};
use brelu_tests::world::World;
use libfuzzer_sys::fuzz_target;

#[path = "parties/faults.rs"]
mod faults;

static SUBJECT: LazyLock<(World, Vec<i32>, Vec<i32>)> = LazyLock::new(|| {
    let (world, input) = small();
    let outcome = out_of_time(world.session(&[input.clone()], Wire::Frames(honest())));
    let expected = outcome.expect("an honest run").outputs.remove(0);
    (world, input, expected)
});

const LINKS: [Route; 4] =
    [Route::ClientServer, Route::ServerClient, Route::ServerDealer, Route::DealerServer];

fuzz_target!(|data: &[u8]| {
    let (subject, input, expected) = &*SUBJECT;
    let world = subject.fresh();
    let wire = Wire::Frames(faults::tap(&LINKS, data));
    out_of_time(async {
        if let Err(error) = world.session(&[input.clone(), input.clone()], wire).await {
            let words = error.to_string();
            assert!(!words.contains('\n') && words.len() > 10, "{words}");
        }
        // A fault may have told the server of an epoch that the dealer did not give, or either of them of a generation: then
        // the other one is behind by as much as these may jump, and follows by as much as it makes up for at once, one session
        // for each step. A server that is behind in generations finds that out when it wants to use what it has just
        // prepared, discards that, and knows the dealer's from then on.
        for _ in 0..EPOCH_JUMP / EPOCH_LEAD + 2 {
            match world.session(&[input.clone()], Wire::Frames(honest())).await {
                Ok(outcome) => return assert!(agree(&outcome.outputs[0], expected)),
                Err(error) => {
                    let words = error.to_string();
                    let known =
                        words.contains(" behind ") || words.contains("older than the dealer remembers");
                    assert!(error.is_passing() && known, "{words}")
                }
            }
        }
        panic!("no session comes about");
    });
});
