//! Compressed frames at any place of a file: zstd, zlib, gzip, and the entries of a ZIP archive.

use std::io::Read;

/// More than this is not unpacked of one frame: a canary sits near the beginning of what it was written into, and a
/// frame that repeats itself must not stop the test.
const MAX_UNPACKED: u64 = 8 * 1024 * 1024;

/// What the frames of a file hold, each with its kind and place. A frame that is cut short gives what can be read.
pub fn unpack_all(bytes: &[u8]) -> Vec<(&'static str, usize, Vec<u8>)> {
    let mut found = Vec::new();
    for at in 0..bytes.len() {
        let rest = &bytes[at..];
        if let Some((kind, unpacked)) = unpack(rest)
            && !unpacked.is_empty()
        {
            found.push((kind, at, unpacked));
        }
    }
    found
}

fn unpack(rest: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    match rest {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(("zstd", read(zstd::Decoder::with_buffer(rest).ok()?))),
        [0x1f, 0x8b, 8, ..] => Some(("gzip", read(flate2::bufread::GzDecoder::new(rest)))),
        [b'P', b'K', 3, 4, ..] => {
            let [name, extra] =
                [26, 28].map(|at| rest.get(at..at + 2).map(|n| usize::from(u16::from_le_bytes([n[0], n[1]]))));
            Some(("ZIP", read(flate2::bufread::DeflateDecoder::new(rest.get(30 + name? + extra?..)?))))
        }
        // RFC 1950: deflate with a window of at most 32 KiB, and a check over both bytes.
        [method, flags, ..] if method & 0x8f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0 => {
            Some(("zlib", read(flate2::bufread::ZlibDecoder::new(rest))))
        }
        _ => None,
    }
}

/// All there is before the end, an error or the limit.
fn read(from: impl Read) -> Vec<u8> {
    let mut from = from.take(MAX_UNPACKED);
    let (mut out, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = from.read(&mut part) {
        out.extend_from_slice(&part[..n]);
    }
    out
}
