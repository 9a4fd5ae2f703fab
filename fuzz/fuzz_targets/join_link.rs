//! A join link that somebody typed: reading it ends, and what could be read is written and read as the same.
#![no_main]

use holdfast_protocol::JoinLink;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, Option<(&str, [u8; 32], Option<Vec<u8>>, u64)>)| {
    let (text, parts) = input;
    if let Ok(link) = JoinLink::parse(text) {
        assert_eq!(JoinLink::parse(&link.to_string()), Ok(link));
    }
    let Some((url, pin, invitation, expires_ms)) = parts else { return };
    if let Ok(link) = JoinLink::new(url, pin, invitation, expires_ms) {
        let written = link.to_string();
        assert_eq!(JoinLink::parse(&written), Ok(link.clone()));
        // One letter changed is another link, or none: never the same server under another pin.
        let at = text.len() % written.len();
        let mut typed = written.clone().into_bytes();
        typed[at] = if typed[at] == b'A' { b'B' } else { b'A' };
        if let Ok(typed) = JoinLink::parse(&String::from_utf8_lossy(&typed)) {
            assert_eq!(typed, link, "a link with another letter is taken");
        }
    }
});
