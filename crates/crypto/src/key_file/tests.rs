#![allow(clippy::unwrap_used)]
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::cbor::{from_envelope, to_envelope};
use crate::rng::SeededRng;

const ACCOUNT: [u8; 16] = [0xac; 16];
const SPACE: [u8; 16] = [0x5b; 16];

struct Made {
    file: KeyFile,
    vault: OpenVault,
    code: RecoveryCode,
    keychain: KeychainKey,
}

/// Made once: every key file costs a key derivation.
fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut rng = SeededRng::new("key file");
        let (mut file, vault, code) = KeyFile::create("pass", SPACE, ACCOUNT, &mut rng).unwrap();
        let keychain = KeychainKey::generate(&mut rng).unwrap();
        file.set_keychain(&vault, Some(&keychain), &mut rng).unwrap();
        Made { file, vault, code, keychain }
    })
}

fn rng() -> SeededRng {
    SeededRng::new("update")
}

fn assert_same(a: &OpenVault, b: &OpenVault) {
    assert_eq!(a.database_key.expose(), b.database_key.expose());
    assert_eq!(*a.device.expose(), *b.device.expose());
    assert_eq!(a.device.public(), b.device.public());
    assert_eq!(a.account.account_key.expose(), b.account.account_key.expose());
    assert_eq!(a.account.membership_head, b.account.membership_head);
}

#[test]
fn passphrase_code_and_keychain_open_the_same_vault() {
    let made = made();
    let file = KeyFile::from_bytes(&made.file.to_bytes()).unwrap();
    assert_eq!(file, made.file);
    assert_same(&file.open_with_passphrase("pass").unwrap(), &made.vault);
    assert_same(&file.open_with_code(&made.code).unwrap(), &made.vault);
    assert_same(&file.open_with_keychain(&made.keychain).unwrap(), &made.vault);
    assert_eq!(file.device_id(), made.vault.device.device_id);
}

#[test]
fn others_do_not_open_it() {
    let made = made();
    assert!(matches!(made.file.open_with_passphrase(""), Err(CryptoError::WrongPassphrase)));
    let code = RecoveryCode::generate(&mut SeededRng::new("another")).unwrap();
    assert!(matches!(made.file.open_with_code(&code), Err(CryptoError::WrongCode)));
    let key = KeychainKey::from_bytes([1; 32]);
    assert!(matches!(made.file.open_with_keychain(&key), Err(CryptoError::NotOpened)));
    let mut without = made.file.clone();
    without.set_keychain(&made.vault, None, &mut SeededRng::new("none")).unwrap();
    assert!(!without.has_keychain_copy());
    assert!(matches!(without.open_with_keychain(&made.keychain), Err(CryptoError::NotOpened)));
}

#[test]
fn a_second_device_joins_and_the_first_follows() {
    let made = made();
    let account = AccountKeys::from_bytes(&made.file.account().to_bytes()).unwrap();
    let open = account.open_with_passphrase("pass").unwrap();
    let (file, vault) = KeyFile::join(account, open, &mut SeededRng::new("joining")).unwrap();
    assert_ne!(file.device_id(), made.file.device_id());
    assert_ne!(file.instance_id(), made.file.instance_id());
    assert_ne!(vault.database_key.expose(), made.vault.database_key.expose());
    assert_eq!(vault.account.members.devices.len(), 2);
    assert_same(&file.open_with_passphrase("pass").unwrap(), &vault);

    let mut first = made.file.clone();
    let mut first_vault = made.vault.clone();
    first.update_account(file.account().clone(), &mut first_vault, &mut rng()).unwrap();
    assert_eq!(first_vault.account.members.devices.len(), 2);
    assert_same(&first.open_with_keychain(&made.keychain).unwrap(), &first_vault);
    // And never back again.
    let older = made.file.account().clone();
    let back = first.update_account(older, &mut first_vault, &mut rng());
    assert!(matches!(back, Err(CryptoError::Damaged(_))));
}

