//! The real program, started as people start it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value as Json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign");

/// A command with an environment of its own.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("COUNTERSIGN_DATA_DIR", folder)
        .env("AUTHENTIK_LISTEN__HTTP", "127.0.0.1:0")
        .env("AUTHENTIK_LISTEN__HTTPS", "127.0.0.1:0")
        .env("AUTHENTIK_LISTEN__METRICS", "127.0.0.1:0")
        .args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> (Output, String, String) {
    let output = command(folder, arguments).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    (output, out, err)
}

/// A running server; stopped when dropped.
struct Server {
    child: Child,
    log: BufReader<ChildStderr>,
    http: SocketAddr,
    metrics: SocketAddr,
    lines: Vec<Json>,
}

impl Server {
    fn start(folder: &Path, environment: &[(&str, &str)]) -> Server {
        let mut child = command(folder, &[])
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Server { child, log, http: nowhere, metrics: nowhere, lines: Vec::new() };
        loop {
            let mut line = String::new();
            assert!(
                server.log.read_line(&mut line).unwrap() > 0,
                "the program ended: {:?}",
                server.lines
            );
            let line: Json =
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            let ready = line["event"].as_str().is_some_and(|event| event.starts_with("Ready"));
            let address = |name: &str| line[name].as_str().and_then(|text| text.parse().ok());
            if ready {
                (server.http, server.metrics) =
                    (address("http").unwrap(), address("metrics").unwrap());
            }
            server.lines.push(line);
            if ready {
                return server;
            }
        }
    }

    /// Sends bytes as they are and reads the answer to its end.
    fn raw(address: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> String {
        Server::raw(
            self.http,
            format!(
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
            )
            .as_bytes(),
        )
    }

    fn status(&self, method: &str, path: &str, headers: &str) -> u16 {
        status(&self.ask(method, path, headers))
    }

    /// Ends the server as an operator would, and gives what it logged since the start.
    fn stop(mut self) -> Vec<Json> {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
        self.lines.extend(rest.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()));
        std::mem::take(&mut self.lines)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(answer: &str) -> u16 {
    answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[test]
fn a_wrong_setting_stops_the_start_with_name_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &[])
        .env("AUTHENTIK_LISTEN__HTTP", "nine thousand")
        .env("COUNTERSIGN_SECRET_KEY", "short")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        text.contains("AUTHENTIK_LISTEN__HTTP")
            && text.contains("nine thousand")
            && text.contains("COUNTERSIGN_SECRET_KEY"),
        "{text}"
    );
    assert!(!folder.path().join("countersign.db").exists());
}

#[test]
fn settings_are_listed_with_their_sources() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &["config", "--set", "log_level=debug"])
        .env("COUNTERSIGN_BOOTSTRAP_PASSWORD", "do-not-print")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.lines().any(|line| line.starts_with("log_level") && line.ends_with("flag")),
        "{text}"
    );
    assert!(
        text.lines().any(
            |line| line.starts_with("listen.http ") && line.ends_with("AUTHENTIK_LISTEN__HTTP")
        ),
        "{text}"
    );
    assert!(!text.contains("do-not-print"), "{text}");
    assert!(run(folder.path(), &["generate", "secret"]).1.trim().len() >= 50);
}

#[test]
fn serves_probes_stops_and_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(
        folder.path(),
        &[
            ("AUTHENTIK_BOOTSTRAP_PASSWORD", "hush-hush-hush"),
            ("AUTHENTIK_BOOTSTRAP_TOKEN", "a-token-of-the-operator"),
        ],
    );
    assert!(server.lines.iter().all(|line| line["level"] != "error"), "{:?}", server.lines);

    let live = server.ask("HEAD", "/-/health/live/", "");
    assert_eq!(status(&live), 200);
    let lower = live.to_ascii_lowercase();
    for header in [
        "x-authentik-id:",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
        "x-frame-options: deny",
    ] {
        assert!(lower.contains(header), "{header} in {live}");
    }
    assert_eq!(server.status("GET", "/-/health/ready/", ""), 200);
    assert_eq!(server.status("GET", "/-/metrics/", ""), 401);
    let key = std::fs::read_to_string(folder.path().join("metrics-key")).unwrap();
    let metrics = server.ask("GET", "/-/metrics/", &format!("Authorization: Bearer {key}\r\n"));
    assert!(metrics.contains("authentik_main_request_duration_seconds"), "{metrics}");
    let open = Server::raw(
        server.metrics,
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert!(open.contains("countersign_configuration_revision"), "{open}");

    // With a password from the environment nobody is led to the set-up page.
    let start = server.ask("GET", "/", "");
    assert!(matches!(status(&start), 302 | 303) && !start.contains("initial-setup"), "{start}");

    let authorization = "Authorization: Bearer a-token-of-the-operator\r\n";
    let me: Json =
        serde_json::from_str(body(&server.ask("GET", "/api/v3/core/users/me/", authorization)))
            .unwrap();
    assert_eq!(me["user"]["username"], "akadmin");
    assert_eq!(me["user"]["is_superuser"], true);

    let (output, _, err) = run(folder.path(), &["serve"]);
    assert!(!output.status.success() && err.contains("a server runs on the data folder"), "{err}");
    let health = command(folder.path(), &["healthcheck"])
        .env("AUTHENTIK_LISTEN__HTTP", server.http.to_string())
        .status()
        .unwrap();
    assert!(health.success());

    let text = format!("{:?}", server.stop());
    assert!(
        text.contains("stopped")
            && !text.contains("hush-hush-hush")
            && !text.contains("a-token-of-the-operator"),
        "{text}"
    );
    assert!(
        !command(folder.path(), &["healthcheck"])
            .env("AUTHENTIK_LISTEN__HTTP", "127.0.0.1:1")
            .status()
            .unwrap()
            .success()
    );

    // The default objects are there already: a second start writes nothing.
    let again = Server::start(folder.path(), &[]);
    assert!(!format!("{:?}", again.lines).contains("default objects applied"), "{:?}", again.lines);
    assert_eq!(status(&again.ask("GET", "/api/v3/core/users/me/", authorization)), 200);
}

