//! One file a noun; each function is a command.

pub mod account;
pub mod backups;
pub mod history;
pub mod notebooks;
pub mod notes;
pub mod receipts;
pub mod review;
pub mod session;
pub mod sync;
pub mod transfer;
