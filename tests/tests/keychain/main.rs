//! The system's own keychain: on Linux the Secret Service of the private session that `cargo xtask test` starts.
#![allow(clippy::unwrap_used)]

use holdfast_notebook::{Env, Keychain as _, NewNote, OsKeychain, Vault};

const PASSPHRASE: &str = "correct horse battery staple";

#[test]
fn a_vault_opens_without_a_passphrase_where_the_person_chose_so_and_only_then() {
    let keychain = OsKeychain;
    assert!(keychain.available(), "No keychain answers here; run `cargo xtask test`, which starts a private one.");
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::create(dir.path(), PASSPHRASE, "Laptop", Env::system()).unwrap().vault;
    let note = vault.add_note(&NewNote { title: "kept".into(), ..NewNote::default() }).unwrap();
    vault.close().unwrap();
    drop(vault);
    assert!(Vault::open_with_keychain(dir.path(), &keychain, Env::system()).unwrap().is_none(), "nobody chose it yet");

    let vault = Vault::open(dir.path(), PASSPHRASE, Env::system()).unwrap();
    assert!(vault.use_keychain(&keychain, true).unwrap());
    vault.close().unwrap();
    drop(vault);

    let vault = Vault::open_with_keychain(dir.path(), &keychain, Env::system()).unwrap().unwrap();
    assert_eq!(vault.note(note).unwrap().row.title, "kept");
    assert!(vault.use_keychain(&keychain, false).unwrap());
    vault.close().unwrap();
    drop(vault);
    assert!(Vault::open_with_keychain(dir.path(), &keychain, Env::system()).unwrap().is_none(), "it was taken back");
    Vault::open(dir.path(), PASSPHRASE, Env::system()).unwrap();
}
