//! X25519 boxes and Ed25519 signatures.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{OpenFailure, Secret, open_committed, seal_committed};
use crate::error::CryptoError;
use crate::rng::{Rng, random_secret};

/// The private half of a recipient.
#[derive(Clone)]
pub(crate) struct BoxSecret(StaticSecret);

impl BoxSecret {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*bytes))
    }

    pub(crate) fn generate(rng: &mut dyn Rng) -> Result<Self, CryptoError> {
        Ok(Self::from_bytes(&*random_secret(rng)?))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// `None` for a public key of small order, whose shared secret everybody knows.
    fn agree(&self, public: &[u8; 32]) -> Option<Secret> {
        let shared = self.0.diffie_hellman(&PublicKey::from(*public));
        shared.was_contributory().then(|| Zeroizing::new(shared.to_bytes()))
    }
}

/// Seals to a public key: a fresh X25519 key, HKDF over the shared secret and both public keys, AES-GCM with a
/// commitment. Gives (ephemeral public key, sealed).
pub(crate) fn seal_to(
    recipient: &[u8; 32],
    label: &[u8],
    aad: &[u8],
    plain: Zeroizing<Vec<u8>>,
    rng: &mut dyn Rng,
) -> Result<([u8; 32], Vec<u8>), CryptoError> {
    let ephemeral = BoxSecret::generate(rng)?;
    let public = ephemeral.public();
    let shared = ephemeral.agree(recipient).ok_or(CryptoError::Damaged("public key of a recipient"))?;
    let sealed = seal_committed(&shared, &[], label, &[&public, recipient], aad, plain)?;
    Ok((public, sealed))
}

/// Opens what [`seal_to`] made.
pub(crate) fn open_from(
    secret: &BoxSecret,
    ephemeral: &[u8; 32],
    label: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
    let shared = secret.agree(ephemeral).ok_or(OpenFailure::Content)?;
    open_committed(&shared, &[], label, &[ephemeral, &secret.public()], aad, sealed)
}

/// The private half of a signer.
#[derive(Clone)]
pub(crate) struct SigningSecret(SigningKey);

impl SigningSecret {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// Strict verification: one message has one signature, and keys of small order are refused.
pub(crate) fn verify_signature(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let verify = || {
        VerifyingKey::from_bytes(public)
            .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)))
            .is_ok()
    };
    #[cfg(not(feature = "simulation"))]
    return verify();
    #[cfg(feature = "simulation")]
    {
        type Signed = (Vec<u8>, [u8; 32], [u8; 64]);
        static SIMULATED: holdfast_mutants::Memo<Signed, bool> = holdfast_mutants::Memo::new();
        SIMULATED.of((message.to_vec(), *public, *signature), verify)
    }
}
