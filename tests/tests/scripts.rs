//! Parties that prepare, run, lose connections, restart and are restored from old records, in any order.

use brelu_tests::script::{Step, out_of_time, run};
use brelu_tests::world::Role;
use proptest::prelude::*;

fn check(steps: &[Step]) -> Result<(), String> {
    let home = tempfile::tempdir().expect("a temporary folder");
    out_of_time(run(steps, home.path()))
}

#[test]
fn what_is_prepared_survives_restarts() {
    for role in [Role::Client, Role::Server, Role::Dealer] {
        let steps = [
            Step::Prepare,
            Step::Prepare,
            Step::Restart(role),
            Step::Infer,
            Step::Drop,
            Step::Infer,
            Step::Infer,
        ];
        assert_eq!(check(&steps), Ok(()), "{role:?}");
    }
}

#[test]
fn old_records_of_one_party_bring_nothing_back() {
    for role in [Role::Client, Role::Server, Role::Dealer] {
        let steps = [
            Step::Prepare,
            Step::Prepare,
            Step::Backup(role),
            Step::Infer,
            Step::Drop,
            Step::Infer,
            Step::Restore(role),
            Step::Infer,
            Step::Prepare,
            Step::Infer,
        ];
        assert_eq!(check(&steps), Ok(()), "{role:?}");
    }
}

#[test]
fn old_records_of_client_and_server_together_bring_nothing_back() {
    let both = |step: fn(Role) -> Step| [step(Role::Client), step(Role::Server)];
    for between in [&[Step::Infer][..], &[Step::Infer, Step::Drop, Step::Infer], &[Step::Infer; 2]] {
        let steps = [
            &[Step::Prepare, Step::Prepare][..],
            &both(Step::Backup),
            between,
            &[Step::Drop],
            &both(Step::Restore),
            &[Step::InferAgain, Step::Infer, Step::Infer, Step::Restart(Role::Server), Step::Infer],
        ];
        assert_eq!(check(&steps.concat()), Ok(()), "{between:?}");
    }
}

#[test]
fn a_dealer_with_old_records_goes_on_from_what_the_server_knows() {
    let steps = [
        &[Step::Infer, Step::Backup(Role::Dealer)][..],
        &[Step::Infer; 3],
        &[Step::Prepare, Step::Restore(Role::Dealer), Step::Infer, Step::Infer],
        &[Step::Backup(Role::Server), Step::Infer],
    ];
    assert_eq!(check(&steps.concat()), Ok(()));
}

#[test]
fn used_numbers_are_refused() {
    let steps = [
        Step::Infer,
        Step::PrepareAgain,
        Step::InferAgain,
        Step::Infer,
        Step::Restart(Role::Server),
        Step::InferAgain,
    ];
    assert_eq!(check(&steps), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn nothing_is_used_twice(bytes in prop::collection::vec(any::<u8>(), 1..24)) {
        let steps: Vec<Step> = bytes.into_iter().map(Step::from_byte).collect();
        prop_assert_eq!(check(&steps), Ok(()), "{:?}", steps);
    }
}

#[test]
fn what_a_client_leaves_behind_is_forgotten_after_a_while() {
    use brelu_host::client::ClientMemory;
    use brelu_tests::script::small;
    use brelu_tests::wire::{Wire, honest};
    out_of_time(async {
        let (world, _) = small();
        let mut memory = ClientMemory::least(world.plan(), 256);
        let mut client = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
        client.prepare(&mut |_, _| {}).await.expect("an inference");
        drop(client);
        let mut memory = ClientMemory::least(world.plan(), 256);
        let soon = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
        assert_eq!(soon.prepared(), 1, "it is kept for a while");
        drop(soon);
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        let mut memory = ClientMemory::least(world.plan(), 256);
        let late = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
        assert_eq!(late.prepared(), 0, "it is not kept for ever");
    });
}

#[test]
fn a_session_nobody_misses_gives_way_to_the_same_client() {
    use brelu_host::client::ClientMemory;
    use brelu_tests::script::small;
    use brelu_tests::wire::{Wire, honest};
    out_of_time(async {
        let (mut world, _) = small();
        let mut memory = ClientMemory::least(world.plan(), 256);
        let mut first = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
        while first.prepare(&mut |_, _| {}).await.expect("an inference").is_some() {}
        // The client starts anew and knows nothing of its first session, whose connection is still open.
        world.restart(brelu_tests::world::Role::Client);
        for refused in 0..10 {
            let mut memory = ClientMemory::least(world.plan(), 256);
            let mut second = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
            match second.prepare(&mut |_, _| {}).await {
                Ok(prepared) => {
                    assert!(prepared.is_some() && refused > 0, "after {refused} refusals");
                    return;
                }
                Err(error) => assert!(error.is_passing(), "{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        panic!("the first session kept all the room");
    });
}

#[test]
fn a_party_that_is_stopped_says_so_and_forgets_nothing() {
    use brelu_host::client::ClientMemory;
    use brelu_tests::script::small;
    use brelu_tests::wire::{Wire, honest};
    let home = tempfile::tempdir().expect("a temporary folder");
    out_of_time(async {
        let (world, input) = small();
        let mut world = world.with_home(home.path().to_owned());
        let mut memory = ClientMemory::least(world.plan(), 256);
        let mut client = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
        client.prepare(&mut |_, _| {}).await.expect("an inference");
        world.stop();
        let error = client.infer(&input, &mut |_, _| {}).await.expect_err("the end of the session");
        assert!(error.is_passing() && error.to_string().contains("shut down"), "{error}");
        drop(client);
        [Role::Server, Role::Dealer].into_iter().for_each(|role| world.restart(role));
        let mut memory = ClientMemory::least(world.plan(), 256);
        let mut client = world.dial(Wire::Frames(honest()), &mut memory).await.expect("a session");
        assert_eq!(client.prepared(), 0, "the client had taken its half already");
        client.infer(&input, &mut |_, _| {}).await.expect("a result");
    });
}
