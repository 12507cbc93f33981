//! What goes to the person or programme that started us: results to standard output, everything else to standard error.

use std::io::{self, Write};

/// Prints a line of a result.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// Tells a person what went wrong.
#[allow(clippy::print_stderr, reason = "the last word of a command line programme")]
pub(crate) fn complain(text: &str) {
    eprintln!("cti-adapter: {text}");
}

/// An error with its causes, one a line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n  because: {error}"));
        cause = error.source();
    }
    text
}
