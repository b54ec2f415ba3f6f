use heapless::Vec;
use serde::{Deserialize, Serialize};

use super::node::{Channels, MAX_TERMS, NodeId, Op, Term};
use crate::local::{Local, MAX_PARTS, Picks, Windows};

/// An [`Op`] as files have it: one list of operations, whose order is part of the format.
#[derive(Serialize, Deserialize)]
pub(super) enum Record<'a> {
    Input,
    Linear {
        terms: Vec<Term, MAX_TERMS>,
        fraction: u8,
    },
    Add {
        inputs: [NodeId; 2],
        subtract: bool,
    },
    Offset {
        input: NodeId,
    },
    Concat {
        inputs: Vec<NodeId, MAX_PARTS>,
    },
    SumPool {
        input: NodeId,
        windows: Windows,
    },
    View {
        input: NodeId,
        picks: Picks,
    },
    Reshape {
        input: NodeId,
    },
    Shift {
        input: NodeId,
        by: u8,
    },
    Activation {
        input: NodeId,
        window: u8,
        #[serde(borrow)]
        channels: Channels<'a>,
    },
}

impl<'a> From<Record<'a>> for Op<'a> {
    fn from(record: Record<'a>) -> Self {
        let local = match record {
            Record::Input => return Op::Input,
            Record::Linear { terms, fraction } => return Op::Linear { terms, fraction },
            Record::Activation { input, window, channels } => {
                return Op::Activation { input, window, channels };
            }
            Record::Add { inputs, subtract } => Local::Add { inputs, subtract },
            Record::Offset { input } => Local::Offset { input },
            Record::Concat { inputs } => Local::Concat { inputs },
            Record::SumPool { input, windows } => Local::SumPool { input, windows },
            Record::View { input, picks } => Local::View { input, picks },
            Record::Reshape { input } => Local::Reshape { input },
            Record::Shift { input, by } => Local::Shift { input, by },
        };
        Op::Local(local)
    }
}

impl<'a> From<Op<'a>> for Record<'a> {
    fn from(op: Op<'a>) -> Self {
        let local = match op {
            Op::Input => return Record::Input,
            Op::Linear { terms, fraction } => return Record::Linear { terms, fraction },
            Op::Activation { input, window, channels } => {
                return Record::Activation { input, window, channels };
            }
            Op::Local(local) => local,
        };
        match local {
            Local::Add { inputs, subtract } => Record::Add { inputs, subtract },
            Local::Offset { input } => Record::Offset { input },
            Local::Concat { inputs } => Record::Concat { inputs },
            Local::SumPool { input, windows } => Record::SumPool { input, windows },
            Local::View { input, picks } => Record::View { input, picks },
            Local::Reshape { input } => Record::Reshape { input },
            Local::Shift { input, by } => Record::Shift { input, by },
        }
    }
}
