//! A running Countersign or demo application, seen from outside.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::shell::{Outcome, command};

/// A program of ours that runs until it is stopped or dropped.
pub(crate) struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a program with its output going to `log`.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: &Path) -> Outcome<Self> {
        let output = File::create(log).and_then(|file| Ok((file.try_clone()?, file)));
        let (first, second) =
            output.map_err(|error| format!("Cannot write {}: {error}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(first)
            .stderr(second)
            .spawn()
            .map_err(|error| format!("Cannot start {name}: {error}"))?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    /// Waits until the address answers with 200.
    pub(crate) fn wait_until_ready(
        &mut self,
        port: u16,
        path: &str,
        patience: Duration,
    ) -> Outcome {
        let deadline = Instant::now() + patience;
        while status(port, path) != Some(200) {
            self.check()?;
            if Instant::now() > deadline {
                return Err(self.failure(&format!("is not ready after {} s", patience.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// An error when the program has ended by itself.
    pub(crate) fn check(&mut self) -> Outcome {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.failure(&format!("ended by itself ({status})"))),
            Err(error) => Err(error.to_string()),
        }
    }

    fn failure(&self, what: &str) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.len().saturating_sub(15);
        let end = lines.get(last..).unwrap_or_default().join("\n");
        format!("{end}\n{} {what}; its whole log is {}", self.name, self.log.display())
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Asks the program to stop, and insists after ten seconds.
    pub(crate) fn stop(&mut self) {
        let _ = command(&format!("kill -TERM {}", self.child.id())).stderr(Stdio::null()).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// The status with which something on this machine answers a GET, if it answers.
fn status(port: u16, path: &str) -> Option<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).ok()?;
    std::str::from_utf8(&start).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> Outcome<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("No port is free: {error}"))
}
