//! Datagrams, each answered by itself.

use std::{net::SocketAddr, sync::Arc};

use countersign_core::{Service, Shutdown};
use countersign_store::Seldom;
use tokio::{net::UdpSocket, task::JoinSet};

/// Datagrams answered at once. More are dropped: whoever sent them asks again.
const MOST: usize = 1024;
/// Bytes of the largest datagram.
const LARGEST: usize = 64 * 1024;

/// What answers datagrams. It carries no bytes itself.
pub trait Datagrams: Send + Sync + 'static {
    /// The answer to one, if it gets any.
    fn answer(
        &self,
        datagram: Vec<u8>,
        peer: SocketAddr,
    ) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// An address that datagrams come to.
#[derive(Clone)]
pub struct BoundUdp {
    socket: Arc<UdpSocket>,
    name: &'static str,
    /// The address it really has (a port 0 becomes one).
    pub address: SocketAddr,
}

impl BoundUdp {
    pub(crate) fn new(socket: UdpSocket, name: &'static str) -> std::io::Result<BoundUdp> {
        let address = socket.local_addr()?;
        Ok(BoundUdp { socket: Arc::new(socket), name, address })
    }

    /// Answers until the program stops; what is being answered then still is.
    pub fn serve(self, protocol: impl Datagrams) -> Service {
        let (name, protocol) = (self.name, Arc::new(protocol));
        let run = move |_, stop| {
            let answering = answer(self.socket.clone(), protocol.clone(), stop);
            async move {
                answering.await;
                Ok(())
            }
        };
        Service::new(name, run).essential()
    }

    /// As [`BoundUdp::serve`], for a program that has no supervisor.
    pub async fn run(self, protocol: Arc<impl Datagrams>, stop: Shutdown) {
        answer(self.socket, protocol, stop).await;
    }
}

async fn answer(socket: Arc<UdpSocket>, protocol: Arc<impl Datagrams>, mut stop: Shutdown) {
    let (mut answering, dropped) = (JoinSet::new(), Seldom::default());
    let mut buffer = vec![0; LARGEST];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            Some(_) = answering.join_next() => continue,
            () = stop.requested() => break,
        };
        // Errors are of datagrams sent before (ICMP).
        let Ok((length, peer)) = received else { continue };
        if answering.len() >= MOST {
            if let Some(times) = dropped.now() {
                tracing::warn!(times, "datagrams were dropped: too many are being answered");
            }
            continue;
        }
        let datagram = buffer.get(..length).unwrap_or_default().to_vec();
        let (socket, protocol) = (socket.clone(), protocol.clone());
        answering.spawn(async move {
            if let Some(answer) = protocol.answer(datagram, peer).await {
                let _ = socket.send_to(&answer, peer).await;
            }
        });
    }
    while answering.join_next().await.is_some() {}
}
