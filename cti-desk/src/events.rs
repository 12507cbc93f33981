//! `GET /events`: an agent's calls as server-sent events.
//!
//! Every connection begins with a snapshot. A page that reads too slowly is sent another one in place of the frames
//! that it missed.

use crate::answer::Refusal;
use crate::board::AgentIndex;
use crate::hub::Frame;
use crate::running::Inner;
use crate::security;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use chrono::{DateTime, Utc};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// Frames on their way to the socket; the others wait in the agent's ring.
const IN_FLIGHT: usize = 4;
const KEEP_ALIVE: Duration = Duration::from_secs(15);

type Frames = Sse<axum::response::sse::KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>>;

pub(crate) async fn events(State(desk): State<Arc<Inner>>, headers: HeaderMap) -> Result<Frames, Refusal> {
    let who = security::reader(&desk, &headers)?;
    let permit = desk.page_permit(who.agent).ok_or_else(Refusal::too_many_pages)?;
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    let stream = Stream { agent: who.agent, seen: desk.seen(&headers), sender };
    let until = who.until;
    desk.clone().tracker.spawn(async move {
        desk.metrics.streams.add(1);
        tokio::select! {
            () = stream.run(&desk) => {}
            () = end(until) => {}
            () = desk.cancel.cancelled() => {}
        }
        desk.metrics.streams.one_less();
        drop::<OwnedSemaphorePermit>(permit);
    });
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Waits for the end of a session.
async fn end(until: Option<DateTime<Utc>>) {
    match until.map(|until| (until - Utc::now()).to_std().unwrap_or_default()) {
        Some(left) => tokio::time::sleep(left).await,
        None => std::future::pending().await,
    }
}

struct Stream {
    agent: AgentIndex,
    /// The last frame that the page has had.
    seen: Option<u64>,
    sender: mpsc::Sender<Result<Event, Infallible>>,
}

impl Stream {
    /// Runs until the page goes away.
    async fn run(mut self, desk: &Inner) {
        while let Some((snapshot, mut ring)) = desk.hub.watch(self.agent, self.seen) {
            if !self.send(desk, snapshot).await {
                return;
            }
            loop {
                let next = tokio::select! {
                    next = ring.recv() => next,
                    () = self.sender.closed() => return,
                };
                match next {
                    Ok(frame) => {
                        if !self.send(desk, frame).await {
                            return;
                        }
                    }
                    Err(RecvError::Lagged(_)) => {
                        desk.metrics.catch_ups.add(1);
                        break;
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        }
    }

    /// Sends a frame; false if nobody is there any more.
    async fn send(&mut self, desk: &Inner, frame: Frame) -> bool {
        self.seen = Some(frame.revision);
        let event = Event::default().id(desk.frame_id(frame.revision)).event(frame.event).data(&*frame.data);
        self.sender.send(Ok(event)).await.is_ok()
    }
}
