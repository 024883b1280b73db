//! What is done about a request: facts in, decision out, nothing else touched.

pub mod authorize;
pub mod device;
pub mod logout;
pub mod token;
pub mod token_exchange;
