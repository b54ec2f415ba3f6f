//! What was prepared for one inference. The store keeps the key shared with the dealer first, then for every node the
//! message of the dealer and that of the client, so that an inference takes them in the order in which it needs them.

use brelu_core::bits;
use brelu_core::cost;
use brelu_core::plan::{NodeId, Plan};
use brelu_core::prf::PairKey;
use zeroize::Zeroizing;

use crate::error::SessionError;
use crate::state::{Outgoing, StateError};

/// Bytes of the parts of a prepared inference.
pub(super) fn lengths(plan: &Plan<'_>) -> Vec<u64> {
    let messages = (0..plan.len() as NodeId).flat_map(|id| {
        let step = cost::step(plan, id);
        [step.dealer_offline, step.client_offline].map(bits::bytes)
    });
    std::iter::once(PairKey::LEN as u64).chain(messages).collect()
}

/// The messages of dealer and client for one inference, by node; here are those between their node's turn and its end.
/// Wiped when used or dropped.
#[derive(Debug)]
pub struct Material {
    stored: Outgoing,
    nodes: Vec<Messages>,
    /// Nodes whose messages were taken from the store.
    taken: usize,
}

/// The messages for one node, empty where it has none.
#[derive(Default)]
pub(super) struct Messages {
    pub(super) dealer: Zeroizing<Vec<u8>>,
    pub(super) client: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Messages({} and {} bytes, redacted)", self.dealer.len(), self.client.len())
    }
}

impl Material {
    /// The key and the messages of inference `number`, if what is stored is of this plan.
    ///
    /// # Errors
    /// If it is not, or the store fails.
    pub(super) fn open(
        plan: &Plan<'_>,
        number: u64,
        mut stored: Outgoing,
    ) -> Result<(PairKey, Self), SessionError> {
        if !stored.lengths().into_iter().map(|length| length as u64).eq(lengths(plan)) {
            return Err(SessionError::NotPrepared(number));
        }
        let key = part(&mut stored)?.as_slice().try_into().map_err(|_| SessionError::NotPrepared(number))?;
        let nodes = (0..plan.len()).map(|_| Messages::default()).collect();
        Ok((PairKey::new(key), Self { stored, nodes, taken: 0 }))
    }

    /// Takes the messages of all nodes before `end` from the store.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn take(&mut self, end: usize) -> Result<(), StateError> {
        while self.taken < end.min(self.nodes.len()) {
            let (dealer, client) = (part(&mut self.stored)?, part(&mut self.stored)?);
            self.nodes[self.taken] = Messages { dealer, client };
            self.taken += 1;
        }
        Ok(())
    }

    /// The messages for a node, after they were taken.
    pub(super) fn of(&self, id: NodeId) -> &Messages {
        &self.nodes[usize::from(id)]
    }

    /// Wipes what was prepared for a node.
    pub(super) fn wipe(&mut self, id: NodeId) {
        let messages = &mut self.nodes[usize::from(id)];
        for message in [&mut messages.dealer, &mut messages.client] {
            // Memory behind the length is wiped at once, elements one by one.
            message.clear();
            *message = Zeroizing::default();
        }
    }
}

/// The next part; lengths were checked, so there is one.
fn part(stored: &mut Outgoing) -> Result<Zeroizing<Vec<u8>>, StateError> {
    Ok(stored.part()?.unwrap_or_default())
}
