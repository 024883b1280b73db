//! `cargo xtask run`: from a clean clone to a running Countersign with the demo application beside
//! it.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::build;
use crate::server::Running;
use crate::shell::{Outcome, root, step, target};
use crate::tools::{self, Port};

pub(crate) fn run() -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    tools::check(&["cargo", "cc", "node", "npm"])?;
    let http = port("AUTHENTIK_LISTEN__HTTP", 9000);
    let https = port("AUTHENTIK_LISTEN__HTTPS", 9443);
    let metrics = port("AUTHENTIK_LISTEN__METRICS", 9300);
    let demo = port("DEMO_LISTEN", 5000);
    tools::check_ports(&[
        Port { number: http, purpose: "Countersign, HTTP", setting: "AUTHENTIK_LISTEN__HTTP" },
        Port { number: https, purpose: "Countersign, HTTPS", setting: "AUTHENTIK_LISTEN__HTTPS" },
        Port {
            number: metrics,
            purpose: "Countersign, metrics",
            setting: "AUTHENTIK_LISTEN__METRICS",
        },
        Port { number: demo, purpose: "the demo application", setting: "DEMO_LISTEN" },
    ])?;
    build::web()?;
    build::programs(false)?;

    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| error.to_string())?;
    }
    let logs = target().join("run");
    fs::create_dir_all(&logs)
        .map_err(|error| format!("Cannot make {}: {error}", logs.display()))?;
    let data =
        std::env::var_os("COUNTERSIGN_DATA_DIR").map_or_else(|| root().join("data"), Into::into);
    fs::create_dir_all(&data)
        .map_err(|error| format!("Cannot make {}: {error}", data.display()))?;

    let mut serve = Command::new(build::program("countersign", false));
    serve.arg("serve").env("COUNTERSIGN_DATA_DIR", &data).current_dir(root());
    let server_log = logs.join("countersign.log");
    let mut server = step("Starting Countersign", || {
        let mut server = Running::start("Countersign", &mut serve, &server_log)?;
        server.wait_until_ready(http, "/-/health/ready/", Duration::from_mins(1))?;
        Ok(server)
    })?;

    let mut application = Command::new(build::program("countersign-demo", false));
    application.current_dir(root()).env("DEMO_LISTEN", format!("0.0.0.0:{demo}"));
    // The defaults of the guide name a container network; here everything is on this machine.
    let address = format!("http://localhost:{http}");
    let defaults = [
        ("AUTHENTIK_BASE_URL", address.clone()),
        ("AUTHENTIK_PUBLIC_URL", address.clone()),
        ("FLASK_BASE_URL", format!("http://localhost:{demo}")),
    ];
    for (name, value) in defaults {
        if std::env::var_os(name).is_none() {
            application.env(name, value);
        }
    }
    let demo_log = logs.join("demo.log");
    let mut application = step("Starting the demo application", || {
        let mut application = Running::start("The demo application", &mut application, &demo_log)?;
        application.wait_until_ready(demo, "/health", Duration::from_secs(10))?;
        Ok(application)
    })?;

    println!();
    println!("  Countersign        {address}/   (the first visit sets up the administrator)");
    println!("  Admin interface    {address}/if/admin/");
    println!("  Demo application   http://localhost:{demo}/");
    println!("  Data               {}", data.display());
    println!("  Logs               {}, {}", server_log.display(), demo_log.display());
    if !is_configured() {
        println!();
        println!(
            "  The demo application is not connected yet: make its provider and application in the admin"
        );
        println!(
            "  interface, copy the settings block of the provider's page into {} and",
            root().join(".env").display()
        );
        println!("  reload http://localhost:{demo}/, which also lists these steps.");
    }
    println!();
    println!("  Ctrl-C stops both.");

    while !stop.load(Ordering::Relaxed) {
        server.check()?;
        application.check()?;
        std::thread::sleep(Duration::from_millis(100));
    }
    println!();
    step("Stopping", || {
        application.stop();
        server.stop();
        Ok(())
    })
}

/// The port of a listening address in the environment, else the usual one.
fn port(setting: &str, usual: u16) -> u16 {
    let value = std::env::var(setting).ok();
    value
        .as_deref()
        .and_then(|value| value.rsplit(':').next())
        .and_then(|port| port.parse().ok())
        .unwrap_or(usual)
}

fn is_configured() -> bool {
    let in_file = fs::read_to_string(root().join(".env"))
        .is_ok_and(|text| text.contains("AUTHENTIK_CLIENT_SECRET="));
    in_file || std::env::var_os("AUTHENTIK_CLIENT_SECRET").is_some()
}
