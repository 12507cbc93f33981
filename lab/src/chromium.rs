//! The browser.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::presence::{missing, program};
use crate::webdriver::WebDriver;

/// Headless, alone, and without a word to the outside.
pub(crate) const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// The installed Chromium with its driver.
#[derive(Debug, Clone)]
pub struct Chromium {
    pub(crate) browser: PathBuf,
    pub(crate) driver: PathBuf,
}

impl Chromium {
    /// Chromium, when this machine has it.
    #[must_use]
    pub fn find() -> Option<Self> {
        Some(Self { browser: program("chromium")?, driver: program("chromedriver")? })
    }

    /// Chromium; where it is missing, says that the test was skipped and gives `None`.
    ///
    /// # Panics
    ///
    /// Where it is missing although `CTI_LAB=required` is set.
    #[must_use]
    pub fn find_or_skip() -> Option<Self> {
        let found = Self::find();
        if found.is_none() {
            missing("Chromium");
        }
        found
    }

    /// A browser of the test's own, to look at pages and to use them.
    ///
    /// # Errors
    ///
    /// When the browser does not start.
    pub async fn drive(&self) -> Result<WebDriver> {
        self.drive_with(&[]).await
    }

    /// As [`Self::drive`], with more flags, as `--accept-lang=ja`.
    ///
    /// # Errors
    ///
    /// As [`Self::drive`].
    pub async fn drive_with(&self, flags: &[&str]) -> Result<WebDriver> {
        WebDriver::start(self, flags).await
    }

    /// Writes a picture (PNG) of the page as it looks `wait_ms` after it has loaded.
    ///
    /// # Errors
    ///
    /// When the browser does not start or the page does not load.
    pub async fn screenshot(&self, url: &str, width: u32, height: u32, file: &Path, wait_ms: u64) -> Result<()> {
        let driver = self.drive().await?;
        driver.resize(width, height).await?;
        driver.goto(url).await?;
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        driver.screenshot(file).await?;
        driver.quit().await
    }
}
