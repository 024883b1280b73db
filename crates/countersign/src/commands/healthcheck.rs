//! Asks the running server whether it is alive, over its own listener.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use countersign_model::Clock as _;
use countersign_store::SystemClock;

use crate::{services, settings::Settings};

/// A worker that is silent for longer is ill, in seconds; it gives a sign every ten.
const SILENCE: i64 = 30;

/// What a running server answers as long as it lives.
const LIVE: &str = "/-/health/live/";

/// # Errors
/// A sentence when there is no good answer.
pub fn run(listener: SocketAddr) -> Result<(), String> {
    ask(listener, LIVE)
}

/// # Errors
/// A sentence when there is no good answer at a path.
pub fn ask(listener: SocketAddr, path: &str) -> Result<(), String> {
    let address = reachable(listener);
    let failed = |error: std::io::Error| format!("nothing healthy answers at {address}: {error}");
    let mut stream =
        TcpStream::connect_timeout(&address, Duration::from_secs(5)).map_err(failed)?;
    let patience = Some(Duration::from_secs(5));
    stream
        .set_read_timeout(patience)
        .and_then(|()| stream.set_write_timeout(patience))
        .map_err(failed)?;
    stream
        .write_all(
            format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: goauthentik.io/healthcheck\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .map_err(failed)?;
    let mut answer = [0_u8; 64];
    let length = stream.read(&mut answer).map_err(failed)?;
    let text = String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned();
    let status = text.split_whitespace().nth(1).and_then(|status| status.parse::<u16>().ok());
    match status {
        Some(status) if status < 400 => Ok(()),
        Some(status) => Err(format!("the server at {address} answers with status {status}")),
        None => Err(format!("what answers at {address} does not speak HTTP")),
    }
}

/// Looks for a recent sign of life of the worker on this machine.
///
/// # Errors
/// A sentence when there is none.
pub fn worker(settings: &Settings) -> Result<(), String> {
    let path = services::heartbeat(settings);
    let none = |problem: String| format!("no worker runs here: {}: {problem}", path.display());
    let written = std::fs::metadata(&path)
        .and_then(|file| file.modified())
        .map_err(|error| none(error.to_string()))?;
    let written = written
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    let silent = SystemClock.now().seconds() - written;
    if silent <= SILENCE {
        Ok(())
    } else {
        Err(none(format!("the last sign of life is {silent} s old")))
    }
}

/// Where a listener on "any address" can be asked.
pub fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    SocketAddr::new(ip, listener.port())
}
