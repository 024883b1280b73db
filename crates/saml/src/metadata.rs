//! Metadata: what this side publishes, and what the other says of itself (SAML 2.0 metadata).

use crate::key::{Certificate, Signer, Trust};
use crate::names::{
    BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, DSIG, METADATA, PROTOCOL, name_id,
};
use crate::refusal::{Fault, Refusal};
use crate::signature::enveloped;
use crate::write::Element;
use crate::xml::{self, Node, Tree};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What an identity provider publishes.
#[derive(Clone)]
pub struct IdentityProvider {
    /// Of the document.
    pub id: String,
    pub entity_id: String,
    pub wants_signed_requests: bool,
    pub signer: Option<Signer>,
    /// Binding and address, in the order they are listed.
    pub single_sign_on: Vec<(&'static str, String)>,
    pub single_logout: Vec<(&'static str, String)>,
}

fn endpoint(name: &'static str) -> impl Fn(&(&'static str, String)) -> Element {
    move |(binding, location)| {
        Element::new(name).attribute("Binding", *binding).attribute("Location", location)
    }
}

fn document(
    id: &str,
    entity_id: &str,
    descriptor: Element,
    signer: Option<&Signer>,
) -> Result<String, Fault> {
    let xml = Element::new("md:EntityDescriptor")
        .attribute("xmlns:md", METADATA)
        .attribute("ID", id)
        .attribute("entityID", entity_id)
        .children(signer.map(|signer| signer.template(id)))
        .child(descriptor)
        .xml();
    match signer {
        Some(signer) => signer.sign(xml),
        None => Ok(xml),
    }
}

impl IdentityProvider {
    /// The document, signed where there is a signer.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn document(&self) -> Result<String, Fault> {
        let formats = [name_id::EMAIL, name_id::PERSISTENT, name_id::X509, name_id::TRANSIENT];
        let descriptor = Element::new("md:IDPSSODescriptor")
            .optional("WantAuthnRequestsSigned", self.wants_signed_requests.then_some("true"))
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .children(self.signer.as_ref().map(|signer| key("signing", signer.certificate())))
            .children(self.single_logout.iter().map(endpoint("md:SingleLogoutService")))
            .children(formats.map(|format| Element::new("md:NameIDFormat").text(format)))
            .children(self.single_sign_on.iter().map(endpoint("md:SingleSignOnService")));
        document(&self.id, &self.entity_id, descriptor, self.signer.as_ref())
    }
}

/// What a service provider publishes.
#[derive(Clone)]
pub struct Consumer {
    /// Of the document.
    pub id: String,
    pub entity_id: String,
    pub signer: Option<Signer>,
    /// Assertions are encrypted to it.
    pub encryption: Option<Certificate>,
    pub name_id_format: &'static str,
    /// Where assertions are taken, as forms.
    pub acs: String,
    /// Binding and address, in the order they are listed.
    pub single_logout: Vec<(&'static str, String)>,
}

impl Consumer {
    /// The document, signed where there is a signer.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn document(&self) -> Result<String, Fault> {
        let service = endpoint("md:AssertionConsumerService")(&(BINDING_POST, self.acs.clone()))
            .attribute("index", "0")
            .attribute("isDefault", "true");
        let signer = self.signer.as_ref();
        let descriptor = Element::new("md:SPSSODescriptor")
            .optional("AuthnRequestsSigned", signer.map(|_| "true"))
            .attribute("WantAssertionsSigned", "true")
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .children(signer.map(|signer| key("signing", signer.certificate())))
            .children(self.encryption.as_ref().map(|own| key("encryption", own)))
            .children(self.single_logout.iter().map(endpoint("md:SingleLogoutService")))
            .child(Element::new("md:NameIDFormat").text(self.name_id_format))
            .child(service);
        document(&self.id, &self.entity_id, descriptor, signer)
    }
}

fn key(use_: &str, certificate: &Certificate) -> Element {
    let data = Element::new("ds:X509Data")
        .child(Element::new("ds:X509Certificate").text(certificate.base64()));
    Element::new("md:KeyDescriptor")
        .attribute("use", use_)
        .child(Element::new("ds:KeyInfo").attribute("xmlns:ds", DSIG).child(data))
}

