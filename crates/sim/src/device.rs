//! A device: a vault in a folder, its clock, its line, and its sync.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use holdfast_domain::{NoteId, RevisionId};
use holdfast_notebook::simulation::{Look, Shown, SyncPosition};
use holdfast_notebook::sync::{AsideId, Connect, Syncer};
use holdfast_notebook::{Env, NotebookError, RecordId, Simulated, SyncState, Vault};

use crate::dice::Source;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::files::TIMES;
use crate::keychain::MemoryKeychain;
use crate::net::Network;
use crate::thinned::{self, Thins};

/// The world's clock, and what each device's shows beside it.
#[derive(Clone, Default)]
pub struct SimClock {
    now_ms: Arc<AtomicU64>,
    pub offset_ms: Arc<AtomicI64>,
}

impl SimClock {
    pub fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::SeqCst).saturating_add_signed(self.offset_ms.load(Ordering::SeqCst))
    }

    pub fn set(&self, ms: u64) {
        self.now_ms.store(ms, Ordering::SeqCst);
    }

    pub fn advance(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Another clock of the same world.
    pub fn beside(&self, offset_ms: i64) -> Self {
        Self { now_ms: self.now_ms.clone(), offset_ms: Arc::new(AtomicI64::new(offset_ms)) }
    }
}

struct Open {
    vault: Arc<Vault>,
    syncer: Arc<Syncer>,
}

/// A text that lies in a window.
#[derive(Clone)]
pub struct Buffer {
    pub note: NoteId,
    pub seen: Vec<RevisionId>,
    pub body: String,
}

/// What may differ from what a program has.
#[derive(Clone, Copy, Debug)]
pub struct VaultKind {
    pub plain_pages: bool,
    /// So many notes may go at once without a question.
    pub few_notes: u64,
    /// History is packed in parts of so many places of the log.
    pub pack_block: u64,
    /// Files that nothing names go while a world lasts.
    pub files_go: bool,
    /// Old versions are thinned.
    pub thins: Option<Thins>,
}

pub struct Device {
    pub index: usize,
    pub name: String,
    pub dir: PathBuf,
    pub clock: SimClock,
    pub source: Source,
    keychain: MemoryKeychain,
    connect: Connect,
    open: Option<Open>,
    pub buffer: Option<Buffer>,
    /// As it was when it was last looked at.
    pub outbox: BTreeSet<RevisionId>,
    /// Up to where the log was compared with what is here.
    pub checked: u64,
    /// Notes and notebooks that ask, when it was last looked at.
    pub asks: u64,
    /// Its program is of an earlier version.
    pub older: Arc<AtomicBool>,
    kind: VaultKind,
    /// How often it kept, in peace, what a sync would take away.
    pub kept_in_peace: usize,
    /// Off, while others go on.
    pub away: bool,
    /// In peace it has no part in the account any more.
    pub out: bool,
    /// It knew, when it was last looked at, that somebody was removed.
    pub knows_of_removal: bool,
    /// What its person decided about of what was sent late.
    pub decided_late: BTreeSet<AsideId>,
    /// The notes that were not in the trash when a sync last ended well, where that is looked at.
    pub had_live: Option<Vec<NoteId>>,
    /// What removed devices sent since, and is here.
    pub late: BTreeSet<RevisionId>,
    /// The latest that its own clock ever showed.
    pub furthest_ms: u64,
    /// Of a disk that was copied: it or its copy becomes another.
    pub twin: bool,
    /// The first revisions of the devices that it became.
    pub named: BTreeSet<RevisionId>,
}

/// The files of a vault, as a computer that loses its power leaves them.
pub struct Files {
    pub database: Vec<u8>,
    pub log: Vec<u8>,
    keys: Vec<u8>,
}

impl Device {
    pub fn new(
        index: usize,
        name: &str,
        dir: PathBuf,
        clock: SimClock,
        keychain: &MemoryKeychain,
        network: &Network,
        kind: VaultKind,
    ) -> Self {
        let line = network.clone();
        let connect: Connect = Arc::new(move |_| Ok(Arc::new(line.line(index))));
        Self {
            index,
            name: name.into(),
            dir,
            clock,
            source: Source::new(index as u64),
            keychain: keychain.clone(),
            connect,
            open: None,
            buffer: None,
            outbox: BTreeSet::new(),
            checked: 0,
            asks: 0,
            older: Arc::default(),
            kind,
            away: false,
            out: false,
            knows_of_removal: false,
            decided_late: BTreeSet::new(),
            had_live: None,
            late: BTreeSet::new(),
            furthest_ms: 0,
            kept_in_peace: 0,
            twin: false,
            named: BTreeSet::new(),
        }
    }

