//! Revisions that are sealed as the difference to one that they build on.

use holdfast_crypto::{CryptoError, SealContext, open_revision, open_revision_on, seal_revision, seal_revision_on};
use proptest::prelude::*;

use crate::support::{CAP, SPACE, SeededRng, context, keys};

/// As long as a long note, and not the same again and again.
fn long(words: usize) -> Vec<u8> {
    (0..words).flat_map(|n| format!("{:x} ", n * 7_919).into_bytes()).collect()
}

fn seal_on(parent: &[u8], canonical: &[u8]) -> (SealContext, Vec<u8>) {
    let ctx = context(canonical);
    let before = (&context(parent).rid, parent);
    let mut rng = SeededRng::new("delta");
    (ctx, seal_revision_on(&ctx, keys().current_epoch().1, canonical, before, &mut rng).unwrap())
}

fn open_on(ctx: &SealContext, sealed: &[u8], parent: &[u8]) -> Result<Vec<u8>, CryptoError> {
    open_revision_on(SPACE, ctx.rid, 2, &keys(), sealed, CAP, |_| Some(parent.to_vec()))
}

fn not_opened<T: std::fmt::Debug>(result: Result<T, CryptoError>) {
    assert!(matches!(result, Err(CryptoError::NotOpened)), "{result:?}");
}

#[test]
fn a_word_in_a_long_text_is_small() {
    let before = long(20_000);
    let mut after = before.clone();
    after.splice(50_000..50_004, *b"a new word");
    let (ctx, sealed) = seal_on(&before, &after);
    assert!(sealed.len() < 250, "{} of {}", sealed.len(), after.len());
    assert_eq!(open_on(&ctx, &sealed, &before).unwrap(), after);
    let whole = seal_revision(&ctx, keys().current_epoch().1, &after, &mut SeededRng::new("whole")).unwrap();
    assert!(whole.len() > 100 * sealed.len());
    // It opens as any other where it is whole, and the parent is not asked for.
    let opened = open_revision_on(SPACE, ctx.rid, 2, &keys(), &whole, CAP, |_| panic!("not asked for"));
    assert_eq!(opened.unwrap(), after);
}

#[test]
fn without_its_parent_it_waits_and_names_it() {
    let (before, after) = (long(100), long(101));
    let (ctx, sealed) = seal_on(&before, &after);
    let said = open_revision(SPACE, ctx.rid, 2, &keys(), &sealed, CAP);
    assert!(matches!(said, Err(CryptoError::MissingParent { parent }) if parent == context(&before).rid), "{said:?}");
}

#[test]
fn on_other_bytes_it_does_not_open() {
    let (before, after) = (long(100), long(101));
    let (ctx, sealed) = seal_on(&before, &after);
    for other in [&long(99)[..], &after, b"", &vec![0; 3 * 1024 * 1024]] {
        not_opened(open_on(&ctx, &sealed, other));
    }
    // Under another id it is refused before the parent is looked for.
    let other = SealContext { rid: context(&before).rid, ..ctx };
    let said = open_revision_on(SPACE, other.rid, 2, &keys(), &sealed, CAP, |_| panic!("not asked for"));
    not_opened(said);
}

/// The one who seals is a member, and hostile: other bytes under a known id.
#[test]
fn bytes_that_are_not_of_the_id_are_refused() {
    let (before, after) = (long(100), long(101));
    let ctx = context(&after);
    let epoch_key = keys().current_epoch().1.clone();
    let parent = (&context(&before).rid, &before[..]);
    let mut rng = SeededRng::new("forged");
    let forged = seal_revision_on(&ctx, &epoch_key, &long(102), parent, &mut rng).unwrap();
    not_opened(open_on(&ctx, &forged, &before));
}

/// A small difference can stand for much: it is refused by the size that its frame says, before anything is unfolded.
#[test]
fn a_bomb_on_a_parent_is_refused_by_its_size() {
    let before = long(100);
    let (ctx, sealed) = seal_on(&before, &vec![0; 256 * 1024 * 1024]);
    assert!(sealed.len() < 64 * 1024);
    let said = open_on(&ctx, &sealed, &before);
    assert!(matches!(said, Err(CryptoError::TooLarge)), "{said:?}");
    // The cap is the caller's, to the byte.
    let (ctx, sealed) = seal_on(&before, &[7; 1000]);
    let capped = |cap| open_revision_on(SPACE, ctx.rid, 2, &keys(), &sealed, cap, |_| Some(before.clone()));
    assert!(matches!(capped(999), Err(CryptoError::TooLarge)));
    assert_eq!(capped(1000).unwrap(), [7; 1000]);
}

#[test]
fn any_flipped_byte_or_cut_is_refused() {
    let (before, after) = (long(40), long(41));
    let (ctx, sealed) = seal_on(&before, &after);
    for place in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[place] ^= 0x20;
        assert!(open_on(&ctx, &altered, &before).is_err(), "byte {place}");
        assert!(open_on(&ctx, &sealed[..place], &before).is_err(), "{place} bytes");
    }
}

#[test]
fn a_chain_of_them_opens_one_after_another() {
    let mut texts = vec![long(5_000)];
    let mut sealed = Vec::new();
    for n in 0..40 {
        let mut next = texts[n].clone();
        next.splice(n * 100..n * 100 + 4, format!("[{n}]").into_bytes());
        sealed.push(seal_on(&texts[n], &next));
        texts.push(next);
    }
    let mut here = texts[0].clone();
    for ((ctx, sealed), text) in sealed.iter().zip(&texts[1..]) {
        here = open_on(ctx, sealed, &here).unwrap();
        assert_eq!(here, *text);
    }
}

proptest! {
    #[test]
    fn what_is_sealed_on_a_parent_opens(
        before in prop::collection::vec(any::<u8>(), 0..2000),
        after in prop::collection::vec(any::<u8>(), 0..2000),
        shared in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let (before, after) = ([&shared[..], &before].concat(), [&after[..], &shared].concat());
        let (ctx, sealed) = seal_on(&before, &after);
        prop_assert_eq!(open_on(&ctx, &sealed, &before).unwrap(), after);
    }
}
