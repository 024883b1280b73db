//! Metadata: what this side publishes, and what an application says of itself (SAML 2.0 metadata).

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

impl IdentityProvider {
    /// The document, signed where there is a signer.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn document(&self) -> Result<String, Fault> {
        let endpoint = |name: &'static str| {
            move |(binding, location): &(&'static str, String)| {
                Element::new(name).attribute("Binding", *binding).attribute("Location", location)
            }
        };
        let formats = [name_id::EMAIL, name_id::PERSISTENT, name_id::X509, name_id::TRANSIENT];
        let descriptor = Element::new("md:IDPSSODescriptor")
            .optional("WantAuthnRequestsSigned", self.wants_signed_requests.then_some("true"))
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .children(self.signer.as_ref().map(|signer| key(signer.certificate())))
            .children(self.single_logout.iter().map(endpoint("md:SingleLogoutService")))
            .children(formats.map(|format| Element::new("md:NameIDFormat").text(format)))
            .children(self.single_sign_on.iter().map(endpoint("md:SingleSignOnService")));
        let element = Element::new("md:EntityDescriptor")
            .attribute("xmlns:md", METADATA)
            .attribute("ID", &self.id)
            .attribute("entityID", &self.entity_id)
            .children(self.signer.as_ref().map(|signer| signer.template(&self.id)))
            .child(descriptor);
        let xml = element.xml();
        match &self.signer {
            Some(signer) => signer.sign(xml),
            None => Ok(xml),
        }
    }
}

fn key(certificate: &Certificate) -> Element {
    let data = Element::new("ds:X509Data")
        .child(Element::new("ds:X509Certificate").text(certificate.base64()));
    Element::new("md:KeyDescriptor")
        .attribute("use", "signing")
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
    let entity = entity(&tree)?;
    let entity_id = entity.attribute("entityID").filter(|id| !id.is_empty());
    let entity_id = entity_id.ok_or(Refusal::BadValue("entityID"))?.to_owned();
    let descriptor =
        entity.all(METADATA, "SPSSODescriptor").next().ok_or(Refusal::NoServiceProvider)?;
    let signing = certificate(descriptor, "signing")?;
    if !tree.signatures().is_empty()
        && let Some(certificate) = &signing
        && entity.child(DSIG, "Signature")?.is_some()
    {
        let own = Trust::new(certificate.clone());
        enveloped(entity, &own).map_err(|_| Refusal::MetadataSignature)?;
    }
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
    let logout = endpoints(descriptor, "SingleLogoutService").into_iter();
    let (soap, browser): (Vec<Endpoint>, Vec<Endpoint>) = logout
        .filter_map(|(_, endpoint)| endpoint)
        .partition(|endpoint| endpoint.binding == Binding::Soap);
    let flag = |name| descriptor.attribute(name).is_some_and(|flag| flag == "true" || flag == "1");
    Ok(ServiceProvider {
        entity_id,
        consumer: consumer.ok_or(Refusal::BadValue("AssertionConsumerService"))?,
        logout: browser.into_iter().next(),
        logout_soap: soap.into_iter().next().map(|endpoint| endpoint.location),
        encryption: certificate(descriptor, "encryption")?,
        signing,
        signs_requests: flag("AuthnRequestsSigned"),
        wants_signed_assertions: flag("WantAssertionsSigned"),
    })
}

fn entity<'t, 'a>(tree: &'t Tree<'a>) -> Result<Node<'t, 'a>, Refusal> {
    let root = tree.root();
    if root.is(METADATA, "EntityDescriptor") {
        return Ok(root);
    }
    if !root.is(METADATA, "EntitiesDescriptor") {
        return Err(Refusal::WrongMessage("EntityDescriptor"));
    }
    let mut applications = root
        .all(METADATA, "EntityDescriptor")
        .filter(|entity| entity.all(METADATA, "SPSSODescriptor").next().is_some());
    match (applications.next(), applications.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Refusal::SeveralEntities),
        (None, _) => Err(Refusal::NoServiceProvider),
    }
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
