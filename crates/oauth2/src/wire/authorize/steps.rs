//! What is looked at in an authorization request, one after the other.
//!
//! The order is the original's, so that a client sees the same first error. It is part of the
//! protocol, and a test pins it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::{AuthorizeRequest, Prompt, ResponseType};
use crate::client::Client;
use crate::wire::assertion::AssertionFault;
use crate::wire::claims_request::{self, AcrRequest, ClaimsRequest};
use crate::wire::dpop::is_thumbprint;
use crate::wire::errors::{AuthorizeError, PageError};
use crate::wire::params::{Params, ParamsError};
use crate::wire::pkce::{Challenge, Method};
use crate::wire::redirect::{self, RedirectRefusal};
use crate::wire::respond::{ResponseMode, ReturnAddress};
use crate::wire::scope::{OFFLINE_ACCESS, OPENID, Scopes};

/// A request that was refused before anybody was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The step that refused it.
    pub step: &'static str,
    pub how: Refusal,
}

/// Who is told why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    Page(PageError),
    Client { to: ReturnAddress, error: AuthorizeError },
}

/// One thing that a request is looked at for. It writes what it read into the request.
struct Step {
    name: &'static str,
    /// Where it is looked at.
    applies: &'static [Endpoint],
    run: fn(&Asked<'_>, &mut AuthorizeRequest) -> Result<(), AuthorizeError>,
}

/// Where a request arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Endpoint {
    /// A browser brings it, with all that it says.
    #[default]
    Browser,
    /// The client pushes it itself (RFC 9126).
    Pushed,
    /// A browser brings the name of one that was pushed, or came in a signed object.
    Named,
}

/// How a request came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arrival {
    pub endpoint: Endpoint,
    /// What is wrong with the request object of a client that sends signed ones. A good one has
    /// become the parameters.
    pub object: Option<AssertionFault>,
}

/// What is looked at before there is an address that an error can be sent to.
const ADDRESS: &str = "redirect_uri";

/// The response modes of OAuth 2.0, which JARM has signed ones of.
const MODES: [&str; 3] = ["query", "fragment", "form_post"];

const EVERYWHERE: &[Endpoint] = &[Endpoint::Browser, Endpoint::Pushed, Endpoint::Named];

const fn step(
    name: &'static str,
    run: fn(&Asked<'_>, &mut AuthorizeRequest) -> Result<(), AuthorizeError>,
) -> Step {
    Step { name, applies: EVERYWHERE, run }
}

const STEPS: &[Step] = &[
    Step { name: "pushed", applies: &[Endpoint::Browser], run: pushed },
    // Before anything these could carry is missed (OpenID Connect Core 6.1, 7.2.1). An address is
    // never fetched: it would be the caller's choice.
    step("request", request_object),
    Step {
        name: "request_uri",
        applies: &[Endpoint::Browser, Endpoint::Named],
        run: |asked, _| asked.absent("request_uri", AuthorizeError::RequestUri),
    },
    // RFC 9126 2.1.
    Step {
        name: "request_uri",
        applies: &[Endpoint::Pushed],
        run: |asked, _| asked.absent("request_uri", AuthorizeError::RequestUriPushed),
    },
    step("registration", |asked, _| asked.absent("registration", AuthorizeError::Registration)),
    step("response_type", response_type),
    // Read with the address; here it is only made sure that there is one.
    step("state", |asked, _| asked.some("state").map(|_| ())),
    step("response_mode", response_mode),
    step("scope", scope),
    step("nonce", nonce),
    step("code_challenge", code_challenge),
    step("prompt", prompt),
    step("max_age", max_age),
    step("id_token_hint", id_token_hint),
    step("resource", resource),
    step("dpop_jkt", dpop_jkt),
    step("claims", claims),
];

/// Reads the request's meaning.
///
/// # Errors
/// What is wrong, and whether the client may be told.
pub fn parse(
    params: &Params,
    client: &Client,
    issuer: Option<String>,
    arrival: &Arrival,
) -> Result<AuthorizeRequest, Refused> {
    let to = return_address(params, client, issuer)
        .map_err(|error| Refused { step: ADDRESS, how: Refusal::Page(error) })?;
    let mut request = AuthorizeRequest {
        client_id: client.id.clone(),
        response_type: ResponseType::Code,
        to,
        scopes: Scopes::default(),
        nonce: None,
        challenge: None,
        prompt: Prompt::default(),
        max_age: None,
        id_token_hint: None,
        resources: Vec::new(),
        dpop_jkt: None,
        claims: ClaimsRequest::default(),
        acr: AcrRequest::default(),
    };
    let asked = Asked { params, client, object: arrival.object };
    for step in STEPS {
        if !step.applies.contains(&arrival.endpoint) {
            continue;
        }
        (step.run)(&asked, &mut request).map_err(|error| Refused {
            step: step.name,
            how: Refusal::Client { to: request.to.clone(), error },
        })?;
    }
    Ok(request)
}

/// A request as it came, and from whom.
struct Asked<'a> {
    params: &'a Params,
    client: &'a Client,
    object: Option<AssertionFault>,
}

