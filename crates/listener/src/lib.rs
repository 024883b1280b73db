//! Listeners: TCP, TLS and UDP, any number of connections up to a bound, and an orderly end.
//!
//! A [`Listener`] is declared with the setting that has its address, bound before the data is
//! touched, and served as a service of the supervisor by a [`Protocol`] (or [`Datagrams`]). What a
//! client has not finished asking for is bounded before its first byte. What is served is not known
//! here, but for HTTP, whose requests say when a connection is in work.

mod http;
mod places;
mod stream;
#[cfg(test)]
mod tests;
mod udp;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use countersign_core::{ClientCertificate, Service, Shutdown, Sockets, keep_alive};
use countersign_model::Cidr;
use countersign_store::Seldom;
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

pub use crate::{
    http::Http,
    places::{Turn, Waiting},
    stream::Bytes,
    udp::{BoundUdp, Datagrams},
};
use crate::{
    places::{Place, Room},
    stream::Flowing,
};

/// What bounds the connections of a listener.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Time for the TLS handshake, for the headers of a request, and for the next request.
    pub patience: Duration,
    /// Silence after which TCP asks whether a client is still there.
    pub keep_alive: Duration,
    pub waiting: Arc<Waiting>,
    /// Proxies, behind which many clients are.
    pub trusted: Arc<[Cidr]>,
}

impl Bounds {
    /// Time in which a client has to take something of its answer.
    fn stall(&self) -> Duration {
        self.patience.saturating_mul(4)
    }
}

/// An address that the program listens at, before it does.
#[derive(Clone)]
pub struct Listener {
    /// Of its service; unique.
    pub name: &'static str,
    /// The setting that has the address, as `listen.http`.
    pub setting: &'static str,
    pub address: SocketAddr,
    /// Encrypted from the first byte.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Listener {
    /// Takes the address for connections.
    ///
    /// # Errors
    /// When it is taken or not ours, with what to do.
    pub async fn bind(self) -> Result<Bound, String> {
        let bound = TcpListener::bind(self.address).await;
        let at = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = at.map_err(|error| self.refused(&error))?;
        let tls = self.tls.map(TlsAcceptor::from);
        Ok(Bound { name: self.name, listener: Arc::new(listener), tls, address })
    }

    /// Takes the address for datagrams.
    ///
    /// # Errors
    /// When it is taken or not ours, with what to do.
    pub async fn bind_udp(self) -> Result<BoundUdp, String> {
        let bound = UdpSocket::bind(self.address).await;
        let bound = bound.and_then(|socket| BoundUdp::new(socket, self.name));
        bound.map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &io::Error) -> String {
        let Listener { setting, address, .. } = self;
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => "Stop the program that uses it, or choose another port",
            io::ErrorKind::PermissionDenied => "Choose a port of 1024 or more",
            _ => "Choose an address of this machine",
        };
        format!(
            "{setting}: {address} cannot be used: {error}. {remedy}, as in COUNTERSIGN_{}=127.0.0.1:{}",
            setting.to_uppercase().replace('.', "__"),
            18_000 + address.port() % 1000
        )
    }
}

/// A listener that is bound and waits to serve.
#[derive(Clone)]
pub struct Bound {
    name: &'static str,
    listener: Arc<TcpListener>,
    tls: Option<TlsAcceptor>,
    /// The address it really has (a port 0 becomes one).
    pub address: SocketAddr,
}

/// One connection, which its protocol serves to its end. It holds its place in the limit of the
/// listener as long as its stream lives.
pub struct Conn {
    pub stream: Box<dyn Bytes>,
    pub peer: SocketAddr,
    /// It came over TLS.
    pub secure: bool,
    /// The certificate that the client has shown that it has the key of, where it was asked for one.
    pub certificate: Option<ClientCertificate>,
    /// For what goes on when the connection has become something else than HTTP.
    pub sockets: Sockets,
    place: Arc<Place>,
}

impl Conn {
    /// A connection that begins and ends within the program, as that of a test.
    #[must_use]
    pub fn inside(stream: Box<dyn Bytes>, peer: SocketAddr, stop: &Shutdown) -> Conn {
        let sockets = Sockets::new(stop.clone());
        Conn { stream, peer, secure: false, certificate: None, sockets, place: Place::apart() }
    }

