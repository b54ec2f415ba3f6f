//! A device's secrets: never the same twice, and none at all rather than a bad one.

use std::collections::HashSet;

use brelu_embedded::entropy::{Entropy, Hardware, Seeded};
use brelu_embedded::error::DeviceError;
use brelu_embedded::records::{Boot, Records};
use brelu_embedded::settings::Secret;
use brelu_tests::flash::{Flash, at_once};
use rand_core::{TryCryptoRng, TryRng};

fn boot(flash: &mut Flash) -> Boot {
    let end = flash.end();
    at_once(Records::new(flash, 0, end).expect("pages").boot()).expect("a start")
}

#[test]
fn secrets_never_repeat_in_a_life_or_over_lives() {
    let (mut flash, mut seen) = (Flash::new(2), HashSet::new());
    for life in 1..=200 {
        let boot = boot(&mut flash);
        assert_eq!(boot.count(), life);
        let mut entropy = Seeded::new(&Secret([1; 32]), boot);
        for made in 0..50 {
            let secret = *entropy.secret().expect("a secret");
            assert!(seen.insert(secret), "life {life}, secret {made}");
        }
    }
    assert!(!seen.contains(&[1; 32]) && !seen.contains(&[0; 32]));
}

#[test]
fn secrets_are_those_of_the_seed_and_the_life() {
    let secrets = |seed: u8, lives: usize| {
        let mut flash = Flash::new(2);
        let boot = (0..lives).map(|_| boot(&mut flash)).last().expect("a life");
        let mut entropy = Seeded::new(&Secret([seed; 32]), boot);
        [0; 3].map(|_| *entropy.secret().expect("a secret"))
    };
    // A device whose records are erased repeats itself: it has to get another seed.
    assert_eq!(secrets(1, 2), secrets(1, 2));
    let all = [secrets(1, 1), secrets(1, 2), secrets(2, 1), secrets(2, 2)].concat();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
}

#[test]
fn the_seed_is_not_printed() {
    let mut entropy = Seeded::new(&Secret([0xa1; 32]), boot(&mut Flash::new(2)));
    entropy.secret().expect("a secret");
    assert_eq!(format!("{entropy:?}"), "Seeded(boot 1, secret 1, redacted)");
}

/// A generator that gives what it is asked for so often, and then fails in the middle.
struct Generator(u32);

#[derive(Debug, PartialEq, Eq)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

impl TryRng for Generator {
    type Error = Broken;

    fn try_next_u32(&mut self) -> Result<u32, Broken> {
        self.0 = self.0.checked_sub(1).ok_or(Broken)?;
        Ok(self.0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Broken> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Broken> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.try_next_u32()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Generator {}

#[test]
fn a_generator_that_fails_gives_no_secret() {
    let mut entropy = Hardware(Generator(20));
    let [one, other] = [0; 2].map(|_| *entropy.secret().expect("a secret"));
    assert_eq!(one[..4], [19, 0, 0, 0]);
    assert_eq!(other[..4], [11, 0, 0, 0]);
    // The third breaks off in the middle, and nothing of it is given.
    for _ in 0..3 {
        assert_eq!(entropy.secret(), Err(DeviceError::NoRandomness));
    }
    assert_eq!(entropy.ephemeral().map(|_| ()), Err(DeviceError::NoRandomness));
}