impl<'a> Asked<'a> {
    fn one(&self, name: &'static str) -> Result<&'a str, AuthorizeError> {
        self.params.one(name).map_err(|error| {
            let name = if let ParamsError::Repeated(name) = error { name } else { "" };
            AuthorizeError::ParameterRepeated(name)
        })
    }

    /// As [`Asked::one`], with an empty value as `None`.
    fn some(&self, name: &'static str) -> Result<Option<&'a str>, AuthorizeError> {
        self.one(name).map(|value| (!value.is_empty()).then_some(value))
    }

    fn absent(&self, name: &'static str, error: AuthorizeError) -> Result<(), AuthorizeError> {
        if self.some(name)?.is_some() { Err(error) } else { Ok(()) }
    }
}

/// Where the answer goes, an error too, once it is known that it may go there.
fn return_address(
    params: &Params,
    client: &Client,
    issuer: Option<String>,
) -> Result<ReturnAddress, PageError> {
    let refused =
        |reason, received: &str| PageError::Redirect { reason, received: received.to_owned() };
    let uri = params.one("redirect_uri").map_err(|_| refused(RedirectRefusal::Malformed, ""))?;
    redirect::check(uri, &client.redirect_uris).map_err(|reason| refused(reason, uri))?;
    let object = WayBack::in_object(params.one("request").unwrap_or_default());
    let or_object = |name, object: Option<String>| {
        params.some(name).unwrap_or_default().map(str::to_owned).or(object)
    };
    let asked_mode = or_object("response_mode", object.response_mode).unwrap_or_default();
    let (asked_mode, signed) = match asked_mode.as_str() {
        "jwt" => ("", true),
        text => match text.strip_suffix(".jwt") {
            Some(plain) if MODES.contains(&plain) => (plain, true),
            _ => (text, false),
        },
    };
    Ok(ReturnAddress {
        uri: uri.to_owned(),
        mode: mode(asked_mode, params.one("response_type").unwrap_or_default()),
        signed,
        state: or_object("state", object.state),
        issuer,
    })
}

/// Pushed before, where the client has to.
fn pushed(asked: &Asked<'_>, _: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    if asked.client.par_required { Err(AuthorizeError::PushRequired) } else { Ok(()) }
}

fn request_object(asked: &Asked<'_>, _: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    match asked.object {
        Some(fault) => Err(AuthorizeError::RequestObjectInvalid(fault)),
        None => asked.absent("request", AuthorizeError::RequestObject),
    }
}

fn response_type(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    let text = asked.one("response_type")?;
    let kind = ResponseType::parse(text).ok_or(AuthorizeError::ResponseTypeUnknown)?;
    // A token in an address cannot be bound to a key: nobody was there to prove one.
    let bound = asked.client.dpop_required || asked.client.certificate_bound;
    let unbound = bound && kind.has_access_token();
    if unbound || !asked.client.allows(kind.grant_type()) {
        return Err(AuthorizeError::GrantForbidden);
    }
    request.response_type = kind;
    Ok(())
}

/// Tokens in the query would end in logs.
fn response_mode(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    let in_query = matches!(asked.some("response_mode")?, Some("query" | "query.jwt"));
    if in_query && request.response_type != ResponseType::Code {
        return Err(AuthorizeError::ResponseModeUnsafe);
    }
    Ok(())
}

fn scope(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    let scopes = match asked.some("scope")?.map(Scopes::parse) {
        Some(named) if !named.is_empty() => named.granted_from(&asked.client.scopes),
        _ => asked.client.scopes.clone(),
    };
    let kind = request.response_type;
    // No code, no exchange, nothing a refresh token could come with (OpenID Connect Core 11).
    request.scopes = if kind.has_code() { scopes } else { scopes.without(OFFLINE_ACCESS) };
    if kind.needs_openid() && !request.scopes.contains(OPENID) {
        return Err(AuthorizeError::OpenidScopeMissing);
    }
    Ok(())
}

fn nonce(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    request.nonce = asked.some("nonce")?.map(str::to_owned);
    if request.nonce.is_none() && request.response_type.needs_nonce() {
        return Err(AuthorizeError::NonceMissing);
    }
    Ok(())
}

fn code_challenge(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    request.challenge =
        challenge(asked.some("code_challenge")?, asked.some("code_challenge_method")?)?;
    let has_code = request.response_type.has_code();
    if request.challenge.is_none() && has_code && asked.client.pkce_required {
        return Err(AuthorizeError::ChallengeMissing);
    }
    Ok(())
}

fn prompt(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    request.prompt = Prompt::parse(asked.some("prompt")?.unwrap_or_default())
        .ok_or(AuthorizeError::PromptContradictory)?;
    Ok(())
}

fn max_age(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    let seconds = asked.some("max_age")?.map(str::parse::<i64>).transpose();
    request.max_age = seconds.map_err(|_| AuthorizeError::MaxAgeMalformed)?;
    if request.max_age.is_some_and(i64::is_negative) {
        return Err(AuthorizeError::MaxAgeMalformed);
    }
    Ok(())
}

fn id_token_hint(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    request.id_token_hint = asked.some("id_token_hint")?.map(str::to_owned);
    Ok(())
}

/// Which servers the tokens are for: of those in the settings of the client. Without any there, the
/// parameter is not looked at, as in the original.
fn resource(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    if asked.client.resources.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = asked.params.all("resource").map(str::to_owned).collect();
    if named.iter().any(|resource| !asked.client.resources.contains(resource)) {
        return Err(AuthorizeError::ResourceUnknown);
    }
    request.resources = named;
    Ok(())
}

fn dpop_jkt(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    request.dpop_jkt = asked.some("dpop_jkt")?.map(str::to_owned);
    if request.dpop_jkt.as_deref().is_some_and(|key| !is_thumbprint(key)) {
        return Err(AuthorizeError::DpopKeyMalformed);
    }
    Ok(())
}

fn claims(asked: &Asked<'_>, request: &mut AuthorizeRequest) -> Result<(), AuthorizeError> {
    let acr_values = asked.some("acr_values")?;
    // Without `openid` there is neither an ID token nor userinfo that these could be for.
    let claims = asked.some("claims")?.filter(|_| request.scopes.contains(OPENID));
    (request.claims, request.acr) = claims_request::read(claims, acr_values)?;
    Ok(())
}

/// What a request object says about how its answer travels. The object itself is refused; the
/// refusal goes where the client that sent it waits for the answer, since parameters may be in the
/// object alone (OpenID Connect Core 6.1). Whether the object is signed does not matter: whoever
/// can change it could as well have written these two beside it.
#[derive(Default, Deserialize)]
struct WayBack {
    response_mode: Option<String>,
    state: Option<String>,
}

impl WayBack {
    /// Nothing is said by what is not the payload of a JWT (RFC 7519 3).
    fn in_object(object: &str) -> WayBack {
        let payload = object.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        payload.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }
}

/// How the answer travels, an error too, whatever else is wrong with the request. Tokens never
/// travel in the query, and neither does an error of a request for them. An unknown mode is no
/// error: the type's own is used, as in the original.
fn mode(asked: &str, response_type: &str) -> ResponseMode {
    let for_tokens =
        response_type.split_whitespace().any(|word| matches!(word, "token" | "id_token"));
    match asked {
        "form_post" => ResponseMode::FormPost,
        "fragment" => ResponseMode::Fragment,
        _ if for_tokens => ResponseMode::Fragment,
        _ => ResponseMode::Query,
    }
}

/// The only method is `S256`. `plain`, which is also meant where none is named, would show the
/// verifier to whoever sees the request (RFC 9700 2.1.1).
fn challenge(
    value: Option<&str>,
    method: Option<&str>,
) -> Result<Option<Challenge>, AuthorizeError> {
    let Some(value) = value else { return Ok(None) };
    let method = method.unwrap_or("plain");
    let method = Method::parse(method)
        .ok_or_else(|| AuthorizeError::ChallengeMethodUnknown(method.chars().take(40).collect()))?;
    // A SHA-256 in base64url (RFC 7636 4.2).
    if value.len() != 43
        || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    {
        return Err(AuthorizeError::ChallengeMalformed);
    }
    Ok(Some(Challenge { value: value.to_owned(), method }))
}

#[cfg(test)]
mod tests {
    use super::super::client_id;
    use super::*;
    use crate::client::tests::client;
    use crate::wire::GrantType;

