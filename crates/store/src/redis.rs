//! The ephemeral store shared by several processes: Redis, and engines that speak its protocol.
//!
//! Each entry is a hash of a version and bytes under one key; each operation is one script on that key, so it works
//! on a cluster too. When Redis is away, reads find nothing, limits count as reached, and writes fail with a text:
//! sign-ins in progress start again, sessions (which are rows) go on.

use std::path::PathBuf;

use countersign_model::Secret;
use redis::Script;

use crate::ephemeral::Versioned;
use crate::error::StoreError;

mod link;

use link::Link;

/// A host and its port.
type Node = (String, u16);

/// How Redis is reached; the original's `redis.*` settings.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    pub topology: Topology,
    pub db: i64,
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// Encryption; without it the connection is plain.
    pub tls: Option<RedisTls>,
}

/// Where Redis is.
#[derive(Debug, Clone)]
pub enum Topology {
    Single(String, u16),
    /// Whichever server these sentinels call the master of that name.
    Sentinel {
        master: String,
        sentinels: Vec<Node>,
        username: Option<String>,
        password: Option<Secret>,
    },
    /// The cluster that these nodes are part of.
    Cluster(Vec<Node>),
}

/// How the servers are checked.
#[derive(Debug, Clone)]
pub struct RedisTls {
    /// Whether certificate and name are checked at all.
    pub check: bool,
    /// Certificates of the authorities to check by, instead of those the machine trusts.
    pub root_certificate: Option<PathBuf>,
}

/// A connection that mends itself.
#[derive(Clone)]
pub(crate) struct Shared {
    link: Link,
}

impl Shared {
    pub(crate) async fn connect(options: &RedisOptions) -> Result<Shared, StoreError> {
        let nodes = || match &options.topology {
            Topology::Single(host, port) => format!("{host}:{port}"),
            Topology::Sentinel { sentinels: nodes, .. } | Topology::Cluster(nodes) => {
                nodes.iter().map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(",")
            }
        };
        let link = Link::connect(options).await.map_err(|problem| StoreError::Away(format!("Redis at {}: {problem}", nodes())))?;
        Ok(Shared { link })
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        const GET: &str = "return redis.call('HMGET', KEYS[1], 'v', 'b')";
        let (version, bytes): (Option<u64>, Option<Vec<u8>>) = self.run(GET, key, &[]).await?;
        Ok(version.zip(bytes).map(|(version, bytes)| Versioned { version, bytes }))
    }

    /// `seen` as for a compare-and-swap: `None` sets in any case, `Some(0)` only where nothing is.
    pub(crate) async fn set(&self, key: &str, seen: Option<u64>, bytes: &[u8], seconds: i64) -> Result<bool, StoreError> {
        // The server's clock in microseconds is a version that never comes back.
        const SET: &str = "
            if ARGV[1] ~= '*' and (redis.call('HGET', KEYS[1], 'v') or '0') ~= ARGV[1] then return 0 end
            local t = redis.call('TIME')
            redis.call('DEL', KEYS[1])
            redis.call('HSET', KEYS[1], 'v', t[1] .. string.format('%06d', t[2]), 'b', ARGV[2])
            redis.call('EXPIRE', KEYS[1], ARGV[3])
            return 1";
        let seen = seen.map_or_else(|| "*".to_owned(), |v| v.to_string());
        let done: i64 = self.run(SET, key, &[seen.as_bytes(), bytes, seconds.max(1).to_string().as_bytes()]).await?;
        Ok(done == 1)
    }

    pub(crate) async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const TAKE: &str = "local b = redis.call('HGET', KEYS[1], 'b') redis.call('DEL', KEYS[1]) return b";
        self.run(TAKE, key, &[]).await
    }

    pub(crate) async fn add(&self, key: &str, amount: i64, seconds: i64) -> Result<i64, StoreError> {
        const ADD: &str = "
            local n = redis.call('HINCRBY', KEYS[1], 'n', ARGV[1])
            if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
            return n";
        self.run(ADD, key, &[amount.to_string().as_bytes(), seconds.max(1).to_string().as_bytes()]).await
    }

    pub(crate) async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let _: i64 = self.run("return redis.call('DEL', KEYS[1])", key, &[]).await?;
        Ok(())
    }

    async fn run<T: redis::FromRedisValue>(&self, script: &str, key: &str, arguments: &[&[u8]]) -> Result<T, StoreError> {
        let script = Script::new(script);
        let mut call = script.key(format!("countersign/{key}"));
        for argument in arguments {
            call.arg(*argument);
        }
        self.link.run(&call).await.map_err(|e| StoreError::Away(format!("Redis: {e}")))
    }
}
