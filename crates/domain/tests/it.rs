//! The canonical form of revisions: one way to write each, for ever.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use holdfast_domain::canonical::Writer;
use holdfast_domain::{
    AttachmentFields, AttachmentId, Body, Date, DecodeError, DeviceFields, DeviceId, EncodeError, Fields, Hlc, Kind,
    MAX_BODY_BYTES, MAX_RECORD_BYTES, Merge, NoteFields, NotebookFields, NotebookId, Opaque, Origin, RecordId,
    Revision, RevisionId, Segment, SetEntry, SetField, Stamp, Term, Trash, TrashState, UnknownFields, check_name,
    clean_title, fold_name,
};
use proptest::prelude::*;

fn stamp() -> impl Strategy<Value = Stamp> {
    let ms = prop_oneof![0..30_u64, any::<u64>()];
    (ms, prop_oneof![0..3_u32, any::<u32>()], any::<[u8; 16]>())
        .prop_map(|(ms, counter, device)| Stamp { hlc: Hlc { ms, counter }, device: DeviceId(device) })
}

/// A merge of 1, 3 or 5 terms, or of 3 or more.
fn merge<T: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = T> + Clone,
    least_sides: usize,
) -> impl Strategy<Value = Merge<T>> {
    let adds = prop::collection::vec((value.clone(), stamp()), least_sides..4);
    (adds, prop::collection::vec(value, 3)).prop_map(|(adds, removes)| {
        let mut terms = Vec::new();
        for (i, (value, stamp)) in adds.into_iter().enumerate() {
            if i > 0 {
                terms.push(Term::new(removes[i - 1].clone(), Stamp::ZERO));
            }
            terms.push(Term::new(value, stamp));
        }
        Merge::from_terms(terms).unwrap()
    })
}

fn body() -> impl Strategy<Value = Body> {
    let segment = prop_oneof![".{0,40}".prop_map(Segment::Clean), merge(".{0,10}".boxed(), 2).prop_map(Segment::Place)];
    (prop::collection::vec(segment, 0..6), stamp()).prop_map(|(s, stamp)| Body::from_segments(s, stamp))
}

fn set<T: Ord + Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = SetField<T>> {
    let entry = (value, stamp()).prop_map(|(value, stamp)| SetEntry { value, stamp });
    prop::collection::btree_set(entry, 0..4).prop_map(SetField)
}

fn trash() -> impl Strategy<Value = Trash> {
    let state = prop_oneof![Just(TrashState::Live), Just(TrashState::Trashed), Just(TrashState::Open)];
    (state, stamp()).prop_map(|(state, stamp)| Trash { state, stamp })
}

/// Canonical values of every sort that CBOR allows a newer version to write.
fn unknown(first: u64) -> impl Strategy<Value = UnknownFields> {
    let value = prop_oneof![
        any::<u64>().prop_map(|n| Writer::new().uint(n).to_owned_bytes()),
        ".{0,9}".prop_map(|s| Writer::new().text(&s).to_owned_bytes()),
        Just(vec![0x20]),
        Just(vec![0xf6]),
        Just(vec![0xa2, 0x01, 0xf5, 0x61, b'a', 0x80]),
        Just(vec![0xc1, 0x1a, 0x00, 0x01, 0x00, 0x00]),
    ];
    let key = prop_oneof![first..first + 20, (1_u64 << 40)..u64::MAX];
    prop::collection::btree_map(key, value.prop_map(Opaque::One), 0..4)
}

trait Owned {
    fn to_owned_bytes(&mut self) -> Vec<u8>;
}

impl Owned for Writer {
    fn to_owned_bytes(&mut self) -> Vec<u8> {
        std::mem::take(self).into_bytes()
    }
}

fn day() -> impl Strategy<Value = Option<Date>> {
    let any_day = (-9999_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap());
    prop::option::of(any_day)
}

fn id16() -> impl Strategy<Value = [u8; 16]> {
    any::<[u8; 16]>()
}

fn note() -> impl Strategy<Value = Fields> {
    let texts = (merge(".{0,20}".boxed(), 1), body(), merge(".{0,20}".boxed(), 1), set(".{1,5}"), set(".{1,5}"));
    let notebook = prop::option::of(id16().prop_map(NotebookId)).boxed();
    let choices = (merge(notebook, 1), merge(day().boxed(), 1), merge(any::<bool>(), 1), trash());
    let attachments = set((".{0,9}", id16().prop_map(AttachmentId)));
    let rest = (attachments, merge(prop::option::of(".{0,9}").boxed(), 1), any::<u64>(), any::<u64>(), unknown(14));
    (texts, choices, rest).prop_map(
        |((title, body, front_matter, tags, aliases), (notebook, due, done, trash), rest)| {
            let (attachments, file_name, created_ms, updated_ms, unknown) = rest;
            Fields::Note(NoteFields {
                title,
                body,
                front_matter,
                tags,
                aliases,
                notebook,
                due,
                done,
                trash,
                attachments,
                file_name,
                created_ms,
                updated_ms,
                unknown,
            })
        },
    )
}

