//! What the seal promises.

#[cfg(not(feature = "sealing-off"))]
use holdfast_crypto::seal::padme;
use holdfast_crypto::{
    ChunkPlace, CryptoError, EpochKey, IdKey, SealContext, SpaceKeys, open_blob, open_chunk, open_revision,
    revision_id, seal_blob, seal_chunk, seal_revision,
};
use proptest::prelude::*;

#[cfg(not(feature = "sealing-off"))]
use crate::support::NoRng;
use crate::support::{CAP, SPACE, SeededRng, context, keys};

const NOTE: &[u8] = b"the canonical bytes of a note";

fn seal(canonical: &[u8], seed: &str) -> (SealContext, Vec<u8>) {
    let ctx = context(canonical);
    let sealed = seal_revision(&ctx, keys().current_epoch().1, canonical, &mut SeededRng::new(seed)).unwrap();
    (ctx, sealed)
}

fn open(ctx: &SealContext, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    open_revision(ctx.space, ctx.rid, ctx.key_epoch, &keys(), sealed, CAP)
}

fn blob(plain: &[u8], seed: &str) -> Vec<u8> {
    seal_blob(SPACE, keys().current_epoch().1, 2, plain, &mut SeededRng::new(seed)).unwrap()
}

const PLACE: ChunkPlace = ChunkPlace { content: [0xc0; 32], index: 1, of: 3 };

#[cfg(not(feature = "sealing-off"))]
fn chunk(plain: &[u8], place: &ChunkPlace) -> Vec<u8> {
    seal_chunk(SPACE, keys().current_epoch().1, 2, place, plain, &mut SeededRng::new("chunk")).unwrap()
}

fn not_opened<T: std::fmt::Debug>(result: Result<T, CryptoError>) {
    assert!(matches!(result, Err(CryptoError::NotOpened)), "{result:?}");
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&length.to_be_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn another_place_or_time_is_refused() {
    let (ctx, sealed) = seal(NOTE, "place");
    assert_eq!(open(&ctx, &sealed).unwrap(), NOTE);
    let (other, other_sealed) = seal(b"another note", "place");
    not_opened(open(&SealContext { rid: other.rid, ..ctx }, &sealed));
    not_opened(open(&ctx, &other_sealed));
    not_opened(open(&SealContext { rid: [0; 32], ..ctx }, &sealed).map(|_| ()));

    let blob = blob(NOTE, "place");
    assert_eq!(open_blob(SPACE, &keys(), &blob, CAP).unwrap(), NOTE);
}

#[cfg(not(feature = "sealing-off"))]
#[test]
fn another_space_or_epoch_is_refused() {
    let (ctx, sealed) = seal(NOTE, "space");
    not_opened(open(&SealContext { space: [9; 16], ..ctx }, &sealed));
    not_opened(open(&SealContext { key_epoch: 1, ..ctx }, &sealed));
    let mut renumbered = sealed.clone();
    renumbered[4] = 1;
    not_opened(open(&ctx, &renumbered));

    let blob = blob(NOTE, "space");
    not_opened(open_blob([9; 16], &keys(), &blob, CAP));
    let mut renumbered = blob.clone();
    renumbered[4] = 1;
    not_opened(open_blob(SPACE, &keys(), &renumbered, CAP));
}

#[cfg(not(feature = "sealing-off"))]
#[test]
fn a_chunk_opens_at_its_own_place_and_at_no_other() {
    let sealed = chunk(NOTE, &PLACE);
    assert_eq!(open_chunk(SPACE, &keys(), &PLACE, &sealed, CAP).unwrap(), NOTE);
    for other in [
        ChunkPlace { index: 0, ..PLACE },
        ChunkPlace { index: 2, ..PLACE },
        ChunkPlace { of: 2, ..PLACE },
        ChunkPlace { of: 4, ..PLACE },
        ChunkPlace { content: [0xc1; 32], ..PLACE },
    ] {
        not_opened(open_chunk(SPACE, &keys(), &other, &sealed, CAP));
    }
    not_opened(open_chunk([9; 16], &keys(), &PLACE, &sealed, CAP));
    // Neither is the other: a file of one chunk is not a chunk.
    not_opened(open_blob(SPACE, &keys(), &sealed, CAP));
    not_opened(open_chunk(SPACE, &keys(), &ChunkPlace { index: 0, of: 1, ..PLACE }, &blob(NOTE, "blob"), CAP));
    assert!(matches!(open_chunk(SPACE, &keys(), &PLACE, &sealed, NOTE.len() - 1), Err(CryptoError::TooLarge)));
    for place in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[place] ^= 0x20;
        assert!(open_chunk(SPACE, &keys(), &PLACE, &altered, CAP).is_err(), "byte {place}");
        assert!(open_chunk(SPACE, &keys(), &PLACE, &sealed[..place], CAP).is_err(), "{place} bytes");
    }
    let mut waiting = keys();
    waiting.epoch_keys.remove(&2);
    let missing = open_chunk(SPACE, &waiting, &PLACE, &sealed, CAP);
    assert!(matches!(missing, Err(CryptoError::MissingKey { key_epoch: 2 })), "{missing:?}");
}

