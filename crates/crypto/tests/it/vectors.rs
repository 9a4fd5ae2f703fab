//! Vectors: bytes that were written once and must be readable for ever.

use holdfast_crypto::{
    AccountKeys, CHUNK_BYTES, ChunkPlace, ContentHash, CryptoError, IdKey, KdfParams, KeyFile, KeychainKey, LastBatch,
    PackContext, PackedRevision, PassphraseKeys, RecoveryCode, Rng as _, blob_id, content_id, open_blob, open_chunk,
    open_pack, open_revision, open_revision_on, revision_id, seal_blob, seal_chunk, seal_pack, seal_revision,
    seal_revision_on,
};

use crate::support::{ACCOUNT, CAP, SPACE, SeededRng, context, hex, keys, vector};

const CANONICAL: &[u8] = b"\xa2\x01\x42id\x02\x6eA note to keep";

#[test]
fn ids_do_not_change() {
    let key = IdKey::from_bytes([0x12; 32]);
    assert_eq!(hex(&revision_id(&key, CANONICAL)), "70a8cdf369f63d6e25ee2276925255a3c23d9cf9b6fbd017f2e5ea452e6fb922");
    assert_eq!(hex(&content_id(&key, CANONICAL)), "f8a28d56bc13120aa7de3665d57f94e25bb4293d0e1c8a6bee07d81c07f99cf7");
    assert_eq!(hex(&blob_id(b"sealed")), "0d96a9278b4c0eccf6fbe1c2c289211a2c1706a84fd0f0c76e227d52e2369463");
    assert_ne!(revision_id(&IdKey::from_bytes([0x11; 32]), CANONICAL), revision_id(&key, CANONICAL));
}

#[test]
fn a_passphrase_gives_the_same_login_for_ever() {
    let params = KdfParams { salt: *b"0123456789abcdef", memory_kib: 65_536, passes: 3, lanes: 1 };
    let keys = PassphraseKeys::derive("correct horse battery stäple", &params).unwrap();
    assert_eq!(hex(keys.auth().as_ref()), "8c388198b8cce773043c5e4f6dbe1b29fa5f556c693b8855d23e4e3c95f952f3");
}

#[test]
fn a_recovery_code_gives_the_same_words_and_login_for_ever() {
    // BIP-39's own vectors for 256 bits.
    for (phrase, auth) in [
        (
            [&["abandon"; 23][..], &["art"]].concat().join(" "),
            "a093b3d88d37319bf2bf2cb0b02667c43fa87283c797fb9834cc1e3401711e9e",
        ),
        (
            [&["zoo"; 23][..], &["vote"]].concat().join(" "),
            "e0a6b5f028234f8673f7ed3ecaf5c3a953e95edfdd6aaa5fe3eb343a7d204aef",
        ),
    ] {
        let code = RecoveryCode::parse(&phrase).unwrap();
        assert_eq!(*code.to_phrase(), phrase);
        assert_eq!(hex(code.auth().as_ref()), auth);
    }
}

#[test]
fn a_sealed_revision_opens_for_ever() {
    let ctx = context(CANONICAL);
    let made = seal_revision(&ctx, keys().current_epoch().1, CANONICAL, &mut SeededRng::new("revision")).unwrap();
    let sealed = vector("revision-v1.hex", &made);
    assert_eq!(open_revision(SPACE, ctx.rid, 2, &keys(), &sealed, CAP).unwrap(), CANONICAL);
}

#[test]
fn a_revision_sealed_on_its_parent_opens_for_ever() {
    let parent = CANONICAL.repeat(9);
    let changed = [&parent[..], b" and a word"].concat();
    let (before, ctx) = (context(&parent).rid, context(&changed));
    let mut rng = SeededRng::new("delta");
    let made = seal_revision_on(&ctx, keys().current_epoch().1, &changed, (&before, &parent), &mut rng).unwrap();
    let sealed = vector("revision-delta-v1.hex", &made);
    let opened = open_revision_on(SPACE, ctx.rid, 2, &keys(), &sealed, CAP, |id| {
        assert_eq!(*id, before);
        Some(parent.clone())
    });
    assert_eq!(opened.unwrap(), changed);
}

#[test]
fn a_sealed_blob_opens_for_ever() {
    let plain: Vec<u8> = (0..=255).collect();
    let made = seal_blob(SPACE, keys().current_epoch().1, 2, &plain, &mut SeededRng::new("blob")).unwrap();
    let sealed = vector("blob-v1.hex", &made);
    assert_eq!(open_blob(SPACE, &keys(), &sealed, CAP).unwrap(), plain);
    // No compressor is involved: the same input makes the same bytes in every version.
    #[cfg(not(feature = "sealing-off"))]
    assert_eq!(made, sealed);
}

#[test]
fn a_sealed_chunk_opens_for_ever() {
    let plain: Vec<u8> = (0..=255).rev().collect();
    let place = ChunkPlace { content: [0xc0; 32], index: 1, of: 3 };
    let made = seal_chunk(SPACE, keys().current_epoch().1, 2, &place, &plain, &mut SeededRng::new("chunk")).unwrap();
    let sealed = vector("chunk-v1.hex", &made);
    assert_eq!(open_chunk(SPACE, &keys(), &place, &sealed, CAP).unwrap(), plain);
    #[cfg(not(feature = "sealing-off"))]
    assert_eq!(made, sealed);
}

