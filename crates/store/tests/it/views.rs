//! The views for reading: notes, lists, counts, notebooks, attachments, devices.

use holdfast_domain::{AttachmentId, DeviceId, NotebookId, RecordId};
use holdfast_store::{AttachmentRow, DeviceRow, NoteOrder, NoteQuery, NotebookFilter, NotebookRow, TrashFilter};

use crate::support::{TempStore, note, stamp};

const BOOK: NotebookId = NotebookId([1; 16]);
const OTHER: NotebookId = NotebookId([2; 16]);

/// Five notes: 1 task in BOOK, 2 done in OTHER, 3 trashed, 4 to review, 5 trashed and to review.
fn five() -> TempStore {
    let t = TempStore::new();
    let mut notes: Vec<_> = [(1, "beta"), (2, "Älpha"), (3, "gone"), (4, "Gamma"), (5, "asked")]
        .iter()
        .map(|(n, title)| note(*n, title, "body"))
        .collect();
    notes[0].notebook = Some(BOOK);
    notes[0].due = Some("2026-12-24".parse().unwrap());
    notes[0].tags = vec!["Work".into(), "Ärger".into()];
    notes[1].notebook = Some(OTHER);
    notes[1].due = Some("2026-01-01".parse().unwrap());
    notes[1].done = true;
    notes[1].tags = vec!["work".into()];
    notes[2].trashed = true;
    notes[2].tags = vec!["work".into(), "trash only".into()];
    notes[3].review = 2;
    notes[3].due = Some("2026-11-30".parse().unwrap());
    notes[4].trashed = true;
    notes[4].review = 1;
    t.write(|tx| notes.iter().try_for_each(|n| tx.put_note_view(n, "")));
    t
}

#[test]
fn a_note_reads_back_whole_and_is_replaced_whole() {
    let t = TempStore::new();
    let mut row = note(1, "Title", "Body\n");
    row.notebook = Some(BOOK);
    row.due = Some("2026-02-28".parse().unwrap());
    row.front_matter = "---\ntags: [a]\n---\n".into();
    row.file_name = Some("Title.md".into());
    row.tags = vec!["Ärger".into(), "work".into()];
    row.aliases = vec!["Other name".into()];
    row.attachments = vec![("a.png".into(), AttachmentId([1; 16])), ("b.png".into(), AttachmentId([1; 16]))];
    row.tags.sort_by_key(|t| holdfast_domain::fold_name(t));
    t.write(|tx| tx.put_note_view(&row, "side"));
    assert_eq!(t.read(|tx| tx.note(row.id)), Some(row.clone()));
    assert_eq!(t.read(|tx| tx.notes_with_attachment(AttachmentId([1; 16]))), [row.id]);
    assert_eq!(t.read(|tx| tx.notes_named("other NAME")), [row.id]);
    assert_eq!(t.read(|tx| tx.notes_named("title")), [row.id]);
    let bare = note(1, "New", "");
    t.write(|tx| tx.put_note_view(&bare, ""));
    assert_eq!(t.read(|tx| tx.note(row.id)), Some(bare));
    assert!(t.read(|tx| tx.notes_named("other name")).is_empty());
    assert!(t.write(|tx| tx.remove_note_view(row.id)));
    assert!(!t.write(|tx| tx.remove_note_view(row.id)));
    assert_eq!(t.read(|tx| Ok((tx.note(row.id)?, tx.search("new", 9, true)?.len()))), (None, 0));
}

