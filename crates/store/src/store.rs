//! Opening, checking and closing the database file.

use std::{
    cell::RefCell,
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    sync::Once,
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::{RawKey, Result, SCHEMA_VERSION, StoreError, migrate, recent::Recent};

/// How long a connection waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often, and how far apart, a start of SQLCipher by somebody else is looked at before it is given up.
const START_LOOKS: u32 = 1000;
const START_PAUSE: Duration = Duration::from_millis(1);

/// SQLCipher's page size; part of the file format.
const PAGE_BYTES: u64 = 4096;

/// More than there are: what is forgotten is parsed again each time.
const STATEMENTS_CACHED: usize = 256;

const STOPPED_CLEANLY: &str = "clean_stop";

/// One connection to the encrypted database. It can move between threads, not be used by two at once.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    path: PathBuf,
    was_clean_stop: bool,
    role: Role,
    recent: RefCell<Recent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Writer,
    Reader,
}

impl Store {
    /// Makes a new database, readable by its owner alone. Refuses a path where a file is.
    pub fn create(path: &Path, key: &RawKey) -> Result<Self> {
        create_private(path)?;
        let conn = connect(path, key)?;
        migrate::run(&conn, 0)?;
        Self::writer(conn, path)
    }

    /// Opens the database, brings its schema up to date, and marks it as in use (see [`Store::was_clean_stop`]). For
    /// what can be made again: a person's vault has a snapshot before, by [`Store::open_after`].
    pub fn open(path: &Path, key: &RawKey) -> Result<Self> {
        Self::open_after(path, key, |_| Ok::<_, StoreError>(()))
    }

