//! The canary test's own check: with sealing off, the text is there to be found.

use holdfast_crypto::{open_blob, open_revision, seal_blob, seal_revision};

use crate::support::{CAP, SPACE, SeededRng, context, keys};

#[test]
fn sealing_off_stores_plain_text_that_still_opens() {
    let canonical = b"canary canary canary canary";
    let ctx = context(canonical);
    let mut rng = SeededRng::new("off");
    let sealed = seal_revision(&ctx, keys().current_epoch().1, canonical, &mut rng).unwrap();
    assert!(sealed.ends_with(canonical));
    assert_eq!(open_revision(SPACE, ctx.rid, 2, &keys(), &sealed, CAP).unwrap(), canonical);
    let sealed = seal_blob(SPACE, keys().current_epoch().1, 2, canonical, &mut rng).unwrap();
    assert!(sealed.ends_with(canonical));
    assert_eq!(open_blob(SPACE, &keys(), &sealed, CAP).unwrap(), canonical);
}
