//! Columns to rows.

use std::sync::Arc;

use brelu_core::geometry::Shape;
use parquet::file::reader::RowGroupReader;

use super::super::super::WINDOWS;
use super::Row;
use super::pages::{Plain, values};
use brelu_networks::blocks::BlockSize;

/// The rows of a group of `count` rows, whose columns have the types of the schema.
pub(super) fn group(reader: &dyn RowGroupReader, count: usize) -> Result<Vec<Row<Arc<str>>>, String> {
    let mut columns = Columns { reader, count, next: 0 };
    let layer = columns.required::<Arc<str>>()?;
    let [layer_index, channel, channels, height, width] = columns.unsigned()?;
    let clip = columns.optional::<f32>()?;
    let [block_height, block_width] = columns.unsigned()?;
    let drelus = columns.required::<i64>()?;
    let distortion = columns.required::<f64>()?;
    let exact = columns.optional::<f64>()?;
    let mut windows = vec![[None; WINDOWS.len()]; count];
    for window in 0..WINDOWS.len() {
        let values = columns.optional::<f32>()?;
        windows.iter_mut().zip(values).for_each(|(row, value)| row[window] = value);
    }
    let row = |at: usize| {
        Ok(Row {
            layer: layer[at].clone(),
            layer_index: layer_index[at],
            channel: channel[at],
            shape: Shape::new(channels[at], height[at], width[at]),
            clip: clip[at],
            size: BlockSize::new(side(block_height[at])?, side(block_width[at])?),
            drelus: drelus[at].cast_unsigned(),
            distortion: distortion[at],
            exact: exact[at],
            windows: windows[at],
        })
    };
    (0..count).map(row).collect()
}

fn side(value: u32) -> Result<u16, String> {
    u16::try_from(value).map_err(|_| format!("a block has a side of {value} pixels"))
}

struct Columns<'a> {
    reader: &'a dyn RowGroupReader,
    /// Rows.
    count: usize,
    /// Number of the next column.
    next: usize,
}

impl Columns<'_> {
    fn unsigned<const N: usize>(&mut self) -> Result<[Vec<u32>; N], String> {
        let mut columns = [const { Vec::new() }; N];
        for column in &mut columns {
            *column = self.required::<i32>()?.into_iter().map(i32::cast_unsigned).collect();
        }
        Ok(columns)
    }

    fn required<V: Plain>(&mut self) -> Result<Vec<V>, String> {
        let values: Option<Vec<V>> = self.read(false)?.into_iter().collect();
        values.ok_or_else(|| format!("its column {} has rows without a value", self.next - 1))
    }

    fn optional<V: Plain>(&mut self) -> Result<Vec<Option<V>>, String> {
        self.read(true)
    }

    /// The next column, as many values as there are rows.
    fn read<V: Plain>(&mut self, optional: bool) -> Result<Vec<Option<V>>, String> {
        let number = self.next;
        self.next += 1;
        let pages = self.reader.get_column_page_reader(number).map_err(|error| error.to_string());
        pages
            .and_then(|pages| values(pages, self.count, optional))
            .map_err(|problem| format!("its column {number} cannot be read: {problem}"))
    }
}
