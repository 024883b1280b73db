//! What is done about a request: facts in, decision out, nothing else touched.

pub mod authorize;
pub mod logout;
pub mod token;
