//! Applications are told that a session has ended, whichever way it did: signed out here or there,
//! ended by an administrator, expired. From server to server, by SOAP.

use std::sync::Arc;

use countersign_core::{Context, JobError, Run, Work, enqueue};
use countersign_model::{Ref, Timestamp};
use countersign_outbound::{Outbound, OutboundError, Request};
use countersign_saml::binding::{Which, from_soap, to_soap};
use countersign_saml::logout;
use countersign_saml::request::Peer;
use countersign_saml::response::{Envelope, NameId};
use countersign_saml::{Fault, Refusal};
use countersign_store::{Actor, StoreError, Tx, params};
use http::Method;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::found::Found;
use crate::provider::SAMLProvider;

/// How long a message about a session that has ended counts.
const SECONDS: i64 = 300;
/// As many are looked at in one transaction.
const AT_ONCE: usize = 200;

/// Finds the sessions that have ended and asks for their applications to be told.
///
/// # Errors
/// When the store fails.
pub(crate) async fn ended(cx: Context, _: Run) -> Result<(), JobError> {
    loop {
        let found = cx.store.write(Actor::system(), "sessions that have ended", take).await?;
        if found < AT_ONCE {
            return Ok(());
        }
    }
}

fn take(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let find = format!(
        "SELECT hash, provider_id, name_id, name_id_format, session_index, expires FROM saml_session WHERE NOT EXISTS (SELECT 1 FROM session WHERE session.uuid = saml_session.session) ORDER BY hash LIMIT {AT_ONCE}"
    );
    let rows = tx.query(&find, params![])?;
    for row in &rows {
        let hash: Vec<u8> = row.get(0)?;
        tx.execute("DELETE FROM saml_session WHERE hash = $1", params![hash.clone()])?;
        let ended = Ended {
            provider: row.get(1)?,
            name: row.get(2)?,
            format: row.get(3)?,
            index: row.get(4)?,
        };
        let expires: Timestamp = row.get(5)?;
        let provider = tx.graph().get(Ref::<SAMLProvider>::new(ended.provider.into()));
        let takes = provider.is_some_and(|provider| !provider.sls_soap_url.is_empty());
        if takes && expires > tx.now() {
            enqueue::<Tell>(tx, &format!("{}:{}", ended.provider, hex::encode(&hash)), &ended)?;
        }
    }
    Ok(rows.len())
}

/// What an application was told of a session that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ended {
    provider: i64,
    name: String,
    format: String,
    index: String,
}

pub(crate) struct Tell(pub(crate) Arc<Outbound>);

/// Why an application was not told.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("the provider cannot sign: {0}")]
    Fault(#[from] Fault),
    #[error("the application answered with {0}")]
    Status(http::StatusCode),
    #[error("the application’s answer is not understood: {0}")]
    Answer(#[from] Refusal),
    #[error("the application answered another request")]
    Another,
    #[error("the application did not sign the person out")]
    Refused,
}

impl Work for Tell {
    const NAME: &'static str = "saml_logout";
    const DESCRIPTION: &'static str = "Tell an application that a session has ended.";
    /// With waits that double from a second: four minutes.
    const ATTEMPTS: u32 = 8;
    type Args = Ended;

    async fn run(&self, cx: Context, _: Run, ended: Ended) -> Result<(), JobError> {
        let snapshot = cx.snapshot();
        let found = Found::by_reference(&snapshot, Ref::new(ended.provider.into()));
        // Gone meanwhile, or no longer told.
        let found = found.filter(|found| !found.settings.sls_soap_url.is_empty());
        let Some(found) = found else { return Ok(()) };
        tell(&cx, &self.0, &found, ended).await.map_err(|error| JobError::Failed(error.to_string()))
    }
}

async fn tell(
    cx: &Context,
    outbound: &Outbound,
    found: &Found,
    ended: Ended,
) -> Result<(), Failure> {
    let (now, settings) = (cx.clock.now(), &found.settings);
    let keys = settings.keys(|pair| found.pair(pair)).map_err(|(_, fault)| fault)?;
    let envelope = Envelope {
        id: format!("_{}", cx.entropy.uuid().simple()),
        now,
        issuer: settings.issuer.clone(),
        destination: settings.sls_soap_url.to_string(),
        in_response_to: None,
    };
    let name = NameId { format: ended.format, value: ended.name };
    let until = now.plus_seconds(SECONDS);
    let signer = keys.signer.as_ref();
    let xml = logout::request(&envelope, &name, &ended.index, until, signer)?;
    let request = Request::new(Method::POST, &*settings.sls_soap_url, to_soap(&xml).into_bytes())
        .header("Content-Type", "text/xml; charset=utf-8")?
        .header("SOAPAction", "http://www.oasis-open.org/committees/security")?;
    let answer = outbound.send(request).await?;
    if !answer.status.is_success() {
        return Err(Failure::Status(answer.status));
    }
    let peer = Peer { entity_id: &settings.audience, trust: None, addresses: &[], now };
    // The connection says who answers; only what it says of our request counts.
    let received = from_soap(Which::Response, &answer.body)?;
    let said = logout::read_response(&received, &peer)?;
    if said.in_response_to != envelope.id {
        return Err(Failure::Another);
    }
    if said.succeeded { Ok(()) } else { Err(Failure::Refused) }
}
