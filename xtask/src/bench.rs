//! `cargo xtask bench`: how long a start takes and how much memory an idle Countersign keeps.
//! Printed, not judged.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::build;
use crate::server::{Running, free_port};
use crate::shell::{Outcome, target};

const ROUNDS: usize = 7;

pub(crate) fn bench(release: bool) -> Outcome {
    build::web()?;
    build::programs(release)?;
    let folder = target().join("bench");
    let mut empty = Vec::new();
    let mut existing = Vec::new();
    let mut idle = Vec::new();
    for round in 0..ROUNDS {
        println!("    round {} of {ROUNDS}", round + 1);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
        let (time, mut server) = start(&folder, release)?;
        empty.push(time);
        server.stop();
        let (time, mut server) = start(&folder, release)?;
        existing.push(time);
        std::thread::sleep(Duration::from_secs(3));
        idle.push(server.resident().unwrap_or_default());
        server.stop();
    }
    let _ = std::fs::remove_dir_all(&folder);
    println!(
        "\nMedian of {ROUNDS} rounds, {} build:",
        if release { "release" } else { "development" }
    );
    println!("  ready on an empty folder       {:>6} ms", median(empty).as_millis());
    println!("  ready on an existing folder    {:>6} ms", median(existing).as_millis());
    println!("  resident memory when idle      {:>6.1} MiB", mebibytes(median(idle)));
    Ok(())
}

/// Starts the server and says how long it took until it was ready.
fn start(folder: &Path, release: bool) -> Outcome<(Duration, Running)> {
    let http = free_port()?;
    let mut command = Command::new(build::program("countersign", release));
    command
        .arg("serve")
        .env("COUNTERSIGN_DATA_DIR", folder)
        .env("AUTHENTIK_LISTEN__HTTP", format!("127.0.0.1:{http}"))
        .env("AUTHENTIK_LISTEN__HTTPS", format!("127.0.0.1:{}", free_port()?))
        .env("AUTHENTIK_LISTEN__METRICS", format!("127.0.0.1:{}", free_port()?));
    let begin = Instant::now();
    let mut server = Running::start("Countersign", &mut command, &target().join("bench.log"))?;
    server.wait_until_ready(http, "/-/health/ready/", Duration::from_mins(1))?;
    Ok((begin.elapsed(), server))
}

fn median<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn mebibytes(kibibytes: u64) -> f64 {
    f64::from(u32::try_from(kibibytes).unwrap_or(u32::MAX)) / 1024.0
}
