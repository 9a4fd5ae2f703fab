//! The merge: small cases by hand, properties, random histories, and vectors that pin `ALGO`.
#![allow(clippy::unwrap_used)]

mod cases;
mod edits;
mod golden;
mod history;
mod props;
mod reviews;
mod text_props;
mod text_rules;
mod text_shapes;
mod thin;
mod undos;
mod world;
