//! Block-ReLU and ring extension between the three parties, in any rings, windows and tilings, against plain integers.
#![no_main]

use arbitrary::Arbitrary;
use brelu_core::bits::{BitWriter, bytes};
use brelu_core::geometry::Shape;
use brelu_core::prf::{Address, Kind, PairKey, Stream};
use brelu_core::protocol::block_relu::{self, Opened, PixelParts, Widths};
use brelu_core::protocol::extend;
use brelu_core::protocol::tiling::Tiling;
use brelu_core::ring;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Case {
    seed: u8,
    rings: [u8; 2],
    window: [u8; 2],
    shape: [u8; 2],
    block: [u8; 2],
    values: Vec<u32>,
}

fuzz_target!(|case: Case| {
    let layer = Layer::new(&case);
    check_extension(&layer);
    check_block_relu(&layer);
});

/// One plane of pre-activations, split between the parties.
struct Layer {
    seed: u8,
    format: Widths,
    tiling: Tiling,
    z: Vec<i32>,
    z_cd: Vec<u32>,
    a: Vec<u32>,
}

impl Layer {
    /// The case within the limits of a plan: rings, window, and pre-activations |z| < 2^(n-2).
    fn new(case: &Case) -> Self {
        let n = 2 + case.rings[0] % 31;
        let k = n + case.rings[1] % (33 - n).min(17);
        let w = 2 + case.window[0] % (n - 1).min(10);
        let format = Widths { n, k, w, lo: case.window[1] % (n - w + 1) };
        let [height, width] = case.shape.map(|size| 1 + u32::from(size) % 12);
        let [rows, columns] = case.block.map(|size| 1 + u16::from(size) % 14);
        let value = |at: usize| ring::signed(case.values.get(at).copied().unwrap_or_default(), n - 1);
        let z: Vec<i32> =
            (0..(height * width) as usize).map(|at| value(at).max(1 - (1 << (n - 2)))).collect();
        let z_cd = random(case.seed, Kind::CdPreActivation, n, z.len());
        let a = z.iter().zip(&z_cd).map(|(z, cd)| (*z as u32).wrapping_sub(*cd) & ring::mask(n)).collect();
        let tiling = Tiling::new(Shape::new(1, height, width), rows, columns);
        Self { seed: case.seed, format, tiling, z, z_cd, a }
    }

    fn random(&self, kind: Kind, width: u8, count: usize) -> Vec<u32> {
        random(self.seed, kind, width, count)
    }

    fn sums(&self, pixels: &[u32]) -> Vec<u32> {
        let mut sums = vec![0; self.tiling.len()];
        self.tiling.add_sums(0, pixels, &mut sums);
        sums
    }

    fn spread(&self, blocks: &[u32]) -> Vec<u32> {
        let mut pixels = vec![0; self.z.len()];
        self.tiling.spread(0, blocks, &mut pixels);
        pixels
    }
}

fn stream(seed: u8, kind: Kind) -> Stream {
    PairKey::new([seed; 32]).stream(Address::new(1, 1, kind))
}

fn random(seed: u8, kind: Kind, width: u8, count: usize) -> Vec<u32> {
    let mut words = vec![0; count];
    if width > 0 {
        stream(seed, kind).fill(width, 0, &mut words);
    }
    words
}

fn opened(a: &[u32], cd: &[u32], bits: u8) -> Vec<i32> {
    a.iter().zip(cd).map(|(a, cd)| ring::signed(a.wrapping_add(*cd), bits)).collect()
}

fn check_extension(layer: &Layer) {
    let (Widths { n, k, .. }, count) = (layer.format, layer.z.len());
    if n == k {
        return;
    }
    let eps = layer.random(Kind::SdExtend, 1, count);
    let q = layer.random(Kind::CdExtend, k - n, count);
    let client = layer.random(Kind::CdCross, k - n, count);
    let mut server = client.clone();
    extend::deal(&layer.z_cd, &eps, &mut server, n, k);
    let mut bits = vec![0; count];
    extend::open(&layer.a, &eps, &mut bits, n);
    let mut reply = client;
    extend::answer(&bits, &layer.z_cd, &q, &mut reply, n, k);
    let (mut a, mut cd) = (layer.a.clone(), layer.z_cd.clone());
    extend::finish(&mut a, &bits, &server, &reply, n, k);
    extend::mask(&mut cd, &q, n, k);
    assert_eq!(opened(&a, &cd, k), layer.z);
}

/// What the dealer makes: a one-time table and a share of `lam` for every block, shares for every pixel.
struct Dealt {
    tables: Vec<u8>,
    lam: [Vec<u32>; 2],
    /// Of client and server: lam B, carry, top, lam top.
    parts: [[Vec<u32>; 4]; 2],
}

