//! The server's own key and certificate. Clients trust the key's pin and nothing else in the certificate.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use holdfast_protocol::spki_pin;
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::files::write_atomic;
use crate::{Randomness, ServerError};

const VALID_YEARS: i32 = 10;

pub(crate) struct Identity {
    pub(crate) config: Arc<rustls::ServerConfig>,
    pub(crate) pin: [u8; 32],
}

fn unusable(error: impl std::fmt::Display) -> ServerError {
    ServerError::Certificate(error.to_string())
}

fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads `key.pem` and `certificate.pem`, or makes them. A key is never replaced: its pin is in people's links.
pub(crate) fn load_or_make(
    data: &Path,
    random: &Randomness,
    public_host: Option<&str>,
) -> Result<Identity, ServerError> {
    let (key_path, certificate_path) = (data.join("key.pem"), data.join("certificate.pem"));
    let key = match read_if_there(&key_path)? {
        Some(pem) => KeyPair::from_pem(&pem).map_err(unusable)?,
        None => {
            let key = KeyPair::generate().map_err(unusable)?;
            write_atomic(&key_path, key.serialize_pem().as_bytes(), u64::from_be_bytes(random.bytes()?))?;
            key
        }
    };
    let certificate = match read_if_there(&certificate_path)? {
        Some(pem) => pem,
        None => {
            let pem = self_signed(&key, public_host)?;
            write_atomic(&certificate_path, pem.as_bytes(), u64::from_be_bytes(random.bytes()?))?;
            pem
        }
    };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>().map_err(unusable)?;
    let pin = spki_pin(&key.subject_public_key_info());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Identity { config: Arc::new(config), pin })
}

fn self_signed(key: &KeyPair, public_host: Option<&str>) -> Result<String, ServerError> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(host_name());
    names.extend(public_host.map(str::to_owned));
    names.sort();
    names.dedup();
    let mut params = CertificateParams::new(names).map_err(unusable)?;
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let year = 1970 + (since_1970 / 31_556_952) as i32;
    // From last year, for clients whose clock is behind.
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + VALID_YEARS, 12, 31);
    params.distinguished_name.push(rcgen::DnType::CommonName, "Holdfast server");
    Ok(params.self_signed(key).map_err(unusable)?.pem())
}

/// This machine's name, where the system says it in a file and it can stand in a certificate.
fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    let usable = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    usable.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_pin_outlives_restarts_and_a_lost_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let first = load_or_make(dir.path(), &Randomness::default(), Some("notes.example")).unwrap();
        assert_eq!(load_or_make(dir.path(), &Randomness::default(), None).unwrap().pin, first.pin);
        fs::remove_file(dir.path().join("certificate.pem")).unwrap();
        assert_eq!(load_or_make(dir.path(), &Randomness::default(), None).unwrap().pin, first.pin);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(dir.path().join("key.pem")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_key_is_an_error_and_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("key.pem"), "junk").unwrap();
        assert!(matches!(load_or_make(dir.path(), &Randomness::default(), None), Err(ServerError::Certificate(_))));
        assert_eq!(fs::read_to_string(dir.path().join("key.pem")).unwrap(), "junk");
    }
}
