//! The `openidconnect` crate at its strictest against a provider: discovery with the issuer
//! compared, a sign-in with PKCE, the ID token verified, userinfo, and a refresh.
//!
//! `relying_party ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI` prints the address to open, reads
//! the address the browser came back to from its input, and prints what it learned as JSON.

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope,
    TokenResponse,
};
use serde_json::json;
use url::Url;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, id, secret, redirect] = arguments.as_slice() else {
        return Err("ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI".into());
    };
    let connection =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let send = |request| carry(connection.clone(), request);

    let metadata =
        CoreProviderMetadata::discover_async(IssuerUrl::new(issuer.clone())?, &send).await?;
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(id.clone()),
        Some(ClientSecret::new(secret.clone())),
    )
    .set_redirect_uri(RedirectUrl::new(redirect.clone())?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(
            ["profile", "email", "offline_access"].map(|scope| Scope::new(scope.to_owned())),
        )
        .set_pkce_challenge(challenge)
        .url();
    println!("{url}");

    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let back = Url::parse(line.trim())?;
    let parameter = |name: &str| {
        back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if parameter("state").as_ref() != Some(state.secret()) {
        return Err("the state differs".into());
    }
    let code = AuthorizationCode::new(parameter("code").ok_or("there is no code")?);
    let tokens =
        client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&send).await?;

    let checks = client.id_token_verifier();
    let id_token = tokens.id_token().ok_or("there is no ID token")?;
    let claims = id_token.claims(&checks, &nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let key = id_token.signing_key(&checks)?;
        let actual =
            AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg()?, key)?;
        if actual != *expected {
            return Err("the token hash differs".into());
        }
    }
    let subject = claims.subject().clone();
    let info: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(subject.clone()))?
        .request_async(&send)
        .await?;

    let refresh = tokens.refresh_token().ok_or("there is no refresh token")?;
    let fresh = client.exchange_refresh_token(refresh)?.request_async(&send).await?;
    let fresh_id = fresh.id_token().ok_or("there is no new ID token")?;
    let fresh_claims = fresh_id.claims(&checks, |_: Option<&Nonce>| Ok(()))?;
    println!(
        "{}",
        json!({
            "username": claims.preferred_username(),
            "subject": subject,
            "email": info.email(),
            "subject_after_refresh": fresh_claims.subject(),
            "rotated": fresh.refresh_token().map(|new| new.secret() != refresh.secret()),
        })
    );
    Ok(())
}

async fn carry(connection: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Carry> {
    let answer = connection.execute(reqwest::Request::try_from(request)?).await?;
    let mut response = openidconnect::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    Ok(response.body(answer.bytes().await?.to_vec())?)
}

#[derive(Debug, thiserror::Error)]
enum Carry {
    #[error(transparent)]
    Connection(#[from] reqwest::Error),
    #[error(transparent)]
    Message(#[from] openidconnect::http::Error),
}
