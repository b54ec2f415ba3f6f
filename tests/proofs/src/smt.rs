//! Terms as SMT-LIB text (version 2.6, theory of fixed-size bit-vectors).

use std::fmt::Write as _;

use crate::term::{Binary, Node, Term, reachable};

/// How the product of two unknown words is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Products {
    /// As the product it is.
    Exact,
    /// As an unknown of which only the following is assumed. The product of `a` and `m` is 0 or `m` modulo 2^k where `a`
    /// is 0 or 1 modulo 2^k. For products of `a` and of `b` with the same factor `m`: they are equal where `a = b`, and
    /// where `a + b` is 0 or 1 modulo 2^k, their sum is 0 or `m` modulo 2^k.
    ///
    /// That is true of the product of 32-bit words for every k up to 32, because `(a + b) m = a m + b m` modulo 2^32. So
    /// what holds for all such unknowns holds for the products, and the solver need not multiply.
    Shared { k: u8 },
}

/// The declarations and definitions of everything that `roots` are made of.
pub(crate) fn definitions(roots: &[Term], products: Products) -> String {
    let mut text = String::from("(set-logic QF_BV)\n");
    let terms = reachable(roots);
    for term in &terms {
        let (name, sort) = (name(*term), sort(term.width()));
        match body(*term, products) {
            Some(body) => line(&mut text, format_args!("(define-fun {name} () {sort} {body})")),
            None => line(&mut text, format_args!("(declare-const {name} {sort})")),
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

/// How a term is computed, or `None` for an unknown.
fn body(term: Term, products: Products) -> Option<String> {
    Some(match term.node() {
        Node::Free { .. } => return None,
        Node::Binary(Binary::Mul, left, right) if unknown(left, right, products) => return None,
        Node::Binary(operation, left, right) => {
            format!("({} {} {})", symbol(operation), name(left), name(right))
        }
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
    })
}

fn symbol(operation: Binary) -> &'static str {
    match operation {
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

/// Whether a product is written as an unknown.
fn unknown(left: Term, right: Term, products: Products) -> bool {
    let constant = |term: Term| matches!(term.node(), Node::Constant { .. });
    products != Products::Exact && !constant(left) && !constant(right)
}

fn shared_factors(terms: &[Term], k: u8) -> String {
    let products = terms.iter().filter_map(|product| match product.node() {
        Node::Binary(Binary::Mul, share, factor) if unknown(share, factor, Products::Shared { k }) => {
            Some((*product, share, factor))
        }
        _ => None,
    });
    let products: Vec<_> = products.collect();
    let modulus = format!("(_ bv{} 32)", brelu_core::ring::mask(k));
    let low = |word: String| format!("(bvand {modulus} {word})");
    let mut text = String::new();
    for (index, (product, share, factor)) in products.iter().enumerate() {
        let bit = |text: &mut String, share: String, product: String| {
            line(text, format_args!("(assert (=> (= {share} (_ bv0 32)) (= {product} (_ bv0 32))))"));
            let whole = low(name(*factor));
            line(text, format_args!("(assert (=> (= {share} (_ bv1 32)) (= {product} {whole})))"));
        };
        bit(&mut text, low(name(*share)), low(name(*product)));
        for (other, rest, _) in products[..index].iter().filter(|(.., same)| same == factor) {
            let sum = |left, right| low(format!("(bvadd {} {})", name(left), name(right)));
            bit(&mut text, sum(*share, *rest), sum(*product, *other));
            let (left, right) = (name(*share), name(*rest));
            let same = format!("(= {} {})", name(*product), name(*other));
            line(&mut text, format_args!("(assert (=> (= {left} {right}) {same}))"));
        }
    }
    text
}
