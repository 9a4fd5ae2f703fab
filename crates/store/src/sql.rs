//! Between domain types and columns.

use holdfast_domain::{Date, DeviceId, Hlc, RevisionId, Stamp};
use rusqlite::{
    Row,
    types::{FromSqlError, Type},
};

use crate::{Result, StoreError};

/// An unsigned number as SQLite's signed one, by its bits: numbers of other devices may be any.
pub(crate) fn int(n: u64) -> i64 {
    n as i64
}

pub(crate) fn uint(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)? as u64)
}

pub(crate) fn array<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; N]> {
    row.get(column)
}

pub(crate) fn optional_array<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<[u8; N]>> {
    row.get(column)
}

pub(crate) fn date(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Date>> {
    let text: Option<String> = row.get(column)?;
    text.map(|t| t.parse().map_err(|_| invalid(column))).transpose()
}

pub(crate) fn invalid(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(FromSqlError::InvalidType))
}

/// Several 32-byte values, one after another.
pub(crate) fn concat<'a>(items: impl IntoIterator<Item = &'a [u8; 32]>) -> Vec<u8> {
    items.into_iter().flatten().copied().collect()
}

pub(crate) fn split(bytes: &[u8]) -> Option<Vec<[u8; 32]>> {
    let (chunks, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| chunks.to_vec())
}

pub(crate) fn hashes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<[u8; 32]>> {
    split(row.get_ref(column)?.as_blob()?).ok_or_else(|| invalid(column))
}

pub(crate) fn revision_ids(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<RevisionId>> {
    Ok(hashes(row, column)?.into_iter().map(RevisionId).collect())
}

pub(crate) fn concat_ids(ids: &[RevisionId]) -> Vec<u8> {
    concat(ids.iter().map(|id| &id.0))
}

/// 28 bytes that sort as the stamp does: milliseconds, counter (both big-endian), device.
pub(crate) fn stamp_bytes(stamp: Stamp) -> Vec<u8> {
    let mut out = Vec::with_capacity(28);
    out.extend_from_slice(&stamp.hlc.ms.to_be_bytes());
    out.extend_from_slice(&stamp.hlc.counter.to_be_bytes());
    out.extend_from_slice(&stamp.device.0);
    out
}

pub(crate) fn stamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Stamp> {
    let bytes: [u8; 28] = row.get(column)?;
    let (ms, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| invalid(column))?;
    let (counter, device) = rest.split_first_chunk::<4>().ok_or_else(|| invalid(column))?;
    let device = device.first_chunk::<16>().ok_or_else(|| invalid(column))?;
    let hlc = Hlc { ms: u64::from_be_bytes(*ms), counter: u32::from_be_bytes(*counter) };
    Ok(Stamp { hlc, device: DeviceId(*device) })
}

/// Bytes of a fixed length that were read from `meta`.
pub(crate) fn fixed<const N: usize>(bytes: &[u8], what: &str) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| StoreError::damaged(format!("{what} has {} bytes", bytes.len())))
}
