//! Terms: how a value was computed, as a graph in memory of the thread. A term is built once; equal ones are one.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// A term of this thread. Terms that a term is made of have smaller numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Term(u32);

/// Operations on two terms, by their SMT-LIB names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    Shl,
    Lshr,
    /// From here on the result is a truth value.
    Ult,
    Slt,
    Equal,
    Both,
}

/// What a term is. Bit-vectors have 1 to 64 bits; truth values have width 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Free {
        number: u32,
        width: u8,
    },
    Constant {
        value: u64,
        width: u8,
    },
    Binary(Binary, Term, Term),
    /// Of a truth value.
    Not(Term),
    Choose(Term, Term, Term),
    Extend {
        signed: bool,
        of: Term,
        width: u8,
    },
    /// The low bits.
    Low {
        of: Term,
        width: u8,
    },
}

#[derive(Default)]
struct Arena {
    nodes: Vec<(Node, u8)>,
    known: HashMap<Node, Term>,
    names: Vec<String>,
}

thread_local! {
    static ARENA: RefCell<Arena> = RefCell::default();
}

/// The term of `node`.
pub(crate) fn term(node: Node) -> Term {
    let width = match node {
        Node::Free { width, .. } | Node::Constant { width, .. } => width,
        Node::Extend { width, .. } | Node::Low { width, .. } => width,
        Node::Binary(Binary::Ult | Binary::Slt | Binary::Equal | Binary::Both, ..) | Node::Not(_) => 0,
        Node::Binary(_, left, _) => left.width(),
        Node::Choose(_, left, _) => left.width(),
    };
    ARENA.with_borrow_mut(|arena| {
        let Arena { nodes, known, .. } = arena;
        *known.entry(node).or_insert_with(|| {
            nodes.push((node, width));
            Term(nodes.len() as u32 - 1)
        })
    })
}

/// A fresh unknown of `width` bits. Its name may only have letters, digits and underscores.
pub(crate) fn free(name: &str, width: u8) -> Term {
    let number = ARENA.with_borrow_mut(|arena| {
        let number = arena.names.len() as u32;
        arena.names.push(format!("{name}.{number}"));
        number
    });
    term(Node::Free { number, width })
}

impl Term {
    /// What it is.
    pub(crate) fn node(self) -> Node {
        ARENA.with_borrow(|arena| arena.nodes[self.0 as usize].0)
    }

    /// Its number among the thread's terms.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// Its bits; 0 for a truth value.
    pub(crate) fn width(self) -> u8 {
        ARENA.with_borrow(|arena| arena.nodes[self.0 as usize].1)
    }

    /// Its name, if it is an unknown.
    pub(crate) fn name(self) -> Option<String> {
        let Node::Free { number, .. } = self.node() else { return None };
        ARENA.with_borrow(|arena| Some(arena.names[number as usize].clone()))
    }

    fn parts(self) -> Vec<Self> {
        match self.node() {
            Node::Free { .. } | Node::Constant { .. } => Vec::new(),
            Node::Not(of) | Node::Extend { of, .. } | Node::Low { of, .. } => vec![of],
            Node::Binary(_, left, right) => vec![left, right],
            Node::Choose(condition, left, right) => vec![condition, left, right],
        }
    }
}

/// All terms that `roots` are made of, parts first.
pub(crate) fn reachable(roots: &[Term]) -> Vec<Term> {
    let (mut found, mut open) = (BTreeSet::new(), roots.to_vec());
    while let Some(term) = open.pop() {
        if found.insert(term) {
            open.extend(term.parts());
        }
    }
    found.into_iter().collect()
}
