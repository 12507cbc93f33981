//! Everything that is logged while a test runs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Collects what is logged on this thread, which is where the whole pipeline of a test runs.
pub struct Log {
    text: Text,
    _until_dropped: DefaultGuard,
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Starts to collect.
    pub fn start() -> Self {
        let text = Text::default();
        let filter = EnvFilter::new(
            "warn,cti=trace,cti_core=trace,cti_pbx_asterisk=trace,cti_crm_kintone=trace,cti_outbox=trace",
        );
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(text.clone()).with_ansi(false);
        Self { text, _until_dropped: tracing::subscriber::set_default(subscriber.finish()) }
    }

    /// What was logged so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("--- the log of the pipeline ---\n{}", self.text());
        }
    }
}

impl<'a> MakeWriter<'a> for Text {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
