//! Where containers of outposts could run. This server starts none: these objects are kept for
//! those who manage them by Terraform or blueprints, and their state says so.

use countersign_catalogue::CertificateKeyPair;
use countersign_model::{
    Draft, ErrorNode, FieldErrors, FieldMeta, FieldValue, Fields, Kind, ObjectId, Problem, Ref,
    SealError, Sealer, Secret, Shape,
};
use serde_json::{Value, json};

/// What all connections have: the fields of `outposts/service_connections/all/`.
#[derive(Debug, Clone, Fields)]
#[kind(
    members = dyn ServiceConnection,
    path = "outposts/service_connections/all",
    model = "authentik_outposts.outpostserviceconnection",
    schema = "ServiceConnection",
    title = "Outpost Service-Connection",
    space = "service_connection",
    lookup = "uuid",
    ordering = "name"
)]
struct Common {
    #[field(unique = "Outpost Service-Connection with this name already exists.", search, filter)]
    name: String,
    #[field(default = false)]
    local: bool,
}

/// A place at which containers can run.
pub trait ServiceConnection: Send + Sync {}

/// A Docker host. It is kept, and not used: this server starts no containers.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn ServiceConnection,
    path = "outposts/service_connections/docker",
    model = "authentik_outposts.dockerserviceconnection",
    schema = "DockerServiceConnection",
    title = "Docker Service-Connection",
    component = "ak-service-connection-docker-form"
)]
pub struct DockerConnection {
    #[field(label = "Name", unique, search, filter)]
    pub name: String,
    #[field(
        label = "Local",
        help = "The Docker host of the machine that this server runs on.",
        default = false,
        filter
    )]
    pub local: bool,
    #[field(
        label = "Docker URL",
        help = "As unix:///var/run/docker.sock, or https://host:2376.",
        search,
        filter
    )]
    pub url: String,
    #[field(
        label = "TLS Verification Certificate",
        help = "The CA that the certificate of the Docker host is of.",
        filter
    )]
    pub tls_verification: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "TLS Authentication Certificate",
        help = "Shown to the Docker host.",
        choose(query = "has_key=true"),
        filter
    )]
    pub tls_authentication: Option<Ref<CertificateKeyPair>>,
}

impl ServiceConnection for DockerConnection {}

/// A Kubernetes cluster. It is kept, and not used: this server starts no containers.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn ServiceConnection,
    path = "outposts/service_connections/kubernetes",
    model = "authentik_outposts.kubernetesserviceconnection",
    schema = "KubernetesServiceConnection",
    title = "Kubernetes Service-Connection",
    component = "ak-service-connection-kubernetes-form",
    check = KubernetesConnection::check
)]
pub struct KubernetesConnection {
    #[field(label = "Name", unique, search, filter)]
    pub name: String,
    #[field(
        label = "Local",
        help = "The cluster that this server runs in.",
        default = false,
        filter
    )]
    pub local: bool,
    #[field(
        label = "Kubeconfig",
        help = "As JSON. Empty for the cluster that this server runs in.",
        default
    )]
    pub kubeconfig: Kubeconfig,
    #[field(label = "Verify Kubernetes API SSL Certificate", default = true, filter)]
    pub verify_ssl: bool,
}

impl ServiceConnection for KubernetesConnection {}

impl KubernetesConnection {
    fn check(&self, _: &Draft, _: ObjectId, errors: &mut FieldErrors) {
        let mut wrong = |text: &str| errors.add("kubeconfig", Problem::new("invalid", text));
        match self.kubeconfig.map() {
            Value::Object(map) if map.is_empty() => {
                if !self.local {
                    wrong(
                        "You can only use an empty kubeconfig when connecting to a local cluster.",
                    );
                }
            }
            config => {
                let is_list = |part| config.get(part).is_some_and(Value::is_array);
                if !["clusters", "contexts", "users"].into_iter().all(is_list) {
                    wrong("Invalid kubeconfig");
                }
            }
        }
    }
}

/// How a cluster is reached, with the keys to it: JSON, sealed where it rests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kubeconfig(Secret);

impl Kubeconfig {
    fn map(&self) -> Value {
        serde_json::from_str(self.0.expose()).unwrap_or_else(|_| json!({}))
    }
}

impl FieldValue for Kubeconfig {
    fn shape() -> Shape {
        Shape::SecretJson
    }

    fn parse(value: &Value, _: &FieldMeta) -> Result<Self, ErrorNode> {
        match value {
            Value::Object(_) => Ok(Kubeconfig(Secret::new(value.to_string()))),
            // As forms send it.
            Value::String(text) if text.trim().is_empty() => Ok(Kubeconfig::default()),
            Value::String(text) => match serde_json::from_str(text) {
                Ok(map @ Value::Object(_)) => Ok(Kubeconfig(Secret::new(map.to_string()))),
                _ => Err(Problem::new("invalid", "Invalid kubeconfig").into()),
            },
            Value::Null => Err(Problem::null().into()),
            _ => Err(Problem::new("invalid", "Invalid kubeconfig").into()),
        }
    }

    fn to_json(&self) -> Value {
        self.map()
    }

    fn to_stored(&self, sealer: &dyn Sealer) -> Value {
        Value::from(sealer.seal(self.0.expose()))
    }

    fn unseal(value: &Value, sealer: &dyn Sealer) -> Result<Value, SealError> {
        let Value::String(sealed) = value else { return Ok(value.clone()) };
        let opened = sealer.open(sealed)?;
        Ok(serde_json::from_str(opened.expose()).unwrap_or_else(|_| json!({})))
    }
}
