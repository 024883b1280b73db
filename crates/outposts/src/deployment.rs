//! Texts by which an outpost is started: compose file, Kubernetes manifests, systemd units and
//! `docker run`. Pure: from what is known of an outpost they are made here alone.

use countersign_model::ChoiceValue as _;
use serde_json::Value;

use crate::outpost::OutpostType;

/// What stands in the texts where the token belongs.
pub(crate) const TOKEN: &str = "<token>";

/// What the texts are made from.
pub(crate) struct Facts<'a> {
    pub(crate) kind: OutpostType,
    /// What containers are called.
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) host: &'a str,
    pub(crate) browser_host: Option<&'a str>,
    pub(crate) insecure: bool,
    pub(crate) namespace: &'a str,
    pub(crate) replicas: i64,
}

/// One way to start it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) label: &'static str,
    /// What it is saved as.
    pub(crate) file: String,
    pub(crate) text: String,
}

/// A port of an outpost: its name, where it listens, where clients expect it, and the transport.
#[derive(Clone, Copy)]
struct Port {
    name: &'static str,
    inside: u16,
    outside: u16,
    transport: &'static str,
}

const fn tcp(name: &'static str, inside: u16, outside: u16) -> Port {
    Port { name, inside, outside, transport: "TCP" }
}

const fn ports(kind: OutpostType) -> &'static [Port] {
    const PROXY: [Port; 2] = [tcp("http", 9000, 9000), tcp("https", 9443, 9443)];
    const LDAP: [Port; 2] = [tcp("ldap", 3389, 389), tcp("ldaps", 6636, 636)];
    const RADIUS: [Port; 1] =
        [Port { name: "radius", inside: 1812, outside: 1812, transport: "UDP" }];
    match kind {
        OutpostType::Proxy => &PROXY,
        OutpostType::Ldap => &LDAP,
        OutpostType::Radius => &RADIUS,
        OutpostType::Rac => &[],
    }
}

/// A name as containers and objects of a cluster may have it (RFC 1123, section 2.1).
pub(crate) fn object_name(text: &str) -> String {
    let mut name = String::new();
    for letter in text.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => name.push(letter),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    let cut: String = name.chars().take(63).collect();
    cut.trim_end_matches('-').to_owned()
}

