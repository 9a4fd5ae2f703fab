//! Deliberate bugs: what finds no bugs when there are some has not shown anything when it finds none.
//!
//! A place in the code that can be made wrong asks [`planted`] by a name; the simulator plants one bug a process.
//! The rooms depend on this one by their feature `simulation` alone, which no program has (`cargo xtask tidy`).

mod memo;

use std::sync::OnceLock;

pub use memo::Memo;

static PLANTED: OnceLock<String> = OnceLock::new();

/// Plants one bug in this process, for good; or several, with commas between their names. False where another one is planted already.
pub fn plant(name: &str) -> bool {
    PLANTED.get_or_init(|| name.to_owned()) == name
}

/// True where this bug is to show.
pub fn planted(name: &str) -> bool {
    PLANTED.get().is_some_and(|planted| planted.split(',').any(|planted| planted == name))
}
