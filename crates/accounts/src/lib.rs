//! The tables of people as every request needs them: an account with its groups, sessions, and who
//! is behind a browser or a token. Beside `directory`, which serves and edits them, this is the
//! place for SQL about users, groups, sessions and tokens.
#![warn(missing_docs)]

mod authenticate;
mod identity;
mod recent;
mod rights;
mod session;

pub use authenticate::{caller, may_act_as, stays, through_outpost, visitor};
pub use identity::{identities, identity};
pub use recent::require_recent_sign_in;
pub use rights::{
    bounds, denied, give_initial, grant_object, grant_row, held, held_by_group, held_by_roles,
    may_change, may_give, may_move, may_name, take_row,
};
pub use session::{
    binding_of, end_session, end_sessions_of, limit_sessions, rekey_session, renew_session,
    start_session,
};
