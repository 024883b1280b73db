//! Where the data is, as the settings say: database, Redis, secret key.

use countersign_model::{Entropy as _, Secret};
use countersign_store::{
    Database, PostgresOptions, PostgresTls, RedisOptions, RedisTls, SecretKey, SslMode,
    SystemEntropy, Topology,
};

use crate::{
    files,
    settings::{Node, Postgresql, Settings, is_example},
};

pub fn redis(settings: &Settings) -> Option<RedisOptions> {
    let given = &settings.redis;
    let nodes =
        |nodes: &[Node]| nodes.iter().map(|Node(host, port)| (host.clone(), *port)).collect();
    let topology = if let Some(master) = given.sentinel_master.clone() {
        let (username, password) =
            (given.sentinel_username.clone(), given.sentinel_password.clone());
        Topology::Sentinel { master, sentinels: nodes(&given.sentinel_hosts), username, password }
    } else if given.cluster.is_empty() {
        Topology::Single(given.host.clone()?, given.port)
    } else {
        Topology::Cluster(nodes(&given.cluster))
    };
    Some(RedisOptions {
        topology,
        db: i64::from(given.db),
        username: given.username.clone(),
        password: given.password.clone(),
        tls: given.tls.then(|| RedisTls {
            check: given.is_checked(),
            root_certificate: given.tls_ca_cert.clone(),
        }),
    })
}

pub fn database(settings: &Settings) -> Result<Database, String> {
    let given = &settings.postgresql;
    let Some(host) = &given.host else {
        let folder = &settings.general.data_dir;
        // The engine makes its other files with the permissions of this one.
        files::make_private(&folder.join("countersign.db")).map_err(|error| {
            format!("the data folder {} cannot be written: {error}", folder.display())
        })?;
        return Ok(Database::Embedded { folder: folder.clone() });
    };
    Ok(Database::Postgres {
        primary: postgresql(given, host),
        replicas: settings
            .read_replicas
            .iter()
            .map(|replica| postgresql(replica, replica.host.as_ref().unwrap_or(host)))
            .collect(),
    })
}

fn postgresql(given: &Postgresql, host: &str) -> PostgresOptions {
    PostgresOptions {
        host: host.to_owned(),
        port: given.port,
        name: given.name.clone(),
        user: given.user.clone(),
        password: given.password.clone(),
        tls: PostgresTls {
            // Whoever names an authority wants the server to be checked.
            mode: given.sslmode.unwrap_or(if given.sslrootcert.is_some() {
                SslMode::VerifyFull
            } else {
                SslMode::default()
            }),
            root_certificate: given.sslrootcert.clone(),
            client: given.sslcert.clone().zip(given.sslkey.clone()),
        },
        schema: given.default_schema.clone(),
        pooled: given.use_pgbouncer,
        connections: usize::from(given.connections),
    }
}

/// The secret key of the settings; a published example counts as none.
pub fn given_secret_key(settings: &Settings) -> Option<&Secret> {
    settings.general.secret_key.as_ref().filter(|key| !is_example(key.expose()))
}

/// Where the secret key is: given, or kept in the data folder, where one is made when there is
/// none; instead of an example also in a database that others share.
pub fn secret_key(settings: &Settings) -> Result<SecretKey, String> {
    let path = settings.general.data_dir.join("secret-key");
    let failed = |error: std::io::Error| {
        format!(
            "the secret key in {} cannot be used: {error}. Make the file accessible, or set COUNTERSIGN_SECRET_KEY",
            path.display()
        )
    };
    let kept = files::read_if_there(&path).map(|text| {
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).map(Secret::new)
    });
    if let Some(key) = given_secret_key(settings) {
        return Ok(SecretKey::Own { key: key.clone(), former: kept.unwrap_or_default() });
    }
    if settings.postgresql.host.is_some() {
        return Ok(SecretKey::Database { former: kept.unwrap_or_default() });
    }
    let example = settings.general.secret_key.is_some();
    if let Some(key) = kept.map_err(failed)? {
        return Ok(SecretKey::Folder { key, example });
    }
    let key = SystemEntropy.token(64);
    files::write_private(&path, &key).map_err(failed)?;
    Ok(SecretKey::Folder { key: Secret::new(key), example })
}
