//! What is proved is what runs: steps on symbols and on numbers agree, and so do tables as the formula and as they are packed.

use brelu_core::bits::BitWriter;
use brelu_core::prf::{Address, Kind, PairKey, Stream};
use brelu_core::protocol::block_relu::{self, Widths};
use brelu_core::protocol::reveal;
use brelu_core::ring;
use brelu_proofs::claim::Claim;
use brelu_proofs::claims::FORMATS;
use brelu_proofs::lanes::{Mask, Masks, Name, Seen, View};
use brelu_proofs::solver;
use brelu_proofs::steps::{Dealing, Entry, Steps};
use brelu_proofs::symbol::{Statement, Symbol};

use super::prove;

/// The results of all steps of one pixel, from words that `draw` makes for a number of bits.
fn everything<W: Entry>(steps: &Steps, draw: &mut dyn FnMut(u8) -> W) -> Vec<W> {
    let Widths { n, k, w, .. } = steps.format;
    let mut masks = Masks::default();
    for mask in Mask::ALL {
        let bits = mask.bits(steps.format);
        masks[*mask] = (0..bits.div_ceil(32)).map(|_| draw(bits.min(32) as u8)).collect();
    }
    let mut lane = |bits| vec![draw(bits)];
    let (x, cs, sd, server, r) = (lane(32), lane(32), lane(32), lane(32), lane(k - n));
    let with = Dealing { cd_sums: lane(32), s_sd: lane(w), z_sd: lane(n) };
    let (sums, eps) = (lane(32), lane(1));

    let mut view = View::default();
    view[Seen::Input] = steps.input(&x, &masks[Mask::Input]);
    view[Seen::ClientHalf] = steps.client_half(&cs, &masks[Mask::Zeta]);
    view[Seen::DealerHalf] = steps.dealer_half(&sd, &r, &masks[Mask::Zeta], &masks[Mask::PreActivation]);
    let a = steps.server_half(&server, &r, &view[Seen::DealerHalf], &view[Seen::ClientHalf]);
    steps.deal(&with, &masks, &mut view);
    let sent = steps.open(&a, &sums, &with, &view);
    steps.answer(&sent, &masks, &mut view);
    view[Seen::Cross] = steps.deal_cross(&eps, &masks);
    let opened = steps.open_extension(&a, &eps);
    view[Seen::Extended] = steps.answer_extension(&opened, &masks);

    let mut results: Vec<W> = Seen::ALL.iter().flat_map(|seen| view[*seen].clone()).collect();
    results.extend([&a, &sent.window, &sent.bit, &sent.masked, &opened].into_iter().flatten());
    results.extend(steps.close(&sent, &with, &view));
    results.extend(steps.close_extension(&a, &opened, &view));
    results.extend(steps.extended_mask(&masks));
    results.push(reveal::sum(a[0], masks[Mask::PreActivation][0], n));
    results
}

/// Words of a stream, the largest and the smallest ones now and then.
fn words(seed: u8) -> impl FnMut(u8) -> u32 {
    let mut words = vec![0; 200];
    PairKey::new([seed; 32]).stream(Address::new(0, 0, Kind::CdInput)).fill(32, 0, &mut words);
    let mut words = words.into_iter();
    move |bits| {
        let word = words.next().unwrap();
        let word = match word % 8 {
            0 => 0,
            1 => u32::MAX,
            _ => word.rotate_left(16),
        };
        word & ring::mask(bits)
    }
}

#[test]
fn symbols_compute_what_numbers_do() {
    for format in FORMATS {
        let steps = Steps::new(format);
        for seed in 0..100 {
            let numbers = everything(&steps, &mut words(seed));
            let mut draw = words(seed);
            let symbols = everything(&steps, &mut |bits| Symbol::from(draw(bits)));
            assert_eq!(symbols.len(), numbers.len());
            for (index, (symbol, number)) in symbols.iter().zip(&numbers).enumerate() {
                assert_eq!(symbol.value(), *number, "result {index}, seed {seed}, {format:?}");
            }
        }
    }
}

