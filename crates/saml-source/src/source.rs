//! What a SAML identity provider is set up with.

use countersign_catalogue::CertificateKeyPair;
use countersign_flow::Flow;
use countersign_model::{
    Choice, ChoiceValue as _, Draft, Duration, FieldErrors, Kind, Needed, ObjectId, Picture,
    Problem, Ref, Slug, Vanished, WebUrl,
};
use countersign_policy::{Mapping, PolicyEngineMode};
use countersign_saml::Fault;
use countersign_saml::key::{
    Certificate, DigestAlgorithm, Opener, SignatureAlgorithm, Signer, Trust,
};
use countersign_sources::{GroupMatchingMode, Source, UserMatchingMode};

/// How requests go to the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum BindingType {
    #[choice(value = "REDIRECT", label = "Redirect Binding")]
    Redirect,
    /// After the person has pressed a button.
    #[choice(value = "POST", label = "POST Binding")]
    Post,
    #[choice(value = "POST_AUTO", label = "POST Binding with auto-confirmation")]
    PostAuto,
}

/// The format in which the identity provider is asked to name people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum NameIdPolicy {
    #[choice(value = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", label = "Email")]
    Email,
    #[choice(value = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", label = "Persistent")]
    Persistent,
    #[choice(value = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName", label = "X509")]
    X509,
    #[choice(
        value = "urn:oasis:names:tc:SAML:2.0:nameid-format:WindowsDomainQualifiedName",
        label = "Windows"
    )]
    Windows,
    #[choice(value = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient", label = "Transient")]
    Transient,
}

impl NameIdPolicy {
    pub(crate) fn uri(self) -> &'static str {
        self.value()
    }
}

/// Lets people sign in by another SAML 2.0 identity provider.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Source,
    path = "sources/saml",
    model = "authentik_sources_saml.samlsource",
    title = "SAML Source",
    component = "ak-source-saml-form",
    columns = "name, slug, enabled, sso_url",
    section = "Directory",
    fold("Protocol settings", "What the identity provider’s metadata says"),
    fold("Advanced protocol settings", "Names, certificates, algorithms"),
    fold("Flow settings", "As they are shipped"),
    fold("Attribute mapping", "As the identity provider names them"),
    aside(
        "What happens next",
        "You give the identity provider’s owner the metadata of the source, at /source/saml/<slug>/metadata/, and put the source on the sign-in page in its identification stage."
    ),
    check = SAMLSource::check
)]
pub struct SAMLSource {
    #[field(search, filter)]
    pub name: String,
    #[field(
        label = "Slug",
        help = "Part of the addresses that the identity provider is given.",
        unique = "source with this slug already exists.",
        max_length = 50,
        search,
        filter
    )]
    pub slug: Slug,
    #[field(default = true, filter)]
    pub enabled: bool,
    #[field(
        label = "User matching mode",
        help = "How somebody who comes for the first time finds an account that is here already.",
        default = UserMatchingMode::Identifier,
        filter
    )]
    pub user_matching_mode: UserMatchingMode,
    #[field(
        label = "Group matching mode",
        help = "How a group of the identity provider finds one that is here already.",
        default = GroupMatchingMode::Identifier
    )]
    pub group_matching_mode: GroupMatchingMode,
    #[field(
        label = "User path",
        help = "The folder of accounts that the source makes.",
        default = countersign_sources::USER_PATH
    )]
    pub user_path_template: String,

    #[field(
        label = "SSO URL",
        help = "Where browsers bring requests: SingleSignOnService in the identity provider’s metadata.",
        placeholder = "https://idp.company/saml/sso",
        filter
    )]
    pub sso_url: WebUrl,
    #[field(
        label = "SLO URL",
        help = "Where browsers bring messages about signing out: SingleLogoutService with the binding HTTP-Redirect. Empty: signing out here does not end the session there.",
        filter
    )]
    pub slo_url: Option<WebUrl>,
    #[field(
        label = "Issuer",
        help = "Also known as Entity ID: what this server calls itself to the identity provider. Empty: the address of the source’s metadata.",
        group = "Protocol settings",
        default,
        filter
    )]
    pub issuer: String,
    #[field(
        label = "Identity provider’s issuer",
        help = "The entity ID of the identity provider: only what it issues counts. Empty: whatever the verification certificate has signed.",
        group = "Protocol settings",
        default
    )]
    pub idp_issuer: String,
    #[field(
        label = "Binding type",
        help = "How requests go there.",
        group = "Protocol settings",
        default = BindingType::Redirect,
        filter
    )]
    pub binding_type: BindingType,
    #[field(
        label = "Verification Certificate",
        help = "Responses have to be signed with it. Nobody signs in by the source without one.",
        guard,
        group = "Protocol settings",
        filter
    )]
    pub verification_kp: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Signing Keypair",
        help = "Signs requests to the identity provider, and this source’s metadata.",
        choose(query = "has_key=true"),
        needs = "key_data",
        group = "Protocol settings",
        filter
    )]
    pub signing_kp: Option<Ref<CertificateKeyPair>>,

    #[field(
        label = "Allow IDP-initiated logins",
        help = "Take responses that nobody here has asked for. Somebody could sign others in as themselves by that.",
        group = "Advanced protocol settings",
        default = false,
        filter
    )]
    pub allow_idp_initiated: bool,
    #[field(
        label = "NameID Policy",
        help = "How the identity provider is asked to name people. A transient name makes an account for that one session.",
        group = "Advanced protocol settings",
        default = NameIdPolicy::Persistent,
        filter
    )]
    pub name_id_policy: NameIdPolicy,
    #[field(
        label = "Delete temporary users after",
        help = "Accounts that transient names make are deleted after so long, and when they sign out.",
        group = "Advanced protocol settings",
        default = "days=1",
        filter
    )]
    pub temporary_user_delete_after: Duration,
    #[field(
        label = "Digest algorithm",
        group = "Advanced protocol settings",
        default = DigestAlgorithm::Sha256,
        filter
    )]
    pub digest_algorithm: DigestAlgorithm,
    #[field(
        label = "Signature algorithm",
        help = "Of the kind of the signing key. This server does not sign with SHA-1 or DSA.",
        group = "Advanced protocol settings",
        default = SignatureAlgorithm::RsaSha256,
        filter
    )]
    pub signature_algorithm: SignatureAlgorithm,
    #[field(
        label = "Encryption Keypair",
        help = "Assertions have to be encrypted to it. RSA only.",
        choose(query = "has_key=true"),
        needs = "key_data",
        guard,
        group = "Advanced protocol settings"
    )]
    pub encryption_kp: Option<Ref<CertificateKeyPair>>,

    #[field(
        label = "Pre-authentication flow",
        help = "Runs before a form is sent to the identity provider.",
        choose(
            query = "designation=stage_configuration",
            prefer("slug", "default-source-pre-authentication")
        ),
        group = "Flow settings",
        filter
    )]
    pub pre_authentication_flow: Needed<Ref<Flow>>,
    #[field(
        label = "Authentication flow",
        help = "Signs somebody in who has an account.",
        choose(
            query = "designation=authentication",
            prefer("slug", "default-source-authentication")
        ),
        group = "Flow settings",
        filter
    )]
    pub authentication_flow: Option<Ref<Flow>>,
    #[field(
        label = "Enrollment flow",
        help = "Makes an account for somebody who has none. Empty: nobody gets one by the source.",
        choose(query = "designation=enrollment", prefer("slug", "default-source-enrollment")),
        group = "Flow settings",
        filter
    )]
    pub enrollment_flow: Option<Ref<Flow>>,
    #[field(
        label = "User property mappings",
        help = "What becomes of what the identity provider says of a person.",
        choose(path = "propertymappings/source/saml"),
        group = "Attribute mapping",
        default
    )]
    pub user_property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(
        label = "Group property mappings",
        help = "What becomes of what it says of a group.",
        choose(path = "propertymappings/source/saml"),
        group = "Attribute mapping",
        default
    )]
    pub group_property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(label = "Policy engine mode", default = PolicyEngineMode::Any, filter)]
    pub policy_engine_mode: PolicyEngineMode,
    #[field(label = "Managed by authentik", read_only, unique, filter)]
    pub managed: Option<String>,
    #[field(label = "Icon", read_only, blank)]
    pub icon: Option<Picture>,
    /// Names the certificates that were deleted. Until they are set anew nobody signs in.
    #[field(label = "Vanished", read_only, default)]
    pub vanished: Vanished,
}

