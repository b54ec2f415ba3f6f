//! A plan with its weights, ready to serve.

use std::sync::Arc;

use brelu_core::channel::Identity;
use brelu_core::plan::{NodeId, Op, Plan};
use brelu_core::prf::{Address, PairKey};
use brelu_core::protocol::linear;
use brelu_core::ring;
use brelu_core::share::Wiped;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::groups::Layer;
use crate::packed::Packed;
use crate::plan_file::OwnedPlan;
use crate::weights::{PlanHash, Weights, plan_hash};
use brelu_kernels::ring::{Backend, KernelError, Linear};

/// A model a server offers.
#[derive(Debug)]
pub struct ServerModel {
    plan: Arc<OwnedPlan>,
    pub(super) hash: PlanHash,
    pub(super) seed: PairKey,
    /// Names the dealer's component of the weights: SHA-256 of all of it.
    pub(super) dealer_id: [u8; 32],
    pub(super) linear: Vec<LinearNode>,
    pub(super) offsets: Vec<Zeroizing<Vec<i32>>>,
    pub(super) layers: Vec<Option<Layer>>,
    /// The last node that reads each node's tensor.
    pub(super) last_use: Vec<usize>,
    weights: Weights,
}

/// Kernels of one linear node and what its accumulators start from.
#[derive(Default)]
pub(super) struct LinearNode {
    pub(super) maps: Vec<Linear>,
    pub(super) start: Wiped<Vec<u32>>,
}

impl std::fmt::Debug for LinearNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinearNode({} maps, redacted)", self.maps.len())
    }
}

impl ServerModel {
    /// Packs the weights for the kernels; `seed` makes the component that clients know.
    ///
    /// # Errors
    /// If a kernel refuses its map.
    pub fn new(owned: Arc<OwnedPlan>, weights: Weights, seed: PairKey) -> Result<Self, KernelError> {
        let plan = owned.get();
        let ids = 0..plan.len() as NodeId;
        let linear = ids.clone().map(|id| linear_node(plan, &weights, id)).collect::<Result<_, _>>()?;
        let mut model = Self {
            plan: owned.clone(),
            hash: plan_hash(plan),
            seed,
            dealer_id: [0; 32],
            linear,
            offsets: ids.clone().map(|id| weights.offset(id).to_vec().into()).collect(),
            layers: ids.map(|id| Layer::new(plan, id)).collect(),
            last_use: last_use(plan),
            weights,
        };
        let mut digest = Sha256::new();
        model.dealer_shares(|share| digest.update(&share));
        model.dealer_id = digest.finalize().into();
        Ok(model)
    }

    /// The plan.
    pub fn plan(&self) -> &Plan<'_> {
        self.plan.get()
    }

    /// Calls `emit` with the packed `W_sd = W - W_cs` of every linear term, in order.
    pub(super) fn dealer_shares(&self, mut emit: impl FnMut(Zeroizing<Vec<u8>>)) {
        for (id, node) in self.plan().nodes() {
            let k = node.accumulator_bits();
            for (term, weights) in self.weights.linear(id).0.iter().enumerate() {
                let mut share = residues(weights);
                self.seed.stream(Address::weights(id, term as u8)).sub(k, 0, &mut share);
                ring::reduce(&mut share, k);
                let bits = u64::from(k) * share.len() as u64;
                emit(Packed::build(bits, |writer| writer.push(k, &share)).into_bytes().into());
            }
        }
    }
}

/// The seed of the component of `weights` that clients know: the same for the same weights, so that the dealer gets its own
/// component but once, and another for any others.
pub fn weights_seed(identity: &Identity, plan: &Plan<'_>, weights: &Weights) -> PairKey {
    identity.derive("brelu weights", &[&plan_hash(plan), &weights.digest()])
}

fn linear_node(plan: &Plan<'_>, weights: &Weights, id: NodeId) -> Result<LinearNode, KernelError> {
    let node = plan.node(id);
    let Op::Linear { terms, fraction } = &node.op else { return Ok(LinearNode::default()) };
    let (values, bias) = weights.linear(id);
    let map = |(term, values): (&brelu_core::plan::Term, &Vec<i32>)| {
        Linear::new(Backend::best(), &term.map, &residues(values), u32::from(node.bits + fraction))
    };
    Ok(LinearNode {
        maps: terms.iter().zip(values).map(map).collect::<Result<_, _>>()?,
        start: Wiped::new(bias.iter().map(|bias| linear::start(*bias, *fraction)).collect()),
    })
}

fn residues(weights: &[i32]) -> Wiped<Vec<u32>> {
    Wiped::new(weights.iter().map(|weight| *weight as u32).collect())
}

fn last_use(plan: &Plan<'_>) -> Vec<usize> {
    let mut last = vec![0; plan.len()];
    plan.last_reads(&mut last);
    last[usize::from(plan.output_id())] = usize::MAX;
    last
}
