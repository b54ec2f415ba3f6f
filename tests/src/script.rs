//! Sequences of what may happen to three parties, judged against a simple model: results are right, and no epoch, no
//! inference number and no prepared material is ever used twice.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use brelu_core::channel::{Ephemeral, epoch_of};
use brelu_core::client::{Greeting, greet};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::Channel;
use brelu_core::transport::FrameKind;
use brelu_host::client::{ClientMemory, HostClient};
use brelu_host::event::Event;
use brelu_host::weights::plan_hash;

use crate::build::Builder;
use crate::wire::{Wire, honest};
use crate::world::{Role, World};

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The client prepares an inference.
    Prepare,
    /// The client runs an inference.
    Infer,
    /// The connection is lost.
    Drop,
    /// A party stops and starts again with its records.
    Restart(Role),
    /// A party's records are copied.
    Backup(Role),
    /// A party starts with the records copied last.
    Restore(Role),
    /// The client asks to prepare a number it has used.
    PrepareAgain,
    /// The client asks to run a number it has used.
    InferAgain,
}

impl Step {
    /// The step a byte stands for.
    pub fn from_byte(byte: u8) -> Self {
        let role = [Role::Client, Role::Server, Role::Dealer][usize::from(byte / 16 % 3)];
        match byte % 16 {
            0..=3 => Step::Prepare,
            4..=8 => Step::Infer,
            9 => Step::Drop,
            10 | 11 => Step::Restart(role),
            12 => Step::Backup(role),
            13 => Step::Restore(role),
            14 => Step::PrepareAgain,
            _ => Step::InferAgain,
        }
    }
}

/// A small network with every kind of channel, and an input for it.
pub fn small() -> (World, Vec<i32>) {
    let builder = small_with(23);
    let input = (0..builder.shape(0).len() as i32).map(|at| at * 7 % 300 - 150).collect();
    let (plan, weights) = builder.finish();
    (World::new(plan, weights), input)
}

/// The same network with other weights, which repeat after `period`.
pub fn small_with(period: i32) -> Builder {
    let shape = Shape::new(2, 6, 6);
    let map = Conv2d::square(shape, 3, 3, 1, 1);
    let mut builder = Builder::new(shape, 24);
    let weights = (0..map.weight_len() as i32).map(|at| at % period * 10 - 110).collect();
    let z = builder.linear(&[(0, map, weights)], vec![0; 3], 12, 12);
    let channels = [Channel::relu(5), Channel::Identity, Channel::Blocks { height: 2, width: 3, lo: 6 }];
    builder.activation(z, 24, 6, &channels);
    builder
}

/// Whether two results of one input differ by no more than the protocol's rounding: near zero a decision may go either way.
pub fn agree(one: &[i32], other: &[i32]) -> bool {
    let near = |(one, other): (&i32, &i32)| (one - other).abs() <= 3 || *one == 0 || *other == 0;
    one.len() == other.len() && one.iter().zip(other).all(near)
}

/// What the script has seen.
struct Stage {
    world: World,
    input: Vec<i32>,
    expected: Vec<i32>,
    /// Numbers the server has run, and those it was asked to prepare.
    used: Vec<u64>,
    /// Whose records were put back: if those of server and dealer are, nobody knows what was used.
    restored: Vec<Role>,
}

/// Runs steps on parties that keep their records in `home`.
///
/// # Errors
/// What went wrong, in words.
pub async fn run(steps: &[Step], home: &Path) -> Result<(), String> {
    let (world, input) = small();
    let outcome = world.session(std::slice::from_ref(&input), Wire::Frames(honest())).await;
    let expected = outcome.map_err(|error| error.to_string())?.outputs.remove(0);
    let world = world.with_home(home.to_owned());
    let mut stage = Stage { world, input, expected, used: Vec::new(), restored: Vec::new() };
    let mut at = 0;
    while at < steps.len() {
        at += stage.session(&steps[at..]).await?;
    }
    stage.judge()
}

impl Stage {
    /// Steps up to one that ends the session; how many.
    async fn session(&mut self, steps: &[Step]) -> Result<usize, String> {
        let mut memory = ClientMemory::least(self.world.plan(), 256);
        let client = self.world.dial(Wire::Frames(honest()), &mut memory).await;
        let mut client = client.map_err(|error| format!("no session: {error}"))?;
        for (index, step) in steps.iter().enumerate() {
            match step {
                Step::Prepare => {
                    client.prepare(&mut |_, _| {}).await.map_err(|error| format!("prepare: {error}"))?;
                }
                Step::Infer => self.infer(&mut client).await?,
                step => {
                    drop(client);
                    self.apart(*step).await?;
                    return Ok(index + 1);
                }
            }
        }
        Ok(steps.len())
    }

    async fn infer(&mut self, client: &mut HostClient<'_>) -> Result<(), String> {
        let inferred = client.infer(&self.input, &mut |_, _| {}).await;
        let (number, output) = inferred.map_err(|error| format!("infer: {error}"))?;
        self.used.push(number);
        if agree(&output, &self.expected) { Ok(()) } else { Err(format!("inference {number} is wrong")) }
    }

