use brelu_core::geometry::Shape;
use proptest::prelude::*;

use super::super::sample::{assert_same, table};
use super::super::{LayerTable, WINDOWS};
use super::*;
use brelu_networks::blocks::BlockSize;

/// The file of a table after its rows were changed, with a seal that fits.
fn changed(change: impl Fn(&mut Vec<rows::Row<&str>>)) -> Vec<u8> {
    let table = table(1);
    let mut rows: Vec<_> = rows::of(&table).collect();
    change(&mut rows);
    columns::serialise(&table.provenance, rows.into_iter()).unwrap()
}

#[test]
fn a_table_survives_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write_table(&path, &table(3)).unwrap();
    assert_same(&read_table(&path).unwrap(), &table(3));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn equal_tables_make_equal_files() {
    assert_eq!(serialise(&table(5)).unwrap(), serialise(&table(5)).unwrap());
    assert_ne!(serialise(&table(5)).unwrap(), serialise(&table(6)).unwrap());
}

#[test]
fn files_that_are_no_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let says = |path: &Path| read_table(path).unwrap_err().to_string();
    assert!(says(&path).contains("cannot be read"), "{}", says(&path));
    for (content, words) in [
        (&b"layer,channel"[..], "not a Parquet file"),
        (b"PAR1\0\0PAR1", "another program"),
        (b"", "not a Parquet"),
    ] {
        std::fs::write(&path, content).unwrap();
        assert!(says(&path).contains(words), "{}", says(&path));
    }
    assert!(read_table(folder.path()).is_err());
    let nowhere = folder.path().join("none/t.parquet");
    assert!(write_table(&nowhere, &table(1)).unwrap_err().to_string().contains("cannot be written"));
}

#[test]
fn every_flipped_byte_and_every_cut_is_an_error() {
    let file = serialise(&table(2)).unwrap();
    assert!(parse(file.clone()).is_ok());
    for at in 0..file.len() {
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(parse(flipped).is_err(), "byte {at}");
    }
    for len in (0..file.len()).step_by(7) {
        assert!(parse(file[..len].to_vec()).is_err(), "{len} bytes");
    }
}

#[test]
fn rows_that_do_not_make_a_table_are_refused() {
    type Change = fn(&mut Vec<rows::Row<&str>>);
    let cases: [(&str, Change); 13] = [
        ("rows are missing", |rows| rows.truncate(rows.len() - 1)),
        ("missing, doubled", |rows| rows[40..].rotate_left(1)),
        ("missing, doubled", |rows| {
            let row = rows[40].clone();
            rows.insert(40, row);
        }),
        ("missing, doubled", |rows| rows.swap(40, 41)),
        ("listed twice", |rows| rows[3].size = rows[2].size),
        ("not in order", |rows| rows[60].layer_index = 7),
        ("another name", |rows| rows[2].layer = "other"),
        ("no possible shape", |rows| {
            rows.iter_mut().for_each(|row| row.shape = Shape::new(u32::MAX, u32::MAX, 3));
        }),
        ("decisions", |rows| rows[9].drelus += 1),
        ("no number of at least 0", |rows| rows[9].distortion = f64::NAN),
        ("no number of at least 0", |rows| rows[9].distortion = -1.0),
        ("no number", |rows| rows[9].windows[2] = Some(f32::INFINITY)),
        ("some rows", |rows| rows[9].windows = [None; WINDOWS.len()]),
    ];
    for (words, change) in cases {
        let error = parse(changed(change)).unwrap_err();
        assert!(error.contains(words), "{error:?} instead of {words:?}");
    }
}

#[test]
fn tables_that_rows_cannot_tell_apart_are_not_written() {
    let refused = |change: fn(&mut LayerTable)| {
        let mut table = table(1);
        change(&mut table.layers[0]);
        serialise(&table).unwrap_err()
    };
    refused(|layer| layer.sizes[0] = BlockSize::new(0, 0));
    refused(|layer| layer.sizes[0] = layer.sizes[1]);
    refused(|layer| layer.windows[0][0] = f32::NAN);
    refused(|layer| layer.shape = Shape::new(0, 8, 8));
}

/// Damage that the seal does not show: somebody sealed the file anew.
#[test]
fn sealed_nonsense_does_not_panic() {
    let file = serialise(&table(2)).unwrap();
    let mut random = brelu_networks::numbers::Random::new(11);
    let rounds = std::env::var("BRELU_DAMAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(3000);
    for round in 0..rounds {
        let mut damaged = file.clone();
        let from = if round % 2 == 0 { damaged.len() * 3 / 4 } else { 44 };
        for _ in 0..=random.below(3) {
            let at = from + random.below(damaged.len() - from);
            damaged[at] = random.below(256) as u8;
        }
        seal::close(&mut damaged);
        drop(parse(damaged));
    }
}

fn layers() -> impl Strategy<Value = LayerTable> {
    let shape =
        (1u32..4, 1u32..5, 1u32..5).prop_map(|(channels, height, width)| Shape::new(channels, height, width));
    (shape, "\\PC{0,12}", any::<bool>(), proptest::option::of(0.1f32..9.0), any::<u64>()).prop_map(
        |(shape, name, windows, clip, seed)| {
            let mut random = brelu_networks::numbers::Random::new(seed);
            let sizes =
                brelu_networks::blocks::candidates(&brelu_networks::blocks::Candidates::Pairs(3), shape);
            let len = sizes.len() * shape.channels as usize;
            let mut value = || f64::from(random.uniform(0.0, 1.0)).powi(40);
            let distortion: Vec<f64> = (0..len).map(|_| value()).collect();
            let exact = distortion.iter().map(|x| if value() < 1e-9 { f64::NAN } else { x * 1.5 }).collect();
            let windows = if windows { vec![[0.25; WINDOWS.len()]; len] } else { Vec::new() };
            LayerTable { name, shape, clip, sizes, distortion, exact, windows }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_table_survives(layers in proptest::collection::vec(layers(), 0..4), power in 0.0f64..1e12) {
        let mut table = Table { layers, ..table(1) };
        table.provenance.output_power = power;
        assert_same(&parse(serialise(&table).unwrap()).unwrap(), &table);
    }
}
