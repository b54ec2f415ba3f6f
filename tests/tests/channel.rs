//! The secure channels around whole inferences: what somebody on the way sees, and what each party says when the channel is
//! not what it should be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use brelu_core::channel::{Identity, PublicKey, RECORD_OVERHEAD};
use brelu_host::client::ClientParty;
use brelu_host::weights::plan_hash;
use brelu_tests::parties::{TIMEOUT, identities};
use brelu_tests::script::{agree, small};
use brelu_tests::wire::{Record, RecordTap, Route, Wire, honest};
use brelu_tests::world::World;

const LINKS: [Route; 4] =
    [Route::ClientServer, Route::ServerClient, Route::ServerDealer, Route::DealerServer];

type Capture = Arc<Mutex<Vec<(Route, Record)>>>;

/// A tap that keeps all that passes.
fn capture() -> (RecordTap, Capture) {
    let capture = Capture::default();
    let keep = capture.clone();
    let tap: RecordTap = Arc::new(move |link, _, record| {
        keep.lock().unwrap().push((link, record.clone()));
        vec![record]
    });
    (tap, capture)
}

/// A tap that changes one record.
fn change(link: Route, index: usize, change: impl Fn(Record) -> Vec<Record> + Send + Sync + 'static) -> Wire {
    Wire::Records(Arc::new(
        move |at, number, record| {
            if (at, number) == (link, index) { change(record) } else { vec![record] }
        },
    ))
}

fn error(world: &World, input: &[i32], wire: Wire) -> String {
    let start = Instant::now();
    let error = world.run_over(&[input.to_vec()], wire).expect_err("an error").to_string();
    assert!(start.elapsed() < 4 * TIMEOUT, "it took {:?}", start.elapsed());
    assert!(!error.contains('\n'), "{error}");
    error
}

fn client(identity: Identity, server: PublicKey, dealer: PublicKey) -> ClientParty {
    ClientParty::in_memory(identity, server, dealer)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_capture_shows_nothing_but_lengths_and_noise() {
    let (world, input) = small();
    let (tap, captured) = capture();
    world.run_over(&[input.clone(), input], Wire::Records(tap)).unwrap();
    let captured = captured.lock().unwrap();
    let bytes: Vec<u8> = captured.iter().flat_map(|(_, record)| record.clone()).collect();
    let keys = identities().map(|identity| *identity.public().bytes());
    let (plan, hash) = (world.plan(), plan_hash(world.plan()));
    let epoch_one = (1u64 << 32 | 1).to_le_bytes();
    let known: [(&str, &[u8]); 7] = [
        ("the plan's hash", &hash),
        ("the plan", &plan.bytes()[8..40]),
        ("the client's key", &keys[0]),
        ("the server's key", &keys[1]),
        ("the dealer's key", &keys[2]),
        ("an inference number", &epoch_one),
        ("words", b"prepare"),
    ];
    for (what, field) in known {
        assert!(!contains(&bytes, field), "{what} is in the clear");
    }
    // All that is not a length is as even as random bytes: every value as often as every other, within five deviations.
    let mut counts = [0u32; 256];
    captured.iter().flat_map(|(_, record)| &record[3..]).for_each(|byte| counts[usize::from(*byte)] += 1);
    let expected = f64::from(counts.iter().sum::<u32>()) / 256.0;
    let chi = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum::<f64>();
    assert!(expected > 20.0 && (chi - 255.0).abs() < 5.0 * 510f64.sqrt(), "chi squared is {chi} of 255");
}

#[test]
fn equal_inferences_look_different_and_the_same_length() {
    let (world, input) = small();
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let (tap, captured) = capture();
            world.run_over(std::slice::from_ref(&input), Wire::Records(tap)).unwrap();
            let mut links: HashMap<String, Vec<Record>> = HashMap::new();
            // Good-byes have no payload; whether the last one passes before everything is dropped is a matter of luck.
            for (link, record) in
                captured.lock().unwrap().iter().filter(|(_, record)| record.len() > RECORD_OVERHEAD)
            {
                links.entry(format!("{link:?}")).or_default().push(record.clone());
            }
            links
        })
        .collect();
    for (link, records) in &runs[0] {
        // The first run also gave the dealer its model.
        if link == "ServerDealer" {
            continue;
        }
        let other = &runs[1][link];
        assert_eq!(
            records.iter().map(Vec::len).collect::<Vec<_>>(),
            other.iter().map(Vec::len).collect::<Vec<_>>(),
            "{link}"
        );
        assert!(records.iter().zip(other).all(|(one, other)| one[3..] != other[3..]), "{link}");
    }
}

