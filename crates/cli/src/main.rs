//! `holdfast`: see the library of the same package.

fn main() -> std::process::ExitCode {
    holdfast_cli::main()
}
