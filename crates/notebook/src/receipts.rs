//! Receipts: what was merged by itself, shown as a difference, and undone.

use holdfast_domain::{NoteId, RecordId, RevisionId};
use holdfast_merge::{Graph, SideChange, fold, receipt_id, summarize};

use holdfast_store::{Reader, ReceiptRow};

use crate::history::merge_was_undone;
use crate::record::Record;
use crate::review::title_of;
use crate::undo::{WayBack, write_undo};
use crate::{NotebookError, NotebookMove, Result, Vault, cycles};

const RECEIPT: &str = "receipt";

/// Older ones stay in the history.
const RECEIPTS_SHOWN: u32 = 500;

/// An automatic merge, or a cycle of notebooks that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: [u8; 16],
    pub record: RecordId,
    pub is_note: bool,
    pub title: String,
    pub heads: Vec<RevisionId>,
    pub at_ms: u64,
    pub undone: bool,
    pub seen: bool,
    /// Filled by [`Vault::receipt`] and [`Vault::receipts`].
    pub sides: Vec<ReceiptSide>,
    /// Of a cycle of notebooks: its moves, the oldest first; `record` is the notebook of the last, which does not
    /// hold. `None`: an automatic merge of one record.
    pub cycle: Option<Vec<NotebookMove>>,
}

/// What came from one version.
pub type ReceiptSide = SideChange;

impl Vault {
    /// All of them, the newest first.
    pub fn receipts(&self) -> Result<Vec<Receipt>> {
        self.read(|r| {
            let mut out = Vec::new();
            for row in r.list_receipts(RECEIPTS_SHOWN)? {
                if let Some(receipt) = load(self, r, &row)? {
                    out.push(receipt);
                }
            }
            Ok(out)
        })
    }

    pub fn receipt(&self, id: [u8; 16]) -> Result<Receipt> {
        self.read(|r| {
            let missing = || NotebookError::NotFound { what: RECEIPT, id: hex(&id) };
            let row = r.receipt(&id)?.ok_or_else(missing)?;
            load(self, r, &row)?.ok_or_else(missing)
        })
    }

    pub fn unseen_receipts(&self) -> Result<u32> {
        self.read(|r| Ok(r.unseen_receipts()? as u32))
    }

    pub fn mark_receipts_seen(&self) -> Result<()> {
        if self.unseen_receipts()? == 0 {
            return Ok(());
        }
        self.transact(|t| {
            t.tx.mark_receipts_seen()?;
            t.changes.receipts = true;
            Ok(())
        })
    }

    /// Goes back to one version of an automatic merge, keeping what was written since. May itself ask. Of a cycle of
    /// notebooks: this move holds, and the newest of the others is taken back.
    pub fn undo_receipt(&self, id: [u8; 16], side: RevisionId) -> Result<()> {
        self.transact(|t| {
            let row = t.tx.receipt(&id)?.ok_or_else(|| NotebookError::NotFound { what: RECEIPT, id: hex(&id) })?;
            if !row.heads.contains(&side) {
                return Err(NotebookError::NotFound { what: "version", id: side.to_string() });
            }
            if cycles::is_cycle(t.reader(), &row)? {
                return cycles::undo(t, &row, side);
            }
            t.commit_working(row.record)?;
            let record = t.existing(row.record, "note")?;
            let other = row.heads.iter().copied().find(|head| *head != side);
            let side = other.filter(|_| crate::planted("undo-to-another-side")).unwrap_or(side);
            let back = WayBack::of_merge(&record, &record.graph()?, &record.shown_heads(), &row.heads, side)?;
            write_undo(t, &record, &back)?;
            t.tx.mark_receipt_undone(&id)?;
            t.changes.receipts = true;
            Ok(())
        })
    }
}

/// Notes that these heads were merged by themselves, if they were.
pub(crate) fn record_merge(t: &mut crate::txn::Txn<'_>, record: RecordId, heads: &[RevisionId]) -> Result<()> {
    if crate::planted("no-receipt") {
        return Ok(());
    }
    let id = receipt_id(heads, holdfast_merge::ALGO);
    let row = ReceiptRow {
        id: id.to_vec(),
        record,
        heads: heads.to_vec(),
        merge_algo: holdfast_merge::ALGO,
        at_ms: t.now_ms,
        undone: false,
        seen: false,
    };
    if t.tx.put_receipt(&row)? {
        t.changes.receipts = true;
        t.changes.notes.insert(NoteId::from(record));
    }
    Ok(())
}

fn load(vault: &Vault, reader: &Reader<'_>, row: &ReceiptRow) -> Result<Option<Receipt>> {
    if cycles::is_cycle(reader, row)? {
        return cycles::load(vault, reader, row);
    }
    match of_versions(vault, reader, row) {
        // What it is of is not on this computer any more.
        Err(NotebookError::Thinned { .. }) => Ok(None),
        receipt => receipt,
    }
}

fn of_versions(vault: &Vault, reader: &Reader<'_>, row: &ReceiptRow) -> Result<Option<Receipt>> {
    let Some(record) = Record::load(vault, reader, row.record)? else { return Ok(None) };
    let mut graph: Graph = record.graph()?;
    for head in &row.heads {
        record.fill(&mut graph, *head)?;
    }
    let sides = record.folding(&mut graph, |graph| summarize(graph, &row.heads))?;
    let fields = record.folding(&mut graph, |graph| fold(graph, &row.heads))?.fields;
    Ok(Some(Receipt {
        id: id_of(row)?,
        record: row.record,
        is_note: fields.as_note().is_some(),
        title: title_of(&fields),
        heads: row.heads.clone(),
        at_ms: row.at_ms,
        undone: row.undone || merge_was_undone(&record, reader, &graph, &row.heads)?,
        seen: row.seen,
        sides,
        cycle: None,
    }))
}

pub(crate) fn id_of(row: &ReceiptRow) -> Result<[u8; 16]> {
    row.id.as_slice().try_into().map_err(|_| NotebookError::Internal("a receipt's id".into()))
}

fn hex(bytes: &[u8; 16]) -> String {
    RecordId(*bytes).to_string()
}
