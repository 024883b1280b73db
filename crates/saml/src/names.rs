//! Names that the standard fixes (SAML 2.0 core, bindings, metadata; XML Signature, Encryption).

pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
pub const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
pub const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

pub const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

pub const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
pub const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
pub const BINDING_SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";

pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
pub const LOGOUT_REASON_USER: &str = "urn:oasis:names:tc:SAML:2.0:logout:user";

/// How a person is named.
pub mod name_id {
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    pub const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    pub const X509: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
    /// The standard writes 1.1; the original 2.0, which its clients send.
    pub const WINDOWS: &str =
        "urn:oasis:names:tc:SAML:2.0:nameid-format:WindowsDomainQualifiedName";
    pub const WINDOWS_STANDARD: &str =
        "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName";
    pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
}

/// How somebody has signed in.
pub mod context {
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
    pub const TLS_CLIENT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient";
    pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    pub const PASSWORD_PROTECTED: &str =
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    pub const TWO_FACTORS: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
    pub const ONE_FACTOR: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileOneFactorContract";
}

/// What a response says of its request (core 3.2.2.2): the first of each is the outer status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    /// Nobody may be asked, and nobody is signed in.
    NoPassive,
    /// The person, or a policy, said no.
    RequestDenied,
    /// The name that was asked for cannot be given.
    InvalidNameIdPolicy,
    /// Some of the applications did not answer that they have signed the person out.
    PartialLogout,
    /// The request is not acceptable.
    Requester,
}

impl Status {
    pub const fn codes(self) -> (&'static str, Option<&'static str>) {
        const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
        const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
        match self {
            Status::Success => ("urn:oasis:names:tc:SAML:2.0:status:Success", None),
            Status::NoPassive => (RESPONDER, Some("urn:oasis:names:tc:SAML:2.0:status:NoPassive")),
            Status::RequestDenied => {
                (RESPONDER, Some("urn:oasis:names:tc:SAML:2.0:status:RequestDenied"))
            }
            Status::InvalidNameIdPolicy => {
                (REQUESTER, Some("urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"))
            }
            Status::PartialLogout => (
                "urn:oasis:names:tc:SAML:2.0:status:Success",
                Some("urn:oasis:names:tc:SAML:2.0:status:PartialLogout"),
            ),
            Status::Requester => (REQUESTER, None),
        }
    }
}