impl Facts<'_> {
    pub(crate) fn texts(&self) -> Vec<Text> {
        let name = &self.name;
        vec![
            Text { label: "Docker Compose", file: "compose.yaml".to_owned(), text: self.compose() },
            Text { label: "Kubernetes", file: format!("{name}.yaml"), text: self.kubernetes() },
            Text { label: "systemd", file: format!("{name}.service"), text: self.systemd() },
            Text { label: "docker run", file: format!("{name}.sh"), text: self.docker_run() },
            Text {
                label: "systemd, with Countersign’s own program",
                file: format!("{name}.service"),
                text: self.own_program(),
            },
        ]
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("AUTHENTIK_HOST", self.host.to_owned()),
            ("AUTHENTIK_INSECURE", self.insecure.to_string()),
            ("AUTHENTIK_TOKEN", TOKEN.to_owned()),
        ];
        all.extend(self.browser_host.map(|host| ("AUTHENTIK_HOST_BROWSER", host.to_owned())));
        all
    }

    fn compose(&self) -> String {
        let published: String = ports(self.kind)
            .iter()
            .map(|port| format!("      - {}\n", yaml(&published(*port))))
            .collect();
        let environment: String = self
            .environment()
            .iter()
            .map(|(name, value)| format!("      {name}: {}\n", yaml(value)))
            .collect();
        let (name, image) = (&self.name, yaml(&self.image));
        format!(
            "# Without a container, Countersign’s own program does the same: countersign outpost {}\n\
             services:\n  {name}:\n    image: {image}\n    restart: unless-stopped\n    ports:\n{published}    environment:\n{environment}",
            self.kind.value(),
        )
    }

    /// Without a container: this program itself, as an outpost.
    fn own_program(&self) -> String {
        let (name, kind) = (&self.name, self.kind.value());
        let variables: String =
            self.environment().iter().map(|(name, value)| format!("# {name}={value}\n")).collect();
        let listens: String = ports(self.kind)
            .iter()
            .map(|port| {
                let Port { name, outside, .. } = port;
                format!("# AUTHENTIK_LISTEN__{}=0.0.0.0:{outside}\n", name.to_uppercase())
            })
            .collect();
        format!(
            "# The variables are in /etc/{name}.env, which only root may read (chmod 600):\n{variables}{listens}\n\
             [Unit]\nDescription=Outpost {name}\nAfter=network-online.target\nWants=network-online.target\n\n\
             [Service]\nDynamicUser=yes\nStateDirectory={name}\nEnvironmentFile=/etc/{name}.env\n\
             Environment=COUNTERSIGN_DATA_DIR=/var/lib/{name}\n\
             ExecStart=/usr/local/bin/countersign outpost {kind}\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n\
             Restart=always\nRestartSec=5\n\n\
             [Install]\nWantedBy=multi-user.target\n"
        )
    }

    fn docker_run(&self) -> String {
        let mut lines =
            vec![format!("docker run --detach --restart unless-stopped --name {}", self.name)];
        lines.extend(
            ports(self.kind).iter().map(|port| format!("  --publish {}", published(*port))),
        );
        let variables = self.environment();
        lines.extend(
            variables.iter().map(|(name, value)| format!("  --env {name}={}", shell(value))),
        );
        lines.push(format!("  {}", shell(&self.image)));
        lines.join(" \\\n") + "\n"
    }

    fn systemd(&self) -> String {
        let (name, image) = (&self.name, &self.image);
        let published: String = ports(self.kind)
            .iter()
            .map(|port| format!(" --publish {}", published(*port)))
            .collect();
        let variables: String =
            self.environment().iter().map(|(name, value)| format!("# {name}={value}\n")).collect();
        format!(
            "# The variables are in /etc/{name}.env, which only root may read (chmod 600):\n{variables}\n\
             [Unit]\nDescription=Outpost {name}\nAfter=docker.service network-online.target\nRequires=docker.service\n\n\
             [Service]\nExecStartPre=-/usr/bin/docker rm --force {name}\n\
             ExecStart=/usr/bin/docker run --rm --name {name} --env-file /etc/{name}.env{published} {image}\n\
             ExecStop=/usr/bin/docker stop {name}\nRestart=always\nRestartSec=5\n\n\
             [Install]\nWantedBy=multi-user.target\n"
        )
    }

    fn kubernetes(&self) -> String {
        let Facts { name, namespace, replicas, .. } = self;
        let (namespace, image) = (yaml(namespace), yaml(&self.image));
        let secrets = [
            ("authentik_host", Some(self.host.to_owned())),
            ("authentik_host_insecure", Some(self.insecure.to_string())),
            ("authentik_host_browser", self.browser_host.map(str::to_owned)),
            ("token", Some(TOKEN.to_owned())),
        ];
        let variables = [
            ("AUTHENTIK_HOST", "authentik_host"),
            ("AUTHENTIK_INSECURE", "authentik_host_insecure"),
            ("AUTHENTIK_HOST_BROWSER", "authentik_host_browser"),
            ("AUTHENTIK_TOKEN", "token"),
        ];
        let known: Vec<(&str, String)> =
            secrets.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let secret: String =
            known.iter().map(|(name, value)| format!("  {name}: {}\n", yaml(value))).collect();
        let is_known = |key: &str| known.iter().any(|(name, _)| *name == key);
        let environment: String = variables
            .iter()
            .filter(|(_, key)| is_known(key))
            .map(|(variable, key)| {
                format!(
                    "            - name: {variable}\n              valueFrom:\n                secretKeyRef: {{ name: {name}, key: {key} }}\n"
                )
            })
            .collect();
        let container_ports: String = ports(self.kind)
            .iter()
            .map(|port| {
                let Port { name, inside, transport, .. } = port;
                format!("            - {{ name: {name}, containerPort: {inside}, protocol: {transport} }}\n")
            })
            .collect();
        let service_ports: String = ports(self.kind)
            .iter()
            .map(|port| {
                let Port { name, outside, transport, .. } = port;
                format!("    - {{ name: {name}, port: {outside}, targetPort: {name}, protocol: {transport} }}\n")
            })
            .collect();
        let metadata = format!("metadata:\n  name: {name}\n  namespace: {namespace}\n");
        let labels = format!("app.kubernetes.io/name: {name}");
        format!(
            "apiVersion: v1\nkind: Secret\n{metadata}stringData:\n{secret}---\n\
             apiVersion: apps/v1\nkind: Deployment\n{metadata}spec:\n  replicas: {replicas}\n  selector:\n    matchLabels: {{ {labels} }}\n  template:\n    metadata:\n      labels: {{ {labels} }}\n    spec:\n      containers:\n        - name: outpost\n          image: {image}\n          ports:\n{container_ports}          env:\n{environment}---\n\
             apiVersion: v1\nkind: Service\n{metadata}spec:\n  selector: {{ {labels} }}\n  ports:\n{service_ports}"
        )
    }
}

fn published(port: Port) -> String {
    let Port { inside, outside, transport, .. } = port;
    if transport == "UDP" {
        format!("{outside}:{inside}/udp")
    } else {
        format!("{outside}:{inside}")
    }
}

/// JSON texts are YAML texts (YAML 1.2, section 1.3).
fn yaml(text: &str) -> String {
    Value::from(text).to_string()
}

fn shell(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: OutpostType) -> Facts<'static> {
        Facts {
            kind,
            name: object_name("ak-outpost-Büro \"West\""),
            image: "ghcr.io/goauthentik/ldap:2025.4.0".to_owned(),
            host: "https://id.example.org/a'b\"c",
            browser_host: Some("https://login.example.org/"),
            insecure: false,
            namespace: "default",
            replicas: 2,
        }
    }

    #[test]
    fn names_are_names_of_hosts() {
        for (text, name) in [
            ("ak-outpost-Büro \"West\"", "ak-outpost-b-ro-west"),
            ("--a--", "a"),
            ("", ""),
            (&"a".repeat(70), &"a".repeat(63)),
        ] {
            assert_eq!(object_name(text), name);
        }
    }

    #[test]
    fn every_text_has_the_token_once_and_quotes_what_it_is_given() {
        for kind in [OutpostType::Proxy, OutpostType::Ldap, OutpostType::Radius] {
            let texts = facts(kind).texts();
            for Text { label, text, .. } in &texts {
                assert_eq!(text.matches(TOKEN).count(), 1, "{label}: {text}");
                assert!(text.contains("login.example.org"), "{label}");
            }
            let of = |label: &str| &texts.iter().find(|text| text.label == label).unwrap().text;
            assert!(
                of("Docker Compose").contains(r#"AUTHENTIK_HOST: "https://id.example.org/a'b\"c""#)
            );
            assert!(
                of("docker run").contains(r#"AUTHENTIK_HOST='https://id.example.org/a'\''b"c'"#)
            );
        }
        let radius = facts(OutpostType::Radius).docker_run();
        assert!(radius.contains("--publish 1812:1812/udp"), "{radius}");
    }
}
