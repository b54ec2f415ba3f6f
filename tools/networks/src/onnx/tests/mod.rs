//! Tiny models, written with the message types, imported and computed.

mod ambiguous;
mod constants;
mod damage;
mod endings;
mod errors;
mod exporters;
mod external;
mod interpolation;
mod obstacles;
mod operators;
mod resize;
mod stretch;

use super::proto::{
    AttributeProto, Dimension, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, data_type,
};
use super::{Import, ImportError, ImportOptions, import};
use crate::graph::{Graph, run, simplify};
use prost::Message;

/// A model under construction: input `x`, output `y`.
#[derive(Clone)]
struct Tiny(ModelProto);

fn tiny(opset: i64, dims: &[i64]) -> Tiny {
    let graph = GraphProto {
        name: "tiny".into(),
        input: vec![value("x", dims)],
        output: vec![value("y", &[])],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { domain: String::new(), version: opset };
    Tiny(ModelProto { ir_version: 8, graph: Some(graph), opset_import: vec![opset], ..Default::default() })
}

/// Sizes below zero are left open.
fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dimension = |size: &i64| DimensionProto {
        value: Some(if *size < 0 { Dimension::Param("N".into()) } else { Dimension::Value(*size) }),
    };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dimension).collect() });
    let tensor_type = Some(TensorTypeProto { elem_type: data_type::FLOAT, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, r#type: 2, ..Default::default() }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.to_vec(), r#type: 7, ..Default::default() }
}

fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f, r#type: 1, ..Default::default() }
}

fn floats(name: &str, floats: &[f32]) -> AttributeProto {
    AttributeProto { name: name.into(), floats: floats.to_vec(), r#type: 6, ..Default::default() }
}

fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto { name: name.into(), s: s.into(), r#type: 3, ..Default::default() }
}

impl Tiny {
    fn graph(&mut self) -> &mut GraphProto {
        self.0.graph.as_mut().unwrap()
    }

    /// `"Conv x w -> y"`; `_` is an input left out; the node is called like its output.
    fn node(mut self, line: &str, attributes: &[AttributeProto]) -> Self {
        let (call, output) = line.split_once(" -> ").unwrap();
        let mut words = call.split(' ');
        let node = NodeProto {
            op_type: words.next().unwrap().into(),
            input: words.map(|word| if word == "_" { String::new() } else { word.into() }).collect(),
            output: vec![output.into()],
            name: format!("make_{output}"),
            attribute: attributes.to_vec(),
            ..Default::default()
        };
        self.graph().node.push(node);
        self
    }

    fn weights(mut self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        let tensor = TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: data_type::FLOAT,
            float_data: values.to_vec(),
            ..Default::default()
        };
        self.graph().initializer.push(tensor);
        self
    }

    fn shape(mut self, name: &str, values: &[i64]) -> Self {
        let tensor = TensorProto {
            name: name.into(),
            dims: vec![values.len() as i64],
            data_type: data_type::INT64,
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..Default::default()
        };
        self.graph().initializer.push(tensor);
        self
    }

    fn import(&self) -> Result<Import, ImportError> {
        import(&self.0.encode_to_vec(), &ImportOptions::default())
    }

    fn simplified(&self) -> Graph {
        simplify(self.import().unwrap().graph).unwrap()
    }

    fn error(&self) -> String {
        self.import().expect_err("the model is refused").to_string()
    }

    /// The output for the input 1, 2, 3, ...
    fn compute(&self) -> Vec<f32> {
        let graph = self.simplified();
        let input: Vec<f32> = (1..=graph.input_shape().len()).map(|value| value as f32).collect();
        let output = run(&graph, &input).unwrap();
        assert_eq!(run(&self.import().unwrap().graph, &input).unwrap(), output);
        output
    }
}
