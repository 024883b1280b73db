//! Second factors that people have: one table per class of devices, the family they form
//! ([`Device`]), and its part of the API below `authenticators/`. Whoever has to know whether
//! somebody has a second factor, or checks one, asks here: the validation stage, policies, and
//! later protocols that ask for a code with the password. Nothing here knows a flow or a page.
//!
//! A class of devices is one file with its table, its migration, and its line in [`DEVICES`].

mod api;
mod device;
mod duo;
mod email;
mod notice;
mod people;
mod sent;
mod sms;
mod static_codes;
mod totp;
mod webauthn;

use std::sync::Arc;

use countersign_core::{Job, Module, TableResource};
use countersign_mail::Mailer;

pub use device::{DEVICES, Device, DeviceClass, DeviceDef, Held, has, held_by, verify};
pub use duo::DuoDevice;
pub use email::EmailDevice;
pub use sent::{Recipient, new_code, sealed_code};
pub use sms::SmsDevice;
pub use static_codes::{StaticDevice, enrol_codes, new_codes};
pub use totp::{NewTotp, TotpDevice};
pub use webauthn::{
    Answered, Attachment, Authentication, Challenge, DeviceType, NotKept, Passkey, Refused,
    Registered, Registration, RelyingParty, ResidentKey, Shown, UserVerification, already_known,
};

/// The second factors' part of the program.
#[must_use]
pub fn module(mailer: &Arc<Mailer>) -> Module {
    let mut tables: Vec<TableResource> = DEVICES.iter().map(DeviceDef::table).collect();
    tables.push(TableResource::plain::<static_codes::StaticToken>());
    tables.push(TableResource::plain::<webauthn::SpentChallenge>());
    let mut operations = api::operations();
    operations.push(people::operation());
    operations.extend(webauthn::operations());
    Module {
        name: "authenticators",
        operations,
        tables,
        schemas: api::schemas().into_iter().chain(people::schemas()).collect(),
        jobs: vec![Job::of(notice::TellOwner(mailer.clone()))],
        ..Module::default()
    }
}