#[test]
fn lists_and_their_counts_agree() {
    let t = five();
    let all = NoteQuery::default;
    for (what, query, expected) in [
        ("all, newest first", all(), vec![4, 2, 1]),
        ("by title", NoteQuery { order: NoteOrder::Title, ..all() }, vec![2, 1, 4]),
        ("by creation", NoteQuery { order: NoteOrder::Created, ..all() }, vec![4, 2, 1]),
        ("by due", NoteQuery { order: NoteOrder::Due, trash: TrashFilter::Any, ..all() }, vec![2, 4, 1, 3, 5]),
        ("tasks", NoteQuery::tasks(), vec![4, 1]),
        ("review", NoteQuery::to_review(), vec![5, 4]),
        ("trash", NoteQuery::trash(), vec![5, 3]),
        ("notebook", NoteQuery { notebook: NotebookFilter::In(vec![BOOK]), ..all() }, vec![1]),
        ("notebooks", NoteQuery { notebook: NotebookFilter::In(vec![BOOK, OTHER]), ..all() }, vec![2, 1]),
        ("no notebooks", NoteQuery { notebook: NotebookFilter::In(vec![]), ..all() }, vec![]),
        ("in none", NoteQuery { notebook: NotebookFilter::None, ..all() }, vec![4]),
        ("tag", NoteQuery { tag: Some("WORK".into()), ..all() }, vec![2, 1]),
        ("tag and tasks", NoteQuery { tag: Some("work".into()), ..NoteQuery::tasks() }, vec![1]),
    ] {
        let (rows, count) = t.read(|tx| Ok((tx.list_notes(&query)?, tx.count_notes(&query)?)));
        let found: Vec<u64> = rows.iter().map(|r| r.created_ms).collect();
        assert_eq!(found, expected, "{what}");
        assert_eq!(count, expected.len() as u64, "{what}");
    }
    let page = NoteQuery { limit: 1, offset: 1, ..all() };
    let rows = t.read(|tx| tx.list_notes(&page));
    assert_eq!((rows[0].title.as_str(), rows[0].tags.as_slice()), ("Älpha", ["work".to_string()].as_slice()));
    assert_eq!(rows.len(), 1);
}

#[test]
fn the_sidebar_counts_what_the_lists_show() {
    let t = five();
    let counts = t.read(|tx| tx.sidebar_counts());
    assert_eq!((counts.all, counts.tasks, counts.review, counts.trash), (3, 2, 2, 2));
    assert_eq!(counts.notebooks, [(None, 1), (Some(BOOK), 1), (Some(OTHER), 1)]);
    let tags: Vec<_> = counts.tags.iter().map(|t| (t.name.as_str(), t.notes)).collect();
    assert_eq!(tags, [("Work", 2), ("Ärger", 1)]);
}

#[test]
fn notebooks_attachments_and_devices_read_back() {
    let t = TempStore::new();
    let book = |id, name: &str, parent| NotebookRow {
        id,
        name: name.into(),
        parent,
        trashed: false,
        review: 1,
        created_ms: 5,
        parent_stamp: stamp(77),
    };
    let attachment = AttachmentRow {
        id: AttachmentId([3; 16]),
        name: "a.png".into(),
        media_type: "image/png".into(),
        size: 4,
        content: [9; 32],
        chunks: vec![[1; 32], [2; 32]],
        created_ms: 6,
    };
    let device = DeviceRow {
        id: DeviceId([4; 16]),
        record: RecordId([5; 16]),
        name: "Laptop".into(),
        platform: "linux".into(),
        last_seen_ms: 7,
        created_ms: 6,
    };
    t.write(|tx| {
        tx.put_notebook_view(&book(BOOK, "zoo", None))?;
        tx.put_notebook_view(&book(OTHER, "Art", Some(BOOK)))?;
        tx.put_attachment_view(&attachment)?;
        tx.put_device_view(&device)
    });
    assert_eq!(t.read(|tx| tx.notebooks()), [book(OTHER, "Art", Some(BOOK)), book(BOOK, "zoo", None)]);
    assert_eq!(t.read(|tx| tx.notebook(BOOK)), Some(book(BOOK, "zoo", None)));
    assert_eq!(t.read(|tx| tx.sidebar_counts()).review_notebooks, 2);
    assert_eq!(t.read(|tx| tx.attachment(attachment.id)), Some(attachment.clone()));
    assert_eq!(t.read(|tx| tx.attachment_with_content(&[9; 32])), Some(attachment.clone()));
    assert_eq!(t.read(|tx| tx.attachments()), std::slice::from_ref(&attachment));
    assert_eq!(t.read(|tx| Ok((tx.devices()?, tx.device(device.id)?))), (vec![device.clone()], Some(device.clone())));
    t.write(|tx| {
        assert!(tx.remove_notebook_view(BOOK)? && tx.remove_device_view(device.id)?);
        assert!(tx.remove_attachment_view(attachment.id)? && !tx.remove_attachment_view(attachment.id)?);
        Ok(())
    });
}