    const CALLBACK: &str = "https://app.example.test/callback";

    fn read(query: &str) -> Result<AuthorizeRequest, Refused> {
        parse(&Params::parse(query.as_bytes()).unwrap(), &client(), None, &Arrival::default())
    }

    fn with(extra: &str) -> Result<AuthorizeRequest, Refused> {
        read(&format!("client_id=cid&redirect_uri={CALLBACK}&state=st-1{extra}"))
    }

    #[test]
    fn the_order_in_which_a_request_is_looked_at() {
        let at = |endpoint| {
            let steps = STEPS.iter().filter(|step| step.applies.contains(&endpoint));
            steps.map(|step| step.name).collect::<Vec<&str>>().join(" ")
        };
        let all = "request request_uri registration response_type state response_mode scope nonce \
                   code_challenge prompt max_age id_token_hint resource dpop_jkt claims";
        assert_eq!(at(Endpoint::Browser), format!("pushed {all}"));
        assert_eq!(at(Endpoint::Pushed), all);
        assert_eq!(at(Endpoint::Named), all);
    }

    #[test]
    fn what_a_client_may_not_is_refused_by_its_step() {
        let read = |change: &dyn Fn(&mut Client), endpoint, extra: &str| {
            let mut client = client();
            change(&mut client);
            let query = format!("client_id=cid&redirect_uri={CALLBACK}{extra}");
            let params = Params::parse(query.as_bytes()).unwrap();
            let arrival = Arrival { endpoint, object: None };
            match parse(&params, &client, None, &arrival) {
                Ok(_) => None,
                Err(Refused { how: Refusal::Client { error, .. }, .. }) => Some(error),
                Err(refused) => panic!("{refused:?}"),
            }
        };
        use AuthorizeError::*;
        let code_only =
            |client: &mut Client| client.grant_types = vec![GrantType::AuthorizationCode];
        let pushes = |client: &mut Client| client.par_required = true;
        let bound = |client: &mut Client| client.dpop_required = true;
        let served = |client: &mut Client| client.resources = vec!["https://api.test/".into()];
        let implicit = "&response_type=id_token&nonce=n";
        let hybrid = "&response_type=code+token";
        let code = "&response_type=code";
        use Endpoint::{Browser, Named, Pushed};
        type Row<'a> = (&'a dyn Fn(&mut Client), Endpoint, String, Option<AuthorizeError>);
        let rows: [Row<'_>; 14] = [
            (&code_only, Browser, code.into(), None),
            (&code_only, Browser, implicit.into(), Some(GrantForbidden)),
            (&code_only, Browser, hybrid.into(), Some(GrantForbidden)),
            (&pushes, Browser, code.into(), Some(PushRequired)),
            (&pushes, Pushed, code.into(), None),
            (&pushes, Named, code.into(), None),
            (&|_| {}, Pushed, format!("{code}&request_uri=urn:x"), Some(RequestUriPushed)),
            (&bound, Browser, hybrid.into(), Some(GrantForbidden)),
            (&bound, Browser, implicit.into(), None),
            (&served, Browser, format!("{code}&resource=https://api.test/"), None),
            (
                &served,
                Browser,
                format!("{code}&resource=https://evil.test/"),
                Some(ResourceUnknown),
            ),
            (&|_| {}, Browser, format!("{code}&resource=https://evil.test/"), None),
            (&|_| {}, Browser, format!("{code}&dpop_jkt=short"), Some(DpopKeyMalformed)),
            (&|_| {}, Browser, format!("{code}&dpop_jkt={}", "A".repeat(43)), None),
        ];
        for (change, endpoint, extra, expected) in rows {
            assert_eq!(read(change, endpoint, &extra), expected, "{endpoint:?} {extra}");
        }
    }

