//! The command line `jit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(jit_access::internal::cli::main(std::env::args_os()))
}
