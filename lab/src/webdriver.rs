//! A small WebDriver client: what the tests of pages need and no more.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::child::OwnedChild;
use crate::chromium::{Chromium, FLAGS};
use crate::error::{Context, tail};
use crate::{LabError, Result};

/// How often to start the driver. It takes a free port of one kind of address and gives up if somebody else has the same
/// port of the other kind, which happens when several start at once.
const STARTS: u32 = 8;

/// How long a page may take to show what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The key under which the standard hides the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser window of the test's own. Dropped, the browser is gone.
#[derive(Debug)]
pub struct WebDriver {
    child: OwnedChild,
    dir: PathBuf,
    http: reqwest::Client,
    session: String,
}

/// An element of the page that is shown.
#[derive(Debug, Clone)]
pub struct Element {
    id: String,
}

async fn launch(chromium: &Chromium, dir: &Path) -> Result<(OwnedChild, u16)> {
    let mut tried = 1;
    loop {
        let log = std::fs::File::create(dir.join("log")).context("cannot write the log of the browser")?;
        let mut command = Command::new(&chromium.driver);
        command
            .arg("--port=0")
            .env("HOME", dir)
            .env("XDG_CONFIG_HOME", dir.join("config"))
            .env("XDG_CACHE_HOME", dir.join("cache"))
            .stdout(log)
            .stderr(Stdio::null());
        let mut child = OwnedChild::start(&mut command)?;
        match port(&mut child, dir).await {
            Ok(port) => return Ok((child, port)),
            Err(error) if tried == STARTS => return Err(error),
            Err(_) => tried += 1,
        }
    }
}

