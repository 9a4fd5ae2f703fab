//! Canonical CBOR: RFC 8949 section 4.2.1 (core deterministic encoding), in the subset that records use:
//! unsigned integers, byte strings, text strings, arrays, maps with unsigned keys, booleans and null; anything
//! else is allowed only inside fields that this version does not know, and checked there too.
//!
//! A revision's id is a hash over its bytes, so there must be exactly one way to write a value. The general
//! CBOR libraries write canonically but do not refuse what is not; the [`Reader`] does, at every step.

mod read;
mod write;

pub use read::Reader;
pub use write::Writer;

/// Why bytes are not a record that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the record ends too early")]
    Truncated,
    #[error("the record is not in canonical form")]
    NotCanonical,
    #[error("the record holds an unexpected value for {0}")]
    Unexpected(&'static str),
    #[error("the record lacks {0}")]
    Missing(&'static str),
    #[error("the record was written by a newer version (schema {0})")]
    Newer(u64),
    #[error("the record is larger than allowed")]
    TooLarge,
}
