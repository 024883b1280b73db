//! What settings say of mail, of requests to others and of events, for the modules that deal with
//! them.

use std::time::Duration;

use countersign_core::Module;
use countersign_events::EventSettings;
use countersign_mail::{Encryption, MailSettings, Server};
use countersign_outbound::Rules;

use crate::{settings::Settings, start::VERSION};

/// # Errors
/// A sentence about a setting that cannot be used.
pub fn modules(settings: &Settings) -> Result<Vec<Module>, String> {
    Ok(vec![
        countersign_mail::module(&mail(settings)),
        countersign_outbound::module(&rules(settings))?,
        countersign_events::settings(events(settings)),
    ])
}

/// How mail is sent.
pub fn mail(settings: &Settings) -> MailSettings {
    let given = &settings.email;
    let encryption = match (given.use_ssl, given.use_tls) {
        (true, _) => Encryption::Implicit,
        (false, true) => Encryption::StartTls,
        (false, false) => Encryption::None,
    };
    MailSettings {
        server: Server {
            host: given.host.clone(),
            port: given.port,
            username: given.username.clone(),
            password: given.password.clone(),
            encryption,
            timeout: Duration::from_secs(given.timeout.max(1)),
            from: given.from.clone(),
        },
        template_dir: given.template_dir.clone(),
        show_links: given.events_with_links,
    }
}

fn rules(settings: &Settings) -> Rules {
    let given = &settings.outbound;
    Rules {
        allow: given.allow.clone(),
        proxy: given.proxy.as_ref().map(|proxy| proxy.expose().to_owned()),
        no_proxy: given.no_proxy.clone(),
        user_agent: format!("countersign/{VERSION}"),
    }
}

fn events(settings: &Settings) -> EventSettings {
    let given = &settings.events;
    EventSettings {
        keep: given.retention.0,
        most: i64::try_from(given.most).unwrap_or(i64::MAX),
        cities: given.geoip.clone(),
        networks: given.asn.clone(),
    }
}