fn fields() -> impl Strategy<Value = Fields> {
    let parent = prop::option::of(id16().prop_map(NotebookId)).boxed();
    let notebook = (merge(".{0,9}".boxed(), 1), merge(parent, 1), trash(), any::<u64>(), unknown(20)).prop_map(
        |(name, parent, trash, created_ms, unknown)| {
            Fields::Notebook(NotebookFields { name, parent, trash, created_ms, unknown })
        },
    );
    let chunks = prop::collection::vec(any::<[u8; 32]>(), 0..3);
    let attachment = (".{0,9}", "[a-z/]{0,9}", any::<u64>(), any::<[u8; 32]>(), chunks, any::<u64>(), unknown(13))
        .prop_map(|(name, media_type, size, content, chunks, created_ms, unknown)| {
            Fields::Attachment(AttachmentFields { name, media_type, size, content, chunks, created_ms, unknown })
        });
    let device = (merge(".{0,9}".boxed(), 1), ".{0,9}", any::<u64>(), any::<u64>(), unknown(13)).prop_map(
        |(name, platform, last_seen_ms, created_ms, unknown)| {
            Fields::Device(DeviceFields { name, platform, last_seen_ms, created_ms, unknown })
        },
    );
    let newer = (5..u64::MAX, unknown(0)).prop_map(|(n, f)| Fields::Unknown(n, f));
    prop_oneof![3 => note(), 1 => notebook, 1 => attachment, 1 => device, 1 => newer]
}

