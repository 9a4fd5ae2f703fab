//! What must be installed before anything can be built or tested. Each step is quick when it is done already.

mod driver;
mod node;
mod packages;

use crate::place::Place;

/// What the caller is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Build programs.
    Build,
    /// Build them, and run every test.
    Test,
}

/// Installs what is missing, or says what a person must install.
pub fn run(place: &Place, purpose: Purpose) -> anyhow::Result<()> {
    packages::ensure(purpose)?;
    node::ensure(place)?;
    if purpose == Purpose::Test {
        driver::ensure(place)?;
    }
    Ok(())
}
