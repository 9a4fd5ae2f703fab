//! What a failed request means for the caller.

use std::error::Error as StdError;
use std::io;

use holdfast_protocol::{ErrorBody, MEDIA_TYPE, ProtocolError, decode};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use rustls::{CertificateError, Error as TlsError};

use crate::pin::OtherKey;

const SLOW: &str = "it did not answer in time";

/// An answer that did not come, or not whole, in time.
pub(crate) fn too_slow() -> ProtocolError {
    ProtocolError::Unreachable(SLOW.into())
}

/// A request that got no answer.
pub(crate) fn no_answer(error: &reqwest::Error) -> ProtocolError {
    if is_pin_mismatch(error) {
        return ProtocolError::PinMismatch;
    }
    if has_no_network(error) {
        return ProtocolError::NoNetwork;
    }
    let why = if error.is_timeout() {
        SLOW
    } else if error.is_connect() {
        connect_reason(error)
    } else {
        "the connection broke"
    };
    ProtocolError::Unreachable(why.into())
}

/// The errors that led to this one. An `io::Error` made from another keeps it beside its `source`.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    fn next<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), |error| next(*error))
}

fn is_pin_mismatch(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| match cause.downcast_ref::<TlsError>() {
        Some(TlsError::InvalidCertificate(CertificateError::Other(other))) => other.0.is::<OtherKey>(),
        _ => false,
    })
}

/// The system found no way out of this computer.
fn has_no_network(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|e| matches!(e.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown))
}

fn connect_reason(error: &reqwest::Error) -> &'static str {
    if causes(error).any(|cause| cause.is::<TlsError>()) {
        return "it does not speak TLS as expected";
    }
    match causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "nothing answers at that address",
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => "the connection broke",
        Some(io::ErrorKind::TimedOut) => SLOW,
        _ => "no connection",
    }
}

/// An answer that is not the one asked for.
pub(crate) fn bad_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ProtocolError {
    let retry_after_s = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    if is_message(headers)
        && let Ok(error) = decode::<ErrorBody>(body)
    {
        return match ProtocolError::from(error) {
            ProtocolError::Busy { retry_after_s: None } => ProtocolError::Busy { retry_after_s },
            error => error,
        };
    }
    // Something between here and the server answered, or the HTTP layer itself.
    match status {
        StatusCode::UNAUTHORIZED => ProtocolError::Unauthorized,
        StatusCode::PAYLOAD_TOO_LARGE => ProtocolError::TooLarge,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => ProtocolError::Busy { retry_after_s },
        status if status.is_server_error() => ProtocolError::Server(format!("status {}", status.as_u16())),
        status => ProtocolError::Malformed(format!("status {}", status.as_u16())),
    }
}

pub(crate) fn is_message(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value == MEDIA_TYPE)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn answers_that_are_not_ours_are_sorted_by_status() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("17"));
        let sorted = |status: u16| bad_answer(StatusCode::from_u16(status).unwrap_or_default(), &headers, b"<html>");
        assert_eq!(sorted(429), ProtocolError::Busy { retry_after_s: Some(17) });
        assert_eq!(sorted(503), ProtocolError::Busy { retry_after_s: Some(17) });
        assert_eq!(sorted(502), ProtocolError::Server("status 502".into()));
        assert_eq!(sorted(401), ProtocolError::Unauthorized);
        assert_eq!(sorted(413), ProtocolError::TooLarge);
        assert_eq!(sorted(302), ProtocolError::Malformed("status 302".into()));
    }
}
