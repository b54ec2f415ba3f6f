//! Claims for all values of their unknowns: proved, or refuted by a counterexample.

use std::fmt;

use crate::replay::{self, Values};
use crate::smt::{self, Products};
use crate::solver;
use crate::symbol::Statement;
use crate::term::{Term, reachable};

/// "Where all assumptions hold, the conclusion holds."
#[derive(Clone, Debug)]
pub struct Claim {
    name: String,
    assumptions: Vec<Statement>,
    conclusion: Statement,
    k: Option<u8>,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Verdict {
    /// It holds for all values, and there are values that meet its assumptions.
    Proved,
    /// It does not hold for these values.
    Refuted(Counterexample),
    /// The solver found no answer; this is what it said.
    Unknown(String),
}

/// Values for which a claim does not hold, checked with the arithmetic of Rust.
#[derive(Debug)]
pub struct Counterexample(Vec<(String, u64)>);

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.iter().map(|(name, value)| format!("{name} = {value:#x}"));
        f.write_str(&values.collect::<Vec<_>>().join(", "))
    }
}

impl Claim {
    /// A claim; `name` is for people.
    pub fn new(name: impl Into<String>, conclusion: Statement) -> Self {
        Self { name: name.into(), assumptions: Vec::new(), conclusion, k: None }
    }

    /// Only where `assumption` holds.
    #[must_use]
    pub fn given(mut self, assumption: Statement) -> Self {
        self.assumptions.push(assumption);
        self
    }

    /// Products of two unknowns are those of shares modulo 2^k with one factor. The solver uses only that they add up; a
    /// counterexample is sought with the product itself.
    #[must_use]
    pub fn sharing(mut self, k: u8) -> Self {
        self.k = Some(k);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Decides it.
    pub fn decide(&self) -> Verdict {
        let products = self.k.map_or(Products::Exact, |k| Products::Shared { k });
        let said = self.ask(products);
        match verdicts(&said)[..] {
            ["sat", "unsat"] => Verdict::Proved,
            ["sat", "sat"] if self.k.is_none() => self.refuted(&said),
            // Values that refute the claim for some function need not refute it for the product.
            ["sat", "sat"] => {
                let said = self.ask(Products::Exact);
                if verdicts(&said)[..] == ["sat", "sat"] {
                    self.refuted(&said)
                } else {
                    Verdict::Unknown(said)
                }
            }
            _ => Verdict::Unknown(said),
        }
    }

    /// Asks whether the assumptions can be met, and then whether the conclusion can be missed.
    fn ask(&self, products: Products) -> String {
        let roots = self.roots();
        let mut given = smt::definitions(&roots, products);
        let (conclusion, assumptions) = (roots[roots.len() - 1], &roots[..roots.len() - 1]);
        assumptions.iter().for_each(|term| given.push_str(&format!("(assert {})\n", smt::name(*term))));
        let unknowns: Vec<String> = reachable(&roots).into_iter().filter_map(Term::name).collect();
        let (conclusion, unknowns) = (smt::name(conclusion), unknowns.join(" "));
        // Two questions from the start: asking further has Z3 use a slower procedure.
        solver::ask(&format!(
            "{given}(check-sat)\n(reset)\n{given}(assert (not {conclusion}))\n(check-sat)\n(get-value ({unknowns}))\n"
        ))
        .unwrap_or_else(|error| format!("z3 does not run: {error}"))
    }

    fn roots(&self) -> Vec<Term> {
        self.assumptions.iter().chain([&self.conclusion]).map(|statement| statement.0).collect()
    }

    fn refuted(&self, said: &str) -> Verdict {
        let values = values(said);
        let true_here = |statement: &Statement| replay::value(statement.0, &values) == 1;
        if !self.assumptions.iter().all(true_here) || true_here(&self.conclusion) {
            return Verdict::Unknown(format!("z3's values are no counterexample here: {said}"));
        }
        let mut sorted: Vec<_> = values.into_iter().collect();
        sorted.sort();
        Verdict::Refuted(Counterexample(sorted))
    }
}

/// The answers to `(check-sat)`.
fn verdicts(said: &str) -> Vec<&str> {
    said.lines().take_while(|line| !line.starts_with('(')).collect()
}

/// The values in the answer to `(get-value ...)`: `((name #x0000002a) (name #b1) ...)`.
fn values(said: &str) -> Values {
    let pairs = said.split('(').filter_map(|pair| pair.split(')').next()?.split_once(' '));
    let number = |text: &str| {
        let (digits, radix) = text
            .trim()
            .strip_prefix("#x")
            .map(|digits| (digits, 16))
            .or_else(|| text.trim().strip_prefix("#b").map(|digits| (digits, 2)))?;
        u64::from_str_radix(digits, radix).ok()
    };
    pairs.filter_map(|(name, value)| Some((name.to_owned(), number(value)?))).collect()
}
