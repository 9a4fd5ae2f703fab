//! Transactions: what the functions of each table hang on.

use std::{cell::RefCell, ops::Deref};

use rusqlite::{CachedStatement, Connection, Params, Row};

use crate::{Result, Store, StoreError, recent::Recent};

/// Reads one consistent snapshot of the database.
pub struct Reader<'c> {
    conn: &'c Connection,
    pub(crate) recent: &'c RefCell<Recent>,
}

/// The argument of [`Store::read`].
pub type ReadTx<'c> = Reader<'c>;

/// Writes in one transaction; also a [`Reader`] that sees its own writes.
pub struct WriteTx<'c> {
    reader: Reader<'c>,
}

impl<'c> Deref for WriteTx<'c> {
    type Target = Reader<'c>;

    fn deref(&self) -> &Reader<'c> {
        &self.reader
    }
}

impl Store {
    /// Runs `body` on one consistent snapshot. Not to be nested on the same `Store`.
    pub fn read<T, E: From<StoreError>>(&self, body: impl FnOnce(&ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
        let tx = Open::begin(self.conn(), "BEGIN DEFERRED")?;
        let out = body(&self.reader())?;
        tx.commit()?;
        Ok(out)
    }

    /// Runs `body` in one immediate transaction: all of it is kept, on disk, when this returns `Ok`; nothing
    /// when it returns `Err`. `body` passes on every `StoreError`: after some (a full disk) SQLite has rolled
    /// back already, and whatever is called then fails too. Not to be nested on the same `Store`.
    pub fn write<T, E: From<StoreError>>(&self, body: impl FnOnce(&WriteTx<'_>) -> Result<T, E>) -> Result<T, E> {
        let tx = Open::begin(self.conn(), "BEGIN IMMEDIATE")?;
        let out = body(&WriteTx { reader: self.reader() })?;
        still_open(self.conn())?;
        tx.commit()?;
        Ok(out)
    }

    fn reader(&self) -> Reader<'_> {
        Reader { conn: self.conn(), recent: self.recent() }
    }
}

/// A transaction under way: rolled back unless it is committed. (`rusqlite`'s own parses its statements each time, and
/// there are many small ones.)
struct Open<'c>(&'c Connection);

impl<'c> Open<'c> {
    fn begin(conn: &'c Connection, how: &str) -> Result<Self> {
        conn.prepare_cached(how)?.execute([])?;
        Ok(Self(conn))
    }

    fn commit(self) -> Result<()> {
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        // Not so after a commit, and where SQLite has rolled back already. Should it fail, the next one cannot begin, which
        // is told.
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

/// SQLite rolls back by itself when the disk is full; a statement after that would be kept on its own.
fn still_open(conn: &Connection) -> Result<()> {
    if conn.is_autocommit() { Err(StoreError::DiskFull) } else { Ok(()) }
}

impl Reader<'_> {
    pub(crate) fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        still_open(self.conn)?;
        Ok(self.conn.prepare_cached(sql)?)
    }

    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.prepare(sql)?;
        let rows = statement.query_map(params, map)?.collect::<rusqlite::Result<_>>()?;
        Ok(rows)
    }

    pub(crate) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        match self.prepare(sql)?.query_row(params, map) {
            Ok(row) => Ok(Some(row)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The one value of a query that always has a row.
    pub(crate) fn number(&self, sql: &str, params: impl Params) -> Result<u64> {
        Ok(self.prepare(sql)?.query_row(params, |r| r.get::<_, i64>(0))? as u64)
    }

    pub(crate) fn exists(&self, sql: &str, params: impl Params) -> Result<bool> {
        Ok(self.prepare(sql)?.exists(params)?)
    }
}

impl WriteTx<'_> {
    /// Runs a statement without rows; gives the number of rows that it changed.
    pub(crate) fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.prepare(sql)?.execute(params)?)
    }
}
