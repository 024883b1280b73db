//! The ephemeral store shared by several processes: Redis, and engines that speak its protocol.
//!
//! Each entry is a hash of a version and bytes under one key; each operation is one script on that
//! key, so it works on a cluster too. When Redis is away, reads find nothing, limits count as
//! reached, and writes fail with a text: sign-ins in progress start again, sessions (which are
//! rows) go on.

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
    /// Where it is: one server, a cluster, or behind sentinels.
    pub topology: Topology,
    /// The number of the database.
    pub db: i64,
    /// The user; the default one when `None`.
    pub username: Option<String>,
    /// The password of the user.
    pub password: Option<Secret>,
    /// Encryption; without it the connection is plain.
    pub tls: Option<RedisTls>,
}

/// Where Redis is.
#[derive(Debug, Clone)]
pub enum Topology {
    /// One server, by host and port.
    Single(String, u16),
    /// Whichever server these sentinels call the master of that name.
    Sentinel {
        /// The name that the sentinels know the master by.
        master: String,
        /// Those that are asked, one after the other.
        sentinels: Vec<Node>,
        /// The user at the sentinels.
        username: Option<String>,
        /// The password at the sentinels.
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

/// What a counter has come to.
pub(crate) struct Counted {
    pub(crate) sum: i64,
    /// It was there before.
    pub(crate) existed: bool,
    /// Milliseconds until it ends.
    pub(crate) left: i64,
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
            Topology::Sentinel { sentinels: nodes, .. } | Topology::Cluster(nodes) => nodes
                .iter()
                .map(|(host, port)| format!("{host}:{port}"))
                .collect::<Vec<_>>()
                .join(","),
        };
        let link = Link::connect(options)
            .await
            .map_err(|problem| StoreError::Away(format!("Redis at {}: {problem}", nodes())))?;
        let shared = Shared { link };
        shared.warn_of_eviction().await;
        Ok(shared)
    }

    /// Counters that Redis drops when it is full would begin anew; one that refuses to write
    /// instead lets limits hold.
    async fn warn_of_eviction(&self) {
        const ASK: &str = "
            local said = redis.call('INFO', 'memory')
            if tonumber(string.match(said, 'maxmemory:(%d+)') or '0') == 0 then return '' end
            return string.match(said, 'maxmemory_policy:([%w-]+)') or ''";
        match self.run::<String>(ASK, "health/memory", &[]).await {
            Ok(policy) if !policy.is_empty() && policy != "noeviction" => {
                tracing::warn!(
                    policy,
                    "Redis drops entries when it is full, counters of failed tries too: set maxmemory-policy to noeviction"
                );
            }
            // An engine that tells nothing of its memory.
            Ok(_) | Err(_) => {}
        }
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        const GET: &str = "return redis.call('HMGET', KEYS[1], 'v', 'b')";
        let (version, bytes): (Option<u64>, Option<Vec<u8>>) = self.run(GET, key, &[]).await?;
        Ok(version.zip(bytes).map(|(version, bytes)| Versioned { version, bytes }))
    }

    /// `seen` as for a compare-and-swap: `None` sets in any case, `Some(0)` only where nothing is.
    pub(crate) async fn set(
        &self,
        key: &str,
        seen: Option<u64>,
        bytes: &[u8],
        seconds: i64,
    ) -> Result<bool, StoreError> {
        // The server's clock in microseconds is a version that never comes back.
        const SET: &str = "
            if ARGV[1] ~= '*' and (redis.call('HGET', KEYS[1], 'v') or '0') ~= ARGV[1] then return 0 end
            local t = redis.call('TIME')
            redis.call('DEL', KEYS[1])
            redis.call('HSET', KEYS[1], 'v', t[1] .. string.format('%06d', t[2]), 'b', ARGV[2])
            redis.call('EXPIRE', KEYS[1], ARGV[3])
            return 1";
        let seen = seen.map_or_else(|| "*".to_owned(), |v| v.to_string());
        let done: i64 = self
            .run(SET, key, &[seen.as_bytes(), bytes, seconds.max(1).to_string().as_bytes()])
            .await?;
        Ok(done == 1)
    }

    pub(crate) async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const TAKE: &str =
            "local b = redis.call('HGET', KEYS[1], 'b') redis.call('DEL', KEYS[1]) return b";
        self.run(TAKE, key, &[]).await
    }

    pub(crate) async fn add(
        &self,
        key: &str,
        amount: i64,
        seconds: i64,
    ) -> Result<Counted, StoreError> {
        const ADD: &str = "
            local there = redis.call('EXISTS', KEYS[1])
            local n = redis.call('HINCRBY', KEYS[1], 'n', ARGV[1])
            if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
            return {n, there, redis.call('PTTL', KEYS[1])}";
        let (sum, existed, left): (i64, bool, i64) = self
            .run(ADD, key, &[amount.to_string().as_bytes(), seconds.max(1).to_string().as_bytes()])
            .await?;
        Ok(Counted { sum, existed, left })
    }

    pub(crate) async fn remove(&self, key: &str) -> Result<(), StoreError> {
        // A counter stays, at nothing, so that it is not taken for one that was lost.
        const REMOVE: &str = "
            if redis.call('HEXISTS', KEYS[1], 'n') == 1 then return redis.call('HSET', KEYS[1], 'n', 0) end
            return redis.call('DEL', KEYS[1])";
        let _: i64 = self.run(REMOVE, key, &[]).await?;
        Ok(())
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &str,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<T, StoreError> {
        let script = Script::new(script);
        let mut call = script.key(format!("countersign/{key}"));
        for argument in arguments {
            call.arg(*argument);
        }
        self.link.run(&call).await.map_err(|e| StoreError::Away(format!("Redis: {e}")))
    }
}
