//! Packs: what they cover, who gets them in the place of bodies, and when bodies go.

use holdfast_protocol::*;

use crate::removal::sign_in;
use crate::suite::second_device;
use crate::world::{BEGINNING, Device, QUOTA, World, entry};

const KNOWS: Option<u64> = Some(0);

async fn page(world: &World, token: &Token, space: SpaceId, at: LogHead, packs: Option<u64>) -> LogPage {
    let LogHead { log_epoch, seq, link } = at;
    let request = LogRequest { space, log_epoch, seq, link, max_bytes: u32::MAX, packs, releases: None };
    match world.api.log(token, request).await.unwrap() {
        LogAnswer::Page(page) => {
            let mut chain = LinkChain::at(space, LogHead { log_epoch: page.log_epoch, ..at });
            assert_eq!(chain.feed(&page), Ok(page.head), "with and without bodies, the links are the same");
            page
        }
        LogAnswer::Rebase { .. } => panic!("rebase"),
    }
}

/// The links of the whole log.
async fn links(world: &World, token: &Token, space: SpaceId) -> Vec<Hash> {
    let page = page(world, token, space, BEGINNING, KNOWS).await;
    let mut links = vec![Hash::ZERO];
    LinkChain::start(space).feed_links(&page, &mut links).unwrap();
    links
}

/// A pack over a part of the log as it is. The server cannot look inside.
fn pack(space: SpaceId, log_epoch: u64, links: &[Hash], from: u64, to: u64, len: usize) -> Entry {
    let range = PackRange::new(log_epoch, (from, links[from as usize]), (to, links[to as usize])).unwrap();
    Entry { kind: EntryKind::Pack, rid: range.rid(space), key_epoch: 1, body: range.body(&vec![7; len]) }
}

/// Two devices that know packs, six entries of 100 bytes, and a pack over four of them by the first device.
struct Packed {
    world: World,
    tokens: [Token; 2],
    devices: [Device; 2],
    space: SpaceId,
    head: LogHead,
    links: Vec<Hash>,
}

async fn packed(world: World) -> Packed {
    let (token, mut one) = world.account("ada", 1).await;
    let space = one.space;
    let two = second_device(&world, &token, 5, space).await;
    let other_token = sign_in(&world, &two).await.unwrap();
    one.push(&world, &token, (1..=6).map(|n| entry(n, 100)).collect()).await;
    // A session is a device's: the server knows of both now that they know packs.
    for token in [&token, &other_token] {
        page(&world, token, space, BEGINNING, KNOWS).await;
    }
    let links = links(&world, &token, space).await;
    let head = page(&world, &token, space, BEGINNING, KNOWS).await.head;
    let entry = pack(space, head.log_epoch, &links, 1, 5, 200);
    let (stored, head) = one.push(&world, &token, vec![entry]).await;
    assert_eq!((stored[0].seq, stored[0].duplicate), (7, false));
    Packed { world, tokens: [token, other_token], devices: [one, two], space, head, links }
}

fn whole(page: &LogPage) -> Vec<u64> {
    page.entries.iter().map(|logged| logged.seq).collect()
}

fn covered(page: &LogPage) -> (Vec<u64>, Vec<u64>) {
    let Some(covered) = &page.covered else { return (Vec::new(), Vec::new()) };
    let outlines = covered.outlines(&page.manifests).map(|outline| outline.unwrap().seq);
    (outlines.collect(), covered.packs.iter().map(|pack| pack.seq).collect())
}

pub async fn a_pack_comes_in_the_place_of_what_it_covers(world: World) {
    let p = packed(world).await;
    // Who does not know packs gets every body; the pack is an entry like others.
    let plain = page(&p.world, &p.tokens[1], p.space, BEGINNING, None).await;
    assert_eq!((whole(&plain), covered(&plain), plain.may_pack), ((1..=7).collect(), (vec![], vec![]), None));
    let knows = page(&p.world, &p.tokens[1], p.space, BEGINNING, KNOWS).await;
    assert_eq!((whole(&knows), covered(&knows)), (vec![1, 6], (vec![2, 3, 4, 5, 7], vec![7])));
    let packs = &knows.covered.as_ref().unwrap().packs;
    assert_eq!((packs[0].body.as_slice(), packs[0].key_epoch), (plain.entries[6].entry.body.as_slice(), 1));
    // Ids are those of the entries.
    let ids: Vec<Rid> = knows.items().unwrap().iter().map(|item| item.outline().rid).collect();
    assert_eq!(ids, plain.entries.iter().map(|logged| logged.entry.rid).collect::<Vec<_>>());
    // From the middle, where the rest of the bodies is less than the pack, these come; and the pack, to be looked at.
    let at = LogHead { seq: 4, link: p.links[4], ..p.head };
    let rest = page(&p.world, &p.tokens[1], p.space, at, KNOWS).await;
    assert_eq!((whole(&rest), covered(&rest)), (vec![5, 6, 7], (vec![], vec![])));
}

