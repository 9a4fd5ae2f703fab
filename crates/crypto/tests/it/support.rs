//! Seeded randomness, fixed keys, and vector files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use holdfast_crypto::{CryptoError, EpochKey, IdKey, Rng, SealContext, SpaceKeys, revision_id};

/// The BLAKE3 output stream of a seed.
pub struct SeededRng(blake3::OutputReader);

impl SeededRng {
    pub fn new(seed: &str) -> Self {
        Self(blake3::Hasher::new().update(seed.as_bytes()).finalize_xof())
    }
}

impl Rng for SeededRng {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        self.0.fill(bytes);
        Ok(())
    }
}

/// A system without randomness.
#[cfg(not(feature = "sealing-off"))]
pub struct NoRng;

#[cfg(not(feature = "sealing-off"))]
impl Rng for NoRng {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::NoRandomness)
    }
}

pub const SPACE: [u8; 16] = [0x5b; 16];
pub const ACCOUNT: [u8; 16] = [0xac; 16];
pub const CAP: usize = 3 * 1024 * 1024;

/// Two epochs and two id keys, made of their numbers.
pub fn keys() -> SpaceKeys {
    SpaceKeys {
        id_keys: BTreeMap::from([(1, IdKey::from_bytes([0x11; 32])), (2, IdKey::from_bytes([0x12; 32]))]),
        epoch_keys: BTreeMap::from([(1, EpochKey::from_bytes([0xe1; 32])), (2, EpochKey::from_bytes([0xe2; 32]))]),
    }
}

/// Where `canonical` belongs under the current keys of [`keys`].
pub fn context(canonical: &[u8]) -> SealContext {
    let keys = keys();
    let (id_key_no, id_key) = keys.current_id_key();
    SealContext { space: SPACE, rid: revision_id(id_key, canonical), key_epoch: keys.current_epoch().0, id_key_no }
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A committed vector, which every later version must read. With `HOLDFAST_WRITE_VECTORS=1` a missing one is written
/// from `made`; one that exists is never changed.
pub fn vector(name: &str, made: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    if !path.exists() && std::env::var_os("HOLDFAST_WRITE_VECTORS").is_some() {
        let lines: Vec<String> = made.chunks(60).map(hex).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    unhex(&std::fs::read_to_string(&path).unwrap())
}
