use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::local::Permutation;
use burn::tensor::Device;

use super::kernels::View;
use super::pool::Pool;
use super::select::{Selection, selections};
use super::slots::Slots;
use brelu_networks::activation::Functions;
use brelu_networks::graph::{Graph, NodeId, Op, Role};

/// What a node computes, and the numbers of the parameters it takes.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    Conv {
        geometry: Conv2d,
        weights: usize,
        bias: Option<usize>,
    },
    /// With its number among the norms.
    Norm {
        scale: usize,
        shift: usize,
        number: usize,
        epsilon: f32,
    },
    Affine {
        scale: usize,
        shift: usize,
    },
    Activation(Functions),
    Add,
    Multiply,
    Concat,
    Max(Pool),
    Average(Pool),
    View(Vec<Selection>, View),
    Reshape(Shape),
    Permute(Permutation, Shape),
}

impl Layer {
    /// Of node `id`, which `readers` read.
    pub(super) fn new(
        graph: &Graph,
        id: NodeId,
        readers: &[NodeId],
        slots: &mut Slots,
        device: &Device,
    ) -> Self {
        let node = &graph[id];
        let from = node.inputs.first().map_or(node.shape, |input| graph[*input].shape);
        let pool = |window, counts_pads| Pool::new(window, from, node.shape, counts_pads, device);
        let mut slot = |role| slots.push(id, role);
        match &node.op {
            Op::Input | Op::Reshape(_) => Self::Reshape(node.shape),
            Op::Conv { geometry, bias, .. } => {
                let normed = matches!(readers[..], [reader] if graph[reader].op.is_norm());
                let fixed = normed && bias.iter().all(|bias| *bias == 0.0);
                let weights = slot(Role::Weights);
                Self::Conv { geometry: *geometry, weights, bias: (!fixed).then(|| slot(Role::Bias)) }
            }
            Op::BatchNorm { epsilon, .. } => {
                let [scale, shift] = [slot(Role::Scale), slot(Role::Shift)];
                Self::Norm { scale, shift, number: slots.next_norm(), epsilon: *epsilon }
            }
            Op::Affine { .. } => Self::Affine { scale: slot(Role::Scale), shift: slot(Role::Shift) },
            Op::Activation(functions) => Self::Activation(functions.clone()),
            Op::Add => Self::Add,
            Op::Multiply => Self::Multiply,
            Op::Concat => Self::Concat,
            Op::MaxPool(window) => Self::Max(pool(*window, true)),
            Op::AveragePool { window, count_include_pad } => Self::Average(pool(*window, *count_include_pad)),
            Op::Permute { permutation, shape } => Self::Permute(permutation.clone(), *shape),
            Op::View { channels, rows, columns } => {
                let axes = [channels, rows, columns];
                let own = View::new(axes, [from.channels, from.height, from.width]);
                Self::View(selections(axes, from, device), own)
            }
        }
    }
}