pub async fn bodies_go_when_another_device_has_checked_the_pack(world: World) {
    let p = packed(world).await;
    let figures = || p.world.core.figures().unwrap();
    // Its own word, a word about something else, and one about another log, are not enough.
    page(&p.world, &p.tokens[0], p.space, p.head, Some(7)).await;
    page(&p.world, &p.tokens[1], p.space, p.head, Some(6)).await;
    page(&p.world, &p.tokens[1], p.space, p.head, Some(99)).await;
    let elsewhere = LogRequest {
        space: p.space,
        log_epoch: p.head.log_epoch ^ 1,
        seq: 7,
        link: p.head.link,
        max_bytes: 1,
        packs: Some(7),
        releases: None,
    };
    assert!(matches!(p.world.api.log(&p.tokens[1], elsewhere).await, Ok(LogAnswer::Rebase { .. })));
    assert_eq!((figures().without_body, figures().packs.len()), (0, 1));
    // While one device of the account does not know packs, all bodies stay.
    page(&p.world, &p.tokens[0], p.space, p.head, None).await;
    page(&p.world, &p.tokens[1], p.space, p.head, Some(7)).await;
    assert_eq!(figures().without_body, 0);
    page(&p.world, &p.tokens[0], p.space, p.head, KNOWS).await;
    let before = figures().body_bytes;
    page(&p.world, &p.tokens[1], p.space, p.head, Some(7)).await;
    assert_eq!((figures().without_body, figures().body_bytes, figures().packs[0].dropped), (4, before - 400, true));
    // The links stay, and the pack comes with them.
    let knows = page(&p.world, &p.tokens[0], p.space, BEGINNING, KNOWS).await;
    assert_eq!((whole(&knows), covered(&knows)), (vec![1, 6], (vec![2, 3, 4, 5, 7], vec![7])));
    let at = LogHead { seq: 4, link: p.links[4], ..p.head };
    assert_eq!(covered(&page(&p.world, &p.tokens[0], p.space, at, KNOWS).await), (vec![5, 7], vec![7]));
    // Who does not know packs gets what is before, and then is told that it is too old.
    let LogAnswer::Page(part) = p.world.read(&p.tokens[1], p.space, BEGINNING, u32::MAX).await else { panic!() };
    assert_eq!(whole(&part), [1]);
    let request = LogRequest {
        space: p.space,
        log_epoch: p.head.log_epoch,
        seq: 1,
        link: p.links[1],
        max_bytes: 9,
        packs: None,
        releases: None,
    };
    let said = p.world.api.log(&p.tokens[1], request).await;
    assert!(matches!(said, Err(ProtocolError::Refused(_))), "{said:?}");
}

pub async fn what_has_no_body_any_more_is_there_all_the_same(world: World) {
    let mut p = packed(world).await;
    page(&p.world, &p.tokens[1], p.space, p.head, Some(7)).await;
    let rids = [3, 6, 9].map(|n| Rid([n; 32])).to_vec();
    let missing = MissingRequest { space: p.space, rids: rids.clone(), cids: Vec::new() };
    assert_eq!(p.world.api.missing(&p.tokens[0], missing).await.unwrap().rids, [Rid([9; 32])]);
    // The same bytes are a duplicate, and sent again by healing they are one too.
    let request = p.devices[1].batch(vec![entry(3, 100), entry(8, 10)]);
    let PushOutcome::Accepted { stored, .. } = p.world.api.push(&p.tokens[1], request.clone()).await.unwrap() else {
        panic!()
    };
    assert_eq!(stored.iter().map(|s| (s.seq, s.duplicate)).collect::<Vec<_>>(), [(3, true), (8, false)]);
    p.devices[1].accepted(&request);
    // By itself it comes with its pack; to who does not know packs, not at all.
    for (packs, expected) in [(Some(true), 1), (None, 0)] {
        let fetch = FetchRequest { space: p.space, rids: rids.clone(), packs };
        let fetched = p.world.api.fetch(&p.tokens[0], fetch).await.unwrap();
        assert_eq!(fetched.entries.iter().map(|logged| logged.seq).collect::<Vec<_>>(), [6]);
        let outlines = fetched.covered.iter().flat_map(|covered| covered.outlines(&fetched.manifests));
        let outlines: Vec<(u64, Rid)> = outlines.map(|o| o.map(|o| (o.seq, o.rid)).unwrap()).collect();
        assert_eq!(outlines.len(), expected);
        assert!(expected == 0 || outlines == [(3, Rid([3; 32]))]);
        assert_eq!(fetched.covered.map_or(0, |covered| covered.packs.len()), expected);
    }
    // A new epoch of the log links the same entries anew, bodies or not.
    p.world.core.begin_new_epochs().unwrap();
    let anew = page(&p.world, &p.tokens[0], p.space, BEGINNING, KNOWS).await;
    assert_ne!(anew.log_epoch, p.head.log_epoch);
    assert_eq!(covered(&anew), (vec![2, 3, 4, 5, 7], vec![7]));
    // What was checked in the old epoch says nothing in the new one.
    let request = LogRequest {
        space: p.space,
        log_epoch: p.head.log_epoch,
        seq: 7,
        link: p.head.link,
        max_bytes: 9,
        packs: Some(7),
        releases: None,
    };
    assert!(matches!(p.world.api.log(&p.tokens[1], request).await, Ok(LogAnswer::Rebase { .. })));
}

