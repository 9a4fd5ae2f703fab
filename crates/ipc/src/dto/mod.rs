//! What crosses to a user interface. Names are the same in Rust, in TypeScript (generated) and in the JSON of
//! the terminal program. Times are milliseconds since 1970 as `f64`, which TypeScript can hold exactly.

mod account;
mod aside;
mod error;
mod event;
mod history;
mod note;
mod notebook;
mod review;
mod session;
mod sync;
mod transfer;
mod tray;

pub use account::*;
pub use aside::*;
pub use error::*;
pub use event::*;
pub use history::*;
pub use note::*;
pub use notebook::*;
pub use review::*;
pub use session::*;
pub use sync::*;
pub use transfer::*;
pub use tray::*;
