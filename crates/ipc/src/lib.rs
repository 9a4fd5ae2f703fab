//! DTOs, error codes, events and handlers between a user interface and the notebook. No Tauri.
//!
//! A handler turns a DTO into domain values, calls one use case, and turns the answer, or the error, back.
//! [`App`] is what they share: the vault of one folder, open or not, with its sync running.

mod activity;
mod app;
mod aside;
mod backups;
mod convert;
pub mod dto;
mod error;
pub mod handlers;
mod health;
mod metrics;

pub use activity::{activity_items, export_activity};
pub use app::{App, EventSink};
pub use aside::{aside_discard, aside_items, aside_take, aside_text};
pub use backups::backup_reason;
pub use error::{account_error, command_error};
pub use health::{health_line, set_aside, time_left};

/// What every handler answers.
pub type Answer<T> = Result<T, dto::CommandError>;
