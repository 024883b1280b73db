//! Applications learn that a session has ended, whichever way it did: by SOAP from server to
//! server, or by a message that the person's browser brings (core 3.7.3.2, bindings 3.2, 3.4, 3.5).

use countersign_catalogue::sign_out::{
    BackChannel, Carried, Ended, FrontChannel, Outcome, SignOut,
};
use countersign_model::Choice;
use countersign_outbound::Request;
use countersign_saml::binding::{Which, from_soap, to_address, to_form, to_soap};
use countersign_saml::key::Signer;
use countersign_saml::logout;
use countersign_saml::request::Peer;
use countersign_saml::response::{Envelope, NameId};
use http::{Method, StatusCode};

use crate::found::Found;
use crate::provider::{Keys, SAMLProvider, SpBinding};

/// How long a message about a session that has ended counts.
const SECONDS: i64 = 300;

/// How an application learns that somebody has signed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogoutMethod {
    #[choice(value = "frontchannel_iframe", label = "Front-channel: the browser loads it unseen")]
    FrontchannelIframe,
    #[choice(
        value = "frontchannel_native",
        label = "Front-channel: the browser is sent there and back"
    )]
    FrontchannelNative,
    #[choice(value = "backchannel", label = "Back-channel: this server sends a message by SOAP")]
    Backchannel,
}

impl SAMLProvider {
    pub(crate) fn ends_sessions(&self) -> SignOut<'_> {
        let method = self.logout_method.unwrap_or(if self.sls_soap_url.is_empty() {
            LogoutMethod::FrontchannelIframe
        } else {
            LogoutMethod::Backchannel
        });
        match (method, self.sls_binding) {
            (LogoutMethod::Backchannel, _) if self.sls_soap_url.is_empty() => SignOut::Unaware,
            (LogoutMethod::Backchannel, _) => SignOut::Server(self),
            _ if self.sls_url.is_empty() => SignOut::Unaware,
            (LogoutMethod::FrontchannelIframe, SpBinding::Redirect) => SignOut::Frame(self),
            // A form is sent by a page of ours, which no frame shows.
            _ => SignOut::Visit(self),
        }
    }
}

/// A provider with what makes its messages.
struct Sender {
    found: Found,
    keys: Keys,
}

impl Sender {
    fn of(ended: &Ended<'_>) -> Result<Sender, String> {
        let found = Found::by_reference(ended.snapshot, ended.provider.cast());
        let found = found.ok_or("the provider is gone")?;
        let keys = found.settings.keys(|pair| found.pair(pair));
        let keys = keys.map_err(|(_, fault)| format!("the provider cannot sign: {fault}"))?;
        Ok(Sender { found, keys })
    }

    fn signer(&self) -> Option<&Signer> {
        self.keys.signer.as_ref().filter(|_| self.found.settings.sign_logout_request)
    }

    /// `signer`: where the binding puts the signature inside.
    fn request(
        &self,
        ended: &Ended<'_>,
        to: &str,
        signer: Option<&Signer>,
    ) -> Result<String, String> {
        let participant = ended.participant;
        let envelope = Envelope {
            id: ended.id.clone(),
            now: ended.now,
            issuer: self.found.settings.issuer.clone(),
            destination: to.to_owned(),
            in_response_to: None,
        };
        let (format, value) = (participant.format.clone(), participant.subject.clone());
        let name = NameId { format, value, ..NameId::default() };
        let until = ended.now.plus_seconds(SECONDS);
        logout::request(&envelope, &name, Some(&participant.index), until, signer)
            .map_err(|fault| format!("the provider cannot sign: {fault}"))
    }
}

impl BackChannel for SAMLProvider {
    fn message(&self, ended: &Ended<'_>) -> Result<Request, String> {
        let sender = Sender::of(ended)?;
        let xml = sender.request(ended, &self.sls_soap_url, sender.signer())?;
        Request::new(Method::POST, &*self.sls_soap_url, to_soap(&xml).into_bytes())
            .header("Content-Type", "text/xml; charset=utf-8")
            .and_then(|request| {
                request.header("SOAPAction", "http://www.oasis-open.org/committees/security")
            })
            .map_err(|error| error.to_string())
    }

    fn read(&self, ended: &Ended<'_>, status: StatusCode, body: &[u8]) -> Outcome {
        if !status.is_success() {
            let problem = format!("the application answered with {status}");
            let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            return if passes { Outcome::Again(problem) } else { Outcome::Refused(problem) };
        }
        let now = ended.now;
        let peer = Peer { entity_id: &self.audience, trust: None, addresses: &[], now };
        // The connection says who answers; only what it says of our request counts.
        let said = from_soap(Which::Response, body)
            .and_then(|received| logout::read_response(&received, &peer));
        match said {
            Err(refusal) => {
                Outcome::Refused(format!("the application’s answer is not understood: {refusal}"))
            }
            Ok(said) if said.in_response_to != ended.id => {
                Outcome::Refused("the application answered another request".to_owned())
            }
            Ok(said) if said.succeeded => Outcome::Reached,
            Ok(_) => Outcome::Refused("the application did not sign the person out".to_owned()),
        }
    }
}

impl FrontChannel for SAMLProvider {
    fn message(&self, ended: &Ended<'_>) -> Result<Carried, String> {
        let sender = Sender::of(ended)?;
        let to = self.sls_url.to_string();
        Ok(match self.sls_binding {
            SpBinding::Redirect => {
                let xml = sender.request(ended, &to, None)?;
                let signer = sender.signer();
                Carried::Address(
                    to_address(&to, Which::Request, &xml, ended.relay, signer)
                        .map_err(|fault| format!("the provider cannot sign: {fault}"))?,
                )
            }
            SpBinding::Post => {
                let xml = sender.request(ended, &to, sender.signer())?;
                let fields = to_form(Which::Request, &xml, ended.relay);
                let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
                Carried::Form { url: to, fields: fields.collect() }
            }
        })
    }

    fn answers(&self) -> bool {
        true
    }
}