    #[test]
    fn a_signed_answer_has_the_mode_of_its_type() {
        for (extra, mode) in [
            ("&response_type=code&response_mode=jwt", ResponseMode::Query),
            ("&response_type=code&response_mode=form_post.jwt", ResponseMode::FormPost),
            ("&response_type=code+token&response_mode=jwt", ResponseMode::Fragment),
            ("&response_type=code&response_mode=query.jwt", ResponseMode::Query),
        ] {
            let to = with(extra).unwrap().to;
            assert_eq!((to.mode, to.signed), (mode, true), "{extra}");
        }
        assert!(!with("&response_type=code&response_mode=zzz.jwt").unwrap().to.signed);
        let refused = with("&response_type=code+token&response_mode=query.jwt").unwrap_err();
        assert_eq!(refused.step, "response_mode");
    }

    #[test]
    fn a_refusal_names_its_step() {
        for (extra, step) in [
            ("&request=x.y.z", "request"),
            ("&response_type=foo", "response_type"),
            ("&response_type=code&state=2", "state"),
            ("&response_type=code+token&scope=profile", "scope"),
            ("&response_type=code&max_age=x", "max_age"),
        ] {
            assert_eq!(with(extra).unwrap_err().step, step, "{extra}");
        }
    }

    #[test]
    fn the_first_thing_wrong_is_named() {
        use AuthorizeError::*;
        let rows: [(&str, AuthorizeError); 33] = [
            ("", ResponseTypeUnknown),
            ("&response_type=foo", ResponseTypeUnknown),
            ("&response_type=token", ResponseTypeUnknown),
            ("&response_type=code+code", ResponseTypeUnknown),
            ("&response_type=code&response_type=code", ParameterRepeated("response_type")),
            ("&response_type=code&state=2", ParameterRepeated("state")),
            (
                "&response_type=code+id_token&response_mode=query&scope=openid&nonce=n",
                ResponseModeUnsafe,
            ),
            (
                "&response_type=id_token&response_mode=query&scope=openid&nonce=n",
                ResponseModeUnsafe,
            ),
            ("&response_type=code+token&scope=profile", OpenidScopeMissing),
            ("&response_type=id_token&scope=zzz&nonce=n", OpenidScopeMissing),
            ("&response_type=id_token&scope=openid", NonceMissing),
            ("&response_type=id_token+token&scope=openid", NonceMissing),
            ("&response_type=code+id_token&scope=openid", NonceMissing),
            ("&response_type=code+id_token+token&scope=openid", NonceMissing),
            (
                "&response_type=code&code_challenge=x&code_challenge_method=S512",
                ChallengeMethodUnknown("S512".into()),
            ),
            (
                "&response_type=code&code_challenge=x&code_challenge=y",
                ParameterRepeated("code_challenge"),
            ),
            (
                "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                ChallengeMethodUnknown("plain".into()),
            ),
            (
                "&response_type=code&code_challenge=x&code_challenge_method=plain",
                ChallengeMethodUnknown("plain".into()),
            ),
            (
                "&response_type=code&code_challenge=short&code_challenge_method=S256",
                ChallengeMalformed,
            ),
            ("&response_type=code&request=x.y.z", RequestObject),
            ("&response_type=id_token&scope=openid&request=x.y.z", RequestObject),
            ("&request=x.y.z", RequestObject),
            ("&response_type=code&request_uri=https://evil.test/", RequestUri),
            ("&response_type=code+id_token&request_uri=https://evil.test/", RequestUri),
            ("&response_type=code&registration=%7B%7D", Registration),
            ("&response_type=code&prompt=none+login", PromptContradictory),
            ("&response_type=code&prompt=none+consent", PromptContradictory),
            ("&response_type=code&prompt=none+select_account", PromptContradictory),
            ("&response_type=code&scope=openid&claims=%7B", ClaimsMalformed),
            ("&response_type=code&acr_values=a&acr_values=b", ParameterRepeated("acr_values")),
            ("&response_type=code&max_age=x", MaxAgeMalformed),
            ("&response_type=code&max_age=-1", MaxAgeMalformed),
            ("&response_type=code&max_age=99999999999999999999", MaxAgeMalformed),
        ];
        for (extra, expected) in rows {
            let Err(Refused { how: Refusal::Client { error, to }, .. }) = with(extra) else {
                panic!("{extra} passed")
            };
            assert_eq!(error, expected, "{extra}");
            assert_eq!(to.uri, CALLBACK);
        }
    }

