//! Bytes that somebody sent as a message: reading them ends, and what could be read is written and read as the same.
#![no_main]

use holdfast_protocol::*;
use libfuzzer_sys::fuzz_target;

fn check<T: Wire>(bytes: &[u8]) {
    if let Ok(message) = decode::<T>(bytes) {
        let written = encode(&message);
        let Ok(again) = decode::<T>(&written) else { panic!("what was written cannot be read") };
        assert_eq!(encode(&again), written);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 18 {
        0 => check::<ServerInfo>(bytes),
        1 => check::<Prelogin>(bytes),
        2 => check::<KdfParams>(bytes),
        3 => check::<CreateAccount>(bytes),
        4 => check::<Session>(bytes),
        5 => check::<Login>(bytes),
        6 => check::<Keys>(bytes),
        7 => check::<KeysVersion>(bytes),
        8 => check::<PutKeys>(bytes),
        9 => check::<PushRequest>(bytes),
        10 => check::<PushOutcome>(bytes),
        11 => check::<LogAnswer>(bytes),
        12 => check::<MissingRequest>(bytes),
        13 => check::<Missing>(bytes),
        14 => check::<FetchRequest>(bytes),
        15 => check::<Fetched>(bytes),
        16 => check::<HealRequest>(bytes),
        _ => check::<ErrorBody>(bytes),
    }
});
