//! The value of terms where every unknown has a value: the arithmetic of Rust, beside that of the solver.

use std::collections::HashMap;

use crate::term::{Binary, Node, Term, reachable};

/// Values of unknowns by name.
pub(crate) type Values = HashMap<String, u64>;

/// The value of `root`, a truth value as 0 or 1. Unknowns without a value are zero.
pub(crate) fn value(root: Term, values: &Values) -> u64 {
    let mut done: HashMap<Term, u64> = HashMap::new();
    for term in reachable(&[root]) {
        let at = |part: Term| done[&part];
        let value = match term.node() {
            Node::Free { .. } => term.name().and_then(|name| values.get(&name).copied()).unwrap_or_default(),
            Node::Constant { value, .. } => value,
            Node::Binary(operation, left, right) => binary(operation, at(left), at(right), left.width()),
            Node::Not(of) => at(of) ^ 1,
            Node::Choose(condition, left, right) => at(if at(condition) == 1 { left } else { right }),
            Node::Extend { signed: true, of, .. } => signed(at(of), of.width()) as u64,
            Node::Extend { of, .. } | Node::Low { of, .. } => at(of),
        };
        done.insert(term, low(value, term.width().max(1)));
    }
    done[&root]
}

fn binary(operation: Binary, left: u64, right: u64, width: u8) -> u64 {
    let in_range = right < u64::from(width);
    match operation {
        Binary::Add => left.wrapping_add(right),
        Binary::Sub => left.wrapping_sub(right),
        Binary::Mul => left.wrapping_mul(right),
        Binary::And | Binary::Both => left & right,
        Binary::Or => left | right,
        Binary::Xor => left ^ right,
        Binary::Shl => {
            if in_range {
                left << right
            } else {
                0
            }
        }
        Binary::Lshr => {
            if in_range {
                left >> right
            } else {
                0
            }
        }
        Binary::Ult => u64::from(left < right),
        Binary::Slt => u64::from(signed(left, width) < signed(right, width)),
        Binary::Equal => u64::from(left == right),
    }
}

fn low(value: u64, width: u8) -> u64 {
    value & (u64::MAX >> (64 - width))
}

fn signed(value: u64, width: u8) -> i64 {
    let unused = 64 - u32::from(width);
    ((value << unused) as i64) >> unused
}
