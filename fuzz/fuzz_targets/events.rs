//! A stream of events from a server that may say anything, cut anywhere: reading it ends, and where it is cut does not
//! matter.
#![no_main]

use holdfast_protocol::{EventReader, LogHead};
use libfuzzer_sys::fuzz_target;

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<LogHead>, bool) {
    let (mut reader, mut heads, mut failed) = (EventReader::default(), Vec::new(), false);
    for byte in pieces {
        failed = reader.feed(byte).is_err();
        heads.extend(std::iter::from_fn(|| reader.pop()));
        if failed {
            break;
        }
    }
    (heads, failed)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let by_byte = read(bytes.chunks(1));
    let by_piece = read(bytes.chunks(usize::from(cut).clamp(1, 16)));
    assert_eq!(by_byte, by_piece, "where it was cut matters");
});