/// The keys of a source.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    pub(crate) signer: Option<Signer>,
    pub(crate) trust: Option<Trust>,
    pub(crate) opener: Option<Opener>,
    /// What assertions are encrypted to.
    pub(crate) encryption: Option<Certificate>,
}

impl SAMLSource {
    /// # Errors
    /// The field, and what is wrong with it.
    pub(crate) fn keys<'c>(
        &self,
        pair: impl Fn(Ref<CertificateKeyPair>) -> Option<&'c CertificateKeyPair>,
    ) -> Result<Keys, (&'static str, Fault)> {
        let found = |reference: Option<Ref<CertificateKeyPair>>| reference.and_then(&pair);
        let signer = found(self.signing_kp).map(|pair| {
            let (certificate, key) = (&pair.certificate_data, pair.key_data.expose());
            Signer::new(certificate, key, self.signature_algorithm, self.digest_algorithm)
        });
        let trust = found(self.verification_kp)
            .map(|pair| Certificate::from_pem(&pair.certificate_data).map(Trust::new));
        let own = found(self.encryption_kp);
        let opener = own.map(|pair| Opener::from_pem(pair.key_data.expose()));
        let encryption = own.map(|pair| Certificate::from_pem(&pair.certificate_data));
        let of_signer = |fault| match fault {
            Fault::Algorithm { .. } => ("signature_algorithm", fault),
            fault => ("signing_kp", fault),
        };
        Ok(Keys {
            signer: signer.transpose().map_err(of_signer)?,
            trust: trust.transpose().map_err(|fault| ("verification_kp", fault))?,
            opener: opener.transpose().map_err(|fault| ("encryption_kp", fault))?,
            encryption: encryption.transpose().map_err(|fault| ("encryption_kp", fault))?,
        })
    }

    fn check(&self, draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if let Err((field, fault)) = self.keys(|reference| draft.get(reference)) {
            errors.add(field, Problem::new("invalid", format!("This cannot be used: {fault}.")));
        }
    }
}

impl Source for SAMLSource {
    countersign_sources::shared!();

    fn login_path(&self) -> Option<String> {
        Some(format!("/source/saml/{}/", self.slug))
    }

    fn default_icon(&self) -> Option<&'static str> {
        None
    }

    fn settings_component(&self) -> &'static str {
        "ak-user-settings-source-saml"
    }
}
