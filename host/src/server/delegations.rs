//! Where a device's input meets the session of its delegate, and the output goes back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brelu_core::channel::PublicKey;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::error::SessionError;
use crate::pipe::Payload;

/// What a delegation is known by: delegate, device, inference number.
type Name = (PublicKey, PublicKey, u64);

/// A device's masked input, and where the output goes, or the words in which it is refused.
#[derive(Debug)]
pub(super) struct DelegatedInput {
    pub(super) input: Payload,
    pub(super) output: oneshot::Sender<Result<Vec<u8>, String>>,
}

/// Who came first waits here for the other.
#[derive(Debug)]
enum Waiting {
    Device(DelegatedInput),
    Delegate(oneshot::Sender<DelegatedInput>),
}

/// The delegations of all sessions. Every session has one at a time at most.
#[derive(Debug, Default)]
pub(super) struct Delegations(Mutex<BTreeMap<Name, Waiting>>);

impl Delegations {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Name, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device brings its input and waits for the output.
    pub(super) async fn bring(
        &self,
        (delegate, device, number): Name,
        input: Payload,
        patience: Duration,
    ) -> Result<Vec<u8>, SessionError> {
        let name = (delegate, device, number);
        let (output, answer) = oneshot::channel();
        self.meet(name, DelegatedInput { input, output })?;
        let _place = Place { delegations: self, name };
        match timeout(patience, answer).await {
            Ok(Ok(Ok(output))) => Ok(output),
            Ok(Ok(Err(words))) => Err(SessionError::DelegationRefused(words)),
            Ok(Err(_)) => Err(SessionError::DelegationFailed(number)),
            Err(_) => Err(SessionError::NoDelegate(number)),
        }
    }

    fn meet(&self, name: Name, delegated: DelegatedInput) -> Result<(), SessionError> {
        let mut waiting = self.waiting();
        match waiting.remove(&name) {
            // A delegate that went away in this moment drops the input, and the device is told.
            Some(Waiting::Delegate(delegate)) => drop(delegate.send(delegated)),
            Some(Waiting::Device(other)) => {
                waiting.insert(name, Waiting::Device(other));
                return Err(SessionError::DelegationTwice(name.2));
            }
            None => drop(waiting.insert(name, Waiting::Device(delegated))),
        }
        Ok(())
    }

    /// A delegate waits for its device.
    pub(super) async fn expect(
        &self,
        (delegate, device, number): Name,
        patience: Duration,
    ) -> Result<DelegatedInput, SessionError> {
        let name = (delegate, device, number);
        let arrival = {
            let mut waiting = self.waiting();
            match waiting.remove(&name) {
                Some(Waiting::Device(delegated)) => return Ok(delegated),
                Some(other) => {
                    waiting.insert(name, other);
                    return Err(SessionError::DelegationTwice(number));
                }
                None => {
                    let (send, arrival) = oneshot::channel();
                    waiting.insert(name, Waiting::Delegate(send));
                    arrival
                }
            }
        };
        let _place = Place { delegations: self, name };
        timeout(patience, arrival)
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(SessionError::NoDevice { number, device: device.id() })
    }
}

/// Ends a wait, however it ends.
struct Place<'e> {
    delegations: &'e Delegations,
    name: Name,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.delegations.waiting().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);

    fn name(number: u64) -> Name {
        (PublicKey::new([1; 32]), PublicKey::new([2; 32]), number)
    }

    fn input() -> Payload {
        Payload::new(vec![7])
    }

    #[tokio::test]
    async fn whoever_comes_first_waits_for_the_other() {
        let delegations = Delegations::default();
        for device_first in [true, false] {
            let device = async {
                tokio::time::sleep(Duration::from_millis(if device_first { 0 } else { 10 })).await;
                delegations.bring(name(1), input(), LONG).await
            };
            let delegate = async {
                tokio::time::sleep(Duration::from_millis(if device_first { 10 } else { 0 })).await;
                let delegated = delegations.expect(name(1), LONG).await.expect("an input");
                assert_eq!(delegated.input.as_slice(), [7]);
                delegated.output.send(Ok(vec![9])).expect("a device that listens");
            };
            assert_eq!(tokio::join!(device, delegate).0.expect("an output"), [9]);
            assert!(delegations.waiting().is_empty());
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_or_twice() {
        let delegations = Delegations::default();
        let none = delegations.expect(name(1), PATIENCE).await;
        assert!(matches!(none, Err(SessionError::NoDevice { number: 1, .. })));
        let none = delegations.bring(name(2), input(), PATIENCE).await;
        assert!(matches!(none, Err(SessionError::NoDelegate(2))));
        let waits = delegations.bring(name(3), input(), PATIENCE);
        let again = async {
            delegations.meet(name(3), DelegatedInput { input: input(), output: oneshot::channel().0 })
        };
        let (_, again) = tokio::join!(biased; waits, again);
        assert!(matches!(again, Err(SessionError::DelegationTwice(3))));
        let device = delegations.bring(name(4), input(), LONG);
        let delegate = async { drop(delegations.expect(name(4), LONG).await.expect("an input")) };
        assert!(matches!(tokio::join!(device, delegate).0, Err(SessionError::DelegationFailed(4))));
        let device = delegations.bring(name(5), input(), LONG);
        let delegate = async {
            let delegated = delegations.expect(name(5), LONG).await.expect("an input");
            delegated.output.send(Err("no more today".into())).expect("a device that listens");
        };
        let error = tokio::join!(device, delegate).0.expect_err("a refusal");
        assert_eq!(error.to_string(), "no more today");
        assert!(delegations.waiting().is_empty());
    }
}
