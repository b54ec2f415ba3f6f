//! Which tensors live in Z_2^K and which in Z_2^n, and where the ring has to be extended.
//!
//! Inputs of linear maps and products need K bits; the input of the network and the outputs of activations can have them for free,
//! outputs of linear maps and products have n. A tensor that needs K bits and has n is extended once, as late as that costs nothing:
//! behind additions, before anything that repeats or averages it. An output that is a mean, computed as a sum, keeps K
//! bits if it has them: its parts would be left with few otherwise.

use brelu_core::geometry::Shape;
use brelu_core::plan::{Channel, Local, Picks};

use super::net::{Id, Net, Node, Op};

/// Assigns rings and inserts extensions. The result may hold nodes that nobody reads.
pub(super) fn assign(net: &Net) -> (Net, Id) {
    let needs = needs(net);
    let mut widening = Widening { from: net, needs, to: Net::default(), ids: Vec::new() };
    for node in &net.nodes {
        widening.node(node);
    }
    let output = widening.ids.last().map_or(0, |ids| ids.any);
    (widening.to, output)
}

/// Whether a tensor has K bits without an extension.
fn offers(net: &Net) -> Vec<bool> {
    let mut offers: Vec<bool> = Vec::new();
    for node in &net.nodes {
        let offer = match &node.op {
            Op::Local(local) => local.inputs().iter().all(|input| offers[*input]),
            op => !op.truncates(),
        };
        offers.push(offer);
    }
    offers
}

/// Whether a tensor must have K bits for one of its readers.
fn needs(net: &Net) -> Vec<bool> {
    let offers = offers(net);
    let mut needs = vec![false; net.nodes.len()];
    needs[net.output()] = offers[net.output()] && is_mean(net, net.output());
    for (id, node) in net.nodes.iter().enumerate().rev() {
        let inputs = match &node.op {
            Op::Local(local) => needs[id] && (offers[id] || passes(net, node.shape, local)),
            op => op.truncates(),
        };
        if inputs {
            node.op.inputs().into_iter().for_each(|input| needs[input] = true);
        }
    }
    needs
}

/// Whether a node is a mean under another shape.
fn is_mean(net: &Net, mut id: Id) -> bool {
    while let Op::Local(Local::Reshape { input } | Local::Permute { input, .. } | Local::View { input, .. }) =
        &net.nodes[id].op
    {
        id = *input;
    }
    matches!(net.nodes[id].op, Op::Local(Local::SumPool { .. }))
}

/// Whether extending the inputs of a node is as good as extending the node.
fn passes(net: &Net, shape: Shape, local: &Local<Id>) -> bool {
    match local {
        Local::Concat { .. } | Local::Reshape { .. } | Local::Permute { .. } | Local::SumPool { .. } => true,
        Local::View { input, .. } => shape.len() >= net.shape(*input).len(),
        _ => false,
    }
}

/// The nodes that hold one tensor.
#[derive(Clone, Copy)]
struct Ids {
    /// In any ring.
    any: Id,
    /// In Z_2^K, if that is needed.
    wide: Id,
}

struct Widening<'a> {
    from: &'a Net,
    needs: Vec<bool>,
    to: Net,
    ids: Vec<Ids>,
}

impl Widening<'_> {
    fn node(&mut self, node: &Node) {
        let needed = self.needs[self.ids.len()];
        let ids = if node.op.is_activation() {
            self.activation(node, needed)
        } else if self.offers(node, needed) {
            let id = self.copy(node, true, true);
            Ids { any: id, wide: id }
        } else {
            let narrow = if node.op.is_product() {
                self.product(node)
            } else {
                self.copy(node, node.op.is_linear(), false)
            };
            self.extended(node, narrow, needed)
        };
        self.ids.push(ids);
    }

    /// Whether a node that is no activation has K bits, where they are `needed`, without an extension.
    fn offers(&self, node: &Node, needed: bool) -> bool {
        let Op::Local(local) = &node.op else { return !node.op.truncates() };
        let wide_inputs = || local.inputs().iter().all(|input| self.is_wide(*input));
        needed && (passes(self.from, node.shape, local) || wide_inputs())
    }

    fn is_wide(&self, id: Id) -> bool {
        self.to.nodes[self.ids[id].wide].wide
    }

    fn copy(&mut self, node: &Node, wide_inputs: bool, wide: bool) -> Id {
        let op = node.op.renamed(|id| if wide_inputs { self.ids[id].wide } else { self.ids[id].any });
        self.to.nodes.push(Node { name: node.name.clone(), wide, op, ..*node });
        self.to.output()
    }

    fn extended(&mut self, node: &Node, narrow: Id, needed: bool) -> Ids {
        if !needed {
            return Ids { any: narrow, wide: narrow };
        }
        let channels = vec![Channel::Identity; node.shape.channels as usize];
        let op = Op::relu(self.apart(narrow), channels);
        let wide = self.to.push(format!("{}/extend", node.name), node.shape, op);
        self.to.nodes[wide].wide = true;
        Ids { any: narrow, wide }
    }

    /// A product reads K bits, and nothing of its own round trip.
    fn product(&mut self, node: &Node) -> Id {
        let inputs: Vec<Id> = node.op.inputs().iter().map(|id| self.ids[*id].wide).collect();
        let apart: Vec<Id> = inputs.iter().map(|id| self.apart(*id)).collect();
        let mut apart = apart.into_iter();
        let op = node.op.renamed(|id| apart.next().unwrap_or(id));
        self.to.nodes.push(Node { name: node.name.clone(), wide: false, op, ..*node });
        self.to.output()
    }

    /// The tensor `id` as one that takes no round trip.
    fn apart(&mut self, id: Id) -> Id {
        let Node { name, shape, wide, op, .. } = &self.to.nodes[id];
        if !op.is_exchange() {
            return id;
        }
        let (name, shape, wide) = (format!("{name}/read"), *shape, *wide);
        let view = self.to.push(name, shape, Local::View { input: id, picks: Picks::ALL });
        self.to.nodes[view].wide = wide;
        view
    }

    /// An activation reads n bits, and nothing of its own round trip directly.
    fn activation(&mut self, node: &Node, wide: bool) -> Ids {
        let id = self.copy(node, false, wide);
        if let Op::Activation { input, .. } = self.to.nodes[id].op {
            let source = &self.to.nodes[input];
            if source.wide || source.op.is_exchange() {
                let view = Local::View { input, picks: Picks::ALL };
                let view = self.to.push(format!("{}/read", node.name), node.shape, view);
                self.to.nodes.swap(id, view);
                self.to.nodes[view].op = self.to.nodes[view].op.renamed(|_| id);
                return Ids { any: view, wide: view };
            }
        }
        Ids { any: id, wide: id }
    }
}