#[test]
fn a_state_that_went_another_way_is_followed_by_a_device_that_it_does_not_name() {
    let made = made();
    let join = |seed: &str| {
        let account = AccountKeys::from_bytes(&made.file.account().to_bytes()).unwrap();
        let open = account.open_with_passphrase("pass").unwrap();
        KeyFile::join(account, open, &mut SeededRng::new(seed)).unwrap()
    };
    let ((mut here, mut here_vault), (there, _)) = (join("here"), join("there"));
    here.update_account(there.account().clone(), &mut here_vault, &mut rng()).unwrap();
    assert!(here_vault.account.members.devices.iter().all(|d| d.device_id != here.device_id()));
    // It adds itself again.
    let me = here_vault.device.public();
    here.add_device(&mut here_vault, &me, &mut SeededRng::new("again")).unwrap();
    assert_same(&here.open_with_passphrase("pass").unwrap(), &here_vault);
    assert_eq!(here_vault.account.members.devices.len(), 3);
}

#[test]
fn a_removal_is_followed_by_who_remains_and_tells_the_removed_one() {
    let made = made();
    let join = |file: &KeyFile, seed: &str| {
        let account = AccountKeys::from_bytes(&file.account().to_bytes()).unwrap();
        let open = account.open_with_passphrase("pass").unwrap();
        KeyFile::join(account, open, &mut SeededRng::new(seed)).unwrap()
    };
    let (mut lost, mut lost_vault) = join(&made.file, "lost");
    let (mut third, mut third_vault) = join(&lost, "third");
    let (mut first, mut first_vault) = (made.file.clone(), made.vault.clone());
    first.update_account(third.account().clone(), &mut first_vault, &mut rng()).unwrap();
    let before = first.account().clone();

    let last = LastBatch { ctr: 2, hash: [7; 32] };
    let id = lost.device_id();
    assert!(first.clone().remove_device(&mut first_vault.clone(), first.device_id(), last, &mut rng()).is_err());
    first.remove_device(&mut first_vault, id, last, &mut rng()).unwrap();
    let first = KeyFile::from_bytes(&first.to_bytes()).unwrap();
    // All three ways in lead to the same database as before.
    assert_same(&first.open_with_passphrase("pass").unwrap(), &first_vault);
    assert_same(&first.open_with_code(&made.code).unwrap(), &first_vault);
    assert_same(&first.open_with_keychain(&made.keychain).unwrap(), &first_vault);
    assert_eq!(first_vault.database_key.expose(), made.vault.database_key.expose());

    third.update_account(first.account().clone(), &mut third_vault, &mut rng()).unwrap();
    assert_eq!(third_vault.account.account_key.expose(), first_vault.account.account_key.expose());
    let third = KeyFile::from_bytes(&third.to_bytes()).unwrap();
    assert_same(&third.open_with_passphrase("pass").unwrap(), &third_vault);
    // A server that rolls the removal back is not followed.
    let back = third.clone().update_account(before, &mut third_vault, &mut rng());
    assert!(matches!(back, Err(CryptoError::Damaged(_))));

    let kept = (lost.to_bytes(), lost_vault.account.membership_head);
    let told = lost.update_account(first.account().clone(), &mut lost_vault, &mut rng());
    assert!(matches!(told, Err(CryptoError::Removed)));
    assert_eq!((lost.to_bytes(), lost_vault.account.membership_head), kept, "what it has stays readable");
    assert_same(&lost.open_with_passphrase("pass").unwrap(), &lost_vault);
}

#[test]
fn another_account_is_not_taken_over() {
    let made = made();
    let (other, _, _) = KeyFile::create("pass", SPACE, ACCOUNT, &mut SeededRng::new("other")).unwrap();
    let mut file = made.file.clone();
    let taken = file.update_account(other.account().clone(), &mut made.vault.clone(), &mut rng());
    assert!(matches!(taken, Err(CryptoError::Damaged(_))));
    assert_eq!(file, made.file);
}

#[test]
fn a_new_passphrase_opens_and_the_old_one_does_not() {
    let made = made();
    let (mut file, mut vault) = (made.file.clone(), made.vault.clone());
    file.set_passphrase(&mut vault, "new", &mut SeededRng::new("new")).unwrap();
    let file = KeyFile::from_bytes(&file.to_bytes()).unwrap();
    assert_same(&file.open_with_passphrase("new").unwrap(), &vault);
    assert!(matches!(file.open_with_passphrase("pass"), Err(CryptoError::WrongPassphrase)));
    assert_same(&file.open_with_keychain(&made.keychain).unwrap(), &vault);
    assert_same(&file.open_with_code(&made.code).unwrap(), &vault);
}