/// Somebody who has the epoch key, but seals other bytes under a known id.
#[test]
fn content_that_is_not_of_its_id_is_refused() {
    let ctx = context(NOTE);
    let forged = seal_revision(&ctx, keys().current_epoch().1, b"other bytes", &mut SeededRng::new("forged")).unwrap();
    not_opened(open(&ctx, &forged));
}

#[cfg(not(feature = "sealing-off"))]
#[test]
fn a_key_that_is_not_here_is_no_damage() {
    let (ctx, sealed) = seal(NOTE, "missing");
    let mut waiting = keys();
    waiting.epoch_keys.remove(&2);
    let missing = open_revision(SPACE, ctx.rid, 2, &waiting, &sealed, CAP);
    assert!(matches!(missing, Err(CryptoError::MissingKey { key_epoch: 2 })), "{missing:?}");
    let missing = open_blob(SPACE, &waiting, &blob(NOTE, "missing"), CAP);
    assert!(matches!(missing, Err(CryptoError::MissingKey { key_epoch: 2 })), "{missing:?}");

    let mut waiting = keys();
    waiting.id_keys.remove(&2);
    let missing = open_revision(SPACE, ctx.rid, 2, &waiting, &sealed, CAP);
    assert!(matches!(missing, Err(CryptoError::MissingKey { key_epoch: 2 })), "{missing:?}");
    // A server cannot make it "waiting" by naming an id key that nobody has.
    let mut renumbered = sealed.clone();
    renumbered[4] = 77;
    not_opened(open(&ctx, &renumbered));
}

#[cfg(not(feature = "sealing-off"))]
#[test]
fn sealing_twice_differs_and_hides_the_text() {
    let (_, one) = seal(NOTE, "one");
    let (_, two) = seal(NOTE, "two");
    assert_eq!(one.len(), two.len());
    assert_ne!(one[5..21], two[5..21], "the salt is fresh");
    assert_ne!(one[21..], two[21..]);
    assert_ne!(blob(NOTE, "one"), blob(NOTE, "two"));
    for sealed in [one, blob(NOTE, "one")] {
        assert!(!sealed.windows(5).any(|part| part == &NOTE[..5]));
    }
    assert!(matches!(
        seal_revision(&context(NOTE), keys().current_epoch().1, NOTE, &mut NoRng),
        Err(CryptoError::NoRandomness)
    ));
}

#[cfg(not(feature = "sealing-off"))]
#[test]
fn at_most_110_bytes_over_the_padded_plaintext() {
    for length in [0, 1, 100, 1_000, 10_000, 100_000, 2 * 1024 * 1024] {
        for canonical in [noise(length), vec![b'a'; length]] {
            let packed = zstd::bulk::compress(&canonical, 3).unwrap().len();
            let (_, sealed) = seal(&canonical, "size");
            let over = sealed.len() - padme(packed);
            assert!(over <= 110, "{length}: {over}");
        }
        let over = blob(&noise(length), "size").len() - padme(length);
        assert!(over <= 110, "blob of {length}: {over}");
    }
}

