//! A model as it is received and stored, and its name.

use std::collections::HashMap;
use std::sync::Arc;

use brelu_core::bits::{BitReader, bytes};
use brelu_core::channel::PublicKey;
use brelu_core::plan::{NodeId, Plan, Term};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::DealerModel;
use crate::error::SessionError;
use crate::plan_file::OwnedPlan;
use crate::weights::{PlanHash, plan_hash};

/// Plan and weight component, by their hashes, of one server: nobody is dealt for with what another one sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ModelId {
    pub(super) server: PublicKey,
    pub(super) plan: PlanHash,
    pub(super) shares: [u8; 32],
}

/// Packed weight components of the linear terms of a plan, in order.
pub(super) type Shares = Vec<Zeroizing<Vec<u8>>>;

/// A plan and its weight components.
pub(super) struct Parts {
    pub(super) plan: Arc<OwnedPlan>,
    pub(super) shares: Shares,
}

/// The linear terms of a plan in order: node, term, bits of a weight, weights.
pub(super) fn terms(plan: &Plan<'_>) -> Vec<(NodeId, usize, u8, usize)> {
    let of_node = |(id, node): (NodeId, brelu_core::plan::Node<'_>)| {
        let terms = node.op.terms().iter().enumerate();
        let term =
            |(index, term): (usize, &Term)| (id, index, node.accumulator_bits(), term.map.weight_len());
        terms.map(term).collect::<Vec<_>>()
    };
    plan.nodes().flat_map(of_node).collect()
}

/// Bytes of a model in memory, as limits count them: its plan, and 4 for every weight.
pub(super) fn model_bytes(plan: &Plan<'_>) -> u64 {
    let weights = terms(plan).iter().fold(0u64, |sum, (.., count)| sum.saturating_add(*count as u64));
    weights.saturating_mul(4).saturating_add(plan.bytes().len() as u64)
}

/// The plan whose hash is `hash`.
///
/// # Errors
/// If the bytes are no plan, or another one.
pub(super) fn owned_plan(bytes: Vec<u8>, hash: &PlanHash) -> Result<Arc<OwnedPlan>, SessionError> {
    let plan = OwnedPlan::parse(bytes)?;
    if plan_hash(plan.get()) != *hash {
        return Err(SessionError::ModelHash);
    }
    Ok(Arc::new(plan))
}

impl Parts {
    /// Packs the model for the kernels, if it is the one that is known by `id`.
    ///
    /// # Errors
    /// If it is another one, or a kernel refuses its map.
    pub(super) fn model(&self, id: &ModelId) -> Result<DealerModel, SessionError> {
        let mut digest = Sha256::new();
        self.shares.iter().for_each(|share| digest.update(share));
        let terms = terms(self.plan.get());
        let fits = |((_, _, k, count), share): (&(_, _, u8, usize), &Zeroizing<Vec<u8>>)| {
            share.len() as u64 == bytes(u64::from(*k) * *count as u64)
        };
        let same = digest.finalize().as_slice() == id.shares && plan_hash(self.plan.get()) == id.plan;
        if !same || terms.len() != self.shares.len() || !terms.iter().zip(&self.shares).all(fits) {
            return Err(SessionError::ModelHash);
        }
        let mut weights: HashMap<_, _> = terms
            .iter()
            .zip(&self.shares)
            .map(|((id, index, k, count), share)| {
                let mut words = vec![0; *count];
                BitReader::at(share, 0).pull(*k, &mut words);
                ((*id, *index), words)
            })
            .collect();
        let take = |id, index| weights.remove(&(id, index)).unwrap_or_default();
        Ok(DealerModel::new(self.plan.clone(), take)?)
    }
}
