//! The stack machine that pickles are programs of.

use std::collections::HashMap;

use super::reader::Reader;
use super::{Id, Pickle, PickleError, Value, constant};

/// What the program has so far.
struct Machine<'a> {
    reader: Reader<'a>,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack at its marks.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

pub(super) fn run(bytes: &[u8]) -> Result<Pickle, PickleError> {
    let reader = Reader::new(bytes);
    let mut machine =
        Machine { reader, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    loop {
        let at = machine.reader.at();
        let code = machine.reader.byte().ok_or(PickleError::End)?;
        if code == b'.' {
            let root = machine.pop().ok_or(PickleError::Operand { code, at })?;
            return Ok(Pickle { values: machine.values, root });
        }
        let known =
            machine.constant(code).or_else(|| machine.container(code)).or_else(|| machine.object(code));
        known.ok_or(PickleError::Opcode { code, at })?.ok_or(PickleError::Operand { code, at })?;
    }
}

/// `None` if the opcode is not one of the group, `Some(None)` if what it needs is not there.
type Step = Option<Option<()>>;

impl Machine<'_> {
    fn push(&mut self, value: Value) -> Option<()> {
        self.values.push(value);
        self.stack.push(Id(self.values.len() - 1));
        Some(())
    }

    /// The value on top, but none below the last mark.
    fn pop(&mut self) -> Option<Id> {
        let above = self.stack.len() > self.marks.last().copied().unwrap_or(0);
        if above { self.stack.pop() } else { None }
    }

    fn top(&self) -> Option<Id> {
        self.stack.last().copied()
    }

    fn above_mark(&mut self) -> Option<Vec<Id>> {
        let height = self.marks.pop()?;
        Some(self.stack.split_off(height))
    }

    /// Numbers, text and bytes.
    fn constant(&mut self, code: u8) -> Step {
        let value = constant::read(code, &mut self.reader)?;
        Some(value.and_then(|value| self.push(value)))
    }

    /// Tuples, lists, dictionaries and the stack itself.
    fn container(&mut self, code: u8) -> Step {
        Some(match code {
            b'(' => {
                self.marks.push(self.stack.len());
                Some(())
            }
            b')' => self.push(Value::Tuple(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b't' => self.above_mark().and_then(|items| self.push(Value::Tuple(items))),
            b'l' => self.above_mark().and_then(|items| self.push(Value::List(items))),
            b'd' => self.above_mark().and_then(pairs).and_then(|pairs| self.push(Value::Dict(pairs))),
            0x85..=0x87 => self.tuple(usize::from(code - 0x84)),
            b'a' => self.pop().and_then(|item| self.append(vec![item])),
            b'e' => self.above_mark().and_then(|items| self.append(items)),
            b's' => self.pair().and_then(|pair| self.insert(vec![pair])),
            b'u' => self.above_mark().and_then(pairs).and_then(|pairs| self.insert(pairs)),
            b'0' => self.pop().map(|_| ()),
            b'1' => self.above_mark().map(|_| ()),
            b'2' => self.top().map(|id| self.stack.push(id)),
            _ => return None,
        })
    }

    fn tuple(&mut self, len: usize) -> Option<()> {
        let mut items: Vec<Id> = (0..len).map(|_| self.pop()).collect::<Option<_>>()?;
        items.reverse();
        self.push(Value::Tuple(items))
    }

    fn pair(&mut self) -> Option<[Id; 2]> {
        let value = self.pop()?;
        Some([self.pop()?, value])
    }

    fn append(&mut self, items: Vec<Id>) -> Option<()> {
        match &mut self.values[self.stack.last()?.0] {
            Value::List(list) => list.extend(items),
            _ => return None,
        }
        Some(())
    }

    /// Puts entries into a dictionary.
    fn insert(&mut self, pairs: Vec<[Id; 2]>) -> Option<()> {
        match &mut self.values[self.stack.last()?.0] {
            Value::Dict(dict) => dict.extend(pairs),
            _ => return None,
        }
        Some(())
    }

    /// Classes, functions and what they would return; names for values; the protocol.
    fn object(&mut self, code: u8) -> Step {
        Some(match code {
            0x80 => self.reader.byte().filter(|version| *version <= 5).map(|_| ()),
            0x95 => self.reader.number(8).map(|_| ()),
            b'c' => self.global(),
            0x93 => self.stack_global(),
            b'R' | 0x81 => self.call(),
            b'b' => self.build(),
            b'p' => self.reader.line().and_then(|line| line.parse().ok()).and_then(|key| self.remember(key)),
            b'q' => self.reader.number(1).and_then(|key| self.remember(key)),
            b'r' => self.reader.number(4).and_then(|key| self.remember(key)),
            0x94 => self.remember(self.memo.len() as u64),
            b'g' => self.reader.line().and_then(|line| line.parse().ok()).and_then(|key| self.recall(key)),
            b'h' => self.reader.number(1).and_then(|key| self.recall(key)),
            b'j' => self.reader.number(4).and_then(|key| self.recall(key)),
            _ => return None,
        })
    }

    fn global(&mut self) -> Option<()> {
        let (module, name) = (self.reader.line()?.into(), self.reader.line()?.into());
        self.push(Value::Global(module, name))
    }

    fn stack_global(&mut self) -> Option<()> {
        let [module, name] = self.pair()?.map(|id| match &self.values[id.0] {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        });
        self.push(Value::Global(module?, name?))
    }

    /// An empty `OrderedDict` is a dictionary; every other call is only noted.
    fn call(&mut self) -> Option<()> {
        let [function, arguments] = self.pair()?;
        let none = self.values[arguments.0] == Value::Tuple(Vec::new());
        match &self.values[function.0] {
            Value::Global(module, name) if none && &**module == "collections" && &**name == "OrderedDict" => {
                self.push(Value::Dict(Vec::new()))
            }
            _ => self.push(Value::Call { function, arguments, state: None }),
        }
    }

    fn build(&mut self) -> Option<()> {
        let told = self.pop()?;
        match &mut self.values[self.stack.last()?.0] {
            Value::Call { state: state @ None, .. } => *state = Some(told),
            _ => return None,
        }
        Some(())
    }

    fn remember(&mut self, key: u64) -> Option<()> {
        self.memo.insert(key, self.top()?);
        Some(())
    }

    fn recall(&mut self, key: u64) -> Option<()> {
        let id = *self.memo.get(&key)?;
        self.stack.push(id);
        Some(())
    }
}

fn pairs(items: Vec<Id>) -> Option<Vec<[Id; 2]>> {
    let (pairs, rest) = items.as_chunks();
    rest.is_empty().then(|| pairs.to_vec())
}
