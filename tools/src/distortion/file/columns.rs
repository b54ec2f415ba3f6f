//! Rows as columns of Parquet and back.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;

use super::super::{Provenance, Table};
use super::rows::{Builder, Row};
use super::seal;

mod claims;
mod guard;
mod hybrid;
mod pages;
mod read;
mod write;

/// The columns, in Parquet's words. Distortions are in squared units of the network's output; `clip` in units of the
/// activation.
const SCHEMA: &str = "
    message brelu_distortion {
        REQUIRED BYTE_ARRAY layer (UTF8);
        REQUIRED INT32 layer_index (INTEGER(32, false));
        REQUIRED INT32 channel (INTEGER(32, false));
        REQUIRED INT32 channels (INTEGER(32, false));
        REQUIRED INT32 height (INTEGER(32, false));
        REQUIRED INT32 width (INTEGER(32, false));
        OPTIONAL FLOAT clip;
        REQUIRED INT32 block_height (INTEGER(16, false));
        REQUIRED INT32 block_width (INTEGER(16, false));
        REQUIRED INT64 drelus;
        REQUIRED DOUBLE distortion;
        OPTIONAL DOUBLE exact;
        OPTIONAL FLOAT window_4;
        OPTIONAL FLOAT window_5;
        OPTIONAL FLOAT window_6;
        OPTIONAL FLOAT window_7;
        OPTIONAL FLOAT window_8;
        OPTIONAL FLOAT window_9;
    }";

/// What the columns mean, for whoever reads the file without this program: in its metadata as JSON.
const MEANINGS: [(&str, &str); 18] = [
    ("layer", "name of the activation layer"),
    ("layer_index", "its place in the network, from 0"),
    ("channel", "channel of the layer, from 0"),
    ("channels", "channels of the layer"),
    ("height", "rows of a channel in pixels"),
    ("width", "columns of a channel in pixels"),
    ("clip", "upper bound of the activation (6 for ReLU6), in units of the activation; null for ReLU"),
    (
        "block_height",
        "rows of a block whose pixels share one sign decision; with block_width: 1, 1 is a ReLU for every pixel, 0, 1 is the \
         identity (the channel is passed on without decisions), 1, 0 is zero (the channel is left out)",
    ),
    ("block_width", "columns of a block; see block_height"),
    ("drelus", "sign decisions that the channel takes for one image with these blocks"),
    (
        "distortion",
        "mean over images and output elements of the squared change of the network's output, in squared units of the output, \
         when this channel alone decides by these blocks; by the method in brelu.provenance; not below zero, NaN never",
    ),
    ("exact", "the same, measured by computing the network; null where it was not"),
    (
        "window_4",
        "what a comparison window of 4 bits adds to the distortion at least, in the same units; null where it was not \
         estimated, and for all rows of a layer or for none",
    ),
    ("window_5", "the same for 5 bits"),
    ("window_6", "the same for 6 bits"),
    ("window_7", "the same for 7 bits"),
    ("window_8", "the same for 8 bits"),
    ("window_9", "the same for 9 bits"),
];

/// Value of [`FORMAT_KEY`].
const FORMAT: &str = "brelu-distortion-1";
const FORMAT_KEY: &str = "brelu.format";
const PROVENANCE_KEY: &str = "brelu.provenance";
const COLUMNS_KEY: &str = "brelu.columns";
/// The provenance's output power once more: reading JSON may change the last bit of a number.
const POWER_KEY: &str = "brelu.output_power";

/// Rows that are read or written together.
const GROUP_ROWS: usize = 1 << 18;
/// Most rows of a table.
const MAX_ROWS: u64 = 1 << 26;

/// The bytes of a sealed file.
pub(super) fn serialise<'a>(
    provenance: &Provenance,
    rows: impl Iterator<Item = Row<&'a str>>,
) -> Result<Vec<u8>, String> {
    let json = serde_json::to_string(provenance).map_err(|error| error.to_string())?;
    let power = format!("{:?}", provenance.output_power);
    let meanings: std::collections::BTreeMap<_, _> = MEANINGS.into_iter().collect();
    let columns = serde_json::to_string(&meanings).map_err(|error| error.to_string())?;
    let pairs =
        [(FORMAT_KEY, FORMAT.to_owned()), (PROVENANCE_KEY, json), (POWER_KEY, power), (COLUMNS_KEY, columns)];
    let mut file = file(rows, &pairs).map_err(|error| error.to_string())?;
    seal::close(&mut file);
    Ok(file)
}

