//! The endpoints over a real store: requests in, answers out, no server and no network.

mod attacks;
mod clients;
mod device;
mod endpoints;
mod kinds;
mod logout;
mod mtls;
mod random;
mod registration;
mod repeated;
mod standards;
mod tokens;
mod world;
