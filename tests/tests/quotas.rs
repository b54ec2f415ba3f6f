//! How many inferences a client may have: counted before they begin, kept over restarts, and said when there are no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::error::SessionError;
use brelu_host::event::Event;
use brelu_host::quota::{Clock, Day, Limit, Quota};
use brelu_tests::device::{Buffers, start};
use brelu_tests::lists::{List, Lists};
use brelu_tests::parties::{Rules, device, identities};
use brelu_tests::script::small;
use brelu_tests::wire::{Wire, honest};
use brelu_tests::world::{Role, World};

/// Parties with quotas, lists in files and a clock that is set by hand.
struct Stage {
    world: World,
    input: Vec<i32>,
    lists: Lists,
    today: Arc<AtomicU32>,
}

/// A day of the clock, 28 November 2026.
const DAY: u32 = 20_785;

impl Stage {
    /// The client's line says `words`, the rest have `default`.
    fn new(words: &str, default: Quota) -> Self {
        let ((world, input), lists, today) = (small(), Lists::new(), Arc::new(AtomicU32::new(DAY)));
        let clock = today.clone();
        let clock = Clock::new(move || Day(clock.load(Relaxed)));
        let world = world.with_rules(Rules { quota: default, clock, ..lists.rules() });
        let stage = Self { world, input, lists, today };
        stage.write(words, "");
        stage
    }

    /// What the lines of client and device say behind their names.
    fn write(&self, client: &str, other: &str) {
        let [own, ..] = identities();
        self.lists.write(List::Clients, &[(*own.public(), client), (*device().public(), other)]);
    }

    async fn dial<'a>(&self, memory: &'a mut ClientMemory) -> HostClient<'a> {
        self.world.dial(Wire::Frames(honest()), memory).await.expect("a session")
    }

    /// One inference in a session of its own.
    async fn infer(&self) -> Result<(), SessionError> {
        self.world.session(std::slice::from_ref(&self.input), Wire::Frames(honest())).await.map(drop)
    }

    fn used(&self) -> usize {
        self.world.events()[0].iter().filter(|event| matches!(event, Event::Used(..))).count()
    }
}

fn most(total: u64, day: u64) -> Quota {
    let limit = |most| if most == 0 { Limit::Unset } else { Limit::Most(most) };
    Quota { total: limit(total), day: limit(day) }
}

fn refuses<T: std::fmt::Debug>(result: Result<T, SessionError>, words: &[&str]) {
    let error = result.expect_err("a refusal");
    let text = error.to_string();
    let client =
        format!("the server stopped: the quota of client {} is used up, ", identities()[0].public().id());
    assert!(text.starts_with(&client), "{text}");
    assert!(words.iter().all(|word| text.contains(word)) && !text.contains('\n'), "{text}");
    assert!(!error.is_passing(), "asking again at once does not help: {text}");
}

#[tokio::test]
async fn a_client_has_as_many_inferences_as_its_line_says() {
    for (words, default) in [("total=3", Quota::default()), ("", most(3, 0)), ("total=3", most(9, 0))] {
        let stage = Stage::new(words, default);
        for _ in 0..3 {
            stage.infer().await.expect("one of three");
        }
        refuses(stage.infer().await, &["3 in all:", "whoever runs the server"]);
        stage.today.fetch_add(1000, Relaxed);
        refuses(stage.infer().await, &["3 in all:"]);
        assert_eq!(stage.used(), 3);
    }
}

#[tokio::test]
async fn a_day_has_its_inferences_and_another_day_has_others() {
    let stage = Stage::new("day=2 total=5", Quota::default());
    for day in 0..2 {
        stage.infer().await.expect("the first one");
        stage.infer().await.expect("the second one");
        let again = ["again on 2026-11-29 UTC", "again on 2026-11-30 UTC"][day];
        refuses(stage.infer().await, &["2 a day:", again]);
        stage.today.fetch_add(1, Relaxed);
    }
    stage.infer().await.expect("the fifth one");
    refuses(stage.infer().await, &["5 in all:"]);
    assert_eq!(stage.used(), 5);
}

#[tokio::test]
async fn a_clock_set_back_gives_nothing_again() {
    let stage = Stage::new("day=1", Quota::default());
    stage.infer().await.expect("the first one");
    stage.today.store(DAY - 7, Relaxed);
    refuses(stage.infer().await, &["1 a day:", "again on 2026-11-29 UTC"]);
    stage.today.store(DAY + 1, Relaxed);
    stage.infer().await.expect("the next day's");
    assert_eq!(stage.used(), 2);
}

#[tokio::test]
async fn what_is_prepared_and_not_used_does_not_count() {
    let stage = Stage::new("total=2", Quota::default());
    let mut memory = ClientMemory::for_plan(stage.world.plan());
    let mut session = stage.dial(&mut memory).await;
    for _ in 0..3 {
        session.prepare(&mut |_, _| {}).await.expect("an inference").expect("room");
    }
    for _ in 0..2 {
        session.infer(&stage.input, &mut |_, _| {}).await.expect("a result");
    }
    assert_eq!(session.prepared(), 1);
    refuses(session.infer(&stage.input, &mut |_, _| {}).await, &["2 in all:"]);
    assert_eq!(stage.used(), 2, "nothing of the third one was used");
}