fn deal(layer: &Layer) -> Dealt {
    let (format, blocks, count) = (layer.format, layer.tiling.len(), layer.z.len());
    let lam = layer.random(Kind::DLam, 1, blocks);
    let s_sd = layer.random(Kind::SdWindow, format.w, blocks);
    let mut tables = client_tables(layer);
    block_relu::deal_tables(format, &layer.sums(&layer.z_cd), &s_sd, &lam, &mut tables);
    let client_lam = layer.random(Kind::CdLam, format.k, blocks);
    let mut server_lam = client_lam.clone();
    block_relu::deal_lam(format, &lam, &mut server_lam);
    let client = [
        layer.random(Kind::CdLamMask, format.k, count),
        layer.random(Kind::CdCarry, format.extra(), count),
        layer.random(Kind::CdTop, format.extra(), count),
        layer.random(Kind::CdLamTop, format.extra(), count),
    ];
    let mut server = client.clone();
    let z_sd = layer.random(Kind::SdPreActivation, format.n, count);
    block_relu::deal_pixels(format, &layer.z_cd, &z_sd, &layer.spread(&lam), &mut parts(&mut server));
    Dealt { tables: packed(format, &tables), lam: [client_lam, server_lam], parts: [client, server] }
}

fn parts(lanes: &mut [Vec<u32>; 4]) -> PixelParts<'_> {
    let [lam_mask, carry, top, lam_top] = lanes;
    PixelParts { lam_mask, carry, top, lam_top }
}

fn client_tables(layer: &Layer) -> Vec<u32> {
    let entries = 1 << layer.format.table_log2();
    let bits = layer.random(Kind::CdTable, 1, layer.tiling.len() * entries);
    let word = |bits: &[u32]| bits.iter().rev().fold(0, |word, bit| word << 1 | bit);
    bits.chunks(entries.min(32)).map(word).collect()
}

fn packed(format: Widths, tables: &[u32]) -> Vec<u8> {
    let width = (1u8 << format.table_log2().min(5)).min(32);
    let mut out = vec![0; bytes(u64::from(width) * tables.len() as u64) as usize];
    let mut writer = BitWriter::new(&mut out);
    writer.push(width, tables);
    writer.finish();
    out
}

/// Both halves of the online phase; the activation, opened.
fn online(layer: &Layer) -> Vec<i32> {
    let (format, blocks, count) = (layer.format, layer.tiling.len(), layer.z.len());
    let mut dealt = deal(layer);
    let mut windows = layer.sums(&layer.a);
    block_relu::open_windows(format, &mut windows, &layer.random(Kind::SdWindow, format.w, blocks));
    let [mut server_bits, mut client_bits] = [vec![0; blocks], vec![0; blocks]];
    block_relu::pick_server(format, &dealt.tables, 0, &windows, &mut server_bits);
    stream(layer.seed, Kind::CdTable).pick_bits(format.table_log2(), 0, &windows, &mut client_bits);
    let z_sd = layer.random(Kind::SdPreActivation, format.n, count);
    let mut masked = layer.a.clone();
    block_relu::open_pixels(format, &mut masked, &z_sd);
    let decisions: Vec<u32> = (0..blocks)
        .map(|block| server_bits[block] ^ client_bits[block] ^ block_relu::top_bit(format, windows[block]))
        .collect();
    let (decision, lam) = (layer.spread(&decisions), dealt.lam.map(|lam| layer.spread(&lam)));
    let (mut client, mut server) = (layer.z_cd.clone(), z_sd);
    let [client_parts, server_parts] = &mut dealt.parts;
    let known = |lam| Opened { masked: &masked, decision: &decision, lam };
    block_relu::select::<false, _>(format, &known(&lam[0]), &parts(client_parts), &mut client);
    block_relu::select::<true, _>(format, &known(&lam[1]), &parts(server_parts), &mut server);
    opened(&server, &client, format.k)
}

fn check_block_relu(layer: &Layer) {
    let (format, y) = (layer.format, online(layer));
    let blocks: Vec<u32> = (0..layer.tiling.len() as u32).collect();
    let (block_of, mut sums, mut kept) =
        (layer.spread(&blocks), vec![0i64; blocks.len()], vec![None; blocks.len()]);
    for ((block, z), y) in block_of.iter().zip(&layer.z).zip(&y) {
        let block = *block as usize;
        sums[block] += i64::from(*z);
        assert!(*y == 0 || y == z, "a pixel is neither kept nor zero");
        if *z != 0 {
            let this = y == z;
            assert_eq!(*kept[block].get_or_insert(this), this, "a block is kept in parts");
        }
    }
    let least = 1i64 << format.lo >> 1;
    let most = (1i64 << (format.lo + format.w - 1)) - least;
    for (sum, kept) in sums.iter().zip(kept).filter(|(sum, _)| sum.abs() > least && sum.abs() < most) {
        assert_eq!(kept, Some(*sum > 0), "a block of sum {sum} is decided wrongly");
    }
}
