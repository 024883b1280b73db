//! The server under load: a child process of the same program.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::{BenchError, Options};

/// As long as a start may take.
const PATIENCE: Duration = Duration::from_mins(2);
/// `/proc` counts processor time in hundredths of a second on every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// A server that is ready.
#[derive(Debug)]
pub struct Started {
    child: Child,
    /// From its start until it answered that it is ready.
    pub ready: Duration,
}

impl Started {
    /// Starts the server and waits until it is ready.
    ///
    /// # Errors
    /// It ended by itself or takes too long.
    pub fn start(options: &Options) -> Result<Started, BenchError> {
        let log = fs::File::create(options.folder.join("bench-server.log"))
            .map_err(|error| BenchError::Start(error.to_string()))?;
        let mut command = Command::new(&options.program);
        command
            .arg("serve")
            .envs(options.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let begin = Instant::now();
        let child = command.spawn().map_err(|error| BenchError::Start(error.to_string()))?;
        let mut server = Started { child, ready: Duration::ZERO };
        while !is_ready(&options.address) {
            if !matches!(server.child.try_wait(), Ok(None)) || begin.elapsed() > PATIENCE {
                let text =
                    fs::read_to_string(options.folder.join("bench-server.log")).unwrap_or_default();
                return Err(BenchError::Start(
                    text.lines().last().unwrap_or("no word of it").to_owned(),
                ));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        server.ready = begin.elapsed();
        Ok(server)
    }

    /// Memory in bytes after a moment of rest.
    pub(crate) fn idle(&self) -> u64 {
        std::thread::sleep(Duration::from_secs(3));
        memory(self.child.id())
    }

    /// Memory in bytes when the load is a minute past.
    pub(crate) fn settled(&self) -> u64 {
        std::thread::sleep(Duration::from_mins(1));
        memory(self.child.id())
    }

    /// Looks at the memory until [`Peak::end`].
    pub(crate) fn peak(&self) -> Peak {
        let (process, ended) = (self.child.id(), Arc::new(AtomicBool::new(false)));
        let seen = ended.clone();
        let watch = std::thread::spawn(move || {
            let mut most = 0;
            while !seen.load(Ordering::Relaxed) {
                most = memory(process).max(most);
                std::thread::sleep(Duration::from_millis(250));
            }
            most
        });
        Peak { ended, watch }
    }

    /// Processor time used so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // After the name in parentheses, user and system time are the 12th and 13th fields
        // (proc_pid_stat(5)).
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u32 =
            fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
        TICK * ticks
    }

    /// Asks it to end and waits.
    pub(crate) fn stop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(15);
        while asked.is_ok() && Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory a server had in a while.
pub(crate) struct Peak {
    ended: Arc<AtomicBool>,
    watch: std::thread::JoinHandle<u64>,
}

impl Peak {
    pub(crate) fn end(self) -> u64 {
        self.ended.store(true, Ordering::Relaxed);
        self.watch.join().unwrap_or_default()
    }
}

/// What a process has in memory, in bytes: what it has alone, and its share of what others have too
/// (`proc_pid_smaps(5)`).
fn memory(process: u32) -> u64 {
    let map = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = map.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() * 1024
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ready(address: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(
            format!(
                "GET /-/health/ready/ HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            )
            .as_bytes(),
        )?;
        let mut begin = [0u8; 12];
        stream.read_exact(&mut begin)?;
        Ok::<_, std::io::Error>(begin.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}
