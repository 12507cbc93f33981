//! Logs go to standard error, in the format of `tracing`; `RUST_LOG` chooses how much.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging, with `default` unless `RUST_LOG` says otherwise.
pub(crate) fn start(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let logging = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours are for people: a journal or a file would keep the control characters.
    let logging = logging.with_ansi(std::io::stderr().is_terminal());
    // Only a second call could fail, and then logging is there already.
    let _ = logging.with_target(false).try_init();
}