#[test]
fn bad_requests_get_a_clean_answer() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let long = "a".repeat(200_000);
    let requests: Vec<Vec<u8>> = vec![
        b"GARBAGE\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n").into_bytes(),
        format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: 1\r\n".repeat(300)).into_bytes(),
        b"POST /api/v3/core/groups/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n".to_vec(),
        b"POST /api/v3/core/groups/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"GET /api/v3/%ff%fe/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
        b"GET /api/v3/core/users/?page=99999999999999999999 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: <script>\r\nConnection: close\r\n\r\n".to_vec(),
        b"BREW /-/health/ready/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
    ];
    for request in requests {
        let answer = Server::raw(server.http, &request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let code = status(&answer);
        assert!(answer.is_empty() || (200..500).contains(&code), "{shown}: {answer}");
        assert!(!answer.contains("panicked") && !answer.contains(".rs:"), "{shown}: {answer}");
    }
    assert_eq!(server.status("POST", "/api/v3/core/groups/", "Content-Length: 40000000\r\n"), 413);
    assert_eq!(server.status("GET", "/-/health/live/", ""), 200);
    assert!(server.stop().iter().all(|line| line["level"] != "error"));
}

#[test]
fn a_refused_body_does_not_spoil_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    // The second request follows on the same connection; both must be answered.
    let next = "GET /-/health/live/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let small = format!(
        "PATCH /api/v3/core/users/1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}{next}"
    );
    let answer = Server::raw(server.http, small.as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
    // After one that is large, either the next is answered too, or the answer says that the
    // connection ends.
    let large = format!(
        "PATCH /nothing/here/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{}{next}",
        "x".repeat(1_000_000)
    );
    let answer = Server::raw(server.http, large.as_bytes());
    assert!(
        answer.matches("HTTP/1.1 ").count() == 2
            || answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );
}

#[test]
fn blueprints_are_checked_planned_and_applied() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.yaml");
    let name = file.to_str().unwrap();
    let data = folder.path().join("data");
    std::fs::write(&file, "entries:\n- {model: authentik_core.group, identifiers: {name: Editors}}\n- {model: authentik_brands.brand, identifiers: {domain: example.org}, attrs: {branding_title: Ours}}\n").unwrap();
    assert!(run(&data, &["blueprint", "validate", name]).0.status.success());
    let (output, out, err) = run(&data, &["blueprint", "plan", name]);
    assert!(output.status.success(), "{err}");
    assert!(
        out.contains("create  authentik_core.group name=Editors")
            && out.contains("branding_title: Ours")
            && out.contains("Nothing was changed"),
        "{out}"
    );
    let (output, out, err) = run(&data, &["blueprint", "apply", name]);
    assert!(output.status.success() && out.contains("2 created, 0 changed"), "{out} {err}");
    assert!(run(&data, &["blueprint", "apply", name]).1.contains("0 created, 0 changed"));

    // The built-in files once more: everything is as they say.
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints");
    let mut files = Vec::new();
    for folder in ["default", "system"] {
        files.extend(
            std::fs::read_dir(built_in.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path().display().to_string()),
        );
    }
    let mut arguments = vec!["blueprint", "apply"];
    arguments.extend(files.iter().map(String::as_str));
    let (_, out, err) = run(&data, &arguments);
    assert!(out.contains("0 created, 0 changed, 0 deleted"), "{out} {err}");

    std::fs::write(&file, "entries:\n- {model: authentik_core.group, identifiers: {name: Other}}\n- {model: authentik_core.group}\n").unwrap();
    let (output, _, err) = run(&data, &["blueprint", "apply", name]);
    assert!(
        !output.status.success() && err.contains("line 3") && err.contains("entries[1]"),
        "{err}"
    );
    std::fs::write(
        &file,
        "entries:\n- {model: authentik_core.nonsense, identifiers: {name: x}}\n- {model: authentik_flows.flow, identifiers: {slog: x}, attrs: {nane: y}}\n",
    )
    .unwrap();
    let (output, out, err) = run(&data, &["blueprint", "validate", name]);
    assert!(
        !output.status.success()
            && err.contains("authentik_core.nonsense")
            && err.contains("identifiers.slog"),
        "{err}"
    );
    assert!(out.contains("attrs.nane"), "{out}");
    std::fs::write(&file, "entries:\n- {model: x.y, attrs: {a: !Nothing b}}\n").unwrap();
    let (output, _, err) = run(&data, &["blueprint", "validate", name]);
    assert!(
        !output.status.success() && err.contains("!Nothing") && err.contains("line 2"),
        "{err}"
    );
}

