//! All operations of a network that stand in the way, not the first one only.

use std::collections::{BTreeMap, HashMap};

use super::error::ImportError;
use super::names::label;
use super::proto::{GraphProto, NodeProto};

/// Names of a group that are said.
const SHOWN: usize = 12;

/// What stands in the way so far.
#[derive(Default)]
pub(super) struct Obstacles<'model> {
    found: Vec<(&'model NodeProto, String)>,
    /// Values that cannot be known because of it, and whether each would be a computed tensor.
    unknown: HashMap<&'model str, bool>,
    /// A value before the first of them.
    before: Option<&'model str>,
}

impl<'model> Obstacles<'model> {
    /// Records an operation that was refused, and the computed float value it reads, if there is one.
    pub(super) fn add(&mut self, node: &'model NodeProto, problem: String, before: Option<&'model str>) {
        if self.found.is_empty() {
            self.before = before;
        }
        self.found.push((node, problem));
        self.hide(node, true);
    }

    /// What an operation computes is not known, except whether it is a tensor or a constant.
    pub(super) fn hide(&mut self, node: &'model NodeProto, tensor: bool) {
        let outputs = node.output.iter().map(String::as_str).filter(|name| !name.is_empty());
        self.unknown.extend(outputs.map(|name| (name, tensor)));
    }

    /// Whether something an operation reads is not known.
    pub(super) fn hides_inputs_of(&self, node: &NodeProto) -> bool {
        node.input.iter().any(|name| self.unknown.contains_key(name.as_str()))
    }

    /// Whether a value that is not known would be a computed tensor.
    pub(super) fn hides_tensor(&self, name: &str) -> bool {
        self.unknown.get(name) == Some(&true)
    }

    /// The refusal, if there is anything to refuse. `chosen` says that the user chose the output.
    pub(super) fn check(&self, graph: &GraphProto, chosen: bool) -> Result<(), ImportError> {
        let mut advice = Vec::new();
        let first =
            self.before.map(|name| format!("choose an output before it, for example with --output {name:?}"));
        advice.extend(first.filter(|_| !self.found.is_empty()));
        let others: Vec<&str> = graph.output.iter().skip(1).map(|output| output.name.as_str()).collect();
        if !others.is_empty() && !chosen {
            advice.push(format!("other outputs of the file, for --output, are {others:?}"));
        }
        let advice: String = advice.iter().map(|text| format!("; {text}")).collect();
        match &self.found[..] {
            [] => Ok(()),
            [(node, problem)] => Err(ImportError::Node {
                node: label(node).into(),
                operator: node.op_type.clone(),
                problem: format!("{problem}{advice}"),
            }),
            found => Err(ImportError::Nodes { count: found.len(), groups: self.groups(), advice }),
        }
    }

    /// `49 Sigmoid (why): "a", "b"`, the operators in the order in which they first stand in the way.
    fn groups(&self) -> String {
        let mut order: Vec<&str> = Vec::new();
        let mut groups: BTreeMap<&str, Vec<&(&NodeProto, String)>> = BTreeMap::new();
        for obstacle in &self.found {
            let operator = obstacle.0.op_type.as_str();
            let group = groups.entry(operator).or_default();
            if group.is_empty() {
                order.push(operator);
            }
            group.push(obstacle);
        }
        let texts: Vec<String> =
            order.iter().map(|operator| group_text(operator, &groups[operator])).collect();
        texts.join("; ")
    }
}

fn group_text(operator: &str, group: &[&(&NodeProto, String)]) -> String {
    let names: Vec<String> = group.iter().take(SHOWN).map(|(node, _)| format!("{:?}", label(node))).collect();
    let more = match group.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let problem = &group[0].1;
    let same = group.iter().all(|(_, other)| other == problem);
    let of = if same { "" } else { "the first: " };
    format!("{} {operator} ({of}{problem}): {}{more}", group.len(), names.join(", "))
}
