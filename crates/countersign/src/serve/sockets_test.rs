//! A socket over TLS below a base path, on a real listener with everything that surrounds requests.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    extract::{
        Request, State,
        ws::{CloseFrame, Message, WebSocket},
    },
    response::Response,
};
use countersign_core::{Access, Caller, Context, Routes, Shutdown, Stack};
use countersign_listener::{Bounds, Http, Listener};
use countersign_rest::socket;
use countersign_store::{Actor, StoreError, params};
use http::Method;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    bounds,
    supervisor::{Backoff, Supervisor, tests::World},
    surrounded, tls,
};

const TOKEN: &str = "a-token-for-sockets";
const LONG: Duration = Duration::from_secs(20);
const SETTINGS: [(&str, &str); 4] = [
    ("web.path", "/auth/"),
    ("web.request_timeout", "1"),
    ("bootstrap_password", "Throwaway-Pw-1"),
    ("bootstrap_token", TOKEN),
];

async fn echo(State(cx): State<Context>, request: Request) -> Response {
    socket(&cx, request, |mut socket: WebSocket, _: Caller, stop| async move {
        converse(&mut socket, stop).await;
    })
    .await
}

async fn converse(socket: &mut WebSocket, mut stop: Shutdown) {
    loop {
        tokio::select! {
            () = stop.requested() => {
                let away = CloseFrame { code: 1001, reason: "".into() };
                let _ = socket.send(Message::Close(Some(away))).await;
                return;
            }
            message = socket.recv() => match message {
                Some(Ok(message @ Message::Text(_))) => drop(socket.send(message).await),
                _ => return,
            },
        }
    }
}

struct Client(TlsStream<TcpStream>);

impl Client {
    async fn connect(world: &World, address: SocketAddr) -> Client {
        let pem = std::fs::read(world.folder.path().join("self-signed.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Client(TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap())
    }

    /// Asks for the socket; the status of the answer.
    async fn open(&mut self, headers: &str) -> u16 {
        let request = format!(
            "GET /auth/test/socket/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()[9..12].parse().unwrap()
    }

    /// Sends a text, masked with zeros as a client has to mask, and reads what comes back.
    async fn say(&mut self, text: &str) -> Option<(u8, Vec<u8>)> {
        let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.ok()?;
        self.hear().await
    }

    /// The kind and the content of the next frame; none when the connection was closed.
    async fn hear(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        timeout(LONG, self.0.read_exact(&mut head)).await.unwrap().ok()?;
        let mut content = vec![0; usize::from(head[1])];
        self.0.read_exact(&mut content).await.ok()?;
        Some((head[0] & 0xf, content))
    }
}

async fn listening(world: &World, connections: usize) -> (SocketAddr, Supervisor) {
    let (folder, now) = (world.folder.path(), world.cx.clock.now());
    let (config, _) = tls::configuration(folder, now, tls::StoreSlot::default()).unwrap();
    let address = ([127, 0, 0, 1], 0).into();
    let listener =
        Listener { name: "https", setting: "listen.https", address, tls: Some(config.plain) };
    let bound = listener.bind().await.unwrap();
    let (address, bounds) = (bound.address, Bounds { connections, ..bounds(&world.settings) });
    let route = Routes::over(Context::clone)
        .at([Method::GET], "/test/socket/", echo)
        .access(Access::everything())
        .stack(Stack::Socket);
    let router = surrounded(&[route], &world.cx, &world.settings, &bounds);
    let mut supervisor = Supervisor::new(&world.cx, Backoff::DEFAULT);
    let protocol = Http::new(router, &bounds);
    supervisor.start([bound.serve(protocol, bounds, Duration::from_secs(5))]);
    (address, supervisor)
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_need_credentials_outlive_requests_and_end_with_their_token() {
    let world = World::with(&SETTINGS).await;
    let (address, supervisor) = listening(&world, 10).await;
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    for (headers, status) in [
        ("", 401),
        ("Authorization: Bearer wrong\r\n", 401),
        (&format!("{bearer}Origin: https://elsewhere.test\r\n"), 403),
    ] {
        assert_eq!(Client::connect(&world, address).await.open(headers).await, status, "{headers}");
    }
    let mut client = Client::connect(&world, address).await;
    assert_eq!(client.open(&bearer).await, 101);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(client.say("still here").await, Some((1, b"still here".to_vec())));
    let remove = |tx: &mut countersign_store::Tx<'_>| {
        tx.execute("DELETE FROM token WHERE intent = 'api'", params![])?;
        Ok::<_, StoreError>(())
    };
    world.cx.store.write(Actor::system(), "test", remove).await.unwrap();
    assert_eq!(client.hear().await, None, "closed after the revocation");
    let nobody: [&str; 0] = [];
    assert_eq!(supervisor.stop(LONG).await, nobody);
    world.cx.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_count_against_the_limit_and_end_with_the_program() {
    let world = World::with(&SETTINGS).await;
    let (address, supervisor) = listening(&world, 2).await;
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let (mut one, mut two) =
        (Client::connect(&world, address).await, Client::connect(&world, address).await);
    assert_eq!((one.open(&bearer).await, two.open(&bearer).await), (101, 101));
    let third = Client::connect(&world, address);
    tokio::pin!(third);
    assert!(timeout(Duration::from_secs(1), &mut third).await.is_err(), "there is no room");
    assert_eq!(one.say("one").await, Some((1, b"one".to_vec())), "nobody had to leave");
    drop(one);
    let mut third = timeout(LONG, third).await.expect("there is room again");
    assert_eq!(third.open(&bearer).await, 101);
    let stopped = supervisor.stop(LONG);
    let nobody: [&str; 0] = [];
    let (stopped, goodbye, other) = tokio::join!(stopped, two.hear(), third.hear());
    let going_away = Some((8, 1001_u16.to_be_bytes().to_vec()));
    assert_eq!((stopped.as_slice(), goodbye, other), (&nobody[..], going_away.clone(), going_away));
    world.cx.store.close().await;
}