#[test]
fn a_backup_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, file) = (
        folder.path().join("first"),
        folder.path().join("second"),
        folder.path().join("all.backup"),
    );
    let name = file.to_str().unwrap();
    let with = |data: &Path, arguments: &[&str], passphrase: &str| {
        let output = command(data, arguments)
            .env("COUNTERSIGN_BACKUP__PASSPHRASE", passphrase)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (good, bad) = ("correct horse battery", "wrong horse battery");
    assert!(with(&first, &["backup", name], good).1.contains("there is no installation"));
    let server = Server::start(&first, &[("AUTHENTIK_BOOTSTRAP_TOKEN", "a-token-of-the-operator")]);
    assert!(run(&first, &["backup", name]).2.contains("COUNTERSIGN_BACKUP__PASSPHRASE"));
    assert!(with(&first, &["backup", name], good).0, "also while the server runs");
    assert!(with(&first, &["backup", name], good).1.contains("exists already"));
    server.stop();
    assert!(with(&second, &["restore", name], bad).1.contains("passphrase is wrong"));
    assert!(with(&first, &["restore", name], good).1.contains("there is an installation"));
    let (restored, error) = with(&second, &["restore", name], good);
    assert!(restored, "{error}");
    let server = Server::start(&second, &[]);
    assert_eq!(
        server.status(
            "GET",
            "/api/v3/core/users/me/",
            "Authorization: Bearer a-token-of-the-operator\r\n"
        ),
        200
    );
    assert!(!format!("{:?}", server.stop()).contains("default objects applied"));
}

#[test]
fn another_secret_key_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    Server::start(folder.path(), &[]).stop();
    let output = command(folder.path(), &[])
        .env("AUTHENTIK_SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("the secret key is not the one"), "{text}");
}

#[test]
fn the_operators_own_blueprints_are_applied_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let (data, own) = (folder.path().join("data"), folder.path().join("own"));
    std::fs::create_dir_all(own.join(".hidden")).unwrap();
    std::fs::write(
        own.join("groups.yaml"),
        "entries: [{model: authentik_core.group, identifiers: {name: Editors}}]",
    )
    .unwrap();
    std::fs::write(own.join("later.yaml"), "metadata: {name: x, labels: {blueprints.goauthentik.io/instantiate: 'false'}}\nentries: [{model: a.b}]").unwrap();
    std::fs::write(own.join(".hidden/x.yaml"), "entries: [{model: a.b}]").unwrap();
    let environment = [
        ("COUNTERSIGN_BLUEPRINTS_DIR", own.to_str().unwrap()),
        ("AUTHENTIK_BOOTSTRAP_TOKEN", "a-token-of-the-operator"),
    ];
    let server = Server::start(&data, &environment);
    let groups = server.ask(
        "GET",
        "/api/v3/core/groups/?name=Editors",
        "Authorization: Bearer a-token-of-the-operator\r\n",
    );
    assert!(groups.contains("Editors"), "{groups}");
    server.stop();
    // A broken file is told and does not keep the server down.
    std::fs::write(own.join("broken.yaml"), "entries: [{model: a.b, attrs: {x: !Nothing y}}]")
        .unwrap();
    let log = format!("{:?}", Server::start(&data, &environment).stop());
    assert!(log.contains("broken.yaml: line 1") && log.contains("!Nothing"), "{log}");
    // An unchanged folder writes nothing.
    std::fs::remove_file(own.join("broken.yaml")).unwrap();
    assert!(
        !format!("{:?}", Server::start(&data, &environment).stop()).contains("blueprints applied")
    );
}

#[test]
fn an_administrator_who_lost_the_password_gets_back_in() {
    let folder = tempfile::tempdir().unwrap();
    let (output, _, err) = run(folder.path(), &["recover"]);
    assert!(!output.status.success() && err.contains("there is no installation"), "{err}");
    let server = Server::start(folder.path(), &[]);
    let (output, out, err) = run(folder.path(), &["recover"]);
    assert!(output.status.success(), "{err}");
    let path =
        out.trim().split_once("/recovery/").map(|(_, rest)| format!("/recovery/{rest}")).unwrap();
    assert!(matches!(server.status("GET", &path, ""), 200 | 302 | 303), "{path}");
    // The original's spelling, as troubleshooting guides have it.
    assert!(
        run(folder.path(), &["create_recovery_key", "10", "akadmin"])
            .1
            .contains("/recovery/use-token/")
    );
    assert!(run(folder.path(), &["recover", "nobody"]).2.contains("no account \"nobody\""));
    let log = format!("{:?}", server.stop());
    assert!(!log.contains(path.split('/').nth(3).unwrap()), "{log}");
}
