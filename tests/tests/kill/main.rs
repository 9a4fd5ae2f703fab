//! In the making.
#![allow(clippy::unwrap_used)]
