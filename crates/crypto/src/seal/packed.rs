//! Compression inside a seal: whole, or on the bytes of the version that is built on. What is read is hostile: sizes are
//! taken from the frame and capped before anything is allocated.

use std::cell::RefCell;

use zeroize::Zeroizing;
use zstd::zstd_safe::{CCtx, CParameter, DCtx, get_frame_content_size};

use crate::error::CryptoError;

const LEVEL: i32 = 3;
/// For what is made once and read by many.
const LEVEL_ONCE: i32 = 9;
/// Of bytes that come before the frame, only those within the window are used: two of the largest records fit.
const WINDOW_LOG: u32 = 23;
/// Both together below this need no larger window than zstd chooses.
const SMALL: usize = 1 << 19;

pub(super) fn pack(plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    compress(plain, None, LEVEL)
}

/// As [`pack`], smaller and slower.
pub(super) fn pack_once(plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    compress(plain, None, LEVEL_ONCE)
}

/// As [`pack`], with `before` as if it came before `plain`.
pub(super) fn pack_on(before: &[u8], plain: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    compress(plain, Some(before), LEVEL)
}

fn compress(plain: &[u8], before: Option<&[u8]>, level: i32) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let mut packed = Zeroizing::new(Vec::with_capacity(zstd::zstd_safe::compress_bound(plain.len())));
    match before {
        None if plain.len() <= SMALL => {
            COMPRESS.with_borrow_mut(|context| context.compress(&mut *packed, plain, level))
        }
        Some(before) if before.len() + plain.len() <= SMALL && !before.starts_with(&DICTIONARY) => {
            COMPRESS.with_borrow_mut(|context| context.compress_using_dict(&mut *packed, plain, before, level))
        }
        before => compress_large(plain, before, level, &mut packed),
    }
    .map_err(|_| CryptoError::TooLarge)?;
    Ok(packed)
}

/// With a context of its own, whose tables are too large to be kept.
fn compress_large(
    plain: &[u8],
    before: Option<&[u8]>,
    level: i32,
    packed: &mut Vec<u8>,
) -> Result<usize, zstd::zstd_safe::ErrorCode> {
    let mut context = CCtx::create();
    context.set_parameter(CParameter::CompressionLevel(level))?;
    if let Some(before) = before {
        if before.len() + plain.len() > SMALL {
            context.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
            // Of what comes before, only the last 8 << HashLog bytes are looked up.
            context.set_parameter(CParameter::HashLog(WINDOW_LOG - 3))?;
        }
        context.ref_prefix(before)?;
    }
    context.compress2(packed, plain)
}

pub(super) fn unpack(packed: &[u8], max_plain: usize) -> Result<Vec<u8>, CryptoError> {
    decompress(packed, None, max_plain)
}

/// The inverse of [`pack_on`]. Another `before` may go unnoticed here: the revision's id tells.
pub(super) fn unpack_on(before: &[u8], packed: &[u8], max_plain: usize) -> Result<Vec<u8>, CryptoError> {
    decompress(packed, Some(before), max_plain)
}

thread_local! {
    // A context is larger than most revisions, and costs more to make than they do to pack or unpack.
    static COMPRESS: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
    static CONTEXT: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

/// What a dictionary of zstd's own begins with; anything else is taken as the bytes it is.
const DICTIONARY: [u8; 4] = [0x37, 0xA4, 0x30, 0xEC];

fn decompress(packed: &[u8], before: Option<&[u8]>, max_plain: usize) -> Result<Vec<u8>, CryptoError> {
    let not_opened = |_| CryptoError::NotOpened;
    // A frame that is silent about its size is refused, and one that lies does not fit.
    let size = get_frame_content_size(packed).ok().flatten().ok_or(CryptoError::NotOpened)?;
    let size = usize::try_from(size).map_err(|_| CryptoError::TooLarge)?;
    if size > max_plain {
        return Err(CryptoError::TooLarge);
    }
    let mut plain = Vec::with_capacity(size);
    match before {
        None => CONTEXT.with_borrow_mut(|context| context.decompress(&mut plain, packed)),
        Some(before) if before.starts_with(&DICTIONARY) => {
            let mut context = DCtx::create();
            context.ref_prefix(before).and_then(|_| context.decompress(&mut plain, packed))
        }
        Some(before) => CONTEXT.with_borrow_mut(|context| context.decompress_using_dict(&mut plain, packed, before)),
    }
    .map_err(not_opened)?;
    if plain.len() == size { Ok(plain) } else { Err(CryptoError::NotOpened) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    const CAP: usize = 3 * 1024 * 1024;

    /// Bytes that do not compress.
    fn noise(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(b"packed").finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn the_largest_record_is_small_on_itself() {
        let before = noise(CAP);
        let mut plain = before.clone();
        plain[7] ^= 1;
        let packed = pack_on(&before, &plain).unwrap();
        assert!(packed.len() < 5_000, "{}", packed.len());
        assert_eq!(unpack_on(&before, &packed, CAP).unwrap(), plain);
        // On other bytes it is something else, or nothing; never a panic or too much.
        if let Ok(other) = unpack_on(&noise(1_000), &packed, CAP) {
            assert_ne!(other, plain);
        }
        assert!(unpack(&packed, CAP).map_or(true, |other| other != plain));
    }

    #[test]
    fn what_comes_before_is_only_bytes_even_where_it_looks_like_a_dictionary() {
        let before = [&DICTIONARY[..], &b"words that both have, ".repeat(9)].concat();
        let plain = [&before[..], b"and one more"].concat();
        let packed = pack_on(&before, &plain).unwrap();
        assert_eq!(unpack_on(&before, &packed, CAP).unwrap(), plain);
    }

    #[test]
    fn a_size_is_believed_only_below_the_cap() {
        let packed = pack_on(b"before", &vec![0; CAP + 1]).unwrap();
        assert!(matches!(unpack_on(b"before", &packed, CAP), Err(CryptoError::TooLarge)));
        // A frame that does not say its size: what a stream writes.
        let mut stream = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        stream.write_all(&[7; 4_000]).unwrap();
        stream.flush().unwrap();
        stream.write_all(&[7; 1_000]).unwrap();
        let silent = stream.finish().unwrap();
        assert_eq!(get_frame_content_size(&silent).unwrap(), None);
        assert!(matches!(unpack(&silent, CAP), Err(CryptoError::NotOpened)));
        // One that says less than it holds: 5,000 is in two bytes of the header, minus 256.
        let mut lying = pack(&[7; 5_000]).unwrap().to_vec();
        assert_eq!(get_frame_content_size(&lying).unwrap(), Some(5_000));
        let at = lying.windows(2).position(|two| two == (5_000_u16 - 256).to_le_bytes()).unwrap();
        lying[at..at + 2].copy_from_slice(&(4_000_u16 - 256).to_le_bytes());
        assert_eq!(get_frame_content_size(&lying).unwrap(), Some(4_000));
        assert!(matches!(unpack(&lying, CAP), Err(CryptoError::NotOpened)));
        // Two frames, of which the first speaks for both.
        let two = [pack(b"one").unwrap().to_vec(), pack(b"and another").unwrap().to_vec()].concat();
        assert!(matches!(unpack(&two, CAP), Err(CryptoError::NotOpened)));
    }
}
