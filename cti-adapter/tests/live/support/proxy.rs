//! A wire between the pipeline and AMI that can be cut.

use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Hands bytes on in both directions until it is cut.
pub struct Proxy {
    address: SocketAddr,
    whole: watch::Sender<bool>,
    task: AbortHandle,
}

impl Proxy {
    /// Starts a whole wire to `target`.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (whole, state) = watch::channel(true);
        let task = tokio::spawn(serve(listener, target, state)).abort_handle();
        Self { address, whole, task }
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection at once, and each new one.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets new connections through again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, mut whole: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((near, _)) = listener.accept() => {
                if *whole.borrow() {
                    connections.spawn(carry(near, target));
                }
            }
            Ok(()) = whole.changed() => {
                if !*whole.borrow_and_update() {
                    connections.shutdown().await;
                }
            }
            else => return,
        }
    }
}

async fn carry(mut near: TcpStream, target: SocketAddr) {
    if let Ok(mut far) = TcpStream::connect(target).await {
        // However it ends, both sides see the end.
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    }
}
