//! The keys of one device.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::hazmat::{BoxSecret, SigningSecret};
use crate::rng::{Rng, random, random_secret};

/// The public half of a device, as the membership log lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevicePublic {
    /// 16 random bytes.
    pub device_id: [u8; 16],
    /// Ed25519: verifies its batches.
    pub sign_pk: [u8; 32],
    /// X25519: the account key is wrapped to it.
    pub box_pk: [u8; 32],
}

/// The private keys of this device: it signs batches and is a recipient of the account key.
#[derive(Clone)]
pub struct DeviceKeys {
    /// 16 random bytes.
    pub device_id: [u8; 16],
    signing: SigningSecret,
    boxing: BoxSecret,
}

/// Bytes of the private keys: the Ed25519 seed and the X25519 scalar.
pub(crate) const SECRET_BYTES: usize = 64;

impl DeviceKeys {
    /// Makes a new device, with a new id.
    pub fn generate(rng: &mut dyn Rng) -> Result<Self, CryptoError> {
        let device_id = random(rng)?;
        let signing = SigningSecret::from_bytes(&*random_secret(rng)?);
        Ok(Self { device_id, signing, boxing: BoxSecret::generate(rng)? })
    }

    /// An Ed25519 signature over exactly these bytes. The caller puts a domain tag into them.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message)
    }

    /// The public half.
    pub fn public(&self) -> DevicePublic {
        DevicePublic { device_id: self.device_id, sign_pk: self.signing.public(), box_pk: self.boxing.public() }
    }

    pub(crate) fn box_secret(&self) -> &BoxSecret {
        &self.boxing
    }

    pub(crate) fn expose(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let mut out = Zeroizing::new([0; SECRET_BYTES]);
        out[..32].copy_from_slice(self.signing.expose());
        out[32..].copy_from_slice(self.boxing.expose());
        out
    }

    /// `None` when `secrets` has another length.
    pub(crate) fn from_secrets(device_id: [u8; 16], secrets: &[u8]) -> Option<Self> {
        let (signing, boxing) = secrets.split_first_chunk::<32>()?;
        let boxing: &[u8; 32] = boxing.try_into().ok()?;
        Some(Self { device_id, signing: SigningSecret::from_bytes(signing), boxing: BoxSecret::from_bytes(boxing) })
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKeys").field("device_id", &self.device_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hazmat::verify_signature;
    use crate::rng::SeededRng;

    #[test]
    fn keys_survive_storage_and_signatures_verify() {
        let device = DeviceKeys::generate(&mut SeededRng::new("device")).unwrap();
        let again = DeviceKeys::from_secrets(device.device_id, device.expose().as_ref()).unwrap();
        assert_eq!(again.public(), device.public());
        let signature = again.sign(b"batch");
        assert!(verify_signature(&device.public().sign_pk, b"batch", &signature));
        assert!(!verify_signature(&device.public().sign_pk, b"Batch", &signature));
        assert!(DeviceKeys::from_secrets(device.device_id, &[0; 63]).is_none());
    }
}
