//! Columns to rows.

use brelu_core::geometry::Shape;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::reader::RowGroupReader;

use super::super::super::WINDOWS;
use super::Row;
use crate::blocks::BlockSize;

/// The rows of a group of `count` rows, whose columns have the types of the schema.
pub(super) fn group(reader: &dyn RowGroupReader, count: usize) -> Result<Vec<Row<String>>, String> {
    let mut columns = Columns { reader, count, next: 0 };
    let layer = columns.required::<ByteArrayType>()?;
    let [layer_index, channel, channels, height, width] = columns.unsigned()?;
    let clip = columns.optional::<FloatType>()?;
    let [block_height, block_width] = columns.unsigned()?;
    let drelus = columns.required::<Int64Type>()?;
    let distortion = columns.required::<DoubleType>()?;
    let exact = columns.optional::<DoubleType>()?;
    let mut windows = vec![[None; WINDOWS.len()]; count];
    for window in 0..WINDOWS.len() {
        let values = columns.optional::<FloatType>()?;
        windows.iter_mut().zip(values).for_each(|(row, value)| row[window] = value);
    }
    let row = |at: usize| {
        Ok(Row {
            layer: layer[at].as_utf8().map_err(|_| "a layer's name is no text".to_owned())?.to_owned(),
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
            *column = self.required::<Int32Type>()?.into_iter().map(i32::cast_unsigned).collect();
        }
        Ok(columns)
    }

    fn required<T: DataType>(&mut self) -> Result<Vec<T::T>, String> {
        let (values, _) = self.read::<T>(false)?;
        self.complete(values)
    }

    fn optional<T: DataType>(&mut self) -> Result<Vec<Option<T::T>>, String> {
        let (values, levels) = self.read::<T>(true)?;
        let mut values = values.into_iter();
        let rows = levels.iter().map(|level| if *level > 0 { values.next() } else { None }).collect();
        self.complete(rows)
    }

    fn complete<V>(&self, values: Vec<V>) -> Result<Vec<V>, String> {
        match values.len() == self.count {
            true => Ok(values),
            false => Err(format!("a column has {} of {} rows", values.len(), self.count)),
        }
    }

    /// Values and definition levels of the next column.
    fn read<T: DataType>(&mut self, optional: bool) -> Result<(Vec<T::T>, Vec<i16>), String> {
        let number = self.next;
        self.next += 1;
        let unreadable = |error| format!("its column {number} cannot be read: {error}");
        let column = self.reader.get_column_reader(number).map_err(unreadable)?;
        let mut column = get_typed_column_reader::<T>(column);
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        let mut read = 0;
        while read < self.count {
            let levels = optional.then_some(&mut levels);
            let (records, ..) =
                column.read_records(self.count - read, levels, None, &mut values).map_err(unreadable)?;
            if records == 0 {
                break;
            }
            read += records;
        }
        Ok((values, levels))
    }
}
