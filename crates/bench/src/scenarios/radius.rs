//! RADIUS: what an access point asks about somebody who is let in.

use std::time::Duration;

use countersign_model::Entropy as _;
use countersign_store::SystemEntropy;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use serde_json::json;
use tokio::net::UdpSocket;

use super::{HASH, World, flow, with};
use crate::BenchError;
use crate::data::{PASSWORD, username};
use crate::report::Row;

const SHARED: &str = "shared-secret-of-the-bench";
const ACCEPT: u8 = 2;

impl World<'_> {
    pub(super) async fn accept(&self) -> Result<Vec<Row>, BenchError> {
        const NAME: &str = "RADIUS accept";
        if !self.wants(NAME) {
            return Ok(Vec::new());
        }
        let mut api = self.administrator().await?;
        let own = json!({
            "authorization_flow": flow(&mut api, "default-authentication-flow").await?, "shared_secret": SHARED,
            "client_networks": "127.0.0.0/8",
        });
        let provider = with(&self.flows(&mut api).await?, own);
        self.provide(&mut api, "radius", "Bench RADIUS", &provider).await?;
        let mut points = Vec::new();
        for _ in 0..self.options.clients {
            points.push(Point::at(&self.options.radius).await?);
        }
        // It is listened as soon as there is a provider.
        if let Some(point) = points.first_mut() {
            let mut tries = 0;
            while point.ask(&username(0)).await.is_err() && tries < 100 {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let (number, people) = (std::cell::Cell::new(0_u64), self.size.users.max(1));
        let work = async move |point: &mut Point| {
            number.set(number.get() + 1);
            point.ask(&username(number.get().wrapping_mul(7919) % people)).await.map(|()| true)
        };
        Ok(vec![self.drive(NAME, points, work).await?.against(HASH, 1.0)])
    }
}

fn wrong(problem: impl ToString) -> BenchError {
    BenchError::Answer { operation: "RADIUS", problem: problem.to_string() }
}

/// An access point, or whatever asks.
struct Point {
    socket: UdpSocket,
    last: u8,
}

impl Point {
    async fn at(address: &str) -> Result<Point, BenchError> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.map_err(wrong)?;
        socket.connect(address).await.map_err(wrong)?;
        Ok(Point { socket, last: 0 })
    }

    async fn ask(&mut self, name: &str) -> Result<(), BenchError> {
        self.last = self.last.wrapping_add(1);
        self.socket.send(&request(self.last, name)).await.map_err(wrong)?;
        let mut answer = [0; 4096];
        let patience = Duration::from_secs(20);
        let came = tokio::time::timeout(patience, self.socket.recv(&mut answer)).await;
        came.map_err(|_| wrong("no answer"))?.map_err(wrong)?;
        match answer {
            [ACCEPT, id, ..] if id == self.last => Ok(()),
            [code, ..] => Err(wrong(format!("an answer of code {code} about {name}"))),
        }
    }
}

/// An Access-Request with the password of everybody (RFC 2865, sections 4.1 and 5.2), signed (RFC
/// 3579, section 3.2).
fn request(id: u8, name: &str) -> Vec<u8> {
    let mut authenticator = [0; 16];
    SystemEntropy.fill(&mut authenticator);
    let mut password = PASSWORD.as_bytes().to_vec();
    password.resize(password.len().next_multiple_of(16), 0);
    let (mut hidden, mut last) = (Vec::new(), authenticator.to_vec());
    for block in password.chunks(16) {
        let pad = Md5::new().chain_update(SHARED).chain_update(&last).finalize();
        last = block.iter().zip(pad).map(|(octet, pad)| octet ^ pad).collect();
        hidden.extend_from_slice(&last);
    }
    let mut packet = vec![1, id, 0, 0];
    packet.extend(authenticator);
    for (kind, value) in [(80, &[0; 16][..]), (1, name.as_bytes()), (2, &hidden)] {
        packet.extend([kind, u8::try_from(value.len() + 2).unwrap_or(u8::MAX)]);
        packet.extend(value);
    }
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut mac = Hmac::<Md5>::new_from_slice(SHARED.as_bytes()).ok();
    for (place, octet) in packet.iter_mut().skip(2).zip(length) {
        *place = octet;
    }
    if let Some(mac) = mac.as_mut() {
        mac.update(&packet);
        let signed = mac.clone().finalize().into_bytes();
        for (place, octet) in packet.iter_mut().skip(22).zip(signed) {
            *place = octet;
        }
    }
    packet
}
