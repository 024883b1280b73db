//! The protocol's messages: what arrived, what it means, and how answers are written.
//!
//! Nothing here does I/O. Each request is read in two steps: the raw parameters first ([`Params`]),
//! their meaning second, with everything wrong about them named in an enum.

pub mod assertion;
pub mod authorize;
pub mod backchannel;
pub mod bearer;
pub mod claims_request;
pub mod client_auth;
pub mod cors;
pub mod discovery;
pub mod dpop;
pub mod errors;
pub mod grant;
pub mod logout;
pub mod params;
pub mod pkce;
pub mod redirect;
pub mod respond;
pub mod scope;

pub use errors::{AuthorizeError, BearerError, PageError, TokenError};
pub use grant::GrantType;
pub use params::Params;
pub use pkce::{Challenge, Method};
pub use redirect::{MatchingMode, Registered};
pub use respond::{ResponseMode, ReturnAddress};
pub use scope::Scopes;