#[test]
fn a_sealed_pack_opens_for_ever() {
    let context = PackContext { space: SPACE, range: [0x5a; 88] };
    let keys = keys();
    let (id_key_no, id_key) = keys.current_id_key();
    let revisions =
        [CANONICAL, b"another", b""].map(|canonical| PackedRevision { id_key_no, canonical: canonical.to_vec() });
    let made = seal_pack(&context, keys.current_epoch().1, 2, &revisions, &mut SeededRng::new("pack")).unwrap();
    let sealed = vector("pack-v1.hex", &made);
    let opened = open_pack(&context, &keys, &sealed, CAP).unwrap();
    let expected = revisions.map(|revision| (revision_id(id_key, &revision.canonical), revision.canonical));
    assert_eq!(opened, expected);
}

/// A file of three chunks: where it is cut, what it is called, and the id of each chunk.
#[test]
fn a_file_of_several_chunks_is_cut_and_named_the_same_for_ever() {
    let mut file = vec![0; 2 * CHUNK_BYTES + 5];
    SeededRng::new("file").fill(&mut file).unwrap();
    let keys = keys();
    let id_key = keys.current_id_key().1;
    let mut hash = ContentHash::new(id_key);
    file.chunks(999_983).for_each(|piece| hash.update(piece));
    let content = hash.finish();
    assert_eq!(content, content_id(id_key, &file));
    let mut rng = SeededRng::new("chunks");
    let mut lines = vec![hex(&content)];
    for (index, plain) in (0..).zip(file.chunks(CHUNK_BYTES)) {
        let place = ChunkPlace { content, index, of: 3 };
        let sealed = seal_chunk(SPACE, keys.current_epoch().1, 2, &place, plain, &mut rng).unwrap();
        lines.push(format!("{} {}", hex(&blob_id(&sealed)), sealed.len()));
    }
    #[cfg(not(feature = "sealing-off"))]
    assert_eq!(
        lines,
        [
            "b2a672ef249c394968357e5f824411853c9cdc82a5d44635d02424f6291980dc",
            "4bf3b14afe555716c31d37c8bf583ffcf14bf1bd3ed9c7643caeff8954418756 4194382",
            "7ed3008fb6873f018cd294378c3a860011923087fb105748ccc7a7019d9f9c20 4194382",
            "d56e9cf48124cf1a35c633e4dd8abf03c43459d6cfc2caf49bf897ae8b14e4fd 83",
        ]
    );
}

#[test]
fn a_key_file_opens_for_ever() {
    let mut rng = SeededRng::new("vault.keys");
    let (mut file, vault, code) = KeyFile::create("correct horse", SPACE, ACCOUNT, &mut rng).unwrap();
    let keychain = KeychainKey::from_bytes([0xcc; 32]);
    file.set_keychain(&vault, Some(&keychain), &mut rng).unwrap();
    let bytes = vector("vault-keys-v1.hex", &file.to_bytes());
    assert_eq!(hex(&file.to_bytes()), hex(&bytes), "a change of the format is a new version");

    let stored = KeyFile::from_bytes(&bytes).unwrap();
    for open in [
        stored.open_with_passphrase("correct horse").unwrap(),
        stored.open_with_code(&code).unwrap(),
        stored.open_with_keychain(&keychain).unwrap(),
    ] {
        assert_eq!(open.database_key.expose(), vault.database_key.expose());
        assert_eq!(open.device.public(), vault.device.public());
        assert_eq!(open.account.account_key.expose(), vault.account.account_key.expose());
        assert_eq!(open.account.membership_head, vault.account.membership_head);
        assert_eq!(
            open.account.spaces[&SPACE].epoch_keys[&1].expose(),
            vault.account.spaces[&SPACE].epoch_keys[&1].expose()
        );
        assert_eq!(open.account.spaces[&SPACE].id_keys[&1].expose(), vault.account.spaces[&SPACE].id_keys[&1].expose());
    }
    // The shared part alone, as the server hands it out.
    let account = AccountKeys::from_bytes(&stored.account().to_bytes()).unwrap();
    assert_eq!((account.account_id(), account.generation()), (ACCOUNT, 1));
    assert!(matches!(account.open_with_passphrase("wrong"), Err(CryptoError::WrongPassphrase)));
}

#[test]
fn a_key_file_after_a_removal_opens_for_ever() {
    let mut rng = SeededRng::new("removal");
    let (file, _, code) = KeyFile::create("correct horse", SPACE, ACCOUNT, &mut rng).unwrap();
    let account = file.account().open_with_passphrase("correct horse").unwrap();
    let (mut second, mut vault) = KeyFile::join(file.account().clone(), account, &mut rng).unwrap();
    let last = LastBatch { ctr: 5, hash: [0x77; 32] };
    second.remove_device(&mut vault, file.device_id(), last, &mut rng).unwrap();
    let bytes = vector("vault-keys-removal-v1.hex", &second.to_bytes());
    assert_eq!(hex(&second.to_bytes()), hex(&bytes), "a change of the format is a new version");

    let stored = KeyFile::from_bytes(&bytes).unwrap();
    for open in [stored.open_with_passphrase("correct horse").unwrap(), stored.open_with_code(&code).unwrap()] {
        assert_eq!((open.account.generation, open.account.members.removed(file.device_id())), (2, Some(last)));
        assert_eq!(open.database_key.expose(), vault.database_key.expose());
        assert_eq!(open.account.membership_head, vault.account.membership_head);
        let keys = &open.account.spaces[&SPACE].epoch_keys;
        assert_eq!(keys.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(keys[&2].expose(), vault.account.spaces[&SPACE].epoch_keys[&2].expose());
    }
}
