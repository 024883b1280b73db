//! Applications behind a proxy: one that asks this server about each request, and this server as
//! one.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{EMPTY, World, with};
use crate::BenchError;
use crate::client::Client;
use crate::report::Row;

const ASKED: &str = "forward.bench.test";
const PASSED: &str = "passed.bench.test";

impl World<'_> {
    /// What Traefik and Caddy ask, for somebody who has signed in.
    pub(super) async fn forward_auth(&self) -> Result<Vec<Row>, BenchError> {
        const NAME: &str = "forward-auth check";
        if !self.wants(NAME) {
            return Ok(Vec::new());
        }
        let own = json!({"mode": "forward_single", "external_host": format!("http://{ASKED}")});
        let clients = self.known_at(ASKED, own).await?;
        let work = async |client: &mut Client| {
            let path = "/outpost.goauthentik.io/auth/traefik";
            client.get(path).await?.expect("forward-auth", 200).map(|_| true)
        };
        let mut asking = Vec::new();
        for mut client in clients {
            client.host = None;
            client.headers = vec![
                ("X-Forwarded-Proto", "http".to_owned()),
                ("X-Forwarded-Host", ASKED.to_owned()),
                ("X-Forwarded-Uri", "/page?of=2".to_owned()),
            ];
            asking.push(client);
        }
        Ok(vec![self.drive(NAME, asking, work).await?.against(EMPTY, 1.0)])
    }

    /// A request that goes through, to an application that answers at once.
    pub(super) async fn reverse_proxy(&self) -> Result<Vec<Row>, BenchError> {
        const NAME: &str = "reverse proxy, GET";
        if !self.wants(NAME) {
            return Ok(Vec::new());
        }
        let internal = format!("http://{}", application().await?);
        let own = json!({
            "mode": "proxy", "external_host": format!("http://{PASSED}"), "internal_host": internal,
        });
        let clients = self.known_at(PASSED, own).await?;
        let work = async |client: &mut Client| {
            client.get("/page?of=2").await?.expect("reverse proxy", 200).map(|_| true)
        };
        Ok(vec![self.drive(NAME, clients, work).await?.against(EMPTY, 1.0)])
    }

    /// Connections of a browser that has signed in to an application at this host.
    async fn known_at(&self, host: &'static str, own: Value) -> Result<Vec<Client>, BenchError> {
        let mut api = self.administrator().await?;
        let provider = with(&self.flows(&mut api).await?, own);
        let name = host.replace('.', " ");
        self.provide(&mut api, "proxy", &name, &provider).await?;
        let mut browser = self.signed_in().await?.into_iter().next();
        let Some(browser) = browser.as_mut() else { return Ok(Vec::new()) };
        browser.host = Some(host.to_owned());
        let start = "/outpost.goauthentik.io/start";
        let _ = browser.follow(start).await?;
        self.clients(|mut client| {
            client.adopt(browser);
            client.host = Some(host.to_owned());
            client
        })
        .await
    }
}

/// Says `ok` to every request; its address.
async fn application() -> Result<String, BenchError> {
    let failed = |error: std::io::Error| BenchError::Answer {
        operation: "application",
        problem: error.to_string(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?.to_string();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(say_ok(stream));
        }
    });
    Ok(address)
}

async fn say_ok(mut stream: TcpStream) {
    let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        seen.extend_from_slice(piece.get(..length).unwrap_or_default());
        while let Some(at) = seen.windows(4).position(|end| end == b"\r\n\r\n") {
            seen.drain(..at + 4);
            if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.is_err() {
                return;
            }
        }
    }
}
