//! The mail server that a stage names by itself.

/// The server of a stage that does not use that of the settings. Both kinds of stages that send
/// mail have the same fields for it, by the original's names.
macro_rules! own_server {
    ($stage:expr) => {{
        let stage = $stage;
        (!stage.use_global_settings).then(|| countersign_mail::Server {
            host: stage.host.clone(),
            port: u16::try_from(stage.port).unwrap_or(25),
            username: Some(stage.username.clone()).filter(|name| !name.is_empty()),
            password: Some(stage.password.clone()).filter(|password| !password.is_empty()),
            encryption: match (stage.use_ssl, stage.use_tls) {
                (true, _) => countersign_mail::Encryption::Implicit,
                (false, true) => countersign_mail::Encryption::StartTls,
                (false, false) => countersign_mail::Encryption::None,
            },
            timeout: std::time::Duration::from_secs(
                u64::try_from(stage.timeout.clamp(1, 60)).unwrap_or(10),
            ),
            from: stage.from_address.to_string(),
        })
    }};
}
pub(crate) use own_server;