#[test]
fn a_newer_version_is_named() {
    let bytes = to_envelope(format::NAME, 7, b"something else");
    assert!(matches!(KeyFile::from_bytes(&bytes), Err(CryptoError::NewerVersion(7))));
}

#[test]
fn any_flipped_byte_or_cut_is_an_error_before_a_passphrase_is_asked() {
    let bytes = made().file.to_bytes();
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 0x04;
        assert!(KeyFile::from_bytes(&altered).is_err(), "byte {place}");
        assert!(KeyFile::from_bytes(&bytes[..place]).is_err(), "{place} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A forger repairs the checksums. Then no part may open to other keys than the true ones.
    #[test]
    fn a_forged_checksum_gives_the_same_keys_or_none(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let made = made();
        let bytes = made.file.to_bytes();
        let mut body = from_envelope(&bytes, format::NAME, format::VERSION, MAX_BYTES).unwrap().to_vec();
        let place = place.index(body.len());
        body[place] ^= flip;
        let forged = to_envelope(format::NAME, format::VERSION, &body);
        if let Ok(file) = KeyFile::from_bytes(&forged) {
            if let Ok(vault) = file.open_with_keychain(&made.keychain) {
                assert_same(&vault, &made.vault);
            }
            if let Ok(vault) = file.open_with_code(&made.code) {
                assert_same(&vault, &made.vault);
            }
        }
    }

    #[test]
    fn junk_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(KeyFile::from_bytes(&bytes).is_err());
        prop_assert!(AccountKeys::from_bytes(&bytes).is_err());
        let forged = to_envelope(format::NAME, format::VERSION, &bytes);
        prop_assert!(KeyFile::from_bytes(&forged).is_err());
    }
}

mod disk {
    use std::fs;

    use super::*;

    #[test]
    fn a_write_keeps_the_copy_before_it() {
        let made = made();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        assert!(matches!(KeyFile::read(&path), Err(CryptoError::Io(_))));
        made.file.write(&path).unwrap();
        assert!(KeyFile::read_previous(&path).is_err());
        made.file.write(&path).unwrap();
        assert!(KeyFile::read_previous(&path).is_err(), "writing the same again pushes nothing out");

        let mut changed = made.file.clone();
        changed.set_keychain(&made.vault, None, &mut SeededRng::new("disk")).unwrap();
        changed.write(&path).unwrap();
        assert_eq!(KeyFile::read(&path).unwrap(), changed);
        assert_eq!(KeyFile::read_previous(&path).unwrap(), made.file);
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["vault.keys", "vault.keys.previous"], "no temporary file stays");
    }

    #[test]
    fn damage_is_told_and_does_not_push_out_the_good_copy() {
        let made = made();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        let mut first = made.file.clone();
        first.set_keychain(&made.vault, None, &mut SeededRng::new("disk")).unwrap();
        first.write(&path).unwrap();
        made.file.write(&path).unwrap();

        fs::write(&path, &made.file.to_bytes()[..100]).unwrap();
        assert!(matches!(KeyFile::read(&path), Err(CryptoError::Damaged(_))));
        assert_eq!(KeyFile::read_previous(&path).unwrap(), first);
        made.file.write(&path).unwrap();
        assert_eq!(KeyFile::read(&path).unwrap(), made.file);
        assert_eq!(KeyFile::read_previous(&path).unwrap(), first);
    }

    #[test]
    fn a_write_that_was_killed_halfway_is_no_obstacle() {
        let made = made();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        fs::write(folder.path().join("vault.keys.new"), b"half").unwrap();
        made.file.write(&path).unwrap();
        assert_eq!(KeyFile::read(&path).unwrap(), made.file);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let made = made();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        made.file.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_huge_file_is_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(KeyFile::read(&path), Err(CryptoError::TooLarge)));
    }
}
