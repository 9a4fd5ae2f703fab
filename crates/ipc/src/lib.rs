//! DTOs, error codes, events and handlers between a user interface and the notebook. No Tauri.
//!
//! A handler turns a DTO into domain values, calls one use case, and turns the answer, or the error, back.
//! [`App`] is what they share: the vault of one folder, open or not, with its sync running.

mod app;
mod convert;
pub mod dto;
mod error;
pub mod handlers;

pub use app::{App, EventSink};
pub use error::{account_error, command_error};

/// What every handler answers.
pub type Answer<T> = Result<T, dto::CommandError>;
