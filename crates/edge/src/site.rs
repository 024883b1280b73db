//! The applications of an outpost that is a proxy, as the server describes them.

use std::ops::Deref;

use countersign_model::Secret;
use countersign_outbound::{Trust, Upstreams};
use countersign_proxy::{ProxyMode, Settings, Site, SkipPaths};
use serde_json::Value;

use crate::api::{text, truth};

/// An application that the server lets this outpost answer for.
pub(crate) struct EdgeSite {
    site: Site,
    pub(crate) client_secret: Secret,
    pub(crate) endpoints: Endpoints,
    /// Whether tokens are signed with the client's secret.
    pub(crate) by_secret: bool,
    pub(crate) certificate: Option<String>,
}

/// What the server published of itself (RFC 8414).
pub(crate) struct Endpoints {
    pub(crate) issuer: String,
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) introspection: String,
    pub(crate) end_session: String,
}

impl Deref for EdgeSite {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.site
    }
}

impl EdgeSite {
    /// As `outposts/proxy/` describes one.
    pub(crate) fn read(config: &Value, outpost: &str, upstreams: &Upstreams) -> Option<EdgeSite> {
        let own = |name: &str| text(config, name).to_owned();
        let published = config.get("oidc_configuration").filter(|own| own.is_object())?;
        let mode = match text(config, "mode") {
            "proxy" => ProxyMode::Proxy,
            "forward_single" => ProxyMode::ForwardSingle,
            "forward_domain" => ProxyMode::ForwardDomain,
            _ => return None,
        };
        let scopes = config.get("scopes_to_request").and_then(Value::as_array);
        let mut scopes: Vec<&str> =
            scopes.into_iter().flatten().filter_map(Value::as_str).collect();
        scopes.sort_unstable();
        let settings = Settings {
            name: own("name"),
            slug: own("assigned_application_slug"),
            outpost: outpost.to_owned(),
            mode,
            external_host: own("external_host"),
            internal_host: own("internal_host"),
            client_id: own("client_id"),
            cookie_secret: Secret::new(own("cookie_secret")),
            cookie_domain: own("cookie_domain"),
            skip_path_regex: SkipPaths::from(text(config, "skip_path_regex")),
            basic_auth_enabled: truth(config, "basic_auth_enabled"),
            basic_auth_user_attribute: own("basic_auth_user_attribute"),
            basic_auth_password_attribute: own("basic_auth_password_attribute"),
            intercept_header_auth: truth(config, "intercept_header_auth"),
            scopes: scopes.join(" "),
            trust: if truth(config, "internal_host_ssl_validation") {
                Trust::Machine(None)
            } else {
                Trust::Anybody
            },
        };
        let signed_by = published.get("id_token_signing_alg_values_supported");
        let signed_by = signed_by.and_then(Value::as_array).into_iter().flatten();
        let endpoint = |name: &str| text(published, name).to_owned();
        Some(EdgeSite {
            site: Site::new(settings, Some(upstreams))?,
            client_secret: Secret::new(own("client_secret")),
            endpoints: Endpoints {
                issuer: endpoint("issuer"),
                authorization: endpoint("authorization_endpoint"),
                token: endpoint("token_endpoint"),
                introspection: endpoint("introspection_endpoint"),
                end_session: endpoint("end_session_endpoint"),
            },
            by_secret: signed_by.into_iter().any(|name| name == "HS256"),
            certificate: config.get("certificate").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use countersign_outbound::{Outbound, Patience, Rules};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_application_that_can_be_answered_for_is_none() {
        let upstreams = Outbound::new(Rules::default()).upstreams(Patience::default());
        let read = |change: (&str, Value)| {
            let mut config = json!({
                "name": "wiki", "mode": "forward_single", "external_host": "https://wiki.test",
                "client_id": "abcdefghij", "client_secret": "s", "cookie_secret": "c",
                "cookie_domain": "", "skip_path_regex": "^/public", "internal_host": "",
                "internal_host_ssl_validation": true, "scopes_to_request": ["profile", "openid"],
                "assigned_application_slug": "wiki", "certificate": null,
                "oidc_configuration": {
                    "issuer": "https://id.test/application/o/wiki/",
                    "id_token_signing_alg_values_supported": ["HS256"],
                },
            });
            if let Value::Object(map) = &mut config {
                map.insert(change.0.to_owned(), change.1);
            }
            EdgeSite::read(&config, "edge", &upstreams)
        };
        let site = read(("name", json!("Wiki"))).unwrap();
        assert_eq!(
            (site.cookie.as_str(), site.settings.scopes.as_str()),
            ("authentik_proxy_abcdefgh", "openid profile")
        );
        assert!(site.by_secret && site.certificate.is_none());
        for (name, value) in [
            ("mode", json!("another")),
            ("external_host", json!("wiki.test")),
            ("cookie_secret", json!("")),
            ("client_id", json!("")),
            ("oidc_configuration", json!(null)),
        ] {
            assert!(read((name, value)).is_none(), "{name}");
        }
    }
}
