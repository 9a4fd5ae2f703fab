//! Packs: what opens is what was sealed, for the part of the log that it was sealed for.

use holdfast_crypto::{
    CryptoError, EpochKey, PACK_RANGE_BYTES, PackContext, PackedRevision, open_pack, reseal_pack, revision_id,
    seal_blob, seal_pack,
};

use crate::support::{CAP, SPACE, SeededRng, keys};

const RANGE: [u8; PACK_RANGE_BYTES] = [3; PACK_RANGE_BYTES];
const CONTEXT: PackContext = PackContext { space: SPACE, range: RANGE };

fn revisions(texts: &[&[u8]]) -> Vec<PackedRevision> {
    let id_key_no = keys().current_id_key().0;
    texts.iter().map(|text| PackedRevision { id_key_no, canonical: text.to_vec() }).collect()
}

fn seal(revisions: &[PackedRevision]) -> Vec<u8> {
    seal_pack(&CONTEXT, keys().current_epoch().1, 2, revisions, &mut SeededRng::new("pack")).unwrap()
}

fn not_opened<T: std::fmt::Debug>(result: Result<T, CryptoError>) {
    assert!(matches!(result, Err(CryptoError::NotOpened)), "{result:?}");
}

#[test]
fn many_like_each_other_take_little() {
    let texts: Vec<Vec<u8>> =
        (0..400_u32).map(|n| [&b"the same long text again ".repeat(40)[..], &n.to_be_bytes()].concat()).collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let sealed = seal(&revisions(&texts));
    assert!(sealed.len() < 20_000, "{}", sealed.len());
    let keys = keys();
    let id_key = keys.current_id_key().1;
    let opened = open_pack(&CONTEXT, &keys, &sealed, CAP).unwrap();
    assert_eq!(opened.len(), 400);
    for ((id, bytes), text) in opened.iter().zip(texts) {
        assert_eq!((bytes.as_slice(), *id), (text, revision_id(id_key, text)));
    }
    assert!(open_pack(&CONTEXT, &keys, &seal(&[]), CAP).unwrap().is_empty());
}

#[test]
fn a_pack_opens_where_it_was_sealed_for_and_nowhere_else() {
    let sealed = seal(&revisions(&[b"one", b"two"]));
    for at in [0, 8, PACK_RANGE_BYTES - 1] {
        let mut range = RANGE;
        range[at] ^= 1;
        not_opened(open_pack(&PackContext { range, ..CONTEXT }, &keys(), &sealed, CAP));
    }
    not_opened(open_pack(&PackContext { space: [9; 16], ..CONTEXT }, &keys(), &sealed, CAP));
    // Every byte of it counts. (Another version is said to be one.)
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(open_pack(&CONTEXT, &keys(), &changed, CAP).is_err(), "byte {at}");
    }
    for cut in 0..sealed.len() {
        assert!(open_pack(&CONTEXT, &keys(), &sealed[..cut], CAP).is_err(), "{cut} bytes");
    }
    // What was sealed as something else is no pack.
    let blob = seal_blob(SPACE, keys().current_epoch().1, 2, b"one", &mut SeededRng::new("blob")).unwrap();
    not_opened(open_pack(&CONTEXT, &keys(), &blob, CAP));
}

#[test]
fn what_lies_inside_is_read_strictly() {
    not_opened(open_pack(&CONTEXT, &keys(), &seal(&revisions(&[b"twice", b"twice"])), CAP));
    // Large when it is unpacked: refused before that.
    let large = seal(&revisions(&[&vec![0; CAP]]));
    assert!(large.len() < 10_000);
    assert!(matches!(open_pack(&CONTEXT, &keys(), &large, CAP), Err(CryptoError::TooLarge)));
    assert_eq!(open_pack(&CONTEXT, &keys(), &large, CAP + 100).unwrap().len(), 1);
    // An id key, or an epoch key, that is not here.
    let mut other = revisions(&[b"one"]);
    other[0].id_key_no = 77;
    assert!(matches!(open_pack(&CONTEXT, &keys(), &seal(&other), CAP), Err(CryptoError::MissingKey { .. })));
    let mut few = keys();
    few.epoch_keys.remove(&2);
    let said = open_pack(&CONTEXT, &few, &seal(&revisions(&[b"one"])), CAP);
    assert!(matches!(said, Err(CryptoError::MissingKey { key_epoch: 2 })), "{said:?}");
}

#[test]
fn a_pack_is_sealed_again_by_a_newer_key() {
    let sealed = seal(&revisions(&[b"one", b"two"]));
    let mut rng = SeededRng::new("newer");
    let mut newer = keys();
    newer.epoch_keys.insert(3, EpochKey::from_bytes([0xe3; 32]));
    let again = reseal_pack(&CONTEXT, &newer, &sealed, CAP, &mut rng).unwrap();
    assert_eq!(open_pack(&CONTEXT, &newer, &again, CAP).unwrap(), open_pack(&CONTEXT, &keys(), &sealed, CAP).unwrap());
    assert!(matches!(open_pack(&CONTEXT, &keys(), &again, CAP), Err(CryptoError::MissingKey { .. })));
    not_opened(reseal_pack(&PackContext { space: [9; 16], ..CONTEXT }, &newer, &sealed, CAP, &mut rng));
}
