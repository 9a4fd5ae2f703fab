//! From a passphrase to keys.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::hazmat::{self, Secret, labels};
use crate::rng::{Rng, random};

/// The least memory that this client accepts, in KiB (64 MiB).
pub const MIN_MEMORY_KIB: u32 = 64 * 1024;
/// The fewest passes that this client accepts.
pub const MIN_PASSES: u32 = 3;
/// The most memory that a server may ask for, in KiB (4 GiB).
pub const MAX_MEMORY_KIB: u32 = 4 * 1024 * 1024;
/// The most passes that a server may ask for.
pub const MAX_PASSES: u32 = 64;
/// The most lanes that a server may ask for.
pub const MAX_LANES: u32 = 16;
/// The most work, in KiB times passes: 16 GiB, some tens of seconds. Without it the two limits multiply to minutes.
pub const MAX_WORK_KIB: u64 = 16 * 1024 * 1024;

/// The settings of Argon2id for one passphrase. Public; the server hands them out before a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    /// Random, new with each passphrase.
    pub salt: [u8; 16],
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory (t).
    pub passes: u32,
    /// Lanes (p).
    pub lanes: u32,
}

impl KdfParams {
    /// What new passphrases get: 64 MiB, 3 passes, 1 lane (RFC 9106 section 4, the second choice, in one lane because
    /// the implementation runs lanes one after the other).
    pub fn recommended(rng: &mut dyn Rng) -> Result<Self, CryptoError> {
        Ok(Self { salt: random(rng)?, memory_kib: MIN_MEMORY_KIB, passes: MIN_PASSES, lanes: 1 })
    }

    /// Holds the floors (a weak setting would make the passphrase cheap to guess) and the ceilings (a huge one would
    /// hang the client).
    ///
    /// # Errors
    /// [`CryptoError::WeakKdf`] or [`CryptoError::TooLarge`].
    pub fn check(&self) -> Result<(), CryptoError> {
        if self.memory_kib < MIN_MEMORY_KIB || self.passes < MIN_PASSES || self.lanes == 0 {
            return Err(CryptoError::WeakKdf);
        }
        let work_kib = u64::from(self.memory_kib) * u64::from(self.passes);
        if self.memory_kib > MAX_MEMORY_KIB
            || self.passes > MAX_PASSES
            || self.lanes > MAX_LANES
            || work_kib > MAX_WORK_KIB
        {
            return Err(CryptoError::TooLarge);
        }
        Ok(())
    }

    /// A fixed-width form for associated data.
    pub(crate) fn to_context(self) -> [u8; 28] {
        let mut out = [0; 28];
        out[..16].copy_from_slice(&self.salt);
        out[16..20].copy_from_slice(&self.memory_kib.to_be_bytes());
        out[20..24].copy_from_slice(&self.passes.to_be_bytes());
        out[24..].copy_from_slice(&self.lanes.to_be_bytes());
        out
    }
}

/// What a passphrase gives: a login secret for the server and, apart from it, a key that never leaves this crate.
pub struct PassphraseKeys {
    auth: Secret,
    kek: Secret,
}

/// NFC makes no text longer than three times its UTF-8 (UAX #15, 12.1): a buffer of that never moves, and leaves no
/// copy of a passphrase behind.
const NFC_GROWTH: usize = 3;

/// What is derived in the process of a simulator, where nobody guesses passphrases and memory is what takes the time: it
/// has a part of what the settings say, and is kept. A program does so never, not even one that is built together with the
/// simulator and thus has its feature: only [`simulated::begin`] begins it.
#[cfg(feature = "simulation")]
pub mod simulated {
    use std::sync::atomic::{AtomicBool, Ordering};

    use holdfast_mutants::Memo;

    use super::{KdfParams, hazmat};
    use crate::CryptoError;

    const PART: u32 = 1024;

    static IS_ON: AtomicBool = AtomicBool::new(false);
    static KEPT: Memo<(Vec<u8>, [u8; 28]), Result<hazmat::Secret, ()>> = Memo::new();

    /// From now on, in all of this process.
    pub fn begin() {
        IS_ON.store(true, Ordering::Relaxed);
    }

