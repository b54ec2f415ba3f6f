use super::super::sample;
use super::*;

/// A measurement of `of` shards with different distortions and numbers of images.
fn shards(of: u32) -> Vec<Table> {
    let shard = |index: u32| {
        let mut table = sample::table(index.into());
        table.provenance.shards = vec![Shard { index, of }];
        table.provenance.samples = index.into();
        table.provenance.images = (1..=u64::from(of)).sum();
        table.provenance.output_power = f64::from(index);
        table
    };
    (1..=of).map(shard).collect()
}

#[test]
fn means_are_weighted_with_samples() {
    let tables = shards(3);
    let merged = merge(tables.clone()).unwrap();
    let value = |table: &Table| table.layers[1].distortion[5];
    let want: f64 =
        tables.iter().zip([1.0, 2.0, 3.0]).map(|(table, weight)| value(table) * weight / 6.0).sum();
    assert!((value(&merged) - want).abs() <= 1e-12 * want);
    assert!((merged.provenance.output_power - 14.0 / 6.0).abs() < 1e-12);
    assert_eq!(merged.provenance.samples, 6);
    assert_eq!(merged.provenance.shards, [1, 2, 3].map(|index| Shard { index, of: 3 }));
    assert!(merged.check().is_ok());
}

#[test]
fn the_order_does_not_matter() {
    let tables = shards(4);
    let want = merge(tables.clone()).unwrap();
    for turn in 0..4 {
        let mut turned = tables.clone();
        turned.rotate_left(turn);
        turned.swap(0, 2);
        sample::assert_same(&merge(turned).unwrap(), &want);
    }
}

#[test]
fn exact_values_are_kept_where_all_shards_have_one() {
    let mut tables = shards(2);
    tables[0].layers[0].exact[3] = 1.0;
    tables[1].layers[0].exact[3] = 4.0;
    tables[0].layers[0].exact[4] = 1.0;
    tables[1].layers[0].exact[4] = f64::NAN;
    let merged = merge(tables).unwrap();
    assert!((merged.layers[0].exact[3] - 3.0).abs() < 1e-12);
    assert!(merged.layers[0].exact[4].is_nan());
}

#[test]
fn missing_and_double_shards_are_named() {
    let says = |tables: Vec<Table>| merge(tables).unwrap_err().to_string();
    let mut tables = shards(8);
    tables.remove(4);
    tables.remove(1);
    assert!(says(tables.clone()).starts_with("shards 2 and 5 of 8 are missing"), "{}", says(tables));
    let mut tables = shards(3);
    tables.push(tables[1].clone());
    assert!(says(tables).starts_with("shard 2 is given twice"));
    assert!(says(vec![]).contains("no table"));
    assert!(says(vec![sample::table(1)]).contains("whole measurement"));
}

#[test]
fn shards_of_different_measurements_are_refused() {
    type Change = fn(&mut Table);
    let changes: [(&str, Change); 8] = [
        ("network", |table| table.provenance.model_sha256 += "0"),
        ("images", |table| table.provenance.data_sha256 += "0"),
        ("method", |table| table.provenance.method = super::super::Method::Exact),
        ("probes", |table| table.provenance.probes += 1),
        ("seed", |table| table.provenance.seed += 1),
        ("layers", |table| drop(table.layers.pop())),
        ("sizes", |table| table.layers[0].sizes.swap(0, 1)),
        ("windows", |table| table.layers[0].windows.clear()),
    ];
    for (what, change) in changes {
        let mut tables = shards(3);
        change(&mut tables[1]);
        let error = merge(tables).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains("shard 2"), "{error}");
    }
    let mut tables = shards(3);
    tables[2].provenance.samples = u64::MAX;
    assert!(merge(tables).unwrap_err().to_string().contains("images"));
    let mut tables = shards(1);
    tables[0].provenance.shards = vec![Shard { index: 1, of: u32::MAX }];
    assert!(matches!(merge(tables), Err(MergeError::Impossible(_))));
}