    /// A step without a session.
    async fn apart(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Restart(role) => self.world.restart(role),
            Step::Backup(role) => self.copy(role, "records", "backup"),
            Step::Restore(role) if self.may_restore(role) => {
                self.copy(role, "backup", "records");
                self.restored.push(role);
                self.world.restart(role);
            }
            Step::PrepareAgain => self.again(FrameKind::Prepare).await?,
            Step::InferAgain => self.again(FrameKind::Infer).await?,
            _ => {}
        }
        self.judge()
    }

    fn may_restore(&self, role: Role) -> bool {
        let other = if role == Role::Server { Role::Dealer } else { Role::Server };
        role == Role::Client || !self.restored.contains(&other)
    }

    /// Asks for a number that was used, and claims it before: the server has to refuse.
    async fn again(&self, kind: FrameKind) -> Result<(), String> {
        let Some(number) = self.used.last() else { return Ok(()) };
        let words = |error: &dyn std::fmt::Display| format!("asking again: {error}");
        let mut connection =
            self.world.connect(Wire::Frames(honest())).await.map_err(|error| words(&error))?;
        let party = self.world.client().clone();
        let greeting = Greeting {
            identity: &party.identity,
            server: &party.server,
            dealer: &party.dealer,
            plan: &plan_hash(self.world.plan()),
            floor: 0,
            max_payload: 1 << 16,
            ephemeral: Ephemeral::new(
                *brelu_host::keys::random_key().map_err(|error| words(&error))?.expose(),
            ),
        };
        greet(&mut connection.pipe, greeting).await.map_err(|error| words(&error))?;
        let claim = connection.pipe.send_frame(FrameKind::Claim, number.to_le_bytes().to_vec()).await;
        claim.map_err(|error| words(&error))?;
        let granted = connection.pipe.receive_kind(FrameKind::Claim, "an answer").await;
        if !granted.map_err(|error| words(&error))?.is_empty() {
            return Err(format!("the server still has number {number}"));
        }
        let sent = connection.pipe.send_frame(kind, number.to_le_bytes().to_vec()).await;
        sent.map_err(|error| words(&error))?;
        match connection.pipe.receive_frame().await {
            Err(_) => Ok(()),
            Ok((kind, _)) => {
                Err(format!("the server answered {kind:?} to number {number} of an earlier session"))
            }
        }
    }

    /// Copies a party's records, if there are any.
    fn copy(&self, role: Role, from: &str, to: &str) {
        let Some(home) = self.world.home() else { return };
        let name = match role {
            Role::Client => "client",
            Role::Server => "server",
            Role::Dealer => "dealer",
        };
        let place = |kind: &str| match kind {
            "records" => home.join(name),
            _ => home.join(format!("{name}.backup")),
        };
        if place(from).is_dir() {
            drop(fs::remove_dir_all(place(to)));
            copy_folder(&place(from), &place(to));
        }
    }

    /// Whether anything was used twice.
    fn judge(&self) -> Result<(), String> {
        let [server, dealer] = self.world.events();
        let used: Vec<u64> = server.iter().filter_map(|event| number(event, true)).collect();
        let dealt: Vec<u64> = dealer.iter().filter_map(|event| number(event, false)).collect();
        unique("run", &used)?;
        unique("dealt", &dealt)?;
        unique("seen by the client", &self.used)?;
        for events in [&server, &dealer] {
            let epochs: Vec<u64> = events.iter().filter_map(epoch).collect();
            unique("given as an epoch", &epochs)?;
            if !epochs.is_sorted() {
                return Err(format!("epochs do not grow: {epochs:?}"));
            }
        }
        let known = |number: &&u64| {
            dealer.contains(&Event::Epoch(self.world.client().identity.public().id(), epoch_of(**number)))
        };
        match used.iter().find(|number| !known(number)) {
            Some(number) => Err(format!("inference {number} is of no epoch the dealer gave")),
            None => Ok(()),
        }
    }
}

fn number(event: &Event, run: bool) -> Option<u64> {
    match event {
        Event::Used(_, number) if run => Some(*number),
        Event::Dealt(_, number) if !run => Some(*number),
        _ => None,
    }
}

fn epoch(event: &Event) -> Option<u64> {
    match event {
        Event::Epoch(_, epoch) => Some(u64::from(*epoch)),
        _ => None,
    }
}

fn unique(what: &str, numbers: &[u64]) -> Result<(), String> {
    let mut seen = HashSet::new();
    match numbers.iter().find(|number| !seen.insert(**number)) {
        Some(number) => Err(format!("{number} was {what} twice")),
        None => Ok(()),
    }
}

/// Copies what is in a folder; what cannot be copied is missing in the copy.
pub fn copy_folder(from: &Path, to: &Path) {
    drop(fs::create_dir_all(to));
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            drop(fs::copy(entry.path(), target));
        }
    }
}

/// Runs `work` on one thread whose clock jumps forward whenever everything waits, so that time-outs take no time.
///
/// # Panics
/// If the system has no runtime to give.
pub fn out_of_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}
