//! Full-text search as you type.

use crate::{Result, Vault};

pub use holdfast_store::SearchHit;

impl Vault {
    /// Notes that hold every word of the query, the best first.
    pub fn search(&self, query: &str, limit: u32) -> Result<Vec<SearchHit>> {
        self.read(|r| Ok(r.search(query, limit, true)?))
    }
}
