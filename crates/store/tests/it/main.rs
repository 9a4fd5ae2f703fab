//! The store against real SQLCipher files.
#![allow(clippy::unwrap_used)]

mod backup;
mod damage;
mod full_disk;
mod revisions;
mod schema;
mod search;
mod start;
mod support;
mod sync_tables;
mod views;
