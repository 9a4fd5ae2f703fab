//! How revisions are compressed. A stored format: what was written must be readable for ever.

use std::{
    cell::RefCell,
    io::{self, Read},
};

use holdfast_domain::MAX_RECORD_BYTES;
use zstd::{
    bulk::Compressor,
    stream::{raw::CParameter, read, write},
    zstd_safe::{CCtx, DCtx, DParameter, compress_bound, get_error_name, get_frame_content_size},
};

use crate::{Result, StoreError};

const LEVEL: i32 = 3;

/// A prefix is used only where it lies within the window: the largest record twice fits in 8 MiB.
const WINDOW_LOG: u32 = 23;

// A context is larger than most revisions, and costs more to make than they do to compress or decompress.
thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static COMPRESSOR_ON: RefCell<Option<CCtx<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

/// zstd with a checksum of the content.
pub(crate) fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|made| {
        let compressor = match made {
            Some(compressor) => compressor,
            None => {
                let mut new = Compressor::new(LEVEL)?;
                new.set_parameter(CParameter::ChecksumFlag(true))?;
                made.insert(new)
            }
        };
        Ok(compressor.compress(bytes)?)
    })
}

/// Both together below this are compressed faster by a context that is kept and reads the prefix as a dictionary; the
/// bytes that come of it are read in the same way.
const SMALL: usize = 1 << 13;

/// zstd of `bytes` with `base` as its prefix.
pub(crate) fn compress_on(base: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
    if base.len() + bytes.len() <= SMALL && !base.starts_with(&DICTIONARY) {
        return compress_small_on(base, bytes).map_err(|code| io::Error::other(get_error_name(code)).into());
    }
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

fn compress_small_on(base: &[u8], bytes: &[u8]) -> Result<Vec<u8>, usize> {
    // One that failed is not used again: it may be in the middle of a frame.
    let mut context = match COMPRESSOR_ON.take() {
        Some(context) => context,
        None => {
            let mut new = CCtx::create();
            new.set_parameter(CParameter::CompressionLevel(LEVEL))?;
            new.set_parameter(CParameter::ChecksumFlag(true))?;
            new
        }
    };
    context.load_dictionary(base)?;
    let mut out = Vec::with_capacity(compress_bound(bytes.len()));
    context.compress2(&mut out, bytes)?;
    COMPRESSOR_ON.set(Some(context));
    Ok(out)
}

/// What a dictionary of zstd's own begins with; anything else is taken as the bytes it is.
const DICTIONARY: [u8; 4] = [0x37, 0xA4, 0x30, 0xEC];

pub(crate) fn decompress(data: &[u8]) -> Result<Vec<u8>> {
    match room(data)? {
        Some(mut out) => whole(DECOMPRESSOR.with_borrow_mut(|context| context.decompress(&mut out, data)), out),
        None => read_all(read::Decoder::with_buffer(data)?),
    }
}

/// The inverse of [`compress_on`]; the checksum fails for another `base`.
pub(crate) fn decompress_on(base: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    match room(data)? {
        Some(mut out) if !base.starts_with(&DICTIONARY) => {
            whole(DECOMPRESSOR.with_borrow_mut(|context| context.decompress_using_dict(&mut out, data, base)), out)
        }
        _ => read_all(read::Decoder::with_ref_prefix(data, base)?),
    }
}

/// Memory for as many bytes as a frame says it holds. `None` where it does not say.
fn room(data: &[u8]) -> Result<Option<Vec<u8>>> {
    match get_frame_content_size(data) {
        Ok(Some(size)) if size > MAX_RECORD_BYTES as u64 => Err(too_large()),
        Ok(Some(size)) => Ok(Some(Vec::with_capacity(size as usize))),
        Ok(None) => Ok(None),
        Err(_) => Err(StoreError::damaged("a revision does not decompress: it does not begin with a frame")),
    }
}

/// A frame that holds more than it said did not fit.
fn whole(done: Result<usize, usize>, out: Vec<u8>) -> Result<Vec<u8>> {
    match done {
        Ok(_) => Ok(out),
        Err(code) => {
            let error = get_error_name(code);
            Err(StoreError::damaged(format!("a revision does not decompress: {error}")))
        }
    }
}

fn too_large() -> StoreError {
    StoreError::damaged("a revision is larger than allowed")
}

fn read_all<R: io::BufRead>(mut decoder: read::Decoder<'_, R>) -> Result<Vec<u8>> {
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
    let mut out = Vec::new();
    let limit = MAX_RECORD_BYTES as u64 + 1;
    match decoder.take(limit).read_to_end(&mut out) {
        Ok(_) if out.len() <= MAX_RECORD_BYTES => Ok(out),
        Ok(_) => Err(too_large()),
        Err(error) => Err(StoreError::damaged(format!("a revision does not decompress: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_delta_reads_back_on_its_base_only() {
        for words in [0, 1, 50, 1_000, 1_023, 1_024, 20_000_u32] {
            let base: Vec<u8> = (0..words).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
            let mut next = base.clone();
            let at = base.len().min(100);
            next.splice(at..base.len().min(104), *b"changed");
            let data = compress_on(&base, &next).unwrap();
            assert!(data.len() < 200, "{}", data.len());
            assert_eq!(decompress_on(&base, &data).unwrap(), next);
            let read = read_all(read::Decoder::with_ref_prefix(&data[..], &base).unwrap());
            assert_eq!(read.unwrap(), next, "with the base as what comes before it");
            if words > 1 {
                assert!(matches!(decompress_on(&next, &data), Err(StoreError::Damaged(_))));
            }
        }
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
    fn a_base_that_looks_like_a_dictionary_is_only_bytes() {
        let base = [&DICTIONARY[..], &b"words that both have, ".repeat(9)].concat();
        let next = [&base[..], b"and one more"].concat();
        let data = compress_on(&base, &next).unwrap();
        assert_eq!(decompress_on(&base, &data).unwrap(), next);
    }

    #[test]
    fn a_frame_that_does_not_say_its_size_is_read_too() {
        let plain = b"as it was written by a stream".repeat(40);
        let written = |mut encoder: write::Encoder<'_, Vec<u8>>| {
            for part in plain.chunks(100) {
                encoder.write_all(part).unwrap();
                encoder.flush().unwrap();
            }
            let data = encoder.finish().unwrap();
            assert_eq!(get_frame_content_size(&data).unwrap(), None);
            data
        };
        let whole = written(write::Encoder::new(Vec::new(), LEVEL).unwrap());
        assert_eq!(decompress(&whole).unwrap(), plain);
        let base = b"as it was written before";
        let delta = written(write::Encoder::with_ref_prefix(Vec::new(), LEVEL, base).unwrap());
        assert_eq!(decompress_on(base, &delta).unwrap(), plain);
    }

    #[test]
    fn what_is_cut_or_changed_is_damage() {
        let data = compress(&b"some words ".repeat(20)).unwrap();
        let mut changed = data.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        for bad in [&data[..last], &changed, b"", b"no frame at all"] {
            assert!(matches!(decompress(bad), Err(StoreError::Damaged(_))));
            assert!(matches!(decompress_on(b"some words", bad), Err(StoreError::Damaged(_))));
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let data = compress(&vec![0; MAX_RECORD_BYTES + 1]).unwrap();
        assert!(matches!(decompress(&data), Err(StoreError::Damaged(_))));
    }
}
