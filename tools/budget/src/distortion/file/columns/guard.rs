//! What a file says about its groups of rows, checked before any of it is followed.

use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::{GROUP_ROWS, MAX_ROWS, claims, too_many};

/// Numbers of rows of the groups, if these are possible and their columns lie in the file.
pub(super) fn groups(metadata: &ParquetMetaData, file: &[u8]) -> Result<Vec<usize>, String> {
    let columns = metadata.file_metadata().schema_descr().num_columns();
    let mut counts = Vec::new();
    let mut total = 0u64;
    for group in metadata.row_groups() {
        let count = usize::try_from(group.num_rows()).ok().filter(|count| *count <= GROUP_ROWS);
        let count = count.ok_or_else(|| {
            format!("it keeps {} rows in one group, 0 to {GROUP_ROWS} are supported", group.num_rows())
        })?;
        total = total.saturating_add(count as u64);
        if group.num_columns() != columns
            || !group.columns().iter().all(|chunk| is_possible(chunk, group, file))
        {
            return Err("its columns are not where it says, or not written by this program".into());
        }
        counts.push(count);
    }
    match total {
        total if total > MAX_ROWS => Err(too_many(total)),
        total if u64::try_from(metadata.file_metadata().num_rows()) != Ok(total) => {
            Err("its groups have another number of rows than the file".into())
        }
        _ => Ok(counts),
    }
}

/// Whether a column of a group lies in the file and is compressed as [`super::serialise`] does.
fn is_possible(chunk: &ColumnChunkMetaData, group: &RowGroupMetaData, file: &[u8]) -> bool {
    let first = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    let begin = usize::try_from(first).ok();
    let size = usize::try_from(chunk.compressed_size()).ok();
    let pages = begin.zip(size).and_then(|(begin, size)| file.get(begin..begin.checked_add(size)?));
    let same_type = chunk.column_type() == chunk.column_descr().physical_type();
    pages.is_some_and(claims::are_possible)
        && first <= chunk.data_page_offset()
        && chunk.num_values() == group.num_rows()
        && chunk.compression() == Compression::SNAPPY
        && same_type
}
