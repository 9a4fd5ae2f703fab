//! Tests of the whole: what several of them share.
#![allow(clippy::unwrap_used)]

pub mod canary;
pub mod chaos;
pub mod kill;
pub mod lies;
pub mod odd_folder;
pub mod permissions;
pub mod programs;
pub mod small_disk;
pub mod wire;
