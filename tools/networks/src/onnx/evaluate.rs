//! Operations of networks on constants: a network of one operation is built and run.

use std::rc::Rc;

use super::build::{Builder, Tensor, Value, shape};
use super::call::Call;
use super::constant::{Constant, Data};
use super::error::Problem;
use crate::graph::{Graph, Node, run};

/// Most multiplications for a constant.
const MAX_MACS: u64 = 1 << 30;

/// What `operator` makes of constants only, the first of which has the dimensions of an image.
pub(super) fn evaluate(
    call: &Call,
    operator: impl FnOnce(&Call, &mut Builder) -> Problem<Tensor>,
) -> Problem<Rc<Constant>> {
    let on_constants = |problem: String| format!("on constants: {problem}");
    let from = call.constant(0)?;
    let Data::Float(values) = &from.data else {
        return Err("computes with constant whole numbers, which is not supported".into());
    };
    let graph = Graph::new("constants", "constant", shape(&from.dims).map_err(on_constants)?);
    let mut build = Builder::new(graph.map_err(|error| error.to_string())?);
    build.begin("result");
    let input = Tensor { id: build.graph.input, dims: from.dims.clone(), bytes: false };
    let mut inputs = call.inputs.clone();
    inputs[0] = Some(Value::Tensor(input));
    let result = operator(&Call { inputs, ..*call }, &mut build).map_err(on_constants)?;
    build.graph.output = result.id;
    if build.graph.nodes.iter().map(macs).fold(0, u64::saturating_add) > MAX_MACS {
        return Err("computes more with constants than any network has use for".into());
    }
    let values = run(&build.graph, values).map_err(|error| error.to_string())?;
    Ok(Rc::new(Constant::new(result.dims, Data::Float(values))?))
}

fn macs(node: &Node) -> u64 {
    (node.shape.len() as u64).saturating_mul(node.op.reads())
}
