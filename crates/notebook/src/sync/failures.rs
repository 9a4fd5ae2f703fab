//! What an error means to the engine.

use holdfast_protocol::ProtocolError;
use holdfast_sync::Failure;

use crate::NotebookError;

/// True where whatever is asked next fails in the same way: there is no way to the server, or no session.
pub(super) fn is_the_lines(error: &NotebookError) -> bool {
    match error {
        NotebookError::Protocol(ProtocolError::Unreachable(_) | ProtocolError::PinMismatch) => true,
        other => matches!(failure(other), Failure::Offline | Failure::SignIn),
    }
}

/// True where the connection may be one that is there no more, and seems to be for long: of the next one it is not known.
pub(super) fn is_silence(error: &NotebookError) -> bool {
    matches!(error, NotebookError::Protocol(ProtocolError::Unreachable(_)))
}

/// What to do about an error: the one place where errors become the engine's kinds.
pub(super) fn failure(error: &NotebookError) -> Failure {
    match error {
        NotebookError::Protocol(ProtocolError::NoNetwork) => Failure::Offline,
        // A full disk too, or one that fails: nothing was taken over, and it may be mended. Another key, and what is no answer, are mostly of
        // somebody on the way (a train's network that wants to be signed in to), who goes without any network coming.
        NotebookError::Protocol(
            ProtocolError::Unreachable(_)
            | ProtocolError::PinMismatch
            | ProtocolError::Malformed(_)
            | ProtocolError::Server(_)
            | ProtocolError::KeysChanged { .. }
            | ProtocolError::DeviceAhead,
        )
        | NotebookError::DiskFull
        | NotebookError::Storage(_)
        | NotebookError::Unreadable { .. } => Failure::Unreachable,
        NotebookError::Protocol(ProtocolError::Busy { retry_after_s }) => {
            Failure::Busy { retry_after_ms: u64::from(retry_after_s.unwrap_or(1)) * 1000 }
        }
        NotebookError::Protocol(ProtocolError::Unauthorized | ProtocolError::DeviceRemoved) => Failure::SignIn,
        _ => Failure::Stop,
    }
}

#[cfg(test)]
mod tests {
    use holdfast_store::StoreError;

    use super::*;

    /// Else one bad moment of a disk would stop a program that nobody looks at.
    #[test]
    fn what_fails_on_this_computer_is_tried_again() {
        let eio = || std::io::Error::other("disk I/O error");
        for error in [StoreError::Io(eio()), StoreError::Busy, StoreError::DiskFull] {
            let error = NotebookError::from(error);
            assert!(failure(&error).passes(), "{error:?}");
        }
        assert!(failure(&NotebookError::io(std::path::Path::new("vault/keyfile"))(eio())).passes());
        assert!(!failure(&NotebookError::from(StoreError::Damaged("a page".into()))).passes());
    }
}
