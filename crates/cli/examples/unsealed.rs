//! `holdfast` with sealing switched off: what the canary test must be able to tell from the real one. It is built
//! only with the feature `sealing-off`, which no release build takes.

fn main() -> std::process::ExitCode {
    holdfast_cli::main()
}
