//! The stream of pokes: one request whose answer does not end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use holdfast_protocol::{EventReader, EventStream, LogHead, ProtocolError};
use reqwest::Response;
use tokio::time::timeout;

use crate::counters::AtomicCounters;
use crate::failure::no_answer;

/// A stream that was opened.
pub(crate) struct HttpEvents {
    response: Response,
    reader: EventReader,
    /// A server says something more often than this.
    silence: Duration,
    counters: Arc<AtomicCounters>,
}

impl HttpEvents {
    pub(crate) fn new(response: Response, silence: Duration, counters: Arc<AtomicCounters>) -> Self {
        Self { response, reader: EventReader::default(), silence, counters }
    }
}

#[async_trait]
impl EventStream for HttpEvents {
    async fn next(&mut self) -> Result<LogHead, ProtocolError> {
        loop {
            if let Some(head) = self.reader.pop() {
                return Ok(head);
            }
            // Dropped while it waits, it has taken nothing: a chunk is taken and read in one go.
            let chunk = timeout(self.silence, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| ProtocolError::Unreachable("its stream of events is dead".into()))?;
            let Some(chunk) = chunk.map_err(|e| no_answer(&e))? else {
                return Err(ProtocolError::Unreachable("it ended the stream of events".into()));
            };
            self.counters.received(chunk.len());
            self.reader.feed(&chunk)?;
        }
    }
}
