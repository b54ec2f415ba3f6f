//! Rows to columns.

use std::io::Write;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::super::super::WINDOWS;
use super::Row;

/// Appends rows as one group.
pub(super) fn group<W: Write + Send>(writer: &mut SerializedFileWriter<W>, rows: &[Row<&str>]) -> Result<()> {
    let mut group = Group { writer: writer.next_row_group()?, rows };
    group.required::<ByteArrayType>(|row| ByteArray::from(row.layer))?;
    group.unsigned(|row| row.layer_index)?;
    group.unsigned(|row| row.channel)?;
    group.unsigned(|row| row.shape.channels)?;
    group.unsigned(|row| row.shape.height)?;
    group.unsigned(|row| row.shape.width)?;
    group.optional::<FloatType>(|row| row.clip)?;
    group.unsigned(|row| row.size.height.into())?;
    group.unsigned(|row| row.size.width.into())?;
    group.required::<Int64Type>(|row| row.drelus.cast_signed())?;
    group.required::<DoubleType>(|row| row.distortion)?;
    group.optional::<DoubleType>(|row| row.exact)?;
    for window in 0..WINDOWS.len() {
        group.optional::<FloatType>(|row| row.windows[window])?;
    }
    group.writer.close().map(drop)
}

struct Group<'a, W: Write> {
    writer: SerializedRowGroupWriter<'a, W>,
    rows: &'a [Row<&'a str>],
}

impl<W: Write + Send> Group<'_, W> {
    fn unsigned(&mut self, get: impl Fn(&Row<&str>) -> u32) -> Result<()> {
        self.required::<Int32Type>(|row| get(row).cast_signed())
    }

    fn required<T: DataType>(&mut self, get: impl Fn(&Row<&str>) -> T::T) -> Result<()> {
        let values: Vec<T::T> = self.rows.iter().map(get).collect();
        self.write::<T>(&values, None)
    }

    fn optional<T: DataType>(&mut self, get: impl Fn(&Row<&str>) -> Option<T::T>) -> Result<()> {
        let levels: Vec<i16> = self.rows.iter().map(|row| get(row).is_some().into()).collect();
        let values: Vec<T::T> = self.rows.iter().filter_map(get).collect();
        self.write::<T>(&values, Some(&levels))
    }

    /// Writes the next column of the schema.
    fn write<T: DataType>(&mut self, values: &[T::T], levels: Option<&[i16]>) -> Result<()> {
        let next = self.writer.next_column()?;
        let mut column = next.ok_or_else(|| ParquetError::General("there is no further column".into()))?;
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()
    }
}
