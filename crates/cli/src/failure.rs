//! Why a command did not do what it was asked, as a sentence and an exit code.

use holdfast_ipc::dto::ErrorCode;
use holdfast_ipc::{account_error, command_error};
use holdfast_notebook::{NotebookError, ProtocolError};

use crate::output::Answer;

pub const FAILED: u8 = 1;
pub const USAGE: u8 = 2;
/// What git's own commands answer to arguments that they do not know.
pub const GIT_USAGE: u8 = 129;
/// `git merge-file` counts conflicts up to 127; this is no count.
pub const NOT_MERGED: u8 = 255;
const OPEN_ELSEWHERE: u8 = 3;
/// `EX_TEMPFAIL` of sysexits.h.
const UNREACHABLE: u8 = 75;

#[derive(Debug)]
pub enum Failure {
    /// The command cannot be carried out as it was typed.
    Usage(String),
    /// A sentence for people.
    Said(String),
    /// Of `merge-file`, a sentence for people.
    NotMerged(String),
    Notebook(NotebookError),
    /// Of making an account or joining one: nothing waits to be sent.
    Account(NotebookError),
    /// A sync that did not get through, with what there is to tell all the same.
    Sync {
        error: NotebookError,
        answer: Answer,
    },
}

impl Failure {
    pub fn said(sentence: impl Into<String>) -> Self {
        Self::Said(sentence.into())
    }

    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::Usage(sentence.into())
    }

    pub fn sentence(&self) -> String {
        match self {
            Self::Usage(sentence) | Self::Said(sentence) | Self::NotMerged(sentence) => sentence.clone(),
            Self::Notebook(error) | Self::Sync { error, .. } => command_error(error).message,
            Self::Account(error) => account_error(error).message,
        }
    }

    /// The code of the window's errors, where this is one of them.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Usage(_) | Self::Said(_) | Self::NotMerged(_) => None,
            Self::Notebook(error) | Self::Account(error) | Self::Sync { error, .. } => Some(command_error(error).code),
        }
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Said(_) => FAILED,
            Self::NotMerged(_) => NOT_MERGED,
            Self::Notebook(error) | Self::Account(error) | Self::Sync { error, .. } => exit_code(error),
        }
    }

    /// What is printed although it failed: only where the server was not reached.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Sync { error, answer } if exit_code(error) == UNREACHABLE => Some(answer),
            _ => None,
        }
    }
}

fn exit_code(error: &NotebookError) -> u8 {
    match command_error(error).code {
        ErrorCode::VaultOpenElsewhere => OPEN_ELSEWHERE,
        ErrorCode::ServerUnreachable => UNREACHABLE,
        _ => FAILED,
    }
}

impl From<NotebookError> for Failure {
    fn from(error: NotebookError) -> Self {
        Self::Notebook(error)
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::Notebook(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_is_not_there_prints_an_answer() {
        let sync = |error: ProtocolError| Failure::Sync { error: error.into(), answer: Answer::done("as it stands") };
        let away = sync(ProtocolError::Unreachable("x".into()));
        assert_eq!((away.exit_code(), away.answer().is_some()), (75, true));
        let other_key = sync(ProtocolError::PinMismatch);
        assert_eq!((other_key.exit_code(), other_key.answer().is_some()), (1, false));
        let open = Failure::from(NotebookError::OpenElsewhere("d".into()));
        assert_eq!(open.exit_code(), 3);
    }
}
