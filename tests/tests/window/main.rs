//! The real window, driven as a person drives it: a real program, a real WebKit, keys and clicks.
//!
//! `cargo xtask test` provides the screen, the session bus, tauri-driver and the program; without one
//! of them a test here fails and says which.
#![allow(clippy::unwrap_used)]

mod accessibility;
mod axe;
mod both_type;
mod computer;
mod disk;
mod driver;
mod faults;
mod folders;
mod gallery;
mod harness;
mod hostile;
mod keyboard;
mod keys;
mod killed;
mod layout;
mod long_note;
mod long_review;
mod main_job;
mod offline;
mod page;
mod sample;
mod screens;
mod server;
mod status;
mod table;
mod terminal;
mod window;
