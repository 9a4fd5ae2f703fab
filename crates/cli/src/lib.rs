//! holdfast: the same use cases in a terminal.
