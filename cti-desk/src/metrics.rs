//! `GET /metrics`: counters in Prometheus' text format. No name, no number, no user.

use crate::running::Inner;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) events: Counter,
    pub(crate) pops: Counter,
    /// Snapshots that were sent because a page had fallen behind.
    pub(crate) catch_ups: Counter,
    pub(crate) streams: Counter,
    commands: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// A number that threads count up together.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn one_less(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metrics {
    /// Counts a command by what was asked for and what became of it.
    pub(crate) fn command(&self, action: &'static str, outcome: &'static str) {
        *self.commands.lock().unwrap_or_else(PoisonError::into_inner).entry((action, outcome)).or_default() += 1;
    }

    /// Counts a request that was refused at the door.
    pub(crate) fn refused(&self, why: &'static str) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
    }

    fn text(&self) -> String {
        let mut text = String::new();
        single(&mut text, "events_total", "counter", "Events taken in", &self.events);
        single(&mut text, "pops_total", "counter", "Agents told of a call", &self.pops);
        single(&mut text, "catch_ups_total", "counter", "Snapshots for pages that fell behind", &self.catch_ups);
        single(&mut text, "streams", "gauge", "Pages that are connected", &self.streams);
        head(&mut text, "commands_total", "counter", "Commands by outcome");
        for ((action, outcome), count) in &*self.commands.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "cti_desk_commands_total{{action=\"{action}\",outcome=\"{outcome}\"}} {count}");
        }
        head(&mut text, "refused_total", "counter", "Requests refused at the door");
        for (why, count) in &*self.refused.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "cti_desk_refused_total{{why=\"{why}\"}} {count}");
        }
        text
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP cti_desk_{name} {help}\n# TYPE cti_desk_{name} {kind}");
}

fn single(text: &mut String, name: &str, kind: &str, help: &str, counter: &Counter) {
    head(text, name, kind, help);
    let _ = writeln!(text, "cti_desk_{name} {}", counter.value());
}

pub(crate) async fn metrics(State(desk): State<Arc<Inner>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], desk.metrics.text()).into_response()
}