#[test]
fn each_wrong_party_has_its_own_sentence() {
    let stranger = || Identity::new([9; 32]);
    let [_, server, dealer] = identities().map(|identity| *identity.public());
    let nobody = *stranger().public();
    let (tap, _) = capture();
    let refused = |party: ClientParty| {
        let (world, input) = small();
        error(&world.with_client(party), &input, Wire::Records(tap.clone()))
    };
    let unauthorised = refused(client(stranger(), server, dealer));
    assert!(unauthorised.contains("does not know the key of this party"), "{unauthorised}");
    let [own, ..] = identities();
    let wrong_server = refused(client(own, nobody, dealer));
    assert!(
        wrong_server.contains("another key") && wrong_server.contains("not the party that was meant"),
        "{wrong_server}"
    );
    let [own, ..] = identities();
    let wrong_dealer = refused(client(own, server, nobody));
    assert!(wrong_dealer.contains("the client trusts the dealer with key"), "{wrong_dealer}");
}

#[test]
fn a_tampered_handshake_is_refused() {
    let (world, input) = small();
    for link in [Route::ClientServer, Route::ServerClient] {
        let words = error(
            &world,
            &input,
            change(link, 0, |mut record| {
                record[40] ^= 1;
                vec![record]
            }),
        );
        assert!(words.contains("altered on their way") || words.contains("tampers"), "{link:?}: {words}");
    }
    for link in [Route::ServerDealer, Route::DealerServer] {
        let words = error(
            &world,
            &input,
            change(link, 0, |mut record| {
                record[40] ^= 1;
                vec![record]
            }),
        );
        assert!(words.contains("no secure connection to the dealer"), "{link:?}: {words}");
    }
}

#[test]
fn a_server_that_alters_what_client_and_dealer_say_is_noticed() {
    let (world, input) = small();
    // Inside the secure channels, where only the server could do it: the client's words for the dealer, then the answer.
    for (link, needle) in [
        (Route::ServerDealer, "the client's words for the dealer cannot be read"),
        (Route::ServerClient, "altered on its way by the server"),
    ] {
        let wire = Wire::Frames(Arc::new(move |at, index, mut frame| {
            if (at, index) == (link, 0) {
                // The greeting and the welcome are the longest fields of the first frames.
                let middle = if link == Route::ServerDealer { frame.payload.len() - 20 } else { 20 };
                frame.payload[middle] ^= 1;
            }
            vec![frame]
        }));
        let words = error(&world, &input, wire);
        assert!(words.contains(needle), "{link:?}: {words}");
    }
}

#[test]
fn a_replayed_recording_is_of_no_use() {
    let (world, input) = small();
    let (tap, captured) = capture();
    world.run_over(std::slice::from_ref(&input), Wire::Records(tap)).unwrap();
    let recorded: Vec<Record> = captured
        .lock()
        .unwrap()
        .iter()
        .filter(|(link, _)| *link == Route::ClientServer)
        .map(|(_, record)| record.clone())
        .collect();
    let [before, _] = world.events();
    // Everything the client sends is replaced by what it sent in an earlier session.
    let replay = Wire::Records(Arc::new(move |link, index, record| match link {
        Route::ClientServer => recorded.get(index).cloned().into_iter().collect(),
        _ => vec![record],
    }));
    error(&world, &input, replay);
    let [after, _] = world.events();
    assert_eq!(before, after, "the server did something for a recording");
}

#[test]
fn every_record_altered_repeated_swapped_or_lost_is_noticed() {
    let (world, input) = small();
    let expected = world.run(std::slice::from_ref(&input), honest()).unwrap().outputs.remove(0);
    let mut noticed = 0;
    for link in LINKS {
        for index in 0..4 {
            for fault in 0..3usize {
                let wire = change(link, index, move |mut record| match fault {
                    0 => {
                        let last = record.len() - 1;
                        record[last] ^= 0x10;
                        vec![record]
                    }
                    1 => vec![record.clone(), record],
                    _ => {
                        record[0] ^= 1;
                        vec![record]
                    }
                });
                match world.run_over(std::slice::from_ref(&input), wire) {
                    Ok(outcome) => assert!(agree(&outcome.outputs[0], &expected), "{link:?} {index} {fault}"),
                    Err(_) => noticed += 1,
                }
            }
        }
    }
    assert!(noticed >= 36, "{noticed} of 48 were noticed");
}
