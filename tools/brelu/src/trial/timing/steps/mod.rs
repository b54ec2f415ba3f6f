//! The steps of all parties as functions of their secrets. What is public (opened values, plans) is random and the same
//! in every measurement.

mod dealer;
mod kernels;

use std::hint::black_box;

use brelu_core::bits::{BitReader, BitWriter, Unpacker};
use brelu_core::geometry::Shape;
use brelu_core::prf::{Address, Kind, PairKey};
use brelu_core::protocol::block_relu::{self, Opened, PixelParts, Widths};
use brelu_core::protocol::tiling::Tiling;
use brelu_core::protocol::{extend, linear, reveal};
use brelu_core::ring;
use brelu_core::share::Share;
use brelu_kernels::ring::KernelError;

/// Elements of one measurement.
const COUNT: usize = 256;

/// Rings and window of the steps.
const FORMAT: Widths = Widths { n: 12, k: 24, w: 6, lo: 5 };

/// Blocks of the tilings: 3x2 on 16x16 pixels, ragged below.
const BLOCKS: usize = 48;

/// Runs a step on secret words, which it may change.
type Run = Box<dyn FnMut(&mut [u32]) + Send>;

/// One step.
pub(super) struct Step {
    pub(super) party: &'static str,
    pub(super) name: &'static str,
    /// Secret words that it takes.
    pub(super) secrets: usize,
    /// It is measured once where others are measured so many times.
    pub(super) times: usize,
    pub(super) run: Run,
}

fn step(
    party: &'static str,
    name: &'static str,
    lanes: usize,
    run: impl FnMut(&mut [u32]) + Send + 'static,
) -> Step {
    Step { party, name, secrets: lanes * COUNT, times: 1, run: Box::new(run) }
}

/// Every step of the protocol.
pub(super) fn all() -> Result<Vec<Step>, KernelError> {
    let mut steps = everybody();
    steps.extend(client());
    steps.extend(server());
    steps.extend(dealer::steps());
    steps.extend(kernels::steps()?);
    Ok(steps)
}

/// A branch on one bit of one word, which costs some 20 additions.
pub(super) fn leaky() -> Step {
    step("nobody", "a deliberate leak", 1, |words| {
        ring::reduce(words, 24);
        if black_box(words[COUNT / 2]) & 1 == 1 {
            (0..20).for_each(|at| words[0] = black_box(words[0]).wrapping_add(at));
        }
    })
}

/// Cuts secret words into lanes of equal length.
fn lanes<const N: usize>(words: &mut [u32]) -> [&mut [u32]; N] {
    let mut lanes = words.chunks_exact_mut(COUNT);
    std::array::from_fn(|_| lanes.next().unwrap_or_default())
}

/// Public values of `width` bits.
fn public(width: u8, seed: u8) -> Vec<u32> {
    let mut words = vec![0; COUNT];
    PairKey::new([seed; 32]).stream(Address::new(1, 1, Kind::CdTop)).fill(width, 0, &mut words);
    words
}

fn key(words: &[u32]) -> PairKey {
    let mut bytes = [0; PairKey::LEN];
    bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(to, word)| *to = word.to_le_bytes());
    PairKey::new(bytes)
}

fn tiling() -> Tiling {
    Tiling::new(Shape::new(1, 16, 16), 3, 2)
}

fn everybody() -> Vec<Step> {
    let (mut packed, mut unpacked, mut bytes) = (vec![0; 4 * COUNT], vec![0; COUNT], vec![0; 4 * COUNT]);
    vec![
        step("all", "pack", 1, move |words| {
            let mut writer = BitWriter::new(&mut packed);
            writer.push(FORMAT.n, words);
            black_box(writer.finish());
        }),
        step("all", "unpack", 1, move |words| {
            bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(to, word)| *to = word.to_le_bytes());
            BitReader::at(&bytes, 3).pull(FORMAT.n, &mut unpacked);
            black_box(Unpacker::default().pull(FORMAT.w, &bytes, &mut unpacked));
        }),
        step("all", "regenerate masks", 1, |words| {
            key(words).stream(Address::new(1, 1, Kind::CdActivation)).fill(FORMAT.k, 7, words);
        }),
        step("all", "sum and spread blocks", 1, |words| {
            let (mut sums, tiling) = ([0; BLOCKS], tiling());
            tiling.add_sums(0, words, &mut sums);
            tiling.spread(0, &sums, words);
        }),
    ]
}

