//! Answers as CBOR with the status that fits them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use holdfast_protocol::{ErrorBody, LogAnswer, MEDIA_TYPE, ProtocolError, PushOutcome, Wire, encode};

/// An error on its way to the client.
pub(super) struct Failure {
    error: ProtocolError,
    status: StatusCode,
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self { status: error_status(&error), error }
    }
}

impl Failure {
    /// The rest of the request did not come. For a client it is as if the server had failed: later.
    pub(super) fn late() -> Self {
        let error = ProtocolError::Server("the request did not come in time".into());
        Self { status: StatusCode::REQUEST_TIMEOUT, error }
    }
}

pub(super) type Answer = Result<Response, Failure>;

pub(super) fn cbor<T: Wire>(status: StatusCode, value: &T) -> Response {
    let mut response = (status, encode(value)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}

pub(super) fn push_status(outcome: &PushOutcome) -> StatusCode {
    match outcome {
        PushOutcome::Accepted { .. } => StatusCode::OK,
        PushOutcome::Rejected { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        PushOutcome::Rebase { .. } | PushOutcome::Forked { .. } | PushOutcome::StaleEpoch { .. } => {
            StatusCode::CONFLICT
        }
    }
}

pub(super) fn log_status(answer: &LogAnswer) -> StatusCode {
    match answer {
        LogAnswer::Page(_) => StatusCode::OK,
        LogAnswer::Rebase { .. } => StatusCode::CONFLICT,
    }
}

fn error_status(error: &ProtocolError) -> StatusCode {
    match error {
        ProtocolError::Unauthorized => StatusCode::UNAUTHORIZED,
        ProtocolError::WrongLogin
        | ProtocolError::InvitationInvalid
        | ProtocolError::NotRegistered
        | ProtocolError::DeviceRemoved => StatusCode::FORBIDDEN,
        ProtocolError::InvitationExpired => StatusCode::GONE,
        ProtocolError::UserTaken | ProtocolError::DeviceAhead => StatusCode::CONFLICT,
        // Not 409: with that a push has an outcome.
        ProtocolError::KeysChanged { .. } => StatusCode::PRECONDITION_FAILED,
        ProtocolError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProtocolError::NotFound => StatusCode::NOT_FOUND,
        ProtocolError::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        ProtocolError::Refused(_) | ProtocolError::Malformed(_) => StatusCode::BAD_REQUEST,
        ProtocolError::Server(_)
        | ProtocolError::Unreachable(_)
        | ProtocolError::NoNetwork
        | ProtocolError::PinMismatch => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = cbor(self.status, &ErrorBody::from(&self.error));
        if let ProtocolError::Busy { retry_after_s: Some(seconds) } = self.error {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
