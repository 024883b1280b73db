//! What settings say of mail, of requests to others and of events.

use std::time::Duration;

use countersign_events::EventSettings;
use countersign_mail::{Encryption, MailSettings, Server};
use countersign_outbound::Rules;

use crate::{settings::Settings, start::VERSION};

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

/// How other servers are reached.
pub fn rules(settings: &Settings) -> Rules {
    let given = &settings.outbound;
    Rules {
        allow: given.allow.clone(),
        proxy: given.proxy.as_ref().map(|proxy| proxy.expose().to_owned()),
        no_proxy: given.no_proxy.clone(),
        user_agent: format!("countersign/{VERSION}"),
    }
}

/// How events are kept.
pub fn events(settings: &Settings) -> EventSettings {
    let given = &settings.events;
    EventSettings {
        keep: given.retention.0,
        most: i64::try_from(given.most).unwrap_or(i64::MAX),
        cities: given.geoip.clone(),
        networks: given.asn.clone(),
    }
}
