//! The authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::errors::{AuthorizeError, PageError};
use super::params::{Params, ParamsError};
use super::pkce::{Challenge, Method};
use super::redirect;
use super::respond::{ResponseMode, ReturnAddress};
use super::scope::{OFFLINE_ACCESS, OPENID, Scopes};
use crate::client::Client;

/// What is asked for: a set of words (OAuth 2.0 Multiple Response Type Encoding Practices 3), named
/// in one order here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseType {
    #[serde(rename = "code")]
    Code,
    #[serde(rename = "id_token")]
    IdToken,
    #[serde(rename = "id_token token")]
    IdTokenToken,
    #[serde(rename = "code token")]
    CodeToken,
    #[serde(rename = "code id_token")]
    CodeIdToken,
    #[serde(rename = "code id_token token")]
    CodeIdTokenToken,
}

impl ResponseType {
    pub const ALL: [ResponseType; 6] = [
        ResponseType::Code,
        ResponseType::IdToken,
        ResponseType::IdTokenToken,
        ResponseType::CodeToken,
        ResponseType::CodeIdToken,
        ResponseType::CodeIdTokenToken,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            ResponseType::Code => "code",
            ResponseType::IdToken => "id_token",
            ResponseType::IdTokenToken => "id_token token",
            ResponseType::CodeToken => "code token",
            ResponseType::CodeIdToken => "code id_token",
            ResponseType::CodeIdTokenToken => "code id_token token",
        }
    }

    pub fn parse(text: &str) -> Option<ResponseType> {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let asked = sorted(text);
        ResponseType::ALL.into_iter().find(|r| sorted(r.as_str()) == asked)
    }

    pub const fn grant_type(self) -> &'static str {
        match self {
            ResponseType::Code => "authorization_code",
            ResponseType::IdToken | ResponseType::IdTokenToken => "implicit",
            ResponseType::CodeToken
            | ResponseType::CodeIdToken
            | ResponseType::CodeIdTokenToken => "hybrid",
        }
    }

    pub const fn has_code(self) -> bool {
        !matches!(self, ResponseType::IdToken | ResponseType::IdTokenToken)
    }

    /// `id_token` alone brings no access token (OpenID Connect Core 3.2.2.5).
    pub const fn has_access_token(self) -> bool {
        matches!(
            self,
            ResponseType::IdTokenToken | ResponseType::CodeToken | ResponseType::CodeIdTokenToken
        )
    }

    pub const fn has_id_token(self) -> bool {
        !matches!(self, ResponseType::Code | ResponseType::CodeToken)
    }

    const fn needs_openid(self) -> bool {
        !matches!(self, ResponseType::Code)
    }

    const fn needs_nonce(self) -> bool {
        !matches!(self, ResponseType::Code | ResponseType::CodeToken)
    }
}

/// What the client wants the person to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    pub none: bool,
    pub login: bool,
    pub consent: bool,
}

impl Prompt {
    /// Values we do not know (`select_account`) are no demand, as in the original.
    fn parse(text: &str) -> Prompt {
        let has = |word| text.split_whitespace().any(|w| w == word);
        Prompt { none: has("none"), login: has("login"), consent: has("consent") }
    }
}

/// A request that is in order in itself. It is kept in the flow's plan while the person signs in
/// and consents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    pub client_id: String,
    pub response_type: ResponseType,
    pub to: ReturnAddress,
    pub scopes: Scopes,
    pub nonce: Option<String>,
    pub challenge: Option<Challenge>,
    pub prompt: Prompt,
    pub max_age: Option<i64>,
    pub id_token_hint: Option<String>,
}

/// What became of a request that was refused before anybody was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    Page(PageError),
    Client { to: ReturnAddress, error: AuthorizeError },
}

/// The client named by the request. It is looked up before anything else is read.
///
/// # Errors
/// There is no request, or no single client in it.
pub fn client_id(params: &Params) -> Result<&str, PageError> {
    if params.is_empty() {
        return Err(PageError::Empty);
    }
    params.some("client_id").ok().flatten().ok_or(PageError::ClientId)
}

