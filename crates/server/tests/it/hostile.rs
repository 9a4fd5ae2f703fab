//! A server that lies is found out by the checks of the protocol crate; the tamper hooks make it lie.

use std::sync::Arc;

use holdfast_protocol::*;
use holdfast_server::Tamper;

use crate::world::{BEGINNING, World, entry};

async fn chain_after(lie: impl Fn(&mut LogPage) + Send + Sync + 'static) -> Result<LogHead, ChainError> {
    let log = move |answer| {
        let LogAnswer::Page(mut page) = answer else { return Ok(answer) };
        lie(&mut page);
        Ok(LogAnswer::Page(page))
    };
    let world = World::tampered(Tamper { log: Some(Arc::new(log)), ..Tamper::default() }).await;
    let (token, mut device) = world.account("ada", 1).await;
    device.push(&world, &token, vec![entry(1, 10), entry(2, 10), entry(3, 10)]).await;
    let LogAnswer::Page(page) = world.read(&token, device.space, BEGINNING, u32::MAX).await else { panic!() };
    LinkChain::start(device.space).feed(&page)
}

#[tokio::test]
async fn lies_about_the_log_are_found_out() {
    assert!(chain_after(|_| {}).await.is_ok());
    assert_eq!(chain_after(|page| page.entries[1].entry.body[3] ^= 1).await, Err(ChainError::BrokenLink { seq: 3 }));
    let gap = chain_after(|page| drop(page.entries.remove(1))).await;
    assert_eq!(gap, Err(ChainError::Gap { expected: 2, found: 3 }));
    assert_eq!(chain_after(|page| page.head.link.0[0] ^= 1).await, Err(ChainError::BrokenLink { seq: 3 }));
    let withheld = chain_after(|page| page.entries.clear()).await;
    assert_eq!(withheld, Err(ChainError::WrongEnd { read: 0, head: 3 }));
}

#[tokio::test]
async fn a_lost_answer_is_answered_again() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let lose = AtomicBool::new(true);
    let push = move |outcome| {
        if lose.swap(false, Ordering::SeqCst) { Err(ProtocolError::Server("lost".into())) } else { Ok(outcome) }
    };
    let world = World::tampered(Tamper { push: Some(Arc::new(push)), ..Tamper::default() }).await;
    let (token, device) = world.account("ada", 1).await;
    let request = device.batch(vec![entry(1, 10)]);
    assert_eq!(world.api.push(&token, request.clone()).await, Err(ProtocolError::Server("lost".into())));
    let PushOutcome::Accepted { stored, .. } = world.api.push(&token, request).await.unwrap() else { panic!() };
    assert_eq!(stored, [Stored { rid: Rid([1; 32]), seq: 1, duplicate: false }]);
    assert_eq!(world.whole_log(&token, device.space).await.entries.len(), 1);
}