#[test]
fn a_bomb_is_refused_by_its_size() {
    let canonical = vec![0; 64 * 1024 * 1024];
    let (ctx, sealed) = seal(&canonical, "bomb");
    #[cfg(not(feature = "sealing-off"))]
    assert!(sealed.len() < 32 * 1024);
    assert!(matches!(open(&ctx, &sealed), Err(CryptoError::TooLarge)));
    assert_eq!(open_revision(SPACE, ctx.rid, 2, &keys(), &sealed, canonical.len()).unwrap().len(), canonical.len());

    let large = blob(&noise(1000), "large");
    assert!(matches!(open_blob(SPACE, &keys(), &large, 999), Err(CryptoError::TooLarge)));
    assert_eq!(open_blob(SPACE, &keys(), &large, 1000).unwrap().len(), 1000);
}

#[test]
fn newer_seals_ask_for_a_newer_version() {
    let (ctx, mut sealed) = seal(NOTE, "newer");
    sealed[0] = 2;
    assert!(matches!(open(&ctx, &sealed), Err(CryptoError::NewerVersion(2))));
    let mut sealed = blob(NOTE, "newer");
    sealed[0] = 2;
    assert!(matches!(open_blob(SPACE, &keys(), &sealed, CAP), Err(CryptoError::NewerVersion(2))));
    not_opened(open(&ctx, &[]));
    not_opened(open_blob(SPACE, &keys(), &[], CAP));
}

/// Plain text that a test build stored is not read by a real one.
#[cfg(not(feature = "sealing-off"))]
#[test]
fn unsealed_text_is_refused() {
    let ctx = context(NOTE);
    not_opened(open(&ctx, &[&[0xff, 0, 0, 0, 2][..], NOTE].concat()));
    not_opened(open_blob(SPACE, &keys(), &[&[0xff, 0, 0, 0, 2][..], NOTE].concat(), CAP));
}

#[cfg(not(feature = "sealing-off"))]
#[test]
fn any_flipped_byte_or_cut_is_refused() {
    let (ctx, sealed) = seal(NOTE, "flip");
    for place in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[place] ^= 0x20;
        assert!(open(&ctx, &altered).is_err(), "byte {place}");
        assert!(open(&ctx, &sealed[..place]).is_err(), "{place} bytes");
    }
    let blob = blob(NOTE, "flip");
    for place in 0..blob.len() {
        let mut altered = blob.clone();
        altered[place] ^= 0x20;
        assert!(open_blob(SPACE, &keys(), &altered, CAP).is_err(), "byte {place}");
        assert!(open_blob(SPACE, &keys(), &blob[..place], CAP).is_err(), "{place} bytes");
    }
}

fn key_bytes() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        canonical in prop::collection::vec(any::<u8>(), 0..3000),
        epoch_key in key_bytes(),
        id_key in key_bytes(),
        space in any::<[u8; 16]>(),
        (epoch, number) in any::<(u32, u32)>(),
        seed in "[a-z]{1,8}",
    ) {
        let id_key = IdKey::from_bytes(id_key);
        let rid = revision_id(&id_key, &canonical);
        let keys = SpaceKeys {
            id_keys: [(number, id_key)].into(),
            epoch_keys: [(epoch, EpochKey::from_bytes(epoch_key))].into(),
        };
        let ctx = SealContext { space, rid, key_epoch: epoch, id_key_no: number };
        let mut rng = SeededRng::new(&seed);
        let sealed = seal_revision(&ctx, keys.current_epoch().1, &canonical, &mut rng).unwrap();
        prop_assert_eq!(open_revision(space, rid, epoch, &keys, &sealed, 3000).unwrap(), canonical.clone());
        let sealed = seal_blob(space, keys.current_epoch().1, epoch, &canonical, &mut rng).unwrap();
        prop_assert_eq!(open_blob(space, &keys, &sealed, 3000).unwrap(), canonical.clone());
        let sealed = seal_chunk(space, keys.current_epoch().1, epoch, &PLACE, &canonical, &mut rng).unwrap();
        prop_assert_eq!(open_chunk(space, &keys, &PLACE, &sealed, 3000).unwrap(), canonical);
    }

    #[test]
    fn junk_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&context(NOTE), &bytes).is_err());
        #[cfg(not(feature = "sealing-off"))]
        prop_assert!(open_blob(SPACE, &keys(), &bytes, CAP).is_err());
        // Junk behind a good header.
        let bytes = [&[1, 0, 0, 0, 2][..], &bytes].concat();
        prop_assert!(open(&context(NOTE), &bytes).is_err());
        prop_assert!(open_blob(SPACE, &keys(), &bytes, CAP).is_err());
    }
}
