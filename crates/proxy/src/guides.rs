//! The settings of reverse proxies that ask this server, for one application: the files of
//! `guides/`, with its address in the place of their example's. `countersign:9000` in them is
//! this server as the reverse proxy reaches it, `127.0.0.1:8080` the application.

use countersign_catalogue::Snippet;

use crate::address::{Address, Scheme};

const HOST: &str = "app.company.example";
const FILES: [(&str, &str); 10] = [
    ("nginx", include_str!("../guides/nginx.conf")),
    ("Caddy", include_str!("../guides/Caddyfile")),
    ("Traefik (labels)", include_str!("../guides/traefik-labels.yaml")),
    ("Traefik (file)", include_str!("../guides/traefik.yaml")),
    ("Traefik (Kubernetes)", include_str!("../guides/traefik-crd.yaml")),
    ("Envoy", include_str!("../guides/envoy.yaml")),
    ("HAProxy", include_str!("../guides/haproxy.cfg")),
    ("HAProxy: countersign-haproxy.lua", include_str!("../guides/countersign-haproxy.lua")),
    ("Apache", include_str!("../guides/apache.conf")),
    ("Apache: countersign-apache.lua", include_str!("../guides/countersign-apache.lua")),
];
/// How lines begin that are about certificates.
const OF_TLS: [&str; 2] = ["ssl_certificate", "SSL"];

/// What stands above, for whoever has to put their own addresses in.
const EXAMPLES: &str = "countersign:9000 is this server as your reverse proxy reaches it, 127.0.0.1:8080 the application.";

/// For each reverse proxy its settings.
pub(crate) fn guides(external: &Address) -> Vec<Snippet> {
    FILES
        .iter()
        .map(|(label, file)| Snippet { label, text: filled(label, file, external) })
        .collect()
}

fn filled(label: &str, file: &str, external: &Address) -> String {
    let host = &external.host;
    let port = host.as_str().strip_prefix(host.name()).and_then(|rest| rest.strip_prefix(':'));
    let secure = external.scheme == Scheme::Https;
    // Caddy gets its certificates by the address it is given, and listens where that says.
    let name = if label == "Caddy" && (port.is_some() || !secure) {
        external.origin()
    } else {
        host.name().to_owned()
    };
    let sign = if label.rsplit('.').next() == Some("lua") { "--" } else { "#" };
    let mut text = format!("{sign} {EXAMPLES}\n{}", file.replace(HOST, &name));
    let port = port.unwrap_or(if secure { "443" } else { "80" });
    let doors = [
        ("listen 443 ssl;", format!("listen {port} ssl;"), format!("listen {port};")),
        (
            "bind :443 ssl crt /etc/haproxy/app.pem",
            format!("bind :{port} ssl crt /etc/haproxy/app.pem"),
            format!("bind :{port}"),
        ),
        (
            "<VirtualHost *:443>",
            format!("<VirtualHost *:{port}>"),
            format!("<VirtualHost *:{port}>"),
        ),
    ];
    for (door, with, without) in doors {
        text = text.replace(door, if secure { &with } else { &without });
    }
    if secure {
        return text;
    }
    let is_of_tls = |line: &&str| OF_TLS.iter().any(|begin| line.trim_start().starts_with(begin));
    let mut plain: String =
        text.lines().filter(|line| !is_of_tls(line)).collect::<Vec<_>>().join("\n");
    plain.push('\n');
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::NAMES;

    fn printed(external: &str, label: &str) -> String {
        let all = guides(&Address::read(external).unwrap());
        all.into_iter().find(|one| one.label == label).unwrap().text
    }

    #[test]
    fn settings_name_the_host_and_listen_where_it_is() {
        for (label, file) in FILES {
            let text = printed("https://wiki.corp.test", label);
            assert!(!text.contains(HOST), "{label}");
            assert_eq!(text.contains("wiki.corp.test"), file.contains(HOST), "{label}");
        }
        let nginx = printed("http://wiki.corp.test:8088", "nginx");
        assert!(nginx.contains("listen 8088;") && nginx.contains("server_name wiki.corp.test;"));
        assert!(!nginx.contains("ssl_certificate"));
        assert!(printed("https://wiki.corp.test", "nginx").contains("listen 443 ssl;"));
        assert!(printed("https://wiki.corp.test:8443", "HAProxy").contains("bind :8443 ssl"));
        assert!(
            printed("http://wiki.corp.test:8088", "Caddy")
                .contains("\nhttp://wiki.corp.test:8088 {")
        );
        assert!(printed("https://wiki.corp.test", "Caddy").contains("\nwiki.corp.test {"));
        let apache = printed("http://wiki.corp.test", "Apache");
        assert!(apache.contains("<VirtualHost *:80>") && !apache.contains("SSL"));
    }

    #[test]
    fn each_says_what_comes_of_every_identity_header() {
        for (label, file) in FILES {
            let all = file.to_ascii_lowercase();
            // Those three take what begins so.
            let by_prefix = ["Envoy", "HAProxy: countersign-haproxy.lua"].contains(&label);
            let elsewhere = ["HAProxy", "Apache"].contains(&label);
            for name in NAMES {
                assert!(by_prefix || elsewhere || all.contains(name), "{label}: {name}");
            }
        }
    }

    #[test]
    fn the_guide_has_the_same_settings() {
        let guide = include_str!("../../../docs/proxy.md");
        for (label, file) in FILES {
            if !label.contains(".lua")
                && !["Traefik (labels)", "Traefik (Kubernetes)"].contains(&label)
            {
                assert!(guide.contains(file), "docs/proxy.md does not have the file for {label}");
            }
        }
    }
}