fn file<'a>(
    mut rows: impl Iterator<Item = Row<&'a str>>,
    pairs: &[(&str, String)],
) -> Result<Vec<u8>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("brelu".into())
        .set_offset_index_disabled(true)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    writer.write_all(&seal::open())?;
    let mut total = 0;
    loop {
        let group: Vec<_> = rows.by_ref().take(GROUP_ROWS).collect();
        if group.is_empty() {
            break;
        }
        total += group.len() as u64;
        if total > MAX_ROWS {
            return Err(ParquetError::General(too_many(total)));
        }
        write::group(&mut writer, &group)?;
    }
    for (key, value) in pairs {
        writer.append_key_value_metadata(KeyValue::new((*key).to_owned(), value.clone()));
    }
    writer.into_inner()
}

fn too_many(rows: u64) -> String {
    format!("it has {rows} rows or more, at most {MAX_ROWS} are supported: measure fewer sizes")
}

/// The table in the bytes of a file whose seal was checked.
pub(super) fn parse(bytes: Vec<u8>) -> Result<Table, String> {
    let unreadable = |error: ParquetError| format!("its Parquet content cannot be read: {error}");
    let bytes = bytes::Bytes::from(bytes);
    let reader = SerializedFileReader::new(bytes.clone()).map_err(unreadable)?;
    let metadata = reader.metadata();
    let provenance = provenance(metadata.file_metadata())?;
    check_columns(metadata.file_metadata().schema_descr())?;
    let counts = guard::groups(metadata, &bytes)?;
    let mut builder = Builder::default();
    let mut number = 0u64;
    for (index, count) in counts.into_iter().enumerate() {
        let group = reader.get_row_group(index).map_err(unreadable)?;
        for row in read::group(&*group, count)? {
            number += 1;
            builder
                .push(&row)
                .map_err(|problem| format!("row {number} of layer {}: {problem}", row.layer))?;
        }
    }
    let table = Table { provenance, layers: builder.finish()? };
    table.check().map_err(|error| error.to_string())?;
    Ok(table)
}

fn provenance(metadata: &FileMetaData) -> Result<Provenance, String> {
    let pairs = metadata.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
    let value = |key: &str| pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref());
    match value(FORMAT_KEY) {
        Some(FORMAT) => {}
        Some(other) => {
            return Err(format!("its format is {other:?}, not {FORMAT:?}: use the program that wrote it"));
        }
        None => return Err(format!("its metadata has no {FORMAT_KEY}")),
    }
    let json = value(PROVENANCE_KEY).ok_or_else(|| format!("its metadata has no {PROVENANCE_KEY}"))?;
    let mut provenance: Provenance =
        serde_json::from_str(json).map_err(|error| format!("its {PROVENANCE_KEY} is wrong: {error}"))?;
    let power = value(POWER_KEY).and_then(|text| text.parse::<f64>().ok());
    provenance.output_power = power
        .filter(|power| power.is_finite() && *power >= 0.0)
        .ok_or_else(|| format!("its {POWER_KEY} is no number of at least 0"))?;
    Ok(provenance)
}

/// Refuses columns that are missing, surplus or of another type.
fn check_columns(given: &SchemaDescriptor) -> Result<(), String> {
    let schema = parse_message_type(SCHEMA).map_err(|error| error.to_string())?;
    let wanted = SchemaDescriptor::new(Arc::new(schema));
    let names = |of: &SchemaDescriptor| -> Vec<String> {
        of.columns().iter().map(|column| column.path().string()).collect()
    };
    let (have, want) = (names(given), names(&wanted));
    if let Some(name) = want.iter().find(|name| !have.contains(name)) {
        return Err(format!("the column {name} is missing"));
    }
    if let Some(name) = have.iter().find(|name| !want.contains(name)) {
        return Err(format!("it has a column {name} that this version does not know"));
    }
    let kind = |of: &SchemaDescriptor, at: usize| {
        let column = of.column(at);
        (column.path().string(), column.physical_type(), column.max_def_level(), column.max_rep_level())
    };
    let differs = |at: &usize| have.len() != want.len() || kind(given, *at) != kind(&wanted, *at);
    match (0..want.len()).find(differs) {
        Some(at) => Err(format!("the column {} is doubled, misplaced or of another type", want[at])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distortion::sample;

    /// Whoever reads a table with another program finds what every column means in the file itself.
    #[test]
    fn the_file_says_what_its_columns_mean() {
        let schema = SchemaDescriptor::new(Arc::new(parse_message_type(SCHEMA).unwrap()));
        let columns: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
        assert_eq!(columns, MEANINGS.map(|(name, _)| name));
        let table = sample::table(1);
        let bytes = serialise(&table.provenance, super::super::rows::of(&table)).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let pair = pairs.iter().find(|pair| pair.key == COLUMNS_KEY).unwrap();
        let told: serde_json::Value = serde_json::from_str(pair.value.as_ref().unwrap()).unwrap();
        for words in ["0, 1 is the identity", "1, 0 is zero"] {
            assert!(told["block_height"].as_str().unwrap().contains(words), "{told}");
        }
        assert!(told["distortion"].as_str().unwrap().contains("squared units of the output"));
        assert!(told["exact"].as_str().unwrap().contains("null"));
    }
}
