//! Pokes: how far a space's log has grown, told by the server as it happens. A poke is a hint and nothing is believed
//! because of it: whoever hears one reads the log as always.
//!
//! Over the wire it is a stream of server-sent events (`text/event-stream`). Each event has one line of data,
//! `LOG_EPOCH SEQ LINK`: two decimal numbers and a hash in hexadecimal. A comment comes where there is nothing to
//! tell, at least every [`EVENTS_KEEP_ALIVE`](crate::limits::EVENTS_KEEP_ALIVE), so that a dead connection is noticed.

use std::collections::VecDeque;

use async_trait::async_trait;

use crate::{Hash, LogHead, ProtocolError};

/// The media type of the stream.
pub const EVENT_STREAM: &str = "text/event-stream";
/// What a server says where there is nothing to tell.
pub const KEEP_ALIVE_LINE: &str = ":\n\n";
/// No line of the stream is longer.
const MAX_LINE: usize = 256;
/// Heads that were read and not yet taken: only the newest matter.
const MAX_READY: usize = 16;

/// A stream of pokes for one space. Begins with where the log stands.
#[async_trait]
pub trait EventStream: Send {
    /// Waits for the next poke. An error ends the stream; [`ProtocolError::Unauthorized`] where the session ended.
    /// May be dropped while it waits, and asked again.
    async fn next(&mut self) -> Result<LogHead, ProtocolError>;
}

/// One event as it goes over the wire.
pub fn event_text(head: &LogHead) -> String {
    format!("data: {} {} {}\n\n", head.log_epoch, head.seq, head.link)
}

/// Reads events from a stream that is cut anywhere. Keeps less than a line and a few heads.
#[derive(Debug, Default)]
pub struct EventReader {
    line: Vec<u8>,
    after_cr: bool,
    /// The event that is being read.
    data: Option<LogHead>,
    ready: VecDeque<LogHead>,
}

impl EventReader {
    /// Takes bytes as they come. Never panics. Fails with [`ProtocolError::Malformed`], and is of no use after that.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => self.end_of_line()?,
                _ if self.line.len() < MAX_LINE => self.line.push(byte),
                _ => return Err(malformed("a line is too long")),
            }
        }
        Ok(())
    }

    /// The next event, if one is complete.
    pub fn pop(&mut self) -> Option<LogHead> {
        self.ready.pop_front()
    }

    fn end_of_line(&mut self) -> Result<(), ProtocolError> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            if let Some(head) = self.data.take() {
                if self.ready.len() == MAX_READY {
                    self.ready.pop_front();
                }
                self.ready.push_back(head);
            }
            return Ok(());
        }
        // Comments, and fields of later versions.
        let Some(data) = line.strip_prefix(b"data:") else { return Ok(()) };
        let data = data.strip_prefix(b" ").unwrap_or(data);
        let head = std::str::from_utf8(data).ok().and_then(read_head);
        self.data = Some(head.ok_or_else(|| malformed("not a place in a log"))?);
        Ok(())
    }
}

fn read_head(text: &str) -> Option<LogHead> {
    let mut parts = text.split(' ');
    let mut number = || {
        let part = parts.next()?;
        // `parse` takes a sign too.
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u64>().ok())?
    };
    let (log_epoch, seq) = (number()?, number()?);
    let link = Hash::from_hex(parts.next()?)?;
    // A later version may add more after a space.
    Some(LogHead { log_epoch, seq, link })
}

fn malformed(what: &str) -> ProtocolError {
    ProtocolError::Malformed(format!("the stream of events: {what}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::format_collect)]
    use proptest::prelude::*;

    use super::*;

    fn head(seq: u64) -> LogHead {
        LogHead { log_epoch: 7, seq, link: Hash([0xab; 32]) }
    }

    fn read(bytes: &[u8]) -> Result<Vec<LogHead>, ProtocolError> {
        let mut reader = EventReader::default();
        reader.feed(bytes)?;
        Ok(std::iter::from_fn(|| reader.pop()).collect())
    }

    #[test]
    fn an_event_is_these_bytes_for_ever() {
        let text = "data: 7 42 abababababababababababababababababababababababababababababababab\n\n";
        assert_eq!(event_text(&head(42)), text);
        assert_eq!(read(text.as_bytes()).unwrap(), [head(42)]);
    }

    #[test]
    fn comments_other_fields_and_other_line_ends_are_read_over() {
        let link = head(1).link;
        let text = format!(
            ":\n\nretry: 5\nevent: x\nid: 3\ndata:7 1 {link}\n\n: hello\r\ndata: 7 2 {link} more\r\n\r\ndata: 7 3 {link}\r\r"
        );
        assert_eq!(read(text.as_bytes()).unwrap(), [head(1), head(2), head(3)]);
        // An event that is not complete is none.
        assert_eq!(read(format!("data: 7 1 {link}\n").as_bytes()).unwrap(), []);
    }

    #[test]
    fn nonsense_is_refused() {
        let link = head(1).link;
        for data in [
            String::new(),
            "7".into(),
            "7 1".into(),
            format!("+7 1 {link}"),
            format!("-7 1 {link}"),
            format!(" 7 1 {link}"),
            "7 1 abc".into(),
            format!("7 18446744073709551616 {link}"),
            format!("7  1 {link}"),
        ] {
            assert!(read(format!("data: {data}\n\n").as_bytes()).is_err(), "{data}");
        }
        assert!(read(&[b'x'; MAX_LINE + 1]).is_err());
        assert!(read(b"data: \xff\n\n").is_err());
    }

    #[test]
    fn only_the_newest_are_kept() {
        let text: String = (1..=100).map(|n| event_text(&head(n))).collect();
        let heads = read(text.as_bytes()).unwrap();
        assert_eq!((heads.len(), heads.last()), (MAX_READY, Some(&head(100))));
    }

    proptest! {
        #[test]
        fn it_may_be_cut_anywhere(seqs in prop::collection::vec(any::<u64>(), 0..8), cut in 1..40_usize) {
            let text: String = seqs.iter().map(|n| format!("{KEEP_ALIVE_LINE}{}", event_text(&head(*n)))).collect();
            let mut reader = EventReader::default();
            for piece in text.as_bytes().chunks(cut) {
                reader.feed(piece).unwrap();
            }
            let heads: Vec<u64> = std::iter::from_fn(|| reader.pop()).map(|h| h.seq).collect();
            prop_assert_eq!(heads, seqs);
        }
    }
}