pub async fn only_a_pack_of_this_log_covers_anything(world: World) {
    let mut p = packed(world).await;
    let links = links(&p.world, &p.tokens[0], p.space).await;
    let epoch = p.head.log_epoch;
    let mut wrong_link = links.clone();
    wrong_link[6].0[0] ^= 1;
    let mut wrong_rid = pack(p.space, epoch, &links, 5, 6, 10);
    wrong_rid.rid.0[0] ^= 1;
    let mut no_range = pack(p.space, epoch, &links, 0, 1, 10);
    no_range.body[0] = 9;
    let others = [
        pack(p.space, epoch ^ 1, &links, 5, 6, 10),
        pack(p.space, epoch, &wrong_link, 5, 6, 10),
        pack(p.space, epoch, &links, 4, 6, 10),
        pack(p.space, epoch, &links, 1, 5, 10),
        wrong_rid,
        no_range,
    ];
    let count = others.len() as u64;
    let (stored, _) = p.devices[0].push(&p.world, &p.tokens[0], others.to_vec()).await;
    // All are entries of the log; but for the second one over the same part, which is not needed.
    let seqs: Vec<(u64, bool)> = stored.iter().map(|s| (s.seq, s.duplicate)).collect();
    assert_eq!(seqs, [(8, false), (9, false), (10, false), (7, true), (11, false), (12, false)]);
    assert_eq!(p.world.core.figures().unwrap().packs.len(), 1);
    // One over nothing but the place that it would take itself is of no log yet.
    let mut ahead = links.clone();
    ahead.resize(20, Hash([1; 32]));
    let (stored, _) = p.devices[0].push(&p.world, &p.tokens[0], vec![pack(p.space, epoch, &ahead, 12, 13, 10)]).await;
    assert_eq!((stored[0].seq, p.world.core.figures().unwrap().packs.len()), (7 + count, 1));
    // And one that fits beside the first.
    let (_, _) = p.devices[0].push(&p.world, &p.tokens[0], vec![pack(p.space, epoch, &links, 5, 6, 10)]).await;
    let packs = p.world.core.figures().unwrap().packs;
    assert_eq!(packs.iter().map(|pack| (pack.from, pack.to)).collect::<Vec<_>>(), [(1, 5), (5, 6)]);
}

pub async fn packs_are_made_where_all_know_them_and_there_is_room(world: World) {
    let p = packed(world).await;
    let may = |packs| page(&p.world, &p.tokens[0], p.space, p.head, packs);
    assert_eq!((may(KNOWS).await.may_pack, may(None).await.may_pack), (Some(true), None));
    // The request before was one of a version that does not know them.
    assert_eq!(page(&p.world, &p.tokens[1], p.space, p.head, KNOWS).await.may_pack, Some(false));
    assert_eq!(may(KNOWS).await.may_pack, Some(true));
}

/// Who sends packs was told that there is room; others may have taken it since. But a pack is no way around the quota.
pub async fn packs_have_some_room_beyond_the_quota(world: World) {
    let mut p = packed(world).await;
    let blob = vec![0; QUOTA as usize - 8 * 1024 * 1024];
    let cid = Cid(*blake3::hash(&blob).as_bytes());
    p.world.api.put_blob(&p.tokens[0], p.space, cid, blob.clone()).await.unwrap();
    let may = page(&p.world, &p.tokens[0], p.space, p.head, KNOWS).await.may_pack;
    assert_eq!(may, Some(false), "no more are made");
    let mut sent = 0;
    let rejected = loop {
        let range = PackRange::new(9, (sent, Hash([1; 32])), (sent + 1, Hash([2; 32]))).unwrap();
        let body = range.body(&vec![7; limits::MAX_ENTRY_BYTES - 1 - PackRange::BYTES]);
        let pack = Entry { kind: EntryKind::Pack, rid: range.rid(p.space), key_epoch: 1, body };
        let request = p.devices[0].batch(vec![pack]);
        match p.world.api.push(&p.tokens[0], request.clone()).await.unwrap() {
            PushOutcome::Accepted { .. } => p.devices[0].accepted(&request),
            other => break other,
        }
        sent += 1;
    };
    assert_eq!(rejected, PushOutcome::Rejected { index: 0, reason: RejectReason::QuotaExceeded });
    let beyond = p.world.core.figures().unwrap().body_bytes + blob.len() as u64 - QUOTA;
    assert!((16..=32).contains(&(beyond >> 20)), "{beyond}");
}
