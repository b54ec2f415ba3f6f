//! How a plan's file has an operation: its place in one list of all of them, then its fields in order.

use core::fmt;

use serde::de::{Deserialize, Deserializer, EnumAccess, Error, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::node::Op;
use crate::local::Local;

impl Serialize for Op<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let local = match self {
            Op::Input => return to.serialize_unit_variant("Op", 0, ""),
            Op::Linear { terms, fraction } => return put(to, 1, &(terms, fraction)),
            Op::Local(local) => local,
            Op::Activation { input, window, channels } => return put(to, 9, &(input, window, channels)),
            Op::Product { inputs, fraction } => return put(to, 10, &(inputs, fraction)),
        };
        match local {
            Local::Add { inputs, subtract } => put(to, 2, &(inputs, subtract)),
            Local::Offset { input } => put(to, 3, input),
            Local::Concat { inputs } => put(to, 4, inputs),
            Local::SumPool { input, windows } => put(to, 5, &(input, windows)),
            Local::View { input, picks } => put(to, 6, &(input, picks)),
            Local::Reshape { input } => put(to, 7, input),
            Local::Shift { input, by } => put(to, 8, &(input, by)),
            Local::Permute { input, permutation } => put(to, 11, &(input, permutation)),
        }
    }
}

fn put<S: Serializer>(to: S, place: u32, fields: &impl Serialize) -> Result<S::Ok, S::Error> {
    to.serialize_newtype_variant("Op", place, "", fields)
}

impl<'de: 'a, 'a> Deserialize<'de> for Op<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_enum("Op", &[], Operation)
    }
}

struct Operation;

impl<'de> Visitor<'de> for Operation {
    type Value = Op<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<Op<'de>, A::Error> {
        let (place, fields) = from.variant::<u32>()?;
        Ok(Op::Local(match place {
            0 => return fields.unit_variant().map(|()| Op::Input),
            1 => return fields.newtype_variant().map(|(terms, fraction)| Op::Linear { terms, fraction }),
            2 => fields.newtype_variant().map(|(inputs, subtract)| Local::Add { inputs, subtract })?,
            3 => Local::Offset { input: fields.newtype_variant()? },
            4 => Local::Concat { inputs: fields.newtype_variant()? },
            5 => fields.newtype_variant().map(|(input, windows)| Local::SumPool { input, windows })?,
            6 => fields.newtype_variant().map(|(input, picks)| Local::View { input, picks })?,
            7 => Local::Reshape { input: fields.newtype_variant()? },
            8 => fields.newtype_variant().map(|(input, by)| Local::Shift { input, by })?,
            9 => {
                let (input, window, channels) = fields.newtype_variant()?;
                return Ok(Op::Activation { input, window, channels });
            }
            10 => {
                let (inputs, fraction) = fields.newtype_variant()?;
                return Ok(Op::Product { inputs, fraction });
            }
            11 => {
                fields.newtype_variant().map(|(input, permutation)| Local::Permute { input, permutation })?
            }
            _ => return Err(A::Error::custom("an unknown operation")),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::{Permutation, Picks, Windows};
    use crate::plan::{Channel, Channels};

    #[test]
    fn operations_have_fixed_places_and_fields() {
        let record = Channel::relu(4).record();
        let windows = Windows { kernel: [2, 3], stride: [1; 2], pads: [0, 1] };
        let terms = heapless::Vec::new();
        let permutation = Permutation::new(&[3, 300], &[1, 0]).unwrap();
        let cases: [(Op<'_>, &[u8]); 12] = [
            (Op::Input, &[0]),
            (Op::Linear { terms, fraction: 12 }, &[1, 0, 12]),
            (Local::Add { inputs: [1, 2], subtract: true }.into(), &[2, 1, 2, 1]),
            (Local::Offset { input: 1 }.into(), &[3, 1]),
            (Local::Concat { inputs: [1, 300].into_iter().collect() }.into(), &[4, 2, 1, 0xac, 2]),
            (Local::SumPool { input: 1, windows }.into(), &[5, 1, 2, 3, 1, 1, 0, 1]),
            (
                Local::View { input: 1, picks: Picks::channels(3) }.into(),
                &[6, 1, 2, 6, 2, 2, 0, 2, 2, 0, 2, 0],
            ),
            (Local::Reshape { input: 1 }.into(), &[7, 1]),
            (Local::Shift { input: 1, by: 4 }.into(), &[8, 1, 4]),
            (
                Op::Activation { input: 1, window: 6, channels: Channels::relu(&record) },
                &[9, 1, 6, 0, 5, 1, 0, 1, 0, 4],
            ),
            (Op::Product { inputs: [1, 300], fraction: 11 }, &[10, 1, 0xac, 2, 11]),
            (Local::Permute { input: 1, permutation }.into(), &[11, 1, 2, 3, 0xac, 2, 2, 1, 0]),
        ];
        for (op, bytes) in cases {
            let mut file = [0; 32];
            assert_eq!(postcard::to_slice(&op, &mut file).unwrap(), bytes);
            assert_eq!(postcard::from_bytes::<Op<'_>>(bytes).unwrap(), op);
        }
        assert!(postcard::from_bytes::<Op<'_>>(&[12, 0]).is_err());
    }
}
