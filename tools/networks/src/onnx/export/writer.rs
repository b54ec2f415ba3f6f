use std::collections::HashSet;

use super::super::proto::{AttributeProto, NodeProto, TensorProto, data_type};
use super::{ExportError, is_flat};
use crate::graph::{Graph, NodeId};

/// The file under construction. A value has the name of the operator that computes it.
pub(crate) struct Writer<'graph> {
    pub(super) graph: &'graph Graph,
    live: Vec<bool>,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    names: HashSet<String>,
    values: Vec<Forms>,
    /// The operator set that is needed.
    opset: i64,
}

/// The names under which a tensor is at hand: as `N x channels x height x width`, as `N x channels`.
#[derive(Clone, Default)]
struct Forms {
    planes: Option<String>,
    flat: Option<String>,
}

impl<'graph> Writer<'graph> {
    pub(super) fn new(graph: &'graph Graph) -> Result<Self, ExportError> {
        let mut live = graph.live();
        live[graph.input.0] = true;
        let mut writer = Self {
            graph,
            nodes: Vec::new(),
            constants: Vec::new(),
            names: HashSet::new(),
            values: vec![Forms::default(); graph.nodes.len()],
            opset: 13,
            live,
        };
        for (_, node) in graph.iter().filter(|(id, _)| writer.live[id.0]) {
            if node.name.is_empty() {
                return Err(ExportError::Name(format!(
                    "a node ({}) has no name: give it one",
                    node.op.name()
                )));
            }
            if !writer.names.insert(node.name.clone()) {
                let text = format!("two nodes are called \"{}\": give each a name of its own", node.name);
                return Err(ExportError::Name(text));
            }
        }
        let mut input = graph[graph.input].name.clone();
        if graph.takes_bytes {
            let name = writer.fresh(format!("{input}/float"));
            input = writer.node("Cast", name, vec![input], vec![int("to", data_type::FLOAT.into())]);
        }
        writer.set(graph.input, input, is_flat(graph.input_shape()));
        Ok(writer)
    }

    pub(super) fn is_live(&self, id: NodeId) -> bool {
        self.live[id.0]
    }

    /// Records the value of node `id`.
    pub(super) fn set(&mut self, id: NodeId, name: String, flat: bool) {
        let forms = &mut self.values[id.0];
        *(if flat { &mut forms.flat } else { &mut forms.planes }) = Some(name);
    }

    /// The tensor of node `id` in a form that is at hand, and whether that is without planes.
    pub(super) fn any(&mut self, id: NodeId) -> (String, bool) {
        match &self.values[id.0].planes {
            Some(name) => (name.clone(), false),
            None => (self.flat(id), true),
        }
    }

    /// Whether the tensor of node `id` is at hand without planes only.
    pub(super) fn only_flat(&self, id: NodeId) -> bool {
        self.values[id.0].planes.is_none()
    }

    /// The tensor of node `id` with planes.
    pub(super) fn planes(&mut self, id: NodeId) -> String {
        if let Some(name) = &self.values[id.0].planes {
            return name.clone();
        }
        let node = &self.graph[id];
        let from = self.values[id.0].flat.clone().unwrap_or_default();
        let name = self.fresh(format!("{}/planes", node.name));
        let shape = self.ints(&name, "shape", &[0, node.shape.channels.into(), 1, 1]);
        let value = self.node("Reshape", name, vec![from, shape], Vec::new());
        self.set(id, value.clone(), false);
        value
    }

    /// The tensor of node `id`, which has planes of one element, without them.
    pub(super) fn flat(&mut self, id: NodeId) -> String {
        if let Some(name) = &self.values[id.0].flat {
            return name.clone();
        }
        let from = self.values[id.0].planes.clone().unwrap_or_default();
        let name = self.fresh(format!("{}/flat", self.graph[id].name));
        let value = self.node("Flatten", name, vec![from], vec![int("axis", 1)]);
        self.set(id, value.clone(), true);
        value
    }

    /// `wanted`, or with a number if that is taken.
    pub(super) fn fresh(&mut self, wanted: String) -> String {
        let numbered = (2u64..).map(|number| format!("{wanted}_{number}"));
        let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
        let name = candidates.find(|name| !self.names.contains(name)).unwrap_or_default();
        self.names.insert(name.clone());
        name
    }

    /// Appends an operator and returns the name of its value.
    pub(super) fn node(
        &mut self,
        operator: &str,
        name: String,
        input: Vec<String>,
        attribute: Vec<AttributeProto>,
    ) -> String {
        self.nodes.push(NodeProto {
            input,
            output: vec![name.clone()],
            name: name.clone(),
            op_type: operator.into(),
            attribute,
            domain: String::new(),
        });
        name
    }

    /// A constant of floats that belongs to the operator `owner`.
    pub(super) fn floats(&mut self, owner: &str, role: &str, dims: Vec<i64>, values: &[f32]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(format!("{owner}.{role}"), data_type::FLOAT, dims, raw_data)
    }

    /// A list of integers that belongs to the operator `owner`.
    pub(super) fn ints(&mut self, owner: &str, role: &str, values: &[i64]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(format!("{owner}.{role}"), data_type::INT64, vec![values.len() as i64], raw_data)
    }

    fn constant(&mut self, wanted: String, data_type: i32, dims: Vec<i64>, raw_data: Vec<u8>) -> String {
        let name = self.fresh(wanted);
        let tensor = TensorProto { name: name.clone(), dims, data_type, raw_data, ..Default::default() };
        self.constants.push(tensor);
        name
    }

    /// Says that something needs operator set `version`.
    pub(super) fn needs_opset(&mut self, version: i64) {
        self.opset = self.opset.max(version);
    }

    pub(super) fn finish(self) -> (Vec<NodeProto>, Vec<TensorProto>, i64) {
        (self.nodes, self.constants, self.opset)
    }
}

/// An attribute that is not zero: a zero cannot be told from nothing in these messages.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i: value, r#type: 2, ..Default::default() }
}

/// An attribute that is not zero, as for [`int`].
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f: value, r#type: 1, ..Default::default() }
}

pub(super) fn ints<const N: usize>(name: &str, values: [u16; N]) -> AttributeProto {
    let ints = values.iter().map(|value| i64::from(*value)).collect();
    AttributeProto { name: name.into(), ints, r#type: 7, ..Default::default() }
}
