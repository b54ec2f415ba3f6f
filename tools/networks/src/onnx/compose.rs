//! Expressions in one tensor, element by element, as one function.
//!
//! Exporters write SiLU as `x * Sigmoid(x)`, GELU as a product with an `Erf` and so on, in many orders. Whatever consists of
//! functions, arithmetic with scalars and sums of tensors that all go back to one tensor is a function of one number: it is
//! composed here as a [`Program`], and nobody has to know what was meant.

use super::build::{Builder, Tensor};
use super::error::Problem;
use crate::activation::{Operand, Program, Smooth, Step};
use crate::graph::{Graph, NodeId, Op};
use std::collections::{BTreeSet, HashMap};

/// Most nodes that are looked at to find where an expression starts.
const MAX_NODES: usize = 64;

/// The nodes of an expression, and the tensor that it is in.
struct Expression {
    base: NodeId,
    /// In the order of the graph.
    nodes: Vec<NodeId>,
}

impl Expression {
    /// The expression of all of `roots` in the nearest tensor they go back to, and in others beyond that as long as smooth
    /// functions go into it, each of which would be a layer of its own; the farthest last.
    fn all(graph: &Graph, roots: &[NodeId]) -> Vec<Self> {
        let mut open: BTreeSet<NodeId> = roots.iter().copied().collect();
        let (mut nodes, mut worthwhile, mut found) = (Vec::new(), true, Vec::new());
        while nodes.len() <= MAX_NODES {
            if let (1, Some(base), true) = (open.len(), open.first(), worthwhile) {
                found.push(Self { base: *base, nodes: nodes.iter().rev().copied().collect() });
                worthwhile = false;
            }
            let Some(last) = open.pop_last() else { break };
            let Some(inputs) = elementwise(graph, last) else { break };
            worthwhile |= is_smooth(graph, last);
            nodes.push(last);
            open.extend(inputs);
        }
        found
    }

    /// Appends the expression to a program; the values of its nodes.
    fn write(&self, graph: &Graph, program: &mut Program) -> HashMap<NodeId, Operand> {
        let mut values = HashMap::from([(self.base, Operand::Z)]);
        for id in &self.nodes {
            let node = &graph[*id];
            let of = |index: usize| values.get(&node.inputs[index]).copied().unwrap_or(Operand::Z);
            let value = match &node.op {
                Op::Activation(functions) => program.function(functions.get(0), of(0)),
                Op::Affine { scale, shift } => program.affine(scale[0], shift[0], of(0)),
                _ => program.push(Step::Sum(of(0), of(1))),
            };
            values.insert(*id, value);
        }
        values
    }
}

/// What a node reads, if it computes every element from one of each and all channels alike.
fn elementwise(graph: &Graph, id: NodeId) -> Option<&[NodeId]> {
    let node = &graph[id];
    let same = |values: &[f32]| values.iter().all(|value| *value == values[0]);
    let found = match &node.op {
        Op::Activation(functions) => functions.only().is_some(),
        Op::Affine { scale, shift } => same(scale) && same(shift),
        Op::Add => true,
        _ => false,
    };
    found.then_some(node.inputs.as_slice())
}

fn is_smooth(graph: &Graph, id: NodeId) -> bool {
    graph[id].op.functions().is_some_and(|functions| !functions.are_piecewise())
}

/// A smooth function of a tensor, joined with the smooth functions that the tensor comes from.
pub(super) fn apply(function: &Smooth, x: &Tensor, build: &mut Builder) -> Problem<Tensor> {
    let of = |program: &mut Program, of: &dyn Fn(NodeId) -> Operand| {
        program.function(&function.clone().into(), of(x.id))
    };
    match composed(&[x], build, of) {
        Some(result) => result,
        None => build.push_as(Op::Activation(function.clone().into()), &[x], x.dims.clone()),
    }
}

/// The product of two tensors that go back to one, as a function of that; nothing if they do not.
pub(super) fn product(x: &Tensor, y: &Tensor, build: &mut Builder) -> Option<Problem<Tensor>> {
    let result = join(Step::Product, x, y, build)?;
    if let Ok(product) = &result {
        build.products.insert(product.id, [x.id, y.id]);
    }
    Some(result)
}

/// The product or quotient of two tensors that go back to one, as a function of that; nothing if they do not.
pub(super) fn join(
    step: fn(Operand, Operand) -> Step,
    x: &Tensor,
    y: &Tensor,
    build: &mut Builder,
) -> Option<Problem<Tensor>> {
    composed(&[x, y], build, |program, of| program.push(step(of(x.id), of(y.id))))
}

/// What `last` makes of tensors that go back to one, as one function of that.
fn composed(
    tensors: &[&Tensor],
    build: &mut Builder,
    last: impl Fn(&mut Program, &dyn Fn(NodeId) -> Operand) -> Operand,
) -> Option<Problem<Tensor>> {
    let dims = &tensors[0].dims;
    if tensors.iter().any(|tensor| tensor.dims != *dims) {
        return None;
    }
    let roots: Vec<NodeId> = tensors.iter().map(|tensor| tensor.id).collect();
    let function = |expression: Expression| {
        let mut program = Program::default();
        let values = expression.write(&build.graph, &mut program);
        last(&mut program, &|id| values.get(&id).copied().unwrap_or(Operand::Z));
        Some((program.finish()?, expression))
    };
    let (function, expression) =
        Expression::all(&build.graph, &roots).into_iter().rev().find_map(function)?;
    build.replaced.extend(expression.nodes);
    let base = Tensor { id: expression.base, dims: dims.clone(), bytes: false };
    Some(build.push_as(Op::Activation(function.into()), &[&base], dims.clone()))
}
