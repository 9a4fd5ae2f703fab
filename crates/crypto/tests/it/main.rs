//! Formats and laws of the crate, from outside.

#![allow(clippy::unwrap_used)]

#[cfg(not(feature = "sealing-off"))]
mod delta;
#[cfg(not(feature = "sealing-off"))]
mod pack;
mod seal;
mod support;
#[cfg(feature = "sealing-off")]
mod unsealed;
mod vectors;
