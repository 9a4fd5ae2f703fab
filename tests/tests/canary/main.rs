//! Nothing that a person writes is anywhere in plain sight: not on the disk of a computer, not on the server.
#![allow(clippy::unwrap_used)]

mod life;
mod planted;
mod unsealed;
