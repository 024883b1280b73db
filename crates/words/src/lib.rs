//! What people read who sign in, in their language.
//!
//! Each language is one file `locales/<tag>.ftl` (Fluent), built into the program. A text has a
//! name; [`Language::say`] gives it. What the API and the executor answer stays English, and so do
//! texts that are stored: [`Language::of`] finds such a sentence among ours and gives it in the
//! reader's language, and leaves alone what somebody else wrote.
//!
//! ```
//! use countersign_words::{Language, Wishes};
//!
//! let wishes = Wishes { person: Some("de_DE"), browser: "fr;q=0.8", ..Wishes::default() };
//! let german = wishes.language();
//! assert_eq!(german, Language::De);
//! assert_eq!(german.say("open-denied", &[("app", "Wiki".into())]), "Sie dürfen Wiki nicht öffnen");
//! assert_eq!(german.of("Invalid password"), "Das Passwort ist falsch");
//! ```

mod catalogue;
mod language;
mod pseudo;
pub mod template;

pub use catalogue::Arg;
pub use language::{Language, Wishes};