/// Reads the request's meaning. The order of the checks is the original's: a client sees the same
/// first error.
///
/// # Errors
/// What is wrong, and whether the client may be told.
pub fn parse(
    params: &Params,
    client: &Client,
    issuer: Option<String>,
) -> Result<AuthorizeRequest, Refused> {
    let uri = match params.one("redirect_uri") {
        Ok(uri) => redirect::check(uri, &client.redirect_uris)
            .map(|()| uri)
            .map_err(|reason| (reason, uri)),
        Err(_) => Err((redirect::RedirectRefusal::Malformed, "")),
    };
    let uri = uri.map_err(|(reason, received)| {
        Refused::Page(PageError::Redirect { reason, received: received.to_owned() })
    })?;
    let asked_type = params.one("response_type");
    let object = WayBack::in_object(params.one("request").unwrap_or_default());
    let or_object = |name, object: Option<String>| {
        params.some(name).unwrap_or_default().map(str::to_owned).or(object)
    };
    let to = ReturnAddress {
        uri: uri.to_owned(),
        mode: response_mode(
            &or_object("response_mode", object.response_mode).unwrap_or_default(),
            asked_type.as_ref().copied().unwrap_or_default(),
        ),
        state: or_object("state", object.state),
        issuer,
    };
    let refuse = |error| Refused::Client { to: to.clone(), error };
    let repeated = |e| {
        let name = if let ParamsError::Repeated(name) = e { name } else { "" };
        refuse(AuthorizeError::ParameterRepeated(name))
    };
    let one = |name| params.some(name).map_err(repeated);

    // Before anything these could carry is missed (OpenID Connect Core 6.1, 7.2.1). An address is
    // never fetched: it would be the caller's choice.
    let carriers = [
        ("request", AuthorizeError::RequestObject),
        ("request_uri", AuthorizeError::RequestUri),
        ("registration", AuthorizeError::Registration),
    ];
    for (name, error) in carriers {
        if one(name)?.is_some() {
            return Err(refuse(error));
        }
    }
    let response_type = asked_type
        .map(ResponseType::parse)
        .map_err(repeated)?
        .ok_or_else(|| refuse(AuthorizeError::ResponseTypeUnknown))?;
    let asked_mode = one("response_mode")?;
    one("state")?;
    if asked_mode == Some("query") && response_type != ResponseType::Code {
        return Err(refuse(AuthorizeError::ResponseModeUnsafe));
    }
    let scopes = scopes(one("scope")?, client, response_type);
    if response_type.needs_openid() && !scopes.contains(OPENID) {
        return Err(refuse(AuthorizeError::OpenidScopeMissing));
    }
    let nonce = one("nonce")?.map(str::to_owned);
    if nonce.is_none() && response_type.needs_nonce() {
        return Err(refuse(AuthorizeError::NonceMissing));
    }
    let challenge =
        challenge(one("code_challenge")?, one("code_challenge_method")?).map_err(refuse)?;
    if challenge.is_none() && response_type.has_code() && client.pkce_required {
        return Err(refuse(AuthorizeError::ChallengeMissing));
    }
    let prompt = Prompt::parse(one("prompt")?.unwrap_or_default());
    if prompt.none && (prompt.login || prompt.consent) {
        return Err(refuse(AuthorizeError::PromptContradictory));
    }
    let max_age = match one("max_age")?.map(str::parse::<i64>) {
        None => None,
        Some(Ok(seconds)) if seconds >= 0 => Some(seconds),
        Some(_) => return Err(refuse(AuthorizeError::MaxAgeMalformed)),
    };
    let id_token_hint = one("id_token_hint")?.map(str::to_owned);
    Ok(AuthorizeRequest {
        client_id: client.id.clone(),
        response_type,
        to: to.clone(),
        scopes,
        nonce,
        challenge,
        prompt,
        max_age,
        id_token_hint,
    })
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
fn response_mode(asked: &str, response_type: &str) -> ResponseMode {
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

fn scopes(asked: Option<&str>, client: &Client, response_type: ResponseType) -> Scopes {
    let scopes = match asked.map(Scopes::parse) {
        Some(asked) if !asked.is_empty() => asked.granted_from(&client.scopes),
        _ => client.scopes.clone(),
    };
    // No code, no exchange, nothing a refresh token could come with (OpenID Connect Core 11).
    if response_type.has_code() { scopes } else { scopes.without(OFFLINE_ACCESS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;
    use crate::wire::redirect::RedirectRefusal;

    const CALLBACK: &str = "https://app.example.test/callback";

    fn read(query: &str) -> Result<AuthorizeRequest, Refused> {
        parse(&Params::parse(query.as_bytes()).unwrap(), &client(), None)
    }

    fn with(extra: &str) -> Result<AuthorizeRequest, Refused> {
        read(&format!("client_id=cid&redirect_uri={CALLBACK}&state=st-1{extra}"))
    }

    #[test]
    fn the_first_thing_wrong_is_named() {
        use AuthorizeError::*;
        let rows: [(&str, AuthorizeError); 30] = [
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
            ("&response_type=code&max_age=x", MaxAgeMalformed),
            ("&response_type=code&max_age=-1", MaxAgeMalformed),
            ("&response_type=code&max_age=99999999999999999999", MaxAgeMalformed),
        ];
        for (extra, expected) in rows {
            let Err(Refused::Client { error, to }) = with(extra) else { panic!("{extra} passed") };
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
            let Err(Refused::Page(PageError::Redirect { reason: found, .. })) = read(query) else {
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
            with("&response_type=code&prompt=select_account").unwrap().prompt,
            Prompt::default()
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
            parse(&Params::parse(query.as_bytes()).unwrap(), &strict, None)
        };
        for response_type in ["code", "code+id_token", "code+token"] {
            let Err(Refused::Client { error, .. }) =
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
            let Err(Refused::Client { to, error }) = read(&query) else { panic!("{query} passed") };
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
            let Err(Refused::Client { to, .. }) = with(extra) else { panic!("passed") };
            assert_eq!(to.mode, mode, "{extra}");
        }
    }
}
