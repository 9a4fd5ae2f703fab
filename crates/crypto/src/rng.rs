//! Randomness as an input.

use crate::error::CryptoError;

/// A source of cryptographic randomness. Production code passes [`OsRng`]; tests pass a seeded one.
pub trait Rng {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// [`CryptoError::NoRandomness`]; `bytes` must not be used then.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError>;
}

/// The operating system's generator: the one place in Holdfast that asks it for key material.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRng;

impl Rng for OsRng {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        getrandom::fill(bytes).map_err(|_| CryptoError::NoRandomness)
    }
}

/// `N` fresh bytes that need not be secret (salts, ids).
pub(crate) fn random<const N: usize>(rng: &mut dyn Rng) -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    rng.fill(&mut bytes)?;
    Ok(bytes)
}

/// 32 fresh secret bytes.
pub(crate) fn random_secret(rng: &mut dyn Rng) -> Result<zeroize::Zeroizing<[u8; 32]>, CryptoError> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    rng.fill(bytes.as_mut())?;
    Ok(bytes)
}

/// A deterministic generator for vectors: the BLAKE3 output stream of a seed.
#[cfg(test)]
pub(crate) struct SeededRng(blake3::OutputReader);

#[cfg(test)]
impl SeededRng {
    pub(crate) fn new(seed: &str) -> Self {
        Self(blake3::Hasher::new().update(seed.as_bytes()).finalize_xof())
    }
}

#[cfg(test)]
impl Rng for SeededRng {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        self.0.fill(bytes);
        Ok(())
    }
}
