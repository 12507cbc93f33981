//! The desk as a programme of the agent's sees it.

use super::{TOKEN, eventually};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub(crate) struct DeskClient {
    base: String,
    http: Client,
    told: Arc<Mutex<String>>,
}

impl DeskClient {
    /// Signs in and listens.
    pub(crate) async fn new(address: &str) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        let base = format!("http://{address}");
        let told = Arc::new(Mutex::new(String::new()));
        let mut events = http.get(format!("{base}/events")).bearer_auth(TOKEN).send().await.unwrap();
        assert!(events.status().is_success(), "{events:?}");
        let kept = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok(Some(piece)) = events.chunk().await {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&piece));
            }
        });
        Self { base, http, told }
    }

    /// Every frame of that event until now.
    pub(crate) fn frames(&self, event: &str) -> Vec<Value> {
        let told = self.told.lock().unwrap();
        let frames = told.split("\n\n").filter(|frame| frame.contains(&format!("event: {event}\n")));
        let data = |frame: &str| frame.lines().find_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok());
        frames.filter_map(data).collect()
    }

    /// Waits for a frame of that event that fits.
    pub(crate) async fn frame(&self, event: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let what = format!("a frame {event}");
        eventually(&what, async || self.frames(event).into_iter().find(|frame| fits(frame))).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(TOKEN).header("origin", &self.base);
        request.json(&body).send().await.unwrap()
    }

    /// Click-to-dial.
    pub(crate) async fn dial(&self, number: &str) -> Value {
        let answer = self.post("/api/dial", json!({ "number": number })).await;
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }
}