#[test]
fn the_solver_computes_what_numbers_do() {
    if !solver::is_there() {
        return;
    }
    for format in FORMATS {
        let steps = Steps::new(format);
        for seed in 0..10 {
            let numbers = everything(&steps, &mut words(seed));
            let mut draw = words(seed);
            let symbols = everything(&steps, &mut |bits| Symbol::from(draw(bits)));
            let pairs = symbols.into_iter().zip(numbers);
            let same = Statement::all(pairs.map(|(symbol, number)| symbol.equals(number.into())));
            prove(&Claim::new(format!("steps on the numbers of seed {seed}, {format:?}"), same));
        }
    }
}

/// Tables as they travel: the dealer packs whole tables, server and client read single bits.
#[test]
fn every_entry_of_packed_tables_is_that_of_the_formula() {
    for w in 2..=11 {
        let format = Widths { k: 24, n: 12, w, lo: 12 - w };
        let (log2, blocks) = (format.table_log2(), 3usize);
        let key = PairKey::new([w; 32]);
        let stream = |kind| key.stream(Address::new(0, 0, kind));
        let mut own = client_tables(&mut stream(Kind::CdTable), format, blocks);
        let drawn = |kind, bits| {
            let mut words = vec![0; blocks];
            stream(kind).fill(bits, 0, &mut words);
            words
        };
        let (cd, s_sd, lam) =
            (drawn(Kind::CdZeta, 32), drawn(Kind::SdWindow, format.w), drawn(Kind::DLam, 1));
        let client = own.clone();
        block_relu::deal_tables(format, &cd, &s_sd, &lam, &mut own);
        let mut packed = vec![0; ((blocks << log2) + 3).div_ceil(8) + 8];
        let mut writer = BitWriter::new(&mut packed);
        // Tables follow other fields, so they start anywhere in a byte.
        writer.push(3, &[5]);
        writer.push(1 << log2.min(5), &own);
        writer.finish();

        for entry in 0..1u32 << log2 {
            // The upper bit of a window is no part of the index.
            let windows: Vec<u32> = (0..blocks as u32).map(|block| entry | (block & 1) << log2).collect();
            let (mut server_bits, mut client_bits) = (vec![0; blocks], vec![0; blocks]);
            block_relu::pick_server(format, &packed, 3, &windows, &mut server_bits);
            stream(Kind::CdTable).pick_bits(log2, 0, &windows, &mut client_bits);
            for block in 0..blocks {
                let table = |words: &[u32]| {
                    let words = &words[block * format.table_words()..][..format.table_words()];
                    (u32::entry(words, entry), Symbol::bit_of(&symbols(words), entry.into()).value())
                };
                assert_eq!(table(&own), (server_bits[block], server_bits[block]));
                assert_eq!(table(&client), (client_bits[block], client_bits[block]));
                let formula = formula(format, cd[block], s_sd[block], lam[block], entry);
                assert_eq!(server_bits[block] ^ client_bits[block], formula, "w = {w}, entry {entry}");
            }
        }
    }
}

fn symbols(words: &[u32]) -> Vec<Symbol> {
    words.iter().map(|word| Symbol::from(*word)).collect()
}

/// `[i < r_low] ^ r_top ^ 1 ^ lam`, r = -(s_sd + (Lam >> lo)) mod 2^w.
fn formula(format: Widths, cd_sum: u32, s_sd: u32, lam: u32, entry: u32) -> u32 {
    let half = 1 << (format.w - 1);
    let cd = (cd_sum % (1 << format.n)) >> format.lo;
    let r = (2 * half - (s_sd + cd) % (2 * half)) % (2 * half);
    u32::from(entry < r % half) ^ (r / half) ^ 1 ^ lam
}

/// The client's tables: whole words where a table has them, else one table a word.
fn client_tables(stream: &mut Stream, format: Widths, blocks: usize) -> Vec<u32> {
    let (log2, mut tables) = (format.table_log2(), vec![0; blocks * format.table_words()]);
    if log2 >= 5 {
        stream.words(log2, 0, &mut tables);
        return tables;
    }
    let mut bits = vec![0; blocks << log2];
    stream.fill(1, 0, &mut bits);
    for (table, bits) in tables.iter_mut().zip(bits.chunks(1 << log2)) {
        *table = bits.iter().rev().fold(0, |table, bit| table << 1 | bit);
    }
    tables
}
