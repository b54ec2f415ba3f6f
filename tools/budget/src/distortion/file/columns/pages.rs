//! Pages to values: the two encodings that [`super::write`] makes, of the Parquet format's document Encodings.md.
//!
//! The `parquet` crate's own readers of values panic on some pages that nobody should write; this one does not.

use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};

use super::hybrid::Hybrid;

/// A value as PLAIN encodes it.
pub(super) trait Plain: Clone {
    /// Takes the first value off.
    fn take(bytes: &mut &[u8]) -> Option<Self>;
}

fn fixed<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk()?;
    *bytes = tail;
    Some(*head)
}

impl Plain for i32 {
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        fixed(bytes).map(Self::from_le_bytes)
    }
}

impl Plain for i64 {
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        fixed(bytes).map(Self::from_le_bytes)
    }
}

impl Plain for f32 {
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        fixed(bytes).map(Self::from_le_bytes)
    }
}

impl Plain for f64 {
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        fixed(bytes).map(Self::from_le_bytes)
    }
}

impl Plain for Arc<str> {
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let len = fixed(bytes).map(u32::from_le_bytes)?;
        let (text, tail) = bytes.split_at_checked(len as usize)?;
        *bytes = tail;
        std::str::from_utf8(text).ok().map(Self::from)
    }
}

/// The `count` values of a column; `None` where an optional one has no value.
pub(super) fn values<V: Plain>(
    mut pages: Box<dyn PageReader>,
    count: usize,
    optional: bool,
) -> Result<Vec<Option<V>>, String> {
    let mut values = Vec::new();
    let mut dictionary: Vec<V> = Vec::new();
    while values.len() < count {
        match pages.get_next_page().map_err(|error| error.to_string())? {
            Some(Page::DictionaryPage { buf, num_values, .. }) => {
                dictionary = plain(&buf, num_values as usize)?;
            }
            Some(Page::DataPage { buf, num_values, encoding, def_level_encoding, .. }) => {
                let page = Data { bytes: &buf, rows: num_values as usize, encoding, optional };
                if page.rows > count - values.len() || (optional && def_level_encoding != Encoding::RLE) {
                    return Err("a page has other levels, or more rows, than the column".into());
                }
                page.read(&dictionary, &mut values)?;
            }
            Some(Page::DataPageV2 { .. }) => return Err("it has pages of another version".into()),
            None => return Err(format!("it has {} of {count} rows", values.len())),
        }
    }
    Ok(values)
}

fn plain<V: Plain>(mut bytes: &[u8], count: usize) -> Result<Vec<V>, String> {
    let mut values = Vec::new();
    for _ in 0..count {
        values.push(V::take(&mut bytes).ok_or("a page ends within its values, or has no text")?);
    }
    Ok(values)
}

/// A page of values.
struct Data<'a> {
    bytes: &'a [u8],
    rows: usize,
    encoding: Encoding,
    optional: bool,
}

impl Data<'_> {
    fn read<V: Plain>(mut self, dictionary: &[V], values: &mut Vec<Option<V>>) -> Result<(), String> {
        let levels = if self.optional { self.levels()? } else { vec![1; self.rows] };
        let count = levels.iter().filter(|level| **level > 0).count();
        let given = self.given(dictionary, count)?;
        let mut given = given.into_iter();
        values.extend(levels.iter().map(|level| if *level > 0 { given.next() } else { None }));
        Ok(())
    }

    /// 1 for every row with a value, 0 for the others.
    fn levels(&mut self) -> Result<Vec<u32>, String> {
        let bytes = &mut self.bytes;
        let len = fixed(bytes).map(u32::from_le_bytes);
        let split = len.and_then(|len| bytes.split_at_checked(len as usize));
        let (levels, tail) = split.ok_or("a page ends within its levels")?;
        *bytes = tail;
        Hybrid::new(levels, 1).take(self.rows).ok_or_else(|| "a page has too few levels".into())
    }

    /// The values of the rows that have one.
    fn given<V: Plain>(&self, dictionary: &[V], count: usize) -> Result<Vec<V>, String> {
        match self.encoding {
            Encoding::PLAIN => plain(self.bytes, count),
            Encoding::RLE_DICTIONARY if count == 0 => Ok(Vec::new()),
            Encoding::RLE_DICTIONARY => {
                let indices =
                    self.bytes.split_first().and_then(|(bits, tail)| Hybrid::new(tail, *bits).take(count));
                let indices = indices.ok_or("a page has too few indices")?;
                let value = |index: u32| dictionary.get(index as usize).cloned();
                let found: Option<Vec<V>> = indices.into_iter().map(value).collect();
                found.ok_or_else(|| "a page has an index beyond its dictionary".into())
            }
            other => Err(format!("it has values encoded as {other}")),
        }
    }
}
