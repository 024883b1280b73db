//! A PostgreSQL and a Redis of our own: on free ports, in a temporary folder, gone with the test
//! run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::server::{Running, free_port};
use crate::shell::{Outcome, answer, call, command, install};

const PASSWORD: &str = "password-of-the-suite";
const USER: &str = "suite";

pub(crate) struct Services {
    postgres: Running,
    redis: Running,
    postgres_port: u16,
    redis_port: u16,
    folder: PathBuf,
}

impl Services {
    pub(crate) fn start() -> Outcome<Self> {
        install("/usr/bin/redis-server", "redis-server")?;
        install("/usr/bin/psql", "postgresql")?;
        install("/usr/sbin/nginx", "nginx-light")?;
        install("/usr/sbin/pgbouncer", "pgbouncer")?;
        let folder =
            std::env::temp_dir().join(format!("countersign-services-{}", std::process::id()));
        let (postgres_port, redis_port) = (free_port()?, free_port()?);
        fs::create_dir_all(&folder)
            .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
        let redis = redis(&folder, redis_port)?;
        let postgres = postgres(&folder, postgres_port)?;
        Ok(Self { postgres, redis, postgres_port, redis_port, folder })
    }

    /// What the tests read: `host:port:database:user:password`, and `host:port`.
    pub(crate) fn settings(&self) -> [(&'static str, String); 2] {
        [
            (
                "COUNTERSIGN_TEST_POSTGRES",
                format!("127.0.0.1:{}:{USER}:{USER}:{PASSWORD}", self.postgres_port),
            ),
            ("COUNTERSIGN_TEST_REDIS", format!("127.0.0.1:{}", self.redis_port)),
        ]
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.postgres.stop();
        self.redis.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn redis(folder: &Path, port: u16) -> Outcome<Running> {
    let mut server = Command::new("redis-server");
    server
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder);
    let mut redis = Running::start("Redis", &mut server, &folder.join("redis.log"))?;
    wait(&mut redis, &format!("redis-cli -p {port} ping"))?;
    Ok(redis)
}

fn postgres(folder: &Path, port: u16) -> Outcome<Running> {
    let programs = programs()?;
    let data = folder.join("postgres");
    let password = folder.join("password");
    let text = |error: std::io::Error| format!("Cannot write below {}: {error}", folder.display());
    fs::write(&password, PASSWORD).map_err(text)?;
    // The database refuses to run as root, so it gets the folder and its package's account.
    let account = (answer("id -u").as_deref() == Some("0")).then_some("postgres");
    if let Some(account) = account {
        call(command(&format!("chown -R {account} ")).arg(folder))?;
    }
    let as_account = |program: &str| {
        let program = programs.join(program);
        match account {
            Some(account) => {
                let mut command =
                    command(&format!("setpriv --reuid={account} --regid={account} --init-groups"));
                command.arg(program);
                command
            }
            None => Command::new(program),
        }
    };
    let mut create = as_account("initdb");
    create
        .args([
            "--auth=scram-sha-256",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--username",
            USER,
            "--pwfile",
        ])
        .arg(&password)
        .arg("-D")
        .arg(&data);
    call(create.current_dir(folder).stdout(std::process::Stdio::null()))?;
    let mut server = as_account("postgres");
    server
        .current_dir(folder)
        .arg("-D")
        .arg(&data)
        .args(["-h", "127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200", "-p"])
        .arg(port.to_string());
    server.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
    let mut postgres = Running::start("PostgreSQL", &mut server, &folder.join("postgres.log"))?;
    wait(&mut postgres, &format!("pg_isready -q -h 127.0.0.1 -p {port}"))?;
    call(
        command(&format!("createdb -h 127.0.0.1 -p {port} -U {USER} {USER}"))
            .env("PGPASSWORD", PASSWORD),
    )?;
    Ok(postgres)
}

/// Where Debian keeps the programs of its newest PostgreSQL.
fn programs() -> Outcome<PathBuf> {
    let all = fs::read_dir("/usr/lib/postgresql")
        .map_err(|error| format!("PostgreSQL is missing ({error}): apt-get install postgresql"))?;
    let newest =
        all.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max();
    newest
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")))
        .ok_or_else(|| "PostgreSQL is missing: apt-get install postgresql".to_owned())
}

fn wait(program: &mut Running, question: &str) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(30);
    while answer(question).is_none() {
        program.check()?;
        if Instant::now() > deadline {
            return Err(format!("`{question}` gets no answer"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
