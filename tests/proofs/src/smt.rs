//! Terms as SMT-LIB text (version 2.6, theory of fixed-size bit-vectors).

use std::fmt::Write as _;

use crate::term::{Binary, Node, Term, reachable};

/// How the product of two unknown words is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Products {
    /// As the product it is.
    Exact,
    /// As a function of which only the following is known: for products of `a` and of `b` with the same factor `m`,
    /// where `a + b` is 0 or 1 modulo 2^k, the sum of the products is 0 or `m` modulo 2^k.
    ///
    /// That is true of the product of 32-bit words for every k up to 32, because `(a + b) m = a m + b m` modulo 2^32. So
    /// what holds for every such function holds for the product, and the solver need not multiply.
    Shared { k: u8 },
}

/// The declarations and definitions of everything that `roots` are made of.
pub(crate) fn definitions(roots: &[Term], products: Products) -> String {
    let mut text = String::new();
    if let Products::Shared { .. } = products {
        let word = sort(32);
        line(&mut text, format_args!("(declare-fun times ({word} {word}) {word})"));
    }
    let terms = reachable(roots);
    for term in &terms {
        let sort = sort(term.width());
        match term.name() {
            Some(unknown) => line(&mut text, format_args!("(declare-const {unknown} {sort})")),
            None => {
                let body = body(*term, products);
                line(&mut text, format_args!("(define-fun {} () {sort} {body})", name(*term)));
            }
        }
    }
    if let Products::Shared { k } = products {
        text.push_str(&shared_factors(&terms, k));
    }
    text
}

/// What the text calls a term.
pub(crate) fn name(term: Term) -> String {
    term.name().unwrap_or_else(|| format!("t{}", term.number()))
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{arguments}");
}

fn sort(width: u8) -> String {
    if width == 0 { "Bool".into() } else { format!("(_ BitVec {width})") }
}

fn body(term: Term, products: Products) -> String {
    match term.node() {
        Node::Free { .. } => name(term),
        Node::Constant { value, width } => format!("(_ bv{value} {width})"),
        Node::Not(of) => format!("(not {})", name(of)),
        Node::Choose(condition, left, right) => {
            format!("(ite {} {} {})", name(condition), name(left), name(right))
        }
        Node::Extend { signed, of, width } => {
            let kind = if signed { "sign" } else { "zero" };
            format!("((_ {kind}_extend {}) {})", width - of.width(), name(of))
        }
        Node::Low { of, width } => format!("((_ extract {} 0) {})", width - 1, name(of)),
        Node::Binary(operation, left, right) => {
            format!("({} {} {})", symbol(operation, left, right, products), name(left), name(right))
        }
    }
}

fn symbol(operation: Binary, left: Term, right: Term, products: Products) -> &'static str {
    match operation {
        Binary::Mul if shared(left, right, products) => "times",
        Binary::Mul => "bvmul",
        Binary::Add => "bvadd",
        Binary::Sub => "bvsub",
        Binary::And => "bvand",
        Binary::Or => "bvor",
        Binary::Xor => "bvxor",
        Binary::Shl => "bvshl",
        Binary::Lshr => "bvlshr",
        Binary::Ult => "bvult",
        Binary::Slt => "bvslt",
        Binary::Equal => "=",
        Binary::Both => "and",
    }
}

fn shared(left: Term, right: Term, products: Products) -> bool {
    let constant = |term: Term| matches!(term.node(), Node::Constant { .. });
    products != Products::Exact && !constant(left) && !constant(right)
}

fn shared_factors(terms: &[Term], k: u8) -> String {
    let products = terms.iter().filter_map(|product| match product.node() {
        Node::Binary(Binary::Mul, share, factor) if shared(share, factor, Products::Shared { k }) => {
            Some((*product, share, factor))
        }
        _ => None,
    });
    let products: Vec<_> = products.collect();
    let modulus = format!("(_ bv{} 32)", brelu_core::ring::mask(k));
    let mut text = String::new();
    for (index, (product, share, factor)) in products.iter().enumerate() {
        for (other, rest, _) in products[..index].iter().filter(|(.., same)| same == factor) {
            let sum = |left, right| format!("(bvand {modulus} (bvadd {} {}))", name(left), name(right));
            let (shares, products) = (sum(*share, *rest), sum(*product, *other));
            let whole = format!("(bvand {modulus} {})", name(*factor));
            line(&mut text, format_args!("(assert (=> (= {shares} (_ bv0 32)) (= {products} (_ bv0 32))))"));
            line(&mut text, format_args!("(assert (=> (= {shares} (_ bv1 32)) (= {products} {whole})))"));
        }
    }
    text
}
