//! Canonical bytes that another device may have made up: reading them ends, and what could be read is written as
//! exactly these bytes, or its name would not be its own.
#![no_main]

use holdfast_domain::Revision;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(revision) = Revision::decode(bytes) {
        assert_eq!(revision.encode().as_deref(), Ok(bytes), "the same revision in other bytes");
    }
});