    /// As [`Store::open`]. Where the schema is older, `snapshot` runs first; unless it succeeds nothing is changed.
    pub fn open_after<E: From<StoreError>>(
        path: &Path,
        key: &RawKey,
        snapshot: impl FnOnce(&Outdated<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let conn = connect_existing(path, key)?;
        let schema = migrate::version(&conn)?;
        if schema < SCHEMA_VERSION {
            snapshot(&Outdated { conn: &conn, schema })?;
            migrate::run(&conn, schema)?;
        }
        Ok(Self::writer(conn, path)?)
    }

    /// Opens the database a second time, for reading only, beside a writer. The writer must have brought the
    /// schema up to date.
    pub fn open_reader(path: &Path, key: &RawKey) -> Result<Self> {
        let conn = connect_existing(path, key)?;
        if migrate::version(&conn)? != SCHEMA_VERSION {
            return Err(StoreError::damaged("the schema is older, and a reader cannot bring it up to date"));
        }
        Self::reading(conn, path)
    }

    /// Opens a snapshot for reading only; it may be of an older version. Of one that is, only what the first schema
    /// had may be asked (notes, notebooks, whether it is whole), and which files are not in it.
    pub fn open_snapshot(path: &Path, key: &RawKey) -> Result<Self> {
        let conn = connect_existing(path, key)?;
        migrate::version(&conn)?;
        Self::reading(conn, path)
    }

    fn reading(conn: Connection, path: &Path) -> Result<Self> {
        conn.pragma_update(None, "query_only", true)?;
        let mut store =
            Self { conn, path: path.into(), was_clean_stop: true, role: Role::Reader, recent: RefCell::default() };
        store.was_clean_stop = store.read(|tx| tx.get_u64(STOPPED_CLEANLY))? == Some(1);
        Ok(store)
    }

    /// The schema version of a file, without changing it: a migration is due where this is less than
    /// [`SCHEMA_VERSION`].
    pub fn schema_version(path: &Path, key: &RawKey) -> Result<u32> {
        migrate::version(&connect_existing(path, key)?)
    }

    fn writer(conn: Connection, path: &Path) -> Result<Self> {
        let mut store =
            Self { conn, path: path.into(), was_clean_stop: true, role: Role::Writer, recent: RefCell::default() };
        store.was_clean_stop = store.write(|tx| {
            let before = tx.get_u64(STOPPED_CLEANLY)?;
            tx.put_u64(STOPPED_CLEANLY, 0)?;
            Ok::<_, StoreError>(before.is_none_or(|flag| flag == 1))
        })?;
        Ok(store)
    }

    /// Whether the last one to have this database open for writing called [`Store::close`]. If not, run
    /// [`Store::quick_check`].
    pub fn was_clean_stop(&self) -> bool {
        self.was_clean_stop
    }

    /// Marks the stop as clean, moves the write-ahead log into the file, and closes it. Dropping a `Store`
    /// loses nothing either, but the next start takes longer.
    pub fn close(self) -> Result<()> {
        if self.role == Role::Writer {
            self.write(|tx| tx.put_u64(STOPPED_CLEANLY, 1))?;
            self.checkpoint()?;
        }
        self.conn.close().map_err(|(_, error)| error.into())
    }

    /// Moves what it can of the write-ahead log into the database file. Readers are not disturbed; what they
    /// still need stays in the log.
    pub fn checkpoint(&self) -> Result<()> {
        // A row (busy, pages in the log, pages moved). Busy is not an error: the log stays, and is read.
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Reads every page of every table and index, which also decrypts and authenticates them.
    pub fn quick_check(&self) -> Result<()> {
        quick_check(&self.conn)
    }

    /// Limits the file to `pages` of 4096 bytes, for this connection: beyond it a write fails with
    /// [`StoreError::DiskFull`], as it does on a full disk. Gives the limit that is now in force, which is
    /// never below the present size; 0 asks without changing it.
    pub fn set_max_page_count(&self, pages: u32) -> Result<u32> {
        Ok(self.conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |r| r.get(0))?)
    }

    /// How many pages of 4096 bytes the database has.
    pub fn page_count(&self) -> Result<u32> {
        Ok(self.conn.query_row("PRAGMA page_count", [], |r| r.get(0))?)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn conn(&self) -> &Connection {
        &self.conn
    }

    pub(crate) fn recent(&self) -> &RefCell<Recent> {
        &self.recent
    }
}

/// A database whose schema is older than this version's, before it is brought up to date: open, and unchanged. The
/// snapshot of it is in `backup.rs`.
#[derive(Debug)]
pub struct Outdated<'a> {
    pub(crate) conn: &'a Connection,
    /// What it has.
    pub schema: u32,
}

pub(crate) fn quick_check(conn: &Connection) -> Result<()> {
    let mut statement = conn.prepare("PRAGMA quick_check(10)")?;
    let lines = statement.query_map([], |r| r.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    if lines == ["ok"] { Ok(()) } else { Err(StoreError::damaged(lines.join("; "))) }
}

/// An empty file that only its owner can read; SQLite gives its companions (`-wal`, `-shm`) the same mode.
pub(crate) fn create_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    Ok(options.open(path)?)
}

pub(crate) fn connect_existing(path: &Path, key: &RawKey) -> Result<Connection> {
    let bytes = std::fs::metadata(path)?.len();
    if bytes == 0 {
        return Err(StoreError::damaged("the file is empty"));
    }
    connect(path, key).map_err(|error| match error {
        StoreError::WrongKey if bytes % PAGE_BYTES != 0 => StoreError::damaged("the file does not end with a page"),
        other => other,
    })
}

/// Waits until SQLCipher takes keys.
///
/// SQLite counts as started before SQLCipher's part of the start has run (`sqlite3_initialize` calls `SQLITE_EXTRA_INIT`
/// behind its lock, SQLCipher 4.19), so a second thread that opens its first database just then is refused its key, with
/// words about a key that is empty. Here one thread starts it while the others wait; a connection that somebody else opens
/// meanwhile, without this, is waited for.
fn start_cipher() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        for _ in 0..START_LOOKS {
            let keyed = Connection::open_in_memory().and_then(|conn| conn.execute_batch("PRAGMA key = 'any'"));
            if keyed.is_ok() {
                break;
            }
            thread::sleep(START_PAUSE);
        }
        // If it never starts, what is opened next says so.
    });
}

/// Opens an existing file. The key comes first; the first read tells whether it fits.
pub(crate) fn connect(path: &Path, key: &RawKey) -> Result<Connection> {
    start_cipher();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    if !crate::planted("database-unsealed") {
        conn.execute_batch(&key.pragma())?;
    }
    conn.execute_batch(
        "PRAGMA cipher_compatibility = 4;
         PRAGMA cipher_memory_security = OFF;
         PRAGMA cipher_log_level = NONE;",
    )?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::NotADatabase => {
            return Err(StoreError::WrongKey);
        }
        other => other?,
    }
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 16777216;
         PRAGMA cache_size = -16384;
         PRAGMA trusted_schema = OFF;",
    )?;
    // The write-ahead log is short where thousands of databases are in memory: its pages are used again.
    #[cfg(feature = "simulation")]
    conn.pragma_update(None, "wal_autocheckpoint", 100)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(conn)
}