fn revision() -> impl Strategy<Value = Revision> {
    let parents = prop::collection::vec(any::<[u8; 32]>().prop_map(RevisionId), 0..4);
    (id16(), parents, stamp(), any::<u64>().prop_map(Origin::from_number), any::<u32>(), fields())
        .prop_map(|(id, parents, stamp, origin, algo, f)| Revision::new(RecordId(id), parents, stamp, origin, algo, f))
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_the_same(revision in revision()) {
        let bytes = revision.encode().unwrap();
        let read = Revision::decode(&bytes).unwrap();
        prop_assert_eq!(&read, &revision);
        prop_assert_eq!(read.encode().unwrap(), bytes);
    }

    /// Changed bytes are refused, or are the one way to write something else. There is no panic.
    #[test]
    fn what_is_read_is_canonical(
        revision in revision(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut bytes = revision.encode().unwrap();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(read) = Revision::decode(&bytes) {
            prop_assert_eq!(read.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Revision::decode(&bytes).is_err());
    }

    #[test]
    fn names_are_the_same_after_a_second_time(name in ".{0,20}") {
        prop_assert_eq!(fold_name(&fold_name(&name)), fold_name(&name));
        prop_assert_eq!(clean_title(&clean_title(&name)), clean_title(&name));
        if let Ok(checked) = check_name(&name) {
            prop_assert_eq!(fold_name(&checked), fold_name(&name));
            prop_assert_eq!(check_name(&checked), Ok(checked));
        }
    }
}

const STAMP: Stamp = Stamp { hlc: Hlc { ms: 1_700_000_000_000, counter: 2 }, device: DeviceId([0xdd; 16]) };
const OLDER: Stamp = Stamp { hlc: Hlc { ms: 1, counter: 0 }, device: DeviceId([0xee; 16]) };

fn open<T: Clone>(a: T, removed: T, b: T) -> Merge<T> {
    Merge::from_terms(vec![Term::new(a, OLDER), Term::new(removed, Stamp::ZERO), Term::new(b, STAMP)]).unwrap()
}

fn sample(fields: Fields) -> Revision {
    let parents = vec![RevisionId([2; 32]), RevisionId([1; 32]), RevisionId([2; 32])];
    Revision::new(RecordId([0xaa; 16]), parents, STAMP, Origin::Edit, 1, fields)
}

fn sample_note() -> NoteFields {
    let mut f = NoteFields::new(STAMP, 1_700_000_000_000);
    f.title = open("Left".to_owned(), "Base".to_owned(), "Right".to_owned());
    let place = open("one\n".to_owned(), String::new(), "two\n".to_owned());
    f.body = Body::from_segments(vec![Segment::Clean("# T\n".into()), Segment::Place(place)], STAMP);
    f.front_matter = Merge::resolved("---\na: 1\n---\n".into(), STAMP);
    f.tags.add_name("Über".into(), STAMP);
    f.aliases.add_name("alias".into(), OLDER);
    f.notebook = Merge::resolved(Some(NotebookId([0xbb; 16])), STAMP);
    f.due = open(Some(Date::constant(2024, 2, 29)), None, Some(Date::constant(2024, 3, 1)));
    f.done = Merge::resolved(true, STAMP);
    f.trash = Trash { state: TrashState::Open, stamp: STAMP };
    let attachment = ("img/a.png".to_owned(), AttachmentId([0xcc; 16]));
    f.attachments.0.insert(SetEntry { value: attachment, stamp: OLDER });
    f.file_name = Merge::resolved(Some("T.md".into()), STAMP);
    f.updated_ms = 1_700_000_000_001;
    f.unknown.insert(99, Opaque::One(vec![0x82, 0x01, 0x20]));
    f
}

fn samples() -> [(&'static str, Revision); 5] {
    let notebook = NotebookFields {
        name: Merge::resolved("Work".into(), STAMP),
        parent: Merge::resolved(None, OLDER),
        trash: Trash::LIVE,
        created_ms: 1_700_000_000_000,
        unknown: UnknownFields::new(),
    };
    let attachment = AttachmentFields {
        name: "a.png".into(),
        media_type: "image/png".into(),
        size: 70_000,
        content: [7; 32],
        chunks: vec![[8; 32], [9; 32]],
        created_ms: 1_700_000_000_000,
        unknown: UnknownFields::new(),
    };
    let device = DeviceFields {
        name: Merge::resolved("Laptop".into(), STAMP),
        platform: "linux".into(),
        last_seen_ms: 1_700_000_000_000,
        created_ms: 255,
        unknown: UnknownFields::new(),
    };
    let newer = UnknownFields::from([(0, Opaque::One(vec![0xf5])), (300, Opaque::One(vec![0x41, 0x00]))]);
    [
        ("note", sample(Fields::Note(sample_note()))),
        ("notebook", sample(Fields::Notebook(notebook))),
        ("attachment", sample(Fields::Attachment(attachment))),
        ("device", sample(Fields::Device(device))),
        ("unknown", sample(Fields::Unknown(1000, newer))),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(u32::from(d), 16)).collect()
}

/// The bytes of one revision of each kind. They are for ever: a change here is a new schema.
#[test]
fn format_vectors_hold() {
    let vectors = include_str!("vectors/revisions.txt");
    let found: Vec<_> = samples().iter().map(|(name, r)| format!("{name} {}", hex(&r.encode().unwrap()))).collect();
    assert_eq!(found, vectors.lines().collect::<Vec<_>>());
    for ((name, revision), line) in samples().iter().zip(vectors.lines()) {
        let text = line.split_once(' ').unwrap().1;
        let bytes: Vec<u8> =
            (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
        assert_eq!(Revision::decode(&bytes).unwrap(), *revision, "{name}");
    }
}

/// A revision of an unknown kind, written piece by piece with one of them changed.
fn top(change: impl Fn(u64, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = vec![0xa9];
    for n in 0..9 {
        let mut w = Writer::new();
        w.uint(n);
        match n {
            1 => w.uint(9),
            2 => w.bytes(&[1; 16]),
            3 => w.array(2).bytes(&[1; 32]).bytes(&[2; 32]),
            4 => w.bytes(&[3; 16]),
            5 => w.array(2).uint(1000).uint(0),
            0 | 6 | 7 => w.uint(1),
            _ => w.map(2).uint(1).text("a").uint(2).bool(true),
        };
        let mut piece = w.into_bytes();
        change(n, &mut piece);
        out.extend(piece);
    }
    out
}

/// The same with the value of one key replaced.
fn with(key: u64, value: &[u8]) -> Vec<u8> {
    top(|n, piece| {
        if n == key {
            piece.truncate(1);
            piece.extend(value);
        }
    })
}

#[test]
fn bytes_that_are_not_canonical_are_refused() {
    let whole = top(|_, _| {});
    assert_eq!(Revision::decode(&whole).unwrap().encode().unwrap(), whole);
    let ids = |a: u8, b: u8| Writer::new().array(2).bytes(&[a; 32]).bytes(&[b; 32]).to_owned_bytes();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an integer that could be shorter, 1 byte", with(1, &[0x18, 9])),
        ("2 bytes", with(1, &[0x19, 0, 200])),
        ("4 bytes", with(1, &[0x1a, 0, 0, 200, 200])),
        ("8 bytes", with(1, &[0x1b, 0, 0, 0, 0, 200, 200, 200, 200])),
        ("a length that could be shorter", with(8, &[0xa1, 1, 0x78, 1, b'a'])),
        ("a byte after the end", [whole.as_slice(), &[0]].concat()),
        ("an array of indefinite length", with(5, &[0x9f, 1, 0, 0xff])),
        ("a map of indefinite length", with(8, &[0xbf, 1, 0, 0xff])),
        ("a text of indefinite length", with(8, &[0xa1, 1, 0x7f, 0x61, b'a', 0xff])),
        ("keys out of order", with(8, &[0xa2, 2, 0, 1, 0])),
        ("a key twice", with(8, &[0xa2, 1, 0, 1, 0])),
        ("keys out of order in an unknown field", with(8, &[0xa1, 1, 0xa2, 2, 0, 1, 0])),
        ("a key twice in an unknown field", with(8, &[0xa1, 1, 0xa2, 0x61, b'a', 0, 0x61, b'a', 0])),
        ("a float", with(8, &[0xa1, 1, 0xf9, 0x3c, 0])),
        ("undefined", with(8, &[0xa1, 1, 0xf7])),
        ("a text that is not UTF-8", with(8, &[0xa1, 1, 0x61, 0xff])),
        ("parents out of order", with(3, &ids(2, 1))),
        ("a parent twice", with(3, &ids(1, 1))),
    ];
    for (what, bytes) in cases {
        assert_eq!(Revision::decode(&bytes), Err(DecodeError::NotCanonical), "{what}");
    }
    let more = [&[0xaa], &whole[1..], &[0x09, 0x00]].concat();
    assert_eq!(Revision::decode(&more), Err(DecodeError::Unexpected("key")));
    assert_eq!(Revision::decode(&with(8, &[0x80])), Err(DecodeError::Unexpected("map")));
    assert_eq!(Revision::decode(&whole[..whole.len() - 1]), Err(DecodeError::Truncated));
    let huge = with(3, &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(Revision::decode(&huge), Err(DecodeError::Truncated));
    let deep = with(8, &[&[0xa1, 1][..], &vec![0x81; 100_000], &[0]].concat());
    assert_eq!(Revision::decode(&deep), Err(DecodeError::TooLarge));
}

/// A note's bytes with one piece, which must be in them, replaced by another of the same number of fields.
fn replaced(from: &[u8], to: &[u8]) -> Result<Revision, DecodeError> {
    let bytes = sample(Fields::Note(sample_note())).encode().unwrap();
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    Revision::decode(&[&bytes[..at], to, &bytes[at + from.len()..]].concat())
}

#[test]
fn a_text_has_one_way_to_be_written() {
    let stamp = [&[0x83, 0x1b][..], &STAMP.hlc.ms.to_be_bytes(), &[2, 0x50], &[0xdd; 16]].concat();
    // The body: its stamp, then two segments, of which the first is "# T\n".
    let clean = [&[0x82_u8][..], b"\x64# T\n"].concat();
    assert!(replaced(&clean, &clean).is_ok());
    for (what, to) in [
        ("adjacent clean passages", [&[0x83][..], b"\x61#\x63 T\n"].concat()),
        ("an empty clean passage", [&[0x83][..], b"\x60\x64# T\n"].concat()),
        ("a place with one term", [&[0x82, 0x81, 0x82][..], b"\x64# T\n", &stamp].concat()),
    ] {
        assert_eq!(replaced(&clean, &to), Err(DecodeError::NotCanonical), "{what}");
    }
    // A merge of two terms; a removed term with a stamp.
    let left = [&[0x83, 0x82][..], b"\x64Left"].concat();
    assert!(replaced(&left, &[&[0x82, 0x82][..], b"\x64Left"].concat()).is_err());
    assert!(replaced(b"\x81\x64Base", &[&b"\x82\x64Base"[..], &stamp].concat()).is_err());
    // A date in another form; a state of the trash that does not exist.
    assert_eq!(replaced(b"\x6a2024-02-29", b"\x682024-2-9"), Err(DecodeError::Unexpected("due")));
    assert_eq!(replaced(b"\x6a2024-02-29", b"\x6820240229"), Err(DecodeError::NotCanonical));
    assert_eq!(replaced(&[9, 0x82, 2], &[9, 0x82, 3]), Err(DecodeError::Unexpected("trashed")));
}

#[test]
fn one_place_alone_with_one_term_is_refused() {
    let mut f = sample_note();
    f.body = Body::text("only", STAMP);
    let bytes = sample(Fields::Note(f)).encode().unwrap();
    let from = b"\x81\x64only";
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    let stamp = [&[0x83, 0x1b][..], &STAMP.hlc.ms.to_be_bytes(), &[2, 0x50], &[0xdd; 16]].concat();
    let to = [&b"\x81\x81\x82\x64only"[..], &stamp].concat();
    let bytes = [&bytes[..at], &to, &bytes[at + from.len()..]].concat();
    assert_eq!(Revision::decode(&bytes), Err(DecodeError::NotCanonical));
}

#[test]
fn a_newer_schema_is_known_as_such() {
    assert_eq!(Revision::decode(&with(0, &[2])), Err(DecodeError::Newer(2)));
    assert_eq!(Revision::decode(&with(0, &[0x18, 200])), Err(DecodeError::Newer(200)));
}

/// It would be written as today's, with another id than it came with.
#[test]
fn a_schema_that_never_was_is_refused() {
    assert_eq!(Revision::decode(&with(0, &[0])), Err(DecodeError::Unexpected("schema")));
}

#[test]
fn unknown_fields_and_kinds_are_kept_byte_for_byte() {
    let raw = vec![0xd8, 0x64, 0x82, 0x20, 0xa1, 0x61, b'x', 0xf6];
    for (number, (name, revision)) in [14_u64, 5, 6, 4, 7].into_iter().zip(samples()) {
        let mut fields = revision.fields.clone();
        let unknown = match &mut fields {
            Fields::Note(f) => &mut f.unknown,
            Fields::Notebook(f) => &mut f.unknown,
            Fields::Attachment(f) => &mut f.unknown,
            Fields::Device(f) => &mut f.unknown,
            Fields::Unknown(_, f) => f,
        };
        unknown.insert(number, Opaque::One(raw.clone()));
        let bytes = sample(fields.clone()).encode().unwrap();
        assert!(bytes.windows(raw.len()).any(|w| w == raw), "{name}");
        let read = Revision::decode(&bytes).unwrap();
        assert_eq!(read.fields, fields, "{name}");
        assert_eq!(read.encode().unwrap(), bytes, "{name}");
    }
    let [.., (_, newer)] = samples();
    assert_eq!(Revision::decode(&newer.encode().unwrap()).unwrap().fields.kind(), Kind::Unknown(1000));
}

#[test]
fn a_disagreement_about_an_unknown_field_is_not_written() {
    let mut f = sample_note();
    f.unknown.insert(50, Opaque::Conflict(BTreeSet::from([vec![0], vec![1]])));
    assert!(f.is_open());
    assert_eq!(sample(Fields::Note(f)).encode(), Err(EncodeError::NeedsNewerVersion));
}

#[test]
fn sizes_are_limited() {
    let encode = |change: &dyn Fn(&mut NoteFields)| {
        let mut f = NoteFields::new(STAMP, 0);
        change(&mut f);
        sample(Fields::Note(f)).encode()
    };
    let text = |n: usize| "x".repeat(n);
    assert!(encode(&|f| f.body = Body::text(text(MAX_BODY_BYTES), STAMP)).is_ok());
    let too_long = encode(&|f| f.body = Body::text(text(MAX_BODY_BYTES + 1), STAMP));
    assert_eq!(too_long, Err(EncodeError::BodyTooLarge));
    // Each side fits, all of them together do not.
    let sides = encode(&|f| {
        let place = open(text(MAX_BODY_BYTES), String::new(), text(MAX_BODY_BYTES));
        f.body = Body::from_segments(vec![Segment::Place(place)], STAMP);
    });
    assert_eq!(sides, Err(EncodeError::RecordTooLarge));

    let unknown = |n: usize| {
        let raw = Writer::new().bytes(&vec![0; n]).to_owned_bytes();
        sample(Fields::Unknown(9, UnknownFields::from([(1, Opaque::One(raw))])))
    };
    let around = unknown(MAX_RECORD_BYTES - 1000).encode().unwrap().len() - (MAX_RECORD_BYTES - 1000);
    let largest = unknown(MAX_RECORD_BYTES - around).encode().unwrap();
    assert_eq!(largest.len(), MAX_RECORD_BYTES);
    assert!(Revision::decode(&largest).is_ok());
    assert_eq!(unknown(MAX_RECORD_BYTES - around + 1).encode(), Err(EncodeError::RecordTooLarge));
    assert_eq!(Revision::decode(&vec![0; MAX_RECORD_BYTES + 1]), Err(DecodeError::TooLarge));
}

#[test]
fn parents_are_sorted_and_there_once() {
    let [(_, note), ..] = samples();
    assert_eq!(note.parents(), [RevisionId([1; 32]), RevisionId([2; 32])]);
}