    #[test]
    fn without_a_safe_address_the_client_is_told_nothing() {
        use RedirectRefusal::*;
        for (query, reason) in [
            ("client_id=cid&response_type=code", Missing),
            ("client_id=cid&response_type=code&redirect_uri=https://evil.example/", Unregistered),
            (
                "client_id=cid&redirect_uri=https://app.example.test/callback&redirect_uri=https://evil.example/",
                Malformed,
            ),
        ] {
            let Err(Refused { step, how }) = read(query) else { panic!("{query}") };
            assert_eq!(step, ADDRESS);
            let Refusal::Page(PageError::Redirect { reason: found, .. }) = how else {
                panic!("{query}")
            };
            assert_eq!(found, reason, "{query}");
        }
        assert_eq!(client_id(&Params::default()), Err(PageError::Empty));
        assert_eq!(client_id(&Params::from([("a", "b")])), Err(PageError::ClientId));
        assert_eq!(
            client_id(&Params::from([("client_id", "b"), ("client_id", "c")])),
            Err(PageError::ClientId)
        );
    }

    #[test]
    fn each_response_type_brings_its_mode_and_scopes() {
        let code = with("&response_type=code").unwrap();
        assert_eq!(code.to.mode, ResponseMode::Query);
        assert_eq!(
            code.scopes.to_string(),
            "openid profile email offline_access",
            "none asked for: all there are"
        );
        let implicit = with("&response_type=id_token&nonce=n").unwrap();
        assert_eq!(implicit.to.mode, ResponseMode::Fragment);
        assert_eq!(implicit.scopes.to_string(), "openid profile email");
        let guide =
            with("&response_type=code&scope=openid+profile+email+groups&nonce=n&response_mode=zzz")
                .unwrap();
        assert_eq!(guide.scopes.to_string(), "openid profile email groups");
        assert_eq!(guide.to.mode, ResponseMode::Query);
        assert_eq!(
            with("&response_type=code&response_mode=form_post").unwrap().to.mode,
            ResponseMode::FormPost
        );
        assert_eq!(with("&response_type=code&scope=zzz").unwrap().scopes, Scopes::default());
        assert_eq!(
            with("&response_type=code&prompt=select_account+zzz").unwrap().prompt,
            Prompt { select_account: true, ..Prompt::default() }
        );
        assert_eq!(with("&response_type=code&max_age=0").unwrap().max_age, Some(0));
        let value = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let pkce =
            with(&format!("&response_type=code&code_challenge={value}&code_challenge_method=S256"))
                .unwrap();
        assert_eq!(pkce.challenge, Some(Challenge { value: value.into(), method: Method::S256 }));
        assert_eq!(with("&response_type=code&code_challenge_method=S256").unwrap().challenge, None);
    }

