//! Tests of the whole: what several of them share.
#![allow(clippy::unwrap_used)]

pub mod canary;
pub mod programs;
pub mod small_disk;
