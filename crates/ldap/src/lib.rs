//! A directory over LDAP.
mod directory;
mod dn;
mod filter;
mod matching;
mod posix;
mod schema;
mod search;
#[cfg(test)]
mod tests;
mod tree;
mod wire;
