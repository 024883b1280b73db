//! The endpoints over a real store: requests in, answers out, no server and no network.

mod device;
mod endpoints;
mod kinds;
mod logout;
mod repeated;
mod standards;
mod tokens;
mod world;
