//! A page of the log from a server that may say anything: checking it ends, and what passes stands where it says.
//! Half of the pages are put right by the link that a server would compute, so that the checks behind it are met too.
#![no_main]

use holdfast_protocol::*;
use libfuzzer_sys::fuzz_target;

const SPACE: SpaceId = SpaceId([7; 16]);

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let Ok(LogAnswer::Page(mut page)) = decode::<LogAnswer>(bytes) else { return };
    if choice % 2 == 1 {
        put_right(&mut page);
    }
    let before = LogHead { log_epoch: page.head.log_epoch, seq: 0, link: Hash::ZERO };
    let mut chain = LinkChain::at(SPACE, before);
    match chain.feed(&page) {
        Ok(at) => {
            assert_eq!(at.seq, page.len() as u64, "an entry was passed over");
            assert!(at.seq <= page.head.seq, "it reads further than the log goes");
            assert_eq!(chain.position(), at);
            // The same page does not fit twice.
            assert!(page.is_empty() || chain.feed(&page).is_err());
        }
        Err(_) => assert_eq!(chain.position(), before, "a page that was refused moved the reader"),
    }
});

/// Numbers, one batch and links as an honest server would give them.
fn put_right(page: &mut LogPage) {
    page.log_epoch = page.head.log_epoch;
    page.covered = None;
    page.manifests.truncate(1);
    let Some(manifest) = page.manifests.first_mut() else { return page.entries.clear() };
    manifest.space = SPACE;
    manifest.rids = page.entries.iter().map(|entry| entry.entry.rid).collect();
    let batch = batch_hash(manifest);
    let mut at = Hash::ZERO;
    for (n, entry) in page.entries.iter_mut().enumerate() {
        (entry.seq, entry.batch) = (n as u64 + 1, batch);
        let Entry { kind, rid, key_epoch, ref body } = entry.entry;
        at = link(SPACE, page.log_epoch, entry.seq, at, kind, rid, key_epoch, body_hash(body), batch);
    }
    (page.head.seq, page.head.link) = (page.entries.len() as u64, at);
}
