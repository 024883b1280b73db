//! What a front end is told about the request that it has at hand.

use http::HeaderMap;

use crate::asked::{Asked, Front};
use crate::identity::{self, Granted};
use crate::site::Site;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// Let it through, with these headers.
    Allow(HeaderMap),
    /// Nobody is known; the front end knows where to send the browser.
    Unauthorized,
    /// Nobody is known; the browser is sent to sign in.
    SignIn,
}

/// `granted`: for whom the request stands, where it stands for somebody who may open the
/// application. An open path tells the application nothing of whoever opens it, unless they are
/// known.
pub(crate) fn answer(asked: &Asked, site: &Site, granted: Option<&Granted>) -> Answer {
    if granted.is_some() || asked.is_open(site) {
        return Answer::Allow(identity::headers(site, granted));
    }
    match asked.front {
        Front::Nginx => Answer::Unauthorized,
        // A program that brings credentials cannot do anything with a page to sign in at.
        Front::Own if asked.credentials && site.settings.intercept_header_auth => {
            Answer::Unauthorized
        }
        Front::Forwarded | Front::Envoy | Front::Own => Answer::SignIn,
    }
}