fn client() -> Vec<Step> {
    let (masked, decision) = (public(FORMAT.n, 1), public(1, 2));
    let (windows, opened) = (public(FORMAT.table_log2(), 3), public(1, 4));
    let mut output = vec![0; COUNT];
    vec![
        step("client", "mask the input", 2, |words| {
            let [values, masks] = lanes(words);
            reveal::mask_input(values, masks, FORMAT.k);
        }),
        step("client", "linear half", 2, |words| {
            let [product, zeta] = lanes(words);
            linear::client(product, zeta, FORMAT.n, FORMAT.extra());
        }),
        step("client", "table bits", 1, move |words| {
            let mut table = key(words).stream(Address::new(1, 1, Kind::CdTable));
            table.pick_bits(FORMAT.table_log2(), 5, &windows, words);
        }),
        step("client", "block-ReLU pixels", 6, move |words| select::<false>(words, &masked, &decision)),
        step("client", "extension", 3, move |words| {
            let [z_cd, q, cross] = lanes(words);
            extend::answer(&opened, z_cd, q, cross, FORMAT.n, FORMAT.k);
            extend::mask(z_cd, q, FORMAT.n, FORMAT.k);
        }),
        step("client", "open the output", 2, move |words| {
            let [a, cd] = lanes(words);
            // Random words of no meaning may be opened by anybody.
            reveal::open(&Share::new(a), &Share::new(cd), FORMAT.n, &mut output);
        }),
    ]
}

fn server() -> Vec<Step> {
    let (masked, decision) = (public(FORMAT.n, 5), public(1, 6));
    let (windows, opened) = (public(FORMAT.w, 7), public(1, 8));
    let mut tables = vec![0; COUNT << FORMAT.table_log2() >> 3];
    vec![
        step("server", "linear half", 4, |words| {
            let [product, rounding, u, v] = lanes(words);
            ring::reduce(rounding, FORMAT.extra());
            linear::server(product, rounding, u, v, FORMAT.n, FORMAT.extra());
        }),
        step("server", "block-ReLU, open", 4, |words| {
            let [sums, s_sd, pixels, z_sd] = lanes(words);
            block_relu::open_windows(FORMAT, sums, s_sd);
            block_relu::open_pixels(FORMAT, pixels, z_sd);
        }),
        step("server", "table bits", 1, move |words| {
            tables.as_chunks_mut().0.iter_mut().zip(&*words).for_each(|(to, word)| *to = word.to_le_bytes());
            block_relu::pick_server(FORMAT, &tables, 0, &windows, words);
        }),
        step("server", "block-ReLU, close", 6, move |words| select::<true>(words, &masked, &decision)),
        step("server", "extension", 4, move |words| {
            let [a, eps, cross, reply] = lanes(words);
            let mut bits = [0; COUNT];
            ring::reduce(eps, 1);
            extend::open(a, eps, &mut bits, FORMAT.n);
            extend::finish(a, &opened, cross, reply, FORMAT.n, FORMAT.k);
            black_box(&bits);
        }),
    ]
}

fn select<const PUBLIC: bool>(words: &mut [u32], masked: &[u32], decision: &[u32]) {
    let [base, lam, lam_mask, carry, top, lam_top] = lanes(words);
    let opened = Opened { masked, decision, lam };
    block_relu::select::<PUBLIC, _>(FORMAT, &opened, &PixelParts { lam_mask, carry, top, lam_top }, base);
}