/// The driver chooses a free port and says which.
async fn port(child: &mut OwnedChild, dir: &Path) -> Result<u16> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = tail(&dir.join("log"), 20);
        let port = log.split("on port ").skip(1).find_map(|rest| rest.split_once('.')?.0.parse().ok());
        if let Some(port) = port.filter(|port| *port != 0) {
            return Ok(port);
        }
        if child.ended()?.is_some() || Instant::now() > deadline {
            return Err(LabError::new(format!("the driver of the browser does not start: {log}")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl WebDriver {
    pub(crate) async fn start(chromium: &Chromium, flags: &[&str]) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("cti-lab-browser-{}-{number}", std::process::id()));
        std::fs::create_dir_all(dir.join("profile")).context("cannot make the folder of the browser")?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build();
        let http = http.context("HTTP client")?;
        let (child, port) = launch(chromium, &dir).await?;
        let session = format!("http://127.0.0.1:{port}/session");
        let mut driver = Self { child, dir, http, session };

        let profile = format!("--user-data-dir={}", driver.dir.join("profile").display());
        let args: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).chain(flags.iter().copied()).collect();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "binary": chromium.browser, "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let created = driver.call(Method::POST, "", Some(wanted)).await?;
        let id = created["sessionId"].as_str().ok_or_else(|| LabError::new("the driver gives no session"))?;
        driver.session = format!("{}/{id}", driver.session);
        Ok(driver)
    }

    /// Opens a page and waits until it has loaded.
    ///
    /// # Errors
    ///
    /// When it cannot be loaded.
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.post("/url", json!({ "url": url })).await.map(drop)
    }

    /// Gives the page exactly this many pixels.
    ///
    /// # Errors
    ///
    /// When the browser refuses.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Sends a command of the DevTools protocol.
    ///
    /// # Errors
    ///
    /// When the browser refuses.
    pub async fn devtools(&self, command: &str, params: Value) -> Result<Value> {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": params })).await
    }

    /// The first element that a CSS selector finds, now.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn find(&self, css: &str) -> Result<Element> {
        let found = self.post("/element", json!({ "using": "css selector", "value": css })).await?;
        let id = found[ELEMENT].as_str().ok_or_else(|| LabError::new(format!("no element for {css}")))?;
        Ok(Element { id: id.to_owned() })
    }

    /// The first element that a CSS selector finds, as soon as there is one.
    ///
    /// # Errors
    ///
    /// When there is none within twenty seconds.
    pub async fn wait_for(&self, css: &str) -> Result<Element> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.find(css).await {
                Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(50)).await,
                outcome => return outcome,
            }
        }
    }

    /// Waits until an expression of JavaScript is true, and gives its value.
    ///
    /// # Errors
    ///
    /// When it is not true within twenty seconds.
    pub async fn wait_until(&self, expression: &str) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.execute(&format!("return ({expression});"), json!([])).await?;
            let is_true = !matches!(value, Value::Null | Value::Bool(false)) && value != json!("") && value != json!(0);
            if is_true {
                return Ok(value);
            }
            if Instant::now() > deadline {
                let body = self.execute("return document.body.innerText;", json!([])).await?;
                return Err(LabError::new(format!("never true: {expression}; the page says: {body}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks on an element.
    ///
    /// # Errors
    ///
    /// When it cannot be clicked: gone, hidden or covered.
    pub async fn click(&self, element: &Element) -> Result<()> {
        self.post(&format!("/element/{}/click", element.id), json!({})).await.map(drop)
    }

    /// Types into an element.
    ///
    /// # Errors
    ///
    /// When it takes no keys.
    pub async fn send_keys(&self, element: &Element, text: &str) -> Result<()> {
        self.post(&format!("/element/{}/value", element.id), json!({ "text": text })).await.map(drop)
    }

    /// The text that an element shows.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub async fn text(&self, element: &Element) -> Result<String> {
        let text = self.call(Method::GET, &format!("/element/{}/text", element.id), None).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs JavaScript in the page (`return …;` gives a value) with arguments (a JSON array).
    ///
    /// # Errors
    ///
    /// When the script throws.
    pub async fn execute(&self, script: &str, args: Value) -> Result<Value> {
        self.post("/execute/sync", json!({ "script": script, "args": args })).await
    }

    /// What the page has written to the console since the last call, broken policies and failed loads among it.
    ///
    /// # Errors
    ///
    /// When the browser refuses.
    pub async fn console(&self) -> Result<Vec<String>> {
        let entries = self.post("/se/log", json!({ "type": "browser" })).await?;
        let line = |entry: &Value| format!("{}: {}", entry["level"].as_str().unwrap_or(""), entry["message"]);
        Ok(entries.as_array().into_iter().flatten().map(line).collect())
    }

    /// Writes a picture (PNG) of what the window shows.
    ///
    /// # Errors
    ///
    /// When the picture cannot be taken or written.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let picture = self.call(Method::GET, "/screenshot", None).await?;
        let bytes = decode_base64(picture.as_str().unwrap_or_default());
        let bytes = bytes.ok_or_else(|| LabError::new("the picture is not base64"))?;
        std::fs::write(file, bytes).context("cannot write the picture")
    }

    /// Closes the browser and waits for it.
    ///
    /// # Errors
    ///
    /// When the browser does not answer; it is gone all the same.
    pub async fn quit(self) -> Result<()> {
        self.call(Method::DELETE, "", None).await.map(drop)
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.session));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.context("WebDriver")?;
        let is_good = response.status().is_success();
        let mut answer: Value = response.json().await.context("WebDriver")?;
        let value = answer["value"].take();
        if is_good {
            return Ok(value);
        }
        let message = value["message"].as_str().unwrap_or_default();
        Err(LabError::new(format!("WebDriver: {}: {}", value["error"], message.lines().next().unwrap_or_default())))
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        self.child.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Decodes standard base64; `None` when it is none.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let six = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xFF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::decode_base64;

    #[test]
    fn base64() {
        assert_eq!(decode_base64("").unwrap(), b"");
        assert_eq!(decode_base64("aGVsbG8=").unwrap(), b"hello");
        assert_eq!(decode_base64("iVBORw0KGgo=").unwrap(), b"\x89PNG\r\n\x1a\n");
        assert_eq!(decode_base64("a b"), None);
    }
}