    /// The client is known: from now on the connection counts against the limit of the listener
    /// only, and does not have to make room. Before, it has the listener's patience to get there.
    pub fn established(&self) {
        self.place.work().upgraded();
    }
}

/// What is spoken over connections.
pub trait Protocol: Clone + Send + Sync + 'static {
    /// Serves a connection to its end, which comes soon after the program stops.
    fn serve(&self, conn: Conn, stop: Shutdown) -> impl Future<Output = ()> + Send;
}

impl Bound {
    /// Serves until the program stops, then lets connections end by themselves for at most `grace`.
    /// The address stays taken in between when the service has to be started again.
    pub fn serve(self, protocol: impl Protocol, bounds: Bounds, grace: Duration) -> Service {
        let name = self.name;
        let run = move |_, stop| {
            let accepting = self.clone().run(protocol.clone(), bounds.clone(), stop, grace);
            async move {
                accepting.await;
                Ok(())
            }
        };
        Service::new(name, run).essential()
    }

    /// As [`Bound::serve`], for a program that has no supervisor.
    pub async fn run(
        self,
        protocol: impl Protocol,
        bounds: Bounds,
        mut stop: Shutdown,
        grace: Duration,
    ) {
        let (mut connections, sockets) = (JoinSet::new(), Sockets::new(stop.clone()));
        let room = Room::new(bounds.connections, bounds.patience, bounds.stall());
        let (refusals, failures) = (Seldom::default(), Seldom::default());
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = stop.requested() => break,
            };
            let (stream, peer) = match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    // Out of file descriptors, mostly: somebody has to close some.
                    if let Some(times) = failures.now() {
                        tracing::warn!(%error, times, "connections could not be accepted");
                    }
                    room.shrink();
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            keep_alive(&stream, bounds.keep_alive);
            let proxy = bounds.trusted.iter().any(|network| network.contains(peer.ip()));
            let Some(turn) = bounds.waiting.enter((!proxy).then(|| peer.ip())) else {
                if let Some(times) = refusals.now() {
                    tracing::warn!(client_ip = %peer.ip(), times, "connections were closed: too many of their address ask for nothing");
                }
                continue;
            };
            // Nobody has to leave before somebody comes who needs the place.
            tokio::select! {
                () = room.make() => {}
                () = stop.requested() => break,
            }
            let (place, tls) = (room.enter(turn), self.tls.clone());
            let (protocol, sockets) = (protocol.clone(), sockets.clone());
            let (stall, stop) = (bounds.stall(), stop.clone());
            connections.spawn(async move {
                let serving = async {
                    let conn = connected((stream, peer), place.clone(), tls, stall, sockets);
                    if let Some(conn) = conn.await {
                        protocol.serve(conn, stop).await;
                    }
                };
                tokio::select! {
                    () = serving => {}
                    () = place.over() => {}
                }
            });
        }
        drop(self.listener);
        let ended = async {
            while connections.join_next().await.is_some() {}
            sockets.ended().await;
        };
        if timeout(grace, ended).await.is_err() {
            tracing::warn!(address = %self.address, "some connections did not end in time and were cut off");
        }
    }
}

/// A connection that is ready for its protocol; none when the handshake failed.
async fn connected(
    (stream, peer): (TcpStream, SocketAddr),
    place: Arc<Place>,
    tls: Option<TlsAcceptor>,
    stall: Duration,
    sockets: Sockets,
) -> Option<Conn> {
    let _ = stream.set_nodelay(true);
    let stream = Flowing { stream, place: place.clone(), stall, stalled: None };
    let secure = tls.is_some();
    let (stream, certificate): (Box<dyn Bytes>, _) = match tls {
        None => (Box::new(stream), None),
        Some(tls) => {
            let stream = tls.accept(stream).await.ok()?;
            place.greeted();
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let chain = chain.iter().map(|certificate| certificate.to_vec());
            let certificate = ClientCertificate::of_chain(chain);
            (Box::new(stream), certificate)
        }
    };
    Some(Conn { stream, peer, secure, certificate, sockets, place })
}
