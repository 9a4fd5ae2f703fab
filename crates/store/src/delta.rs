//! How revisions are compressed. A stored format: what was written must be readable for ever.

use std::io::{self, Read};

use holdfast_domain::MAX_RECORD_BYTES;
use zstd::{
    bulk::Compressor,
    stream::{raw::CParameter, read, write},
    zstd_safe::DParameter,
};

use crate::{Result, StoreError};

const LEVEL: i32 = 3;

/// A prefix is used only where it lies within the window: the largest record twice fits in 8 MiB.
const WINDOW_LOG: u32 = 23;

/// Compression contexts that are used again.
#[derive(Default)]
pub(crate) struct Codec {
    full: Option<Compressor<'static>>,
}

impl Codec {
    /// zstd with a checksum of the content.
    pub(crate) fn compress(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        if self.full.is_none() {
            let mut full = Compressor::new(LEVEL)?;
            full.set_parameter(CParameter::ChecksumFlag(true))?;
            self.full = Some(full);
        }
        match &mut self.full {
            Some(full) => Ok(full.compress(bytes)?),
            None => unreachable!("made above"),
        }
    }
}

/// zstd of `bytes` with `base` as its prefix.
pub(crate) fn compress_on(base: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = write::Encoder::with_ref_prefix(Vec::new(), LEVEL, base)?;
    encoder.include_checksum(true)?;
    if base.len() + bytes.len() > 1 << 19 {
        encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        // Of a prefix only the last 8 << HashLog bytes are indexed.
        encoder.set_parameter(CParameter::HashLog(WINDOW_LOG - 3))?;
    }
    encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
    io::Write::write_all(&mut encoder, bytes)?;
    Ok(encoder.finish()?)
}

pub(crate) fn decompress(data: &[u8]) -> Result<Vec<u8>> {
    read_all(read::Decoder::with_buffer(data)?)
}

/// The inverse of [`compress_on`]; the checksum fails for another `base`.
pub(crate) fn decompress_on(base: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    read_all(read::Decoder::with_ref_prefix(data, base)?)
}

fn read_all<R: io::BufRead>(mut decoder: read::Decoder<'_, R>) -> Result<Vec<u8>> {
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
    let mut out = Vec::new();
    let limit = MAX_RECORD_BYTES as u64 + 1;
    match decoder.take(limit).read_to_end(&mut out) {
        Ok(_) if out.len() <= MAX_RECORD_BYTES => Ok(out),
        Ok(_) => Err(StoreError::damaged("a revision is larger than allowed")),
        Err(error) => Err(StoreError::damaged(format!("a revision does not decompress: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_delta_reads_back_on_its_base_only() {
        let base: Vec<u8> = (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut next = base.clone();
        next.splice(100..104, *b"changed");
        let data = compress_on(&base, &next).unwrap();
        assert!(data.len() < 200, "{}", data.len());
        assert_eq!(decompress_on(&base, &data).unwrap(), next);
        assert!(matches!(decompress_on(&next, &data), Err(StoreError::Damaged(_))));
    }

    #[test]
    fn the_largest_record_is_a_small_delta_on_itself() {
        let mut seed = 1_u32;
        let base: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .take(MAX_RECORD_BYTES)
        .collect();
        let data = compress_on(&base, &base).unwrap();
        assert!(data.len() < 2_000, "{}", data.len());
        assert_eq!(decompress_on(&base, &data).unwrap(), base);
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let data = Codec::default().compress(&vec![0; MAX_RECORD_BYTES + 1]).unwrap();
        assert!(matches!(decompress(&data), Err(StoreError::Damaged(_))));
    }
}