    #[test]
    fn a_client_that_must_prove_itself_by_pkce_gets_no_code_without() {
        let strict = Client { pkce_required: true, ..client() };
        let read = |extra: &str| {
            let query =
                format!("client_id=cid&redirect_uri={CALLBACK}&scope=openid&nonce=n{extra}");
            parse(&Params::parse(query.as_bytes()).unwrap(), &strict, None, &Arrival::default())
        };
        for response_type in ["code", "code+id_token", "code+token"] {
            let Err(Refused { how: Refusal::Client { error, .. }, .. }) =
                read(&format!("&response_type={response_type}"))
            else {
                panic!("{response_type} passed")
            };
            assert_eq!(error, AuthorizeError::ChallengeMissing);
        }
        let challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        assert!(read(&format!("&response_type=code{challenge}")).is_ok());
        assert!(read("&response_type=id_token").is_ok(), "nothing to exchange");
    }

    #[test]
    fn the_words_of_a_response_type_are_a_set() {
        for (asked, found) in [
            ("id_token code", "code id_token"),
            ("token id_token code", "code id_token token"),
            ("token id_token", "id_token token"),
        ] {
            assert_eq!(ResponseType::parse(asked).map(ResponseType::as_str), Some(found));
        }
    }

    #[test]
    fn a_refused_request_object_is_answered_in_its_own_response_mode() {
        let refused = |claims: &str, extra: &str| {
            let object = format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims));
            let query = format!(
                "client_id=cid&redirect_uri={CALLBACK}&response_type=code{extra}&request={object}"
            );
            let Err(Refused { how: Refusal::Client { to, error }, .. }) = read(&query) else {
                panic!("{query} passed")
            };
            assert_eq!(error, AuthorizeError::RequestObject);
            (to.mode, to.state)
        };
        let state = |text: &str| Some(text.to_owned());
        let object = r#"{"response_mode":"form_post","state":"inside"}"#;
        assert_eq!(refused(object, ""), (ResponseMode::FormPost, state("inside")));
        assert_eq!(
            refused(object, "&response_mode=query&state=beside"),
            (ResponseMode::Query, state("beside")),
        );
        for nothing in ["{}", "nonsense", r#"{"response_mode":["form_post"],"state":7}"#] {
            assert_eq!(refused(nothing, ""), (ResponseMode::Query, None), "{nothing}");
        }
    }

    #[test]
    fn errors_travel_as_the_answer_would_from_the_first_check_on() {
        for (extra, mode) in [
            ("&response_type=code+token&scope=profile", ResponseMode::Fragment),
            ("&response_type=token", ResponseMode::Fragment),
            ("&response_type=zzz+id_token", ResponseMode::Fragment),
            (
                "&response_type=id_token&response_mode=query&scope=openid&nonce=n",
                ResponseMode::Fragment,
            ),
            ("&response_type=zzz&response_mode=form_post", ResponseMode::FormPost),
            ("&response_type=code&response_mode=fragment&request=x", ResponseMode::Fragment),
            ("&response_type=zzz", ResponseMode::Query),
            ("", ResponseMode::Query),
        ] {
            let Err(Refused { how: Refusal::Client { to, .. }, .. }) = with(extra) else {
                panic!("passed")
            };
            assert_eq!(to.mode, mode, "{extra}");
        }
    }
}
