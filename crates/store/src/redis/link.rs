//! The connection to Redis: one server, the master that sentinels name, or a cluster. Each finds
//! its way again after an outage.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult, ScriptInvocation,
    ServerErrorKind, TlsCertificates, TlsMode,
};

use super::{Node, RedisOptions, RedisTls, Topology};

/// As long as a server may take to let us in, and to answer.
const QUICK: Duration = Duration::from_secs(2);
/// As long as finding the master may take: some of the sentinels may be silent.
const FINDING: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) enum Link {
    Single(ConnectionManager),
    Sentinel(Arc<Master>),
    Cluster(ClusterConnection),
}

impl Link {
    pub(super) async fn connect(options: &RedisOptions) -> RedisResult<Link> {
        let certificates = options.tls.as_ref().map(certificates).transpose()?;
        match &options.topology {
            Topology::Single(host, port) => {
                let info = info(options, &(host.clone(), *port))?;
                let client = match certificates {
                    Some(certificates) => Client::build_with_tls(info, certificates)?,
                    None => Client::open(info)?,
                };
                let config = ConnectionManagerConfig::new()
                    .set_number_of_retries(1)
                    .set_connection_timeout(Some(QUICK))
                    .set_response_timeout(Some(QUICK));
                Ok(Link::Single(client.get_connection_manager_with_config(config).await?))
            }
            Topology::Sentinel { master, sentinels, username, password } => {
                let addresses = sentinels.iter().map(|node| address(options, node));
                let mut builder =
                    SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
                        .set_client_to_redis_db(options.db);
                if let Some(username) = &options.username {
                    builder = builder.set_client_to_redis_username(username);
                }
                if let Some(password) = &options.password {
                    builder = builder.set_client_to_redis_password(password.expose());
                }
                if let Some(username) = username {
                    builder = builder.set_client_to_sentinel_username(username);
                }
                if let Some(password) = password {
                    builder = builder.set_client_to_sentinel_password(password.expose());
                }
                if let (Some(tls), Some(certificates)) = (&options.tls, certificates) {
                    let mode = if tls.check { TlsMode::Secure } else { TlsMode::Insecure };
                    builder = builder
                        .set_client_to_redis_tls_mode(mode)
                        .set_client_to_redis_certificates(certificates.clone());
                    builder = builder.set_client_to_sentinel_certificates(certificates);
                }
                let master = Master {
                    sentinels: tokio::sync::Mutex::new(builder.build()?),
                    current: Mutex::default(),
                };
                master.connection().await?;
                Ok(Link::Sentinel(Arc::new(master)))
            }
            Topology::Cluster(nodes) => {
                let nodes: Vec<ConnectionInfo> =
                    nodes.iter().map(|node| info(options, node)).collect::<RedisResult<_>>()?;
                let mut builder = ClusterClientBuilder::new(nodes)
                    .retries(3)
                    .connection_timeout(QUICK)
                    .response_timeout(QUICK);
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                Ok(Link::Cluster(builder.build()?.get_async_connection().await?))
            }
        }
    }

    /// In a box each: the clients' futures are large, and this one is part of those of most
    /// requests.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        match self {
            Link::Single(connection) => Box::pin(call.invoke_async(&mut connection.clone())).await,
            Link::Sentinel(master) => Box::pin(master.run(call)).await,
            Link::Cluster(connection) => Box::pin(call.invoke_async(&mut connection.clone())).await,
        }
    }
}

/// The master that sentinels name. Whatever goes wrong with it, they are asked again.
pub(super) struct Master {
    sentinels: tokio::sync::Mutex<SentinelClient>,
    current: Mutex<Option<Arc<MultiplexedConnection>>>,
}

impl Master {
    async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> RedisResult<T> {
        let connection = self.connection().await?;
        let outcome = call.invoke_async(&mut (*connection).clone()).await;
        let Err(error) = outcome else { return outcome };
        self.forget(&connection);
        // It is master no more, and has done nothing; of anything else that may not be known.
        if error.kind() != ErrorKind::Server(ServerErrorKind::ReadOnly) {
            return Err(error);
        }
        let connection = self.connection().await?;
        call.invoke_async(&mut (*connection).clone()).await
    }

    async fn connection(&self) -> RedisResult<Arc<MultiplexedConnection>> {
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let find = async {
            let mut sentinels = self.sentinels.lock().await;
            // Somebody else may have found it while this one waited.
            if let Some(connection) = self.current() {
                return Ok(connection);
            }
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(QUICK))
                .set_response_timeout(Some(QUICK));
            let connection = Arc::new(sentinels.get_async_connection_with_config(&config).await?);
            *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
            Ok(connection)
        };
        let late =
            |_| RedisError::from((ErrorKind::Io, "the sentinels name no master that answers"));
        tokio::time::timeout(FINDING, find).await.map_err(late)?
    }

    fn current(&self) -> Option<Arc<MultiplexedConnection>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self, connection: &Arc<MultiplexedConnection>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|known| Arc::ptr_eq(known, connection)) {
            *current = None;
        }
    }
}

fn address(options: &RedisOptions, (host, port): &Node) -> ConnectionAddr {
    let (host, port) = (host.clone(), *port);
    match &options.tls {
        Some(tls) => ConnectionAddr::TcpTls { host, port, insecure: !tls.check, tls_params: None },
        None => ConnectionAddr::Tcp(host, port),
    }
}

fn info(options: &RedisOptions, node: &Node) -> RedisResult<ConnectionInfo> {
    let mut login = RedisConnectionInfo::default().set_db(options.db);
    if let Some(username) = &options.username {
        login = login.set_username(username);
    }
    if let Some(password) = &options.password {
        login = login.set_password(password.expose());
    }
    Ok(address(options, node).into_connection_info()?.set_redis_settings(login))
}

fn certificates(tls: &RedisTls) -> RedisResult<TlsCertificates> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|e| {
            RedisError::from((
                ErrorKind::InvalidClientConfig,
                "redis.tls_ca_cert cannot be read",
                e.to_string(),
            ))
        })
    };
    Ok(TlsCertificates {
        client_tls: None,
        root_cert: tls.root_certificate.as_ref().map(read).transpose()?,
    })
}