/// How an application takes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    Redirect,
    Post,
    Soap,
}

impl Binding {
    fn of(uri: &str) -> Option<Binding> {
        match uri {
            BINDING_REDIRECT => Some(Binding::Redirect),
            BINDING_POST => Some(Binding::Post),
            BINDING_SOAP => Some(Binding::Soap),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub binding: Binding,
    pub location: String,
}

/// What an application says of itself.
#[derive(Clone)]
pub struct ServiceProvider {
    pub entity_id: String,
    pub consumer: Endpoint,
    /// Where browsers bring messages about signing out.
    pub logout: Option<Endpoint>,
    /// Where servers send them.
    pub logout_soap: Option<String>,
    pub signing: Option<Certificate>,
    pub encryption: Option<Certificate>,
    pub signs_requests: bool,
    pub wants_signed_assertions: bool,
}

/// Reads the metadata of an application. Its own signature, which has to hold where there is one,
/// says that it came as it was made; who made it is for whoever imports it to know.
///
/// # Errors
/// The rule it breaks.
pub fn read(bytes: &[u8]) -> Result<ServiceProvider, Refusal> {
    let tree = Tree::parse(bytes, xml::METADATA)?;
    let (entity_id, descriptor) =
        described(&tree, "SPSSODescriptor", || Refusal::NoServiceProvider)?;
    let signing = certificate(descriptor, "signing")?;
    let consumers = endpoints(descriptor, "AssertionConsumerService");
    if consumers.is_empty() {
        return Err(Refusal::NoConsumer);
    }
    let usable = |(node, endpoint): &(Node<'_, '_>, Option<Endpoint>)| {
        let endpoint = endpoint.clone().filter(|endpoint| endpoint.binding != Binding::Soap)?;
        Some((node.attribute("isDefault") == Some("true"), endpoint))
    };
    let mut usable: Vec<(bool, Endpoint)> = consumers.iter().filter_map(usable).collect();
    usable.sort_by_key(|(default, _)| !default);
    let consumer = usable.into_iter().next().map(|(_, endpoint)| endpoint);
    let (browser, soap) = logout(descriptor);
    Ok(ServiceProvider {
        entity_id,
        consumer: consumer.ok_or(Refusal::BadValue("AssertionConsumerService"))?,
        logout: browser,
        logout_soap: soap.map(|endpoint| endpoint.location),
        encryption: certificate(descriptor, "encryption")?,
        signing,
        signs_requests: flag(descriptor, "AuthnRequestsSigned"),
        wants_signed_assertions: flag(descriptor, "WantAssertionsSigned"),
    })
}

/// What an identity provider says of itself.
#[derive(Clone)]
pub struct Upstream {
    pub entity_id: String,
    /// Where browsers bring requests; one that takes addresses before one that takes forms.
    pub sign_on: Endpoint,
    /// Where browsers bring messages about signing out.
    pub logout: Option<Endpoint>,
    /// What it signs with.
    pub signing: Certificate,
    pub wants_signed_requests: bool,
    /// As it lists them.
    pub name_id_formats: Vec<String>,
}

/// Reads the metadata of an identity provider; of its own signature see [`read`].
///
/// # Errors
/// The rule it breaks.
pub fn read_upstream(bytes: &[u8]) -> Result<Upstream, Refusal> {
    let tree = Tree::parse(bytes, xml::METADATA)?;
    let (entity_id, descriptor) =
        described(&tree, "IDPSSODescriptor", || Refusal::NoIdentityProvider)?;
    let mut sign_on: Vec<Endpoint> = endpoints(descriptor, "SingleSignOnService")
        .into_iter()
        .filter_map(|(_, endpoint)| endpoint.filter(|one| one.binding != Binding::Soap))
        .collect();
    sign_on.sort_by_key(|endpoint| endpoint.binding != Binding::Redirect);
    let formats = descriptor.all(METADATA, "NameIDFormat").filter_map(Node::text);
    Ok(Upstream {
        entity_id,
        sign_on: sign_on.into_iter().next().ok_or(Refusal::NoSignOn)?,
        logout: logout(descriptor).0,
        signing: certificate(descriptor, "signing")?.ok_or(Refusal::NoCertificate)?,
        wants_signed_requests: flag(descriptor, "WantAuthnRequestsSigned"),
        name_id_formats: formats.collect(),
    })
}

/// The one entity of a document that has this role, with its descriptor. A signature of its own has
/// to hold.
fn described<'t, 'a>(
    tree: &'t Tree<'a>,
    role: &'static str,
    missing: fn() -> Refusal,
) -> Result<(String, Node<'t, 'a>), Refusal> {
    let entity = entity(tree, role, missing)?;
    let entity_id = entity.attribute("entityID").filter(|id| !id.is_empty());
    let entity_id = entity_id.ok_or(Refusal::BadValue("entityID"))?.to_owned();
    let descriptor = entity.all(METADATA, role).next().ok_or_else(missing)?;
    if let Some(certificate) = certificate(descriptor, "signing")?
        && entity.child(DSIG, "Signature")?.is_some()
    {
        let own = Trust::new(certificate);
        enveloped(entity, &own).map_err(|_| Refusal::MetadataSignature)?;
    }
    Ok((entity_id, descriptor))
}

fn entity<'t, 'a>(
    tree: &'t Tree<'a>,
    role: &'static str,
    missing: fn() -> Refusal,
) -> Result<Node<'t, 'a>, Refusal> {
    let root = tree.root();
    if root.is(METADATA, "EntityDescriptor") {
        return Ok(root);
    }
    if !root.is(METADATA, "EntitiesDescriptor") {
        return Err(Refusal::WrongMessage("EntityDescriptor"));
    }
    let mut entities = root
        .all(METADATA, "EntityDescriptor")
        .filter(|entity| entity.all(METADATA, role).next().is_some());
    match (entities.next(), entities.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Refusal::SeveralEntities),
        (None, _) => Err(missing()),
    }
}

fn flag(descriptor: Node<'_, '_>, name: &str) -> bool {
    descriptor.attribute(name).is_some_and(|flag| flag == "true" || flag == "1")
}

/// Where messages about signing out go: by browsers, and from server to server.
fn logout(descriptor: Node<'_, '_>) -> (Option<Endpoint>, Option<Endpoint>) {
    let all = endpoints(descriptor, "SingleLogoutService").into_iter();
    let (soap, browser): (Vec<Endpoint>, Vec<Endpoint>) = all
        .filter_map(|(_, endpoint)| endpoint)
        .partition(|endpoint| endpoint.binding == Binding::Soap);
    (browser.into_iter().next(), soap.into_iter().next())
}

fn endpoints<'t, 'a>(
    descriptor: Node<'t, 'a>,
    name: &'static str,
) -> Vec<(Node<'t, 'a>, Option<Endpoint>)> {
    let read = |node: Node<'t, 'a>| {
        let binding = node.attribute("Binding").and_then(Binding::of);
        let location = node.attribute("Location").map(str::trim).filter(|at| !at.is_empty());
        let endpoint = binding
            .zip(location)
            .map(|(binding, location)| Endpoint { binding, location: location.to_owned() });
        (node, endpoint)
    };
    descriptor.all(METADATA, name).map(read).collect()
}

/// The first certificate for this use; one without a use is for both.
fn certificate(descriptor: Node<'_, '_>, wanted: &str) -> Result<Option<Certificate>, Refusal> {
    let mut keys = descriptor
        .all(METADATA, "KeyDescriptor")
        .filter(|key| key.attribute("use").is_none_or(|use_| use_ == wanted));
    let Some(key) = keys.next() else { return Ok(None) };
    let data = key.needed(DSIG, "KeyInfo")?.all(DSIG, "X509Data").next();
    let Some(held) = data.and_then(|data| data.all(DSIG, "X509Certificate").next()) else {
        return Ok(None);
    };
    let text: String = held.text().unwrap_or_default().split_whitespace().collect();
    let der = STANDARD.decode(text).map_err(|_| Refusal::BadValue("X509Certificate"))?;
    Certificate::from_der(&der).map(Some).map_err(|_| Refusal::BadValue("X509Certificate"))
}