    pub fn env(&self) -> Env {
        let (clock, source) = (self.clock.clone(), self.source.clone());
        let older = self.older.clone();
        let older = Arc::new(move || older.load(Ordering::SeqCst));
        let VaultKind { plain_pages, few_notes, pack_block, files_go, thins } = self.kind;
        let simulated = Simulated { older, plain_pages, few_notes };
        let env = Env::simulated(move || clock.now_ms(), move |bytes| source.fill(bytes), simulated);
        let env = env.with_pack_block(Arc::new(AtomicU64::new(pack_block))).packs_without_waiting();
        match (files_go, thins) {
            (true, _) => env.with_release_times(TIMES),
            (false, Some(Thins { waits_ms, .. })) => {
                env.with_release_times(thinned::TIMES).with_history_times(thinned::DAY_MS, waits_ms)
            }
            (false, None) => env,
        }
    }

    /// The furthest that its clock ever showed; in peace it is right again.
    pub fn has_shown(&self) -> u64 {
        self.furthest_ms.max(self.clock.now_ms())
    }

    pub fn is_older(&self) -> bool {
        self.older.load(Ordering::SeqCst)
    }

    pub fn kind(&self) -> VaultKind {
        self.kind
    }

    pub fn keychain(&self) -> &MemoryKeychain {
        &self.keychain
    }

    pub fn connect(&self) -> &Connect {
        &self.connect
    }

    pub fn adopt(&mut self, vault: Vault) -> Result<(), NotebookError> {
        let vault = Arc::new(vault);
        let syncer = Arc::new(Syncer::new(vault.clone(), self.connect.clone())?);
        self.open = Some(Open { vault, syncer });
        Ok(())
    }

    /// Opens by the keychain.
    pub fn reopen(&mut self) -> Checked {
        let opened = Vault::open_with_keychain(&self.dir, &self.keychain, self.env()).works("opening a vault")?;
        match opened {
            Some(vault) => self.adopt(vault).works("starting sync")?,
            None => return Invariant::Works.broken("the keychain does not open the vault"),
        }
        if self.syncer()?.status().works("the status")?.state == SyncState::UpToDate {
            let what = format!("{} has just started, has asked nobody, and says that it is up to date", self.name);
            return Invariant::Liveness.broken(what);
        }
        Ok(())
    }

    pub fn vault(&self) -> Checked<&Arc<Vault>> {
        match &self.open {
            Some(open) => Ok(&open.vault),
            None => Invariant::Works.broken(format!("{} is not open", self.name)),
        }
    }

    pub fn syncer(&self) -> Checked<Arc<Syncer>> {
        match &self.open {
            Some(open) => Ok(open.syncer.clone()),
            None => Invariant::Works.broken(format!("{} is not open", self.name)),
        }
    }

    /// Quits as a person does.
    pub fn close(&mut self) -> Checked {
        self.vault()?.close().works("closing a vault")?;
        self.open = None;
        self.buffer = None;
        Ok(())
    }

    pub fn files(&self) -> Checked<Files> {
        let read = |name: &str| fs::read(self.dir.join(name));
        Ok(Files {
            database: read("vault.db").works("reading a vault")?,
            log: read("vault.db-wal").unwrap_or_default(),
            keys: read("vault.keys").works("reading a vault")?,
        })
    }

    /// Ends without a word, and leaves these files. (Closing the database would tidy them up.)
    pub fn crash(&mut self, leaves: &Files) -> Checked {
        self.open = None;
        self.buffer = None;
        leaves.write(&self.dir)
    }

    pub fn look<T>(&self, look: impl FnOnce(&Look<'_>) -> Result<T, NotebookError>) -> Checked<T> {
        look(&Look(self.vault()?)).works("looking at a vault")
    }

    pub fn position(&self) -> Checked<SyncPosition> {
        self.look(|l| l.position())
    }

    pub fn shown(&self, id: RecordId) -> Checked<Option<Shown>> {
        self.look(|l| l.shown(id))
    }
}

impl Files {
    /// Also without the index of the write-ahead log, which no computer has after it stopped.
    pub fn write(&self, dir: &Path) -> Checked {
        fs::create_dir_all(dir).works("writing a vault")?;
        let _ = fs::remove_file(dir.join("vault.db-shm"));
        let write = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).works("writing a vault");
        write("vault.db", &self.database)?;
        write("vault.keys", &self.keys)?;
        if self.log.is_empty() {
            let _ = fs::remove_file(dir.join("vault.db-wal"));
            return Ok(());
        }
        write("vault.db-wal", &self.log)
    }
}
