//! Steps of the protocol: packing, randomness, and a whole activation layer between three parties.

use std::time::Duration;

use brelu_core::bits::{BitReader, BitWriter, bytes};
use brelu_core::cost;
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::{Channel, Channels, ColourOrder, Fit, Header, Node, Op, Preprocess, Term, write};
use brelu_core::prf::{Address, Kind, PairKey};
use brelu_host::plan_file::keep;
use brelu_host::weights::{NodeWeights, Weights};

use super::BenchError;
use super::session;
use super::timing::{noise, time};
use brelu_networks::numbers::median;

/// A primitive beside a plain reading of the same loop.
#[derive(Clone, Debug)]
pub struct PrimitiveRow {
    /// What it does.
    pub name: &'static str,
    /// Elements handled.
    pub elements: u64,
    /// Our way.
    pub ours: Duration,
    /// The plain way.
    pub plain: Duration,
}

/// Packing and unpacking 12-bit fields against bit by bit; masks of 24 bits against one block of keystream each.
pub fn primitives(quick: bool) -> Vec<PrimitiveRow> {
    let (count, runs) = if quick { (1 << 14, 3) } else { (1 << 18, 9) };
    let (width, values) = (12u8, noise(count));
    let mut packed = vec![0; bytes(u64::from(width) * count as u64) as usize];
    let mut out = vec![0; count];
    let pack = time(runs, || {
        let mut writer = BitWriter::new(&mut packed);
        writer.push(width, &values);
        writer.finish();
    });
    let plain_pack = time(runs, || plain_pack(width, &values, &mut packed));
    let unpack = time(runs, || BitReader::at(&packed, 0).pull(width, &mut out));
    let plain_unpack = time(runs, || plain_unpack(width, &packed, &mut out));
    let key = PairKey::new([3; 32]);
    let mut stream = key.stream(Address::new(1, 1, Kind::CdActivation));
    let fill = time(runs, || stream.fill(24, 0, &mut out));
    let single = time(runs, || {
        out.iter_mut()
            .enumerate()
            .for_each(|(at, out)| stream.fill(24, at as u64, std::slice::from_mut(out)));
    });
    let row = |name, ours, plain| PrimitiveRow { name, elements: count as u64, ours, plain };
    vec![
        row("pack 12-bit fields", pack, plain_pack),
        row("unpack 12-bit fields", unpack, plain_unpack),
        row("regenerate 24-bit masks", fill, single),
    ]
}

fn plain_pack(width: u8, values: &[u32], out: &mut [u8]) {
    out.fill(0);
    for (at, value) in values.iter().enumerate() {
        for bit in 0..usize::from(width) {
            let place = at * usize::from(width) + bit;
            out[place / 8] |= ((value >> bit & 1) as u8) << (place % 8);
        }
    }
}

fn plain_unpack(width: u8, packed: &[u8], out: &mut [u32]) {
    for (at, out) in out.iter_mut().enumerate() {
        *out = 0;
        for bit in 0..usize::from(width) {
            let place = at * usize::from(width) + bit;
            *out |= u32::from(packed[place / 8] >> (place % 8) & 1) << bit;
        }
    }
}

/// One activation layer between three parties, with the truncating linear layer before it.
#[derive(Clone, Debug)]
pub struct ActivationRow {
    /// Values activated.
    pub values: u64,
    /// Rows and columns of a block; 0x1 passes on, 1x0 is zero.
    pub block: [u16; 2],
    /// Bytes of all parties, without input and output.
    pub bytes: u64,
    /// Before the input exists.
    pub offline: Duration,
    /// Input, layer and output.
    pub online: Duration,
}

/// Measures ReLU and block-ReLU on planes of 32x32 pixels at K = 24, f = 12, w = 6; with blocks of 0x1 planes are passed on,
/// with 1x0 they become zero.
///
/// # Errors
/// If a session fails.
pub fn activation(channels: u32, block: [u16; 2], runs: usize) -> Result<ActivationRow, BenchError> {
    let shape = Shape::new(channels, 32, 32);
    let (k, f, w) = (24, 12, 6);
    let n = k - f;
    let map = Conv2d {
        input: shape,
        out_channels: channels,
        groups: channels,
        kernel: [1; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pads: [0; 4],
    };
    let channel = match block {
        [0, _] => Channel::Identity,
        [_, 0] => Channel::Zero,
        [height, width] => Channel::Blocks { height, width, lo: n - w },
    };
    let records = channel.record().repeat(channels as usize);
    let terms = [Term { input: 0, map }].into_iter().collect();
    let node = |name, bits, op| Node { name, shape, bits, op };
    let nodes = [
        node("input", k, Op::Input),
        node("scale", n, Op::Linear { terms, fraction: f }),
        node("relu", k, Op::Activation { input: 1, window: w, channels: Channels::relu(&records) }),
    ];
    let mut file = vec![0; 4096 + records.len()];
    let len = write(&header(), &nodes, &mut file)?;
    file.truncate(len);
    let plan = keep(file)?;
    let identity = NodeWeights::Linear {
        terms: vec![vec![1 << f; channels as usize]],
        bias: vec![0; channels as usize],
    };
    let weights = Weights::new(plan, vec![(1, identity)])?;
    let input: Vec<i32> = noise(shape.len()).iter().map(|value| (value % 255) as i32 - 127).collect();
    let mut times = session::run(plan, weights, &vec![input; runs + 1], true)?.split_off(1);
    let mut offline: Vec<_> = times.iter_mut().map(|times| times.offline).collect();
    let mut online: Vec<_> = times.iter_mut().map(|times| times.online).collect();
    let bytes = cost::node_bytes(plan, 1) + cost::step(plan, 2).to_bytes();
    Ok(ActivationRow {
        values: shape.len() as u64,
        block,
        bytes: bytes.total(),
        offline: median(&mut offline),
        online: median(&mut online),
    })
}

fn header() -> Header<'static> {
    let affine = [[1.0, 0.0]].into_iter().collect();
    let preprocess = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine };
    Header::new("bench", preprocess)
}
