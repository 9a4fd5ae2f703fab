//! Reading a request's body: so much of it and no more, and in a time that fits its length.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use holdfast_protocol::limits::body_time;
use holdfast_protocol::{ProtocolError, Wire, decode};
use tokio::time::timeout;

use super::Shared;
use super::answer::Failure;

/// A request with a body that is not read yet.
pub(super) struct Sent {
    pub(super) headers: HeaderMap,
    body: Body,
    /// Beside what its length takes.
    body_timeout: Duration,
}

impl FromRequest<Shared> for Sent {
    type Rejection = Infallible;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Infallible> {
        let (head, body) = request.into_parts();
        Ok(Self { headers: head.headers, body, body_timeout: shared.body_timeout })
    }
}

impl Sent {
    /// The body, of at most `max` bytes; a longer one is refused by its announced length where it has one.
    pub(super) async fn whole(self, max: usize) -> Result<Vec<u8>, Failure> {
        let announced = self.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > max as u64) {
            return Err(ProtocolError::TooLarge.into());
        }
        let time = self.body_timeout + body_time(announced.unwrap_or(max as u64));
        let bytes = timeout(time, to_bytes(self.body, max)).await.map_err(|_| Failure::late())?;
        // The other cause is a client that went away, and hears no answer.
        Ok(bytes.map_err(|_| ProtocolError::TooLarge)?.into())
    }

    pub(super) async fn message<T: Wire>(self, max: usize) -> Result<T, Failure> {
        let bytes = self.whole(max).await?;
        decode(&bytes).map_err(|error| match error {
            ProtocolError::Malformed(why) => ProtocolError::Refused(why).into(),
            other => other.into(),
        })
    }
}
