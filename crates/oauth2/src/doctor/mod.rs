//! Why an exchange with an application failed, for whoever sets it up: a refusal and the request
//! that it answers, in plain words. Pure, but for [`Service::diagnose`], which keeps it.

mod address;
mod words;

use std::net::IpAddr;

use countersign_catalogue::doctor::{Change, Failure, Mend, record};
use serde_json::json;

use crate::client::Client;
use crate::provider::Provider;
use crate::service::Service;
use crate::wire::redirect::RedirectRefusal;
use crate::wire::{AuthorizeError, MatchingMode, PageError, Params, TokenError};

/// Parameters that are shown as they came. Whatever is not named here may be a secret, or say
/// something of a person.
const SHOWN: [&str; 16] = [
    "redirect_uri",
    "response_type",
    "response_mode",
    "grant_type",
    "scope",
    "prompt",
    "max_age",
    "acr_values",
    "resource",
    "code_challenge_method",
    "client_assertion_type",
    "subject_token_type",
    "actor_token_type",
    "requested_token_type",
    "audience",
    "post_logout_redirect_uri",
];

/// What was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refused<'a> {
    Page(&'a PageError),
    Authorize(&'a AuthorizeError),
    Token(TokenError),
    /// The address to return to after signing out.
    Logout,
}

impl Service {
    /// Keeps why a request of a known client was refused, where there is something to set up
    /// differently.
    pub(crate) async fn diagnose(
        &self,
        provider: &Provider,
        refused: Refused<'_>,
        params: &Params,
        client: IpAddr,
    ) {
        if let Some(failure) = failure(&provider.client, refused, params) {
            let about = provider.snapshot.member(provider.reference).map(|entry| entry.id);
            if let Some(about) = about {
                record(&self.cx, about, failure, client).await;
            }
        }
    }
}

/// A refusal in plain words; `None` where it is no fault of anybody's settings: a person who is not
/// signed in yet, a device that waits, a policy that says no.
fn failure(client: &Client, refused: Refused<'_>, params: &Params) -> Option<Failure> {
    let mut failure = match refused {
        Refused::Page(error) => page(client, error)?,
        Refused::Authorize(error) => {
            let (reason, remedy) = words::of_authorize(error)?;
            Failure::new(error.code(), reason, remedy)
        }
        Refused::Token(error) => {
            let (reason, remedy) = words::of_token(error)?;
            Failure::new(error.code(), reason, remedy)
        }
        Refused::Logout => {
            let sent = params.one("post_logout_redirect_uri").unwrap_or_default();
            let reason = "After signing out, the application wants people sent to an address that is not registered.";
            let remedy = "Add the address to the provider's Post Logout Redirect URIs, if it is the application's.";
            let mut failure = Failure::new("oauth2.logout.unregistered", reason, remedy);
            if address::is_nearly_registered(sent, &client.redirect_uris) {
                let field = "post_logout_redirect_uris".to_owned();
                failure.mend = Some(Mend { field, change: Change::Add(sent.into()) });
            }
            failure
        }
    };
    for name in SHOWN {
        for value in params.all(name) {
            failure = failure.sent(name, value);
        }
    }
    Some(failure)
}

fn page(client: &Client, error: &PageError) -> Option<Failure> {
    let (reason, remedy) = words::of_page(error)?;
    let mut failure = Failure::new(error.code(), reason, remedy);
    let PageError::Redirect { reason, received } = error else { return Some(failure) };
    for registered in &client.redirect_uris {
        let name = match registered.matching_mode {
            MatchingMode::Strict => "Redirect URI",
            MatchingMode::Regex => "Redirect URI (pattern)",
        };
        failure = failure.expected(name, &registered.url);
    }
    if *reason == RedirectRefusal::Unregistered {
        failure.reason = address::difference(received, &client.redirect_uris);
        // Whoever knows a client's id can send any address. One that could lead elsewhere is not
        // offered to be let in with a click.
        if address::is_nearly_registered(received, &client.redirect_uris) {
            let address = json!({"matching_mode": "strict", "url": received});
            let field = "redirect_uris".to_owned();
            failure.mend = Some(Mend { field, change: Change::Add(address) });
        }
    }
    Some(failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;
    use crate::wire::redirect::Registered;

    fn registered(url: &str) -> Client {
        let redirect_uris =
            vec![Registered { matching_mode: MatchingMode::Strict, url: url.to_owned() }];
        Client { redirect_uris, ..client() }
    }

    fn unregistered(received: &str) -> PageError {
        let reason = RedirectRefusal::Unregistered;
        PageError::Redirect { reason, received: received.to_owned() }
    }

    #[test]
    fn an_address_that_could_lead_elsewhere_is_not_offered_to_be_let_in() {
        let client = registered("https://app.company/callback");
        let mend = |received: &str| {
            let error = unregistered(received);
            failure(&client, Refused::Page(&error), &Params::default()).and_then(|f| f.mend)
        };
        let address = json!({"matching_mode": "strict", "url": "https://app.company/callback/"});
        let offered = mend("https://app.company/callback/").unwrap();
        assert_eq!(offered.change, Change::Add(address));
        for foreign in [
            "https://evil.example/callback",
            "http://app.company/callback",
            "https://app.company/redirect?to=https://evil.example",
        ] {
            assert_eq!(mend(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let params = Params::from([
            ("grant_type", "authorization_code"),
            ("code", "SECRET-1"),
            ("client_secret", "SECRET-2"),
            ("code_verifier", "SECRET-3"),
            ("refresh_token", "SECRET-4"),
            ("client_assertion", "SECRET-5"),
            ("subject_token", "SECRET-6"),
            ("state", "SECRET-7"),
            ("nonce", "SECRET-8"),
            ("login_hint", "SECRET-9"),
            ("id_token_hint", "SECRET-10"),
            ("password", "SECRET-11"),
            ("username", "SECRET-12"),
        ]);
        let refused = Refused::Token(TokenError::ClientSecretWrong);
        let told = format!("{:?}", failure(&client(), refused, &params));
        assert!(told.contains("authorization_code") && !told.contains("SECRET"), "{told}");
    }

    #[test]
    fn what_is_nobodys_fault_is_not_kept() {
        let authorize = [
            AuthorizeError::AccessDenied,
            AuthorizeError::ConsentRequired,
            AuthorizeError::InteractionRequired,
            AuthorizeError::LoginRequired,
        ];
        for error in &authorize {
            let refused = Refused::Authorize(error);
            assert_eq!(failure(&client(), refused, &Params::default()), None, "{error:?}");
        }
        for error in [TokenError::DevicePending, TokenError::PolicyDenied, TokenError::DeviceDenied]
        {
            let refused = Refused::Token(error);
            assert_eq!(failure(&client(), refused, &Params::default()), None, "{error:?}");
        }
    }
}
