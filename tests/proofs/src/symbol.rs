//! Symbolic words: what the steps of the protocol run on instead of `u32`, and the statements about them.

use core::ops::{Add, BitAnd, BitOr, BitXor, Mul, Not, Shr, Sub};

use brelu_core::ring;
use brelu_core::word::Word;

use crate::replay;
use crate::term::{Binary, Node, Term, free, term};

/// A 32-bit word that stands for all its values.
#[derive(Clone, Copy, Debug)]
pub struct Symbol(pub(crate) Term);

/// A signed 64-bit number, for statements over the integers: words are far below its limits.
#[derive(Clone, Copy, Debug)]
pub struct Integer(pub(crate) Term);

/// A statement that is true or false.
#[derive(Clone, Copy, Debug)]
pub struct Statement(pub(crate) Term);

fn constant(value: u64, width: u8) -> Term {
    term(Node::Constant { value, width })
}

impl Symbol {
    /// An unknown of `bits` bits, 0..=32.
    pub fn unknown(name: &str, bits: u8) -> Self {
        match bits {
            0 => Self::from(0),
            32 => Self(free(name, 32)),
            _ => Self(term(Node::Extend { signed: false, of: free(name, bits), width: 32 })),
        }
    }

    /// The value modulo 2^bits of least magnitude.
    pub fn signed(self, bits: u8) -> Integer {
        Integer(term(Node::Extend { signed: true, of: self.sign_extended(bits).0, width: 64 }))
    }

    /// Whether both have one value.
    pub fn equals(self, other: Self) -> Statement {
        Statement(term(Node::Binary(Binary::Equal, self.0, other.0)))
    }

    /// Whether it is one, for a word that is a bit.
    pub fn is_set(self) -> Statement {
        self.equals(Self::from(1))
    }

    /// Bit `index` of a table of packed words.
    pub fn bit_of(words: &[Self], index: Self) -> Self {
        let place = index & Self::from(31);
        let pick = |word: Self| Self(term(Node::Binary(Binary::Lshr, word.0, place.0))) & Self::from(1);
        let last = words.len() - 1;
        (0..last).rev().fold(pick(words[last]), |rest, word| {
            Self::choose((index >> 5).equals(Self::from(word as u32)), pick(words[word]), rest)
        })
    }

    /// `one` where the condition holds, else `other`.
    pub fn choose(condition: Statement, one: Self, other: Self) -> Self {
        Self(term(Node::Choose(condition.0, one.0, other.0)))
    }

    /// Its value, with zero for all unknowns.
    pub fn value(self) -> u32 {
        replay::value(self.0, &replay::Values::default()) as u32
    }

    fn binary(self, operation: Binary, other: Self) -> Self {
        Self(term(Node::Binary(operation, self.0, other.0)))
    }
}

impl From<u32> for Symbol {
    fn from(value: u32) -> Self {
        Self(constant(u64::from(value), 32))
    }
}

impl BitAnd for Symbol {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.binary(Binary::And, other)
    }
}

impl BitOr for Symbol {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.binary(Binary::Or, other)
    }
}

impl BitXor for Symbol {
    type Output = Self;

    fn bitxor(self, other: Self) -> Self {
        self.binary(Binary::Xor, other)
    }
}

impl Shr<u32> for Symbol {
    type Output = Self;

    fn shr(self, places: u32) -> Self {
        self.binary(Binary::Lshr, Self::from(places))
    }
}

impl Word for Symbol {
    fn wrapping_add(self, other: Self) -> Self {
        self.binary(Binary::Add, other)
    }

    fn wrapping_sub(self, other: Self) -> Self {
        self.binary(Binary::Sub, other)
    }

    fn wrapping_mul(self, other: Self) -> Self {
        self.binary(Binary::Mul, other)
    }

    fn wrapping_neg(self) -> Self {
        Self::from(0).binary(Binary::Sub, self)
    }

    fn times_power(self, n: u32) -> Self {
        self.binary(Binary::Shl, Self::from(n))
    }

    fn carry(self, other: Self, n: u8) -> Self {
        let wide = |word: Self| term(Node::Extend { signed: false, of: word.0, width: 64 });
        let sum = term(Node::Binary(Binary::Add, wide(self), wide(other)));
        let high = term(Node::Binary(Binary::Lshr, sum, constant(u64::from(n), 64)));
        Self(term(Node::Low { of: high, width: 32 }))
    }

    fn ones_below(self, first: u32) -> Self {
        let below = |bound: Self, other: Self| Statement(term(Node::Binary(Binary::Ult, bound.0, other.0)));
        let (first, word) = (Self::from(first), Self::from(32));
        let rest = Self::choose(below(self, first), Self::from(0), self.wrapping_sub(first));
        let count = Self::choose(below(rest, word), rest, word);
        // A shift by 32 gives zero, and zero minus one all ones.
        Self::from(1).binary(Binary::Shl, count).wrapping_sub(Self::from(1))
    }

    fn sign_extended(self, bits: u8) -> Self {
        let bit = Self::from(1 << (bits - 1));
        (self & Self::from(ring::mask(bits)) ^ bit).wrapping_sub(bit)
    }
}

impl From<i64> for Integer {
    fn from(value: i64) -> Self {
        Self(constant(value as u64, 64))
    }
}

impl Add for Integer {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(term(Node::Binary(Binary::Add, self.0, other.0)))
    }
}

impl Sub for Integer {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(term(Node::Binary(Binary::Sub, self.0, other.0)))
    }
}

impl Mul<i64> for Integer {
    type Output = Self;

    fn mul(self, other: i64) -> Self {
        Self(term(Node::Binary(Binary::Mul, self.0, constant(other as u64, 64))))
    }
}

impl Integer {
    /// `low <= self <= high`.
    pub fn within(self, low: i64, high: i64) -> Statement {
        !self.below(low.into()) & !Self::from(high).below(self)
    }

    /// Whether both are one number.
    pub fn equals(self, other: Self) -> Statement {
        Statement(term(Node::Binary(Binary::Equal, self.0, other.0)))
    }

    /// `self < other`.
    pub fn below(self, other: Self) -> Statement {
        Statement(term(Node::Binary(Binary::Slt, self.0, other.0)))
    }

    /// `one` where the condition holds, else `other`.
    pub fn choose(condition: Statement, one: Self, other: Self) -> Self {
        Self(term(Node::Choose(condition.0, one.0, other.0)))
    }
}

impl BitAnd for Statement {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(term(Node::Binary(Binary::Both, self.0, other.0)))
    }
}

impl Not for Statement {
    type Output = Self;

    fn not(self) -> Self {
        Self(term(Node::Not(self.0)))
    }
}

impl Statement {
    /// All of them.
    pub fn all(statements: impl IntoIterator<Item = Self>) -> Self {
        let mut statements = statements.into_iter();
        let first = statements.next().unwrap_or_else(|| Symbol::from(0).equals(Symbol::from(0)));
        statements.fold(first, |all, one| all & one)
    }

    /// Both true, or both false.
    pub fn equals(self, other: Self) -> Self {
        Self(term(Node::Binary(Binary::Equal, self.0, other.0)))
    }
}
