//! Why a message of somebody else is not accepted, and why one of ours cannot be made.

use thiserror::Error;

/// A message that is not accepted. Each rule has a name of its own ([`Refusal::code`]); the text
/// says what is wrong to who runs the other side.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("The SAML request payload is missing.")]
    Missing,
    #[error("Cannot decode SAML request.")]
    Undecodable,
    #[error("The parameter {0} was sent more than once.")]
    Repeated(&'static str),
    #[error("The message is larger than 64 KiB.")]
    TooLarge,
    #[error("RelayState is longer than {limit} bytes.", limit = crate::binding::MAX_RELAY_STATE)]
    RelayState,
    #[error("The message is not well-formed XML in UTF-8.")]
    NotXml,
    #[error("The message contains a document type declaration.")]
    Doctype,
    #[error("The message contains a comment or a processing instruction.")]
    Comment,
    #[error("The elements of the message are nested too deeply.")]
    TooDeep,
    #[error("The message has too many elements or attributes.")]
    TooMany,
    #[error("Two elements of the message have the same ID.")]
    DuplicateId,
    #[error("Expected a {0} message.")]
    WrongMessage(&'static str),
    #[error("The message is not of SAML version 2.0.")]
    Version,
    #[error("The message has no ID.")]
    NoId,
    #[error("The ID of the message is not a valid one: {0}.")]
    BadId(String),
    #[error("The element {0} is in the message more than once.")]
    RepeatedElement(&'static str),
    #[error("The element {0} is missing.")]
    MissingElement(&'static str),
    #[error("{0} has a value that cannot be read.")]
    BadValue(&'static str),
    #[error("The message is meant for another address: {0}.")]
    Destination(String),
    #[error("The message is signed and does not say which address it is meant for.")]
    NoDestination,
    #[error("The message is of somebody else: {0}.")]
    Issuer(String),
    #[error("The message was made in the future: {0}. Are both clocks right?")]
    Future(String),
    #[error("The message is too old: {0}. Are both clocks right?")]
    Expired(String),
    #[error("ACS URL of {asked} doesn't match Provider ACS URL of {configured}.")]
    AcsUrl { asked: String, configured: String },
    #[error("Assertion contains NameID with unsupported format {0}.")]
    NameIdFormat(String),
    #[error("Verification Certificate configured, but request is not signed.")]
    Unsigned,
    #[error("The message is signed more than once.")]
    SignedTwice,
    #[error("The signature is not where it belongs: directly in the element that it signs.")]
    SignaturePlace,
    #[error("The signature does not refer to the whole message, and to nothing else.")]
    SignatureReference,
    #[error("The signature uses transforms other than enveloped-signature and exclusive C14N.")]
    SignatureTransforms,
    #[error("The signature uses an algorithm that is not accepted here: {0}.")]
    SignatureAlgorithm(String),
    #[error("Failed to verify signature")]
    Signature,
    #[error("The name of the person is encrypted, which is not supported.")]
    EncryptedName,
    #[error("The message does not name a person.")]
    NoName,
    #[error("The same message has come before.")]
    Replayed,
    #[error("The message answers a request that is not known here: {0}.")]
    InResponseTo(String),
    #[error("no SPSSODescriptor objects found.")]
    NoServiceProvider,
    #[error("No AssertionConsumerService found.")]
    NoConsumer,
    #[error("Failed to verify Metadata signature")]
    MetadataSignature,
    #[error("The metadata describes several entities. Import the one that is meant.")]
    SeveralEntities,
    #[error("Request does not contain 'SAMLResponse'")]
    NoResponse,
    #[error("The identity provider signs nobody in: {code}{text}")]
    Status { code: String, text: String },
    #[error("Missing InResponseTo and IdP-initiated Logins are not allowed")]
    Unsolicited,
    #[error("Mismatched request ID")]
    RequestId,
    #[error("This source was moved or renamed while you were away. Begin again.")]
    Moved,
    #[error("An encryption keypair is configured, but the assertion is not encrypted.")]
    NotEncrypted,
    #[error("The assertion is encrypted, and no encryption keypair is configured.")]
    Encrypted,
    #[error("The assertion is encrypted in a way that is not accepted here: {0}.")]
    EncryptionAlgorithm(String),
    #[error("The assertion cannot be decrypted, or what is in it is not signed rightly.")]
    Decryption,
    #[error("An attribute is encrypted on its own, which is not supported.")]
    EncryptedAttribute,
    #[error("The assertion is not meant for this server, but for: {0}.")]
    Audience(String),
    #[error("The assertion is meant for another address: {0}.")]
    Recipient(String),
    #[error("The assertion does not say that whoever brings it is meant (bearer).")]
    NoConfirmation,
    #[error("The assertion is not good before {0}. Are both clocks right?")]
    NotYet(String),
    #[error("The assertion has a condition that is not known here: {0}.")]
    Condition(String),
    #[error("The session at the identity provider has ended: {0}.")]
    SessionEnded(String),
    #[error("no IDPSSODescriptor objects found.")]
    NoIdentityProvider,
    #[error("No SingleSignOnService found.")]
    NoSignOn,
    #[error("The metadata has no signing certificate.")]
    NoCertificate,
}

impl Refusal {
    /// What a person reads whom such a message came with: they cannot mend it, those who run the
    /// other side can, by the details.
    #[must_use]
    pub fn told(&self, name: &str) -> (String, [(&'static str, String); 2]) {
        let text = format!(
            "{name} sent a message that is not accepted here. Begin again; if this page comes back, send what stands below to the people who run {name}."
        );
        (text, [("What is wrong", self.to_string()), ("Rule", self.code().to_owned())])
    }

    /// The name of the rule.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::Missing => "saml.missing",
            Refusal::Undecodable => "saml.undecodable",
            Refusal::Repeated(_) => "saml.repeated_parameter",
            Refusal::TooLarge => "saml.too_large",
            Refusal::RelayState => "saml.relay_state",
            Refusal::NotXml => "saml.not_xml",
            Refusal::Doctype => "saml.doctype",
            Refusal::Comment => "saml.comment",
            Refusal::TooDeep => "saml.too_deep",
            Refusal::TooMany => "saml.too_many",
            Refusal::DuplicateId => "saml.duplicate_id",
            Refusal::WrongMessage(_) => "saml.wrong_message",
            Refusal::Version => "saml.version",
            Refusal::NoId => "saml.no_id",
            Refusal::BadId(_) => "saml.bad_id",
            Refusal::RepeatedElement(_) => "saml.repeated_element",
            Refusal::MissingElement(_) => "saml.missing_element",
            Refusal::BadValue(_) => "saml.bad_value",
            Refusal::Destination(_) => "saml.destination",
            Refusal::NoDestination => "saml.no_destination",
            Refusal::Issuer(_) => "saml.issuer",
            Refusal::Future(_) => "saml.future",
            Refusal::Expired(_) => "saml.expired",
            Refusal::AcsUrl { .. } => "saml.acs_url",
            Refusal::NameIdFormat(_) => "saml.name_id_format",
            Refusal::Unsigned => "saml.unsigned",
            Refusal::SignedTwice => "saml.signed_twice",
            Refusal::SignaturePlace => "saml.signature_place",
            Refusal::SignatureReference => "saml.signature_reference",
            Refusal::SignatureTransforms => "saml.signature_transforms",
            Refusal::SignatureAlgorithm(_) => "saml.signature_algorithm",
            Refusal::Signature => "saml.signature",
            Refusal::EncryptedName => "saml.encrypted_name",
            Refusal::NoName => "saml.no_name",
            Refusal::Replayed => "saml.replayed",
            Refusal::InResponseTo(_) => "saml.in_response_to",
            Refusal::NoServiceProvider => "saml.no_service_provider",
            Refusal::NoConsumer => "saml.no_consumer",
            Refusal::MetadataSignature => "saml.metadata_signature",
            Refusal::SeveralEntities => "saml.several_entities",
            Refusal::NoResponse => "saml.no_response",
            Refusal::Status { .. } => "saml.status",
            Refusal::Unsolicited => "saml.unsolicited",
            Refusal::RequestId => "saml.request_id",
            Refusal::Moved => "saml.moved",
            Refusal::NotEncrypted => "saml.not_encrypted",
            Refusal::Encrypted => "saml.encrypted",
            Refusal::EncryptionAlgorithm(_) => "saml.encryption_algorithm",
            Refusal::Decryption => "saml.decryption",
            Refusal::EncryptedAttribute => "saml.encrypted_attribute",
            Refusal::Audience(_) => "saml.audience",
            Refusal::Recipient(_) => "saml.recipient",
            Refusal::NoConfirmation => "saml.no_confirmation",
            Refusal::NotYet(_) => "saml.not_yet",
            Refusal::Condition(_) => "saml.condition",
            Refusal::SessionEnded(_) => "saml.session_ended",
            Refusal::NoIdentityProvider => "saml.no_identity_provider",
            Refusal::NoSignOn => "saml.no_sign_on",
            Refusal::NoCertificate => "saml.no_certificate",
        }
    }
}

/// A message of ours that cannot be made: its keys or algorithms do not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("the private key cannot be read")]
    PrivateKey,
    #[error("the certificate cannot be read")]
    Certificate,
    #[error("the private key does not belong to the certificate")]
    KeyOfAnother,
    #[error("{algorithm} cannot be used with a key of this kind")]
    Algorithm { algorithm: String },
    #[error("an assertion can be encrypted to RSA keys only")]
    Encryption,
    #[error("the message could not be signed or encrypted: {0}")]
    Library(String),
}
