//! Routes and connections.

use crate::running::Inner;
use crate::{api, click, events, health, hook, metrics, page, security, webhook};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections of all agents together.
const CONNECTIONS: usize = 1024;
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long answers may take to leave after the desk was stopped.
const FAREWELL: Duration = Duration::from_secs(5);
/// A pause after the system refused a connection, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

fn routes(desk: Arc<Inner>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/{file}", get(page::file))
        .route("/session", get(page::session).post(page::sign_in).delete(page::sign_out))
        .route("/events", get(events::events))
        .route("/api/dial", post(api::dial))
        .route("/api/calls/{action}", post(api::call))
        .route("/api/click", post(api::pop_click))
        .route(click::PATH, post(click::click).options(click::preflight))
        .route("/hooks/{name}/{secret}", post(hook::receive))
        .route("/webhook/{name}/{action}", post(webhook::receive))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .fallback(security::no_such_page)
        .layer(from_fn_with_state(Arc::clone(&desk), security::guard))
        .with_state(desk)
}

/// Accepts connections until the desk is stopped.
pub(crate) async fn serve(desk: Arc<Inner>, listener: TcpListener) {
    let router = routes(Arc::clone(&desk));
    let limit = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = desk.cancel.cancelled() => return,
        };
        match (accepted, Arc::clone(&limit).try_acquire_owned()) {
            (Ok((socket, _)), Ok(permit)) => {
                let (desk, router) = (Arc::clone(&desk), router.clone());
                desk.clone().tracker.spawn(async move {
                    connection(&desk, socket, router).await;
                    drop(permit);
                });
            }
            (Ok(_), Err(_)) => tracing::warn!(limit = CONNECTIONS, "a connection was refused: too many are open"),
            (Err(error), _) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection; when the desk is stopped, the answer under way is finished.
async fn connection(desk: &Inner, socket: TcpStream, router: Router) {
    // Events are small and urgent.
    let _ = socket.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let served = http.serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    tokio::pin!(served);
    tokio::select! {
        _ = served.as_mut() => return,
        () = desk.cancel.cancelled() => served.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(FAREWELL, served).await;
}
