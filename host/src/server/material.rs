//! A prepared inference as the store keeps it: the key shared with the dealer, then the messages by node.

use brelu_core::cost;
use brelu_core::plan::Plan;
use brelu_core::prf::PairKey;
use zeroize::Zeroizing;

use super::Material;
use crate::state::Item;

/// Bytes of a prepared inference.
pub(super) fn bytes(plan: &Plan<'_>) -> u64 {
    let total = cost::total(plan).bytes;
    total.dealer_offline + total.client_offline + PairKey::LEN as u64
}

pub(super) fn pack(key: &PairKey, material: Material) -> Item {
    let (dealer, client) = material.into_parts();
    let key = Zeroizing::new(key.expose().to_vec());
    Item::new(std::iter::once(key).chain(dealer).chain(client).collect())
}

/// `None` if the item is not of this plan.
pub(super) fn unpack(plan: &Plan<'_>, item: Item) -> Option<(PairKey, Material)> {
    let mut parts = item.into_parts().into_iter();
    let key = PairKey::new(parts.next()?.as_slice().try_into().ok()?);
    let dealer: Vec<_> = parts.by_ref().take(plan.len()).collect();
    let client: Vec<_> = parts.by_ref().take(plan.len()).collect();
    let fits = |messages: &[Zeroizing<Vec<u8>>], bits: fn(&brelu_core::cost::Traffic) -> u64| {
        messages.len() == plan.len()
            && (0..).zip(messages).all(|(id, message)| {
                message.len() as u64 == brelu_core::bits::bytes(bits(&cost::step(plan, id)))
            })
    };
    let right = fits(&dealer, |step| step.dealer_offline) && fits(&client, |step| step.client_offline);
    (right && parts.next().is_none()).then(|| (key, Material::new(dealer, client)))
}
