//! The way out: events that the taker of the stream has not taken yet.

use cti_core::call::PbxEvent;
use cti_core::{Error, Result};
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Beyond this, nothing more is read from the link until the taker has caught up; Asterisk's events wait there.
const ROOM: usize = 1024;

#[derive(Debug)]
pub(super) struct Outlet {
    out: mpsc::Sender<Result<PbxEvent>>,
    waiting: VecDeque<PbxEvent>,
}

impl Outlet {
    pub(super) fn new(out: mpsc::Sender<Result<PbxEvent>>) -> Self {
        Self { out, waiting: VecDeque::new() }
    }

    pub(super) fn push(&mut self, events: Vec<PbxEvent>) {
        self.waiting.extend(events);
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < ROOM
    }

    /// Hands on one event, or waits until the stream is dropped. False if it is. May be cancelled at any time.
    pub(super) async fn drive(&mut self) -> bool {
        if self.waiting.is_empty() {
            self.out.closed().await;
            return false;
        }
        let Ok(permit) = self.out.reserve().await else { return false };
        if let Some(event) = self.waiting.pop_front() {
            permit.send(Ok(event));
        }
        true
    }

    /// Hands on what waits.
    pub(super) async fn flush(&mut self) {
        while !self.waiting.is_empty() && self.drive().await {}
    }

    /// Hands on what waits, then the error as the last item.
    pub(super) async fn finish(&mut self, error: Error) {
        self.flush().await;
        if self.out.send(Err(error)).await.is_err() {
            tracing::debug!("nobody takes the events any more");
        }
    }
}