    pub(super) fn derive(typed: &[u8], params: &KdfParams) -> Option<Result<hazmat::Secret, CryptoError>> {
        if !IS_ON.load(Ordering::Relaxed) {
            return None;
        }
        let KdfParams { salt, memory_kib, passes, lanes } = params;
        let derive = || hazmat::argon2id(typed, salt, memory_kib / PART, *passes, *lanes).map_err(|_| ());
        Some(KEPT.of((typed.to_vec(), params.to_context()), derive).map_err(|()| CryptoError::TooLarge))
    }
}

impl PassphraseKeys {
    /// Runs Argon2id over the UTF-8 of the passphrase in NFC (as PRECIS, RFC 8265 section 4.2, has it), so that a
    /// keyboard that gives "é" and one that gives "e" and an accent type the same; else exactly as typed, with its
    /// spaces. Takes a noticeable part of a second.
    ///
    /// # Errors
    /// [`CryptoError::WeakKdf`] and [`CryptoError::TooLarge`] as in [`KdfParams::check`].
    pub fn derive(passphrase: &str, params: &KdfParams) -> Result<Self, CryptoError> {
        params.check()?;
        let mut typed = Zeroizing::new(String::with_capacity(NFC_GROWTH * passphrase.len()));
        typed.extend(passphrase.nfc());
        #[cfg(feature = "simulation")]
        let simulated = simulated::derive(typed.as_bytes(), params);
        #[cfg(not(feature = "simulation"))]
        let simulated: Option<Result<_, CryptoError>> = None;
        let pdk = match simulated {
            Some(pdk) => pdk?,
            None => hazmat::argon2id(typed.as_bytes(), &params.salt, params.memory_kib, params.passes, params.lanes)?,
        };
        Ok(Self {
            auth: hazmat::derive_key(&pdk, labels::PASSPHRASE_AUTH),
            kek: hazmat::derive_key(&pdk, labels::PASSPHRASE_KEK),
        })
    }

    /// The secret that logs in at the server. It opens nothing.
    pub fn auth(&self) -> Zeroizing<[u8; 32]> {
        self.auth.clone()
    }

    pub(crate) fn kek(&self) -> &[u8; 32] {
        &self.kek
    }
}

impl fmt::Debug for PassphraseKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassphraseKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: KdfParams = KdfParams { salt: [7; 16], memory_kib: MIN_MEMORY_KIB, passes: 3, lanes: 1 };

    #[test]
    fn floors_and_ceilings_hold() {
        assert!(GOOD.check().is_ok());
        for weak in
            [KdfParams { memory_kib: 65_535, ..GOOD }, KdfParams { passes: 2, ..GOOD }, KdfParams { lanes: 0, ..GOOD }]
        {
            assert!(matches!(PassphraseKeys::derive("x", &weak), Err(CryptoError::WeakKdf)), "{weak:?}");
        }
        for huge in [
            KdfParams { memory_kib: u32::MAX, ..GOOD },
            KdfParams { passes: 65, ..GOOD },
            KdfParams { lanes: 17, ..GOOD },
            KdfParams { memory_kib: MAX_MEMORY_KIB, passes: MAX_PASSES, ..GOOD },
        ] {
            assert!(matches!(PassphraseKeys::derive("x", &huge), Err(CryptoError::TooLarge)), "{huge:?}");
        }
    }

    #[test]
    fn auth_and_kek_differ_and_depend_on_every_byte() {
        let one = PassphraseKeys::derive("correct horse", &GOOD).unwrap();
        let other = PassphraseKeys::derive("correct horse ", &GOOD).unwrap();
        assert_ne!(*one.auth(), *one.kek());
        assert_ne!(*one.auth(), *other.auth());
        assert_eq!(*one.auth(), *PassphraseKeys::derive("correct horse", &GOOD).unwrap().auth());
    }

    #[test]
    fn composed_and_decomposed_letters_are_the_same_passphrase() {
        let composed = PassphraseKeys::derive("caf\u{e9} \u{ac00}", &GOOD).unwrap();
        let decomposed = PassphraseKeys::derive("cafe\u{301} \u{1100}\u{1161}", &GOOD).unwrap();
        assert_eq!(*composed.auth(), *decomposed.auth());
        // Letters that only look alike are others.
        let alike = PassphraseKeys::derive("ca\u{fb00}", &GOOD).unwrap();
        assert_ne!(*alike.auth(), *PassphraseKeys::derive("caff", &GOOD).unwrap().auth());
    }
}