#[tokio::test]
async fn nothing_is_prepared_for_a_quota_that_is_used_up() {
    let stage = Stage::new("day=1", Quota::default());
    let mut memory = ClientMemory::for_plan(stage.world.plan());
    let mut session = stage.dial(&mut memory).await;
    session.infer(&stage.input, &mut |_, _| {}).await.expect("a result");
    refuses(session.prepare(&mut |_, _| {}).await, &["1 a day:"]);
    let dealt = stage.world.events()[1].iter().filter(|event| matches!(event, Event::Dealt(..))).count();
    assert_eq!(dealt, 1, "the dealer was not asked");
}

#[tokio::test]
async fn sessions_at_a_time_share_one_quota() {
    let stage = Stage::new("total=1", Quota::default());
    let mut memories = [(); 2].map(|()| ClientMemory::for_plan(stage.world.plan()));
    let [one, other] = &mut memories;
    let (mut one, mut other) = (stage.dial(one).await, stage.dial(other).await);
    one.prepare(&mut |_, _| {}).await.expect("an inference");
    other.prepare(&mut |_, _| {}).await.expect("an inference");
    let (one, other) = (async { one.infer(&stage.input, &mut |_, _| {}).await }, async {
        other.infer(&stage.input, &mut |_, _| {}).await
    });
    let both = tokio::join!(one, other);
    assert_eq!(i32::from(both.0.is_ok()) + i32::from(both.1.is_ok()), 1, "{both:?}");
    assert_eq!(stage.used(), 1);
}

#[tokio::test]
async fn another_quota_counts_at_once() {
    let stage = Stage::new("total=9", Quota::default());
    let mut memory = ClientMemory::for_plan(stage.world.plan());
    let mut session = stage.dial(&mut memory).await;
    session.infer(&stage.input, &mut |_, _| {}).await.expect("a result");
    session.prepare(&mut |_, _| {}).await.expect("an inference");
    stage.write("total=1", "");
    refuses(session.infer(&stage.input, &mut |_, _| {}).await, &["1 in all:"]);
    stage.write("total=2", "");
    stage.infer().await.expect("a second one");
    stage.write("total=unlimited", "");
    stage.infer().await.expect("a third one");
}

#[tokio::test]
async fn restarts_forget_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let stage = Stage::new("total=3 day=2", Quota::default());
    let world = stage.world.with_home(home.path().to_owned());
    let mut stage = Stage { world, ..stage };
    for role in [Role::Client, Role::Server] {
        stage.infer().await.expect("a result");
        stage.world.restart(role);
    }
    refuses(stage.infer().await, &["2 a day:"]);
    stage.today.fetch_add(1, Relaxed);
    stage.world.restart(Role::Server);
    stage.infer().await.expect("the last one");
    stage.world.restart(Role::Server);
    refuses(stage.infer().await, &["3 in all:"]);
}

#[tokio::test]
async fn an_inference_that_breaks_off_has_counted() {
    let stage = Stage::new("total=1", Quota::default());
    let cut = Wire::Frames(Arc::new(|link, index, frame| {
        // Behind greeting, Prepare and its messages and Infer: the masked input.
        let input = link == brelu_tests::wire::Route::ClientServer && index == 4;
        if input { vec![] } else { vec![frame] }
    }));
    let result = stage.world.session(std::slice::from_ref(&stage.input), cut).await;
    assert!(result.is_err() && stage.used() == 1, "{result:?}");
    refuses(stage.infer().await, &["1 in all:"]);
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_run() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let stage = Stage::new("", Quota::default());
    let stage = Stage { world: stage.world.with_home(home.path().to_owned()), ..stage };
    let mut memory = ClientMemory::for_plan(stage.world.plan());
    let mut session = stage.dial(&mut memory).await;
    session.prepare(&mut |_, _| {}).await.expect("an inference");
    std::fs::remove_file(home.path().join("server/usage")).expect("counts");
    let error = session.infer(&stage.input, &mut |_, _| {}).await.expect_err("a refusal").to_string();
    assert!(error.contains("cannot read or write its own records"), "{error}");
    assert_eq!(stage.used(), 0);
    let kept = std::fs::read_dir(home.path().join("server/ready")).expect("a store").flatten();
    let kept = kept
        .filter(|entry| entry.path().is_dir())
        .flat_map(|peer| std::fs::read_dir(peer.path()).expect("a peer"));
    assert_eq!(kept.count(), 1, "what was prepared is still there");
}

#[tokio::test]
async fn a_delegated_inference_is_the_devices() {
    let stage = Stage::new("total=1", Quota::default());
    stage.write("total=1", "day=2");
    let (mut buffers, mut output) = (Buffers::default(), vec![0; stage.world.plan().output().shape.len()]);
    let mut thin = start(&stage.world, &mut buffers).await.expect("a session");
    for _ in 0..2 {
        let grant = thin.ask(&mut output).await.expect("an inference");
        thin.infer(grant, &stage.input[..], &mut output, &mut |_, _| {}).await.expect("a result");
    }
    let grant = thin.ask(&mut output).await.expect("what the delegate has prepared");
    let error = thin.infer(grant, &stage.input[..], &mut output, &mut |_, _| {}).await;
    let error = error.expect_err("a refusal").to_string();
    let words = format!("the quota of device {} is used up, 2 a day", device().public().id());
    assert!(error.contains(&format!("{words}: again on 2026-11-29 UTC")), "{error}");
    let error = thin.ask(&mut output).await.expect_err("the end of the session").to_string();
    assert!(error.contains("the delegate") && error.contains(&words), "{error}");
    assert_eq!(stage.used(), 2);
    stage.infer().await.expect("the delegate's own");
    refuses(stage.infer().await, &["1 in all:"]);
}
