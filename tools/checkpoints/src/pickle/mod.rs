//! Python's pickles as data: what they would call is kept as names and arguments, and nothing is called.
//!
//! The opcodes of protocols 0 to 5 (Python's `pickletools`) that containers, numbers, text and array objects are written
//! with. Values are held in one list and name each other by position, and text is shared, so that a value that contains
//! itself is no trap, and one that is named often costs no more than its name: memory is some 100 bytes a byte of the file
//! at most.

mod constant;
mod error;
mod machine;
pub mod numpy;
mod reader;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use error::PickleError;

/// A position in [`Pickle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(usize);

/// A value of Python.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `bool`.
    Bool(bool),
    /// `int` of up to 64 bits.
    Int(i64),
    /// `float`.
    Float(f64),
    /// `str`.
    Text(Arc<str>),
    /// `bytes` or `bytearray`.
    Bytes(Vec<u8>),
    /// `tuple`.
    Tuple(Vec<Id>),
    /// `list`.
    List(Vec<Id>),
    /// `dict`, in the order of the file.
    Dict(Vec<[Id; 2]>),
    /// A class or function, module and name.
    Global(Arc<str>, Arc<str>),
    /// What a class or function would return.
    Call {
        /// The class or function.
        function: Id,
        /// A tuple.
        arguments: Id,
        /// What the result would be told after, as by `__setstate__`.
        state: Option<Id>,
    },
}

/// All values of a pickle.
#[derive(Clone, Debug)]
pub struct Pickle {
    values: Vec<Value>,
    root: Id,
}

impl Pickle {
    /// Reads the first pickle of `bytes`.
    ///
    /// # Errors
    /// If it is cut off, inconsistent, or has an opcode that containers, numbers, text and arrays do without.
    pub fn parse(bytes: &[u8]) -> Result<Self, PickleError> {
        machine::run(bytes)
    }

    /// The value of the whole pickle.
    pub fn root(&self) -> &Value {
        self.get(self.root)
    }

    /// A value.
    pub fn get(&self, id: Id) -> &Value {
        &self.values[id.0]
    }

    /// The values of a list or tuple.
    pub fn items(&self, value: &Value) -> Option<Vec<&Value>> {
        match value {
            Value::List(items) | Value::Tuple(items) => Some(items.iter().map(|id| self.get(*id)).collect()),
            _ => None,
        }
    }

    /// Module and name of a class or function.
    pub fn global(&self, id: Id) -> Option<[&str; 2]> {
        match self.get(id) {
            Value::Global(module, name) => Some([module, name]),
            _ => None,
        }
    }
}
