//! Texts of objects that come with the program. As long as nobody has changed one it is shown in
//! the reader's language; it is known by its object and its exact value, so that what an
//! administrator wrote is shown as written. JSON has what is stored.

use countersign_words::Language;

/// Titles of flows: slug, title, text.
const TITLES: &[(&str, &str, &str)] = &[
    ("default-authentication-flow", WELCOME, "welcome-to"),
    ("default-enrollment-flow", WELCOME, "welcome-to"),
    ("default-source-authentication", WELCOME, "welcome-to"),
    ("initial-setup", WELCOME, "welcome-to"),
    (
        "default-source-enrollment",
        "Welcome to authentik! Please select a username.",
        "shipped-choose-username",
    ),
    ("default-source-pre-authentication", "Pre-authentication", "shipped-pre-authentication"),
    ("default-password-change", "Change password", "shipped-change-password"),
    (
        "default-provider-authorization-explicit-consent",
        "Redirecting to %(app)s",
        "shipped-redirecting",
    ),
    (
        "default-provider-authorization-implicit-consent",
        "Redirecting to %(app)s",
        "shipped-redirecting",
    ),
    ("default-provider-invalidation-flow", "You've logged out of %(app)s.", "shipped-logged-out"),
    ("default-invalidation-flow", "Default Invalidation Flow", "shipped-invalidation"),
    ("default-user-settings-flow", "Update your info", "shipped-update-info"),
    ("default-recovery-flow", "Reset your password", "shipped-reset-password"),
    ("default-unenrollment-flow", "Delete your account", "shipped-delete-account"),
    ("default-authenticator-static-setup", "Setup Static OTP Tokens", "recovery-codes-keep"),
    ("default-authenticator-totp-setup", "Set up Two-Factor authentication", "app-set-up"),
    ("default-authenticator-webauthn-setup", "Setup WebAuthn", "passkey-set-up"),
    (
        "default-authenticator-email-setup",
        "Setup Email Two-Factor Authentication",
        "mail-codes-set-up",
    ),
];

const WELCOME: &str = "Welcome to authentik!";

/// Labels and placeholders of prompts: name, value, text.
const PROMPTS: &[(&str, &str, &str)] = &[
    ("default-enrollment-field-email", "Email", "email-label"),
    ("default-enrollment-field-name", "Name", "shipped-name"),
    ("default-enrollment-field-password", "Password", "password-label"),
    ("default-enrollment-field-password-repeat", REPEAT, "shipped-password-repeat"),
    ("default-enrollment-field-username", "Username", "username-label"),
    ("default-password-change-field-password", "Password", "password-label"),
    ("default-password-change-field-password-repeat", REPEAT, "shipped-password-repeat"),
    ("default-recovery-field-password", "Password", "password-label"),
    ("default-recovery-field-password-repeat", REPEAT, "shipped-password-repeat"),
    ("default-source-enrollment-field-username", "Username", "username-label"),
    ("default-user-settings-field-email", "Email", "email-label"),
    ("default-user-settings-field-locale", "Locale", "shipped-locale"),
    ("default-user-settings-field-name", "Name", "shipped-name"),
    ("default-user-settings-field-username", "Username", "username-label"),
    ("initial-setup-field-email", "Admin email", "shipped-admin-email"),
    ("initial-setup-field-email", "Email", "email-label"),
    ("initial-setup-field-password", "Password", "password-label"),
    ("initial-setup-field-password-repeat", REPEAT, "shipped-password-repeat"),
];

const REPEAT: &str = "Password (repeat)";

/// Descriptions of scopes, as people are asked for their consent: scope, description, text.
const SCOPES: &[(&str, &str, &str)] = &[
    ("email", "Email address", "shipped-scope-email"),
    ("entitlements", "Application entitlements", "shipped-scope-entitlements"),
    ("goauthentik.io/api", "authentik API Access on behalf of your user", "shipped-scope-api"),
    ("groups", "Group memberships", "shipped-scope-groups"),
    ("offline_access", "Access to request new tokens without interaction", "shipped-scope-offline"),
    ("profile", "General Profile Information", "shipped-scope-profile"),
    ("read:org", "GitHub Compatibility: Access your Groups", "shipped-scope-github-groups"),
    (
        "read:user",
        "GitHub Compatibility: Access your User Information",
        "shipped-scope-github-user",
    ),
    ("user", "GitHub Compatibility: Access your User Information", "shipped-scope-github-user"),
    (
        "user:email",
        "GitHub Compatibility: Access you Email addresses",
        "shipped-scope-github-email",
    ),
];

fn key(table: &[(&str, &str, &'static str)], object: &str, value: &str) -> Option<&'static str> {
    let found = table.iter().find(|(of, shipped, _)| *of == object && *shipped == value);
    found.map(|(_, _, key)| *key)
}

/// The title of a flow, if it is as it was shipped.
pub(crate) fn title(
    language: Language,
    slug: &str,
    stored: &str,
    (brand, app): (&str, &str),
) -> Option<String> {
    let said =
        language.say(key(TITLES, slug, stored)?, &[("brand", brand.into()), ("app", app.into())]);
    // Nothing to name leaves a blank at the end.
    Some(said.trim().to_owned())
}

/// The label or placeholder of a prompt.
pub(crate) fn prompt(language: Language, name: &str, stored: &str) -> String {
    key(PROMPTS, name, stored).map_or_else(|| stored.to_owned(), |key| language.t(key))
}

/// What a scope is said to be.
pub(crate) fn scope(language: Language, scope: &str, stored: &str) -> String {
    key(SCOPES, scope, stored).map_or_else(|| stored.to_owned(), |key| language.t(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_changed_is_translated() {
        let of = |slug, stored| title(Language::De, slug, stored, ("Acme", "Wiki"));
        let welcome = Language::De.say("welcome-to", &[("brand", "Acme".into())]);
        assert_eq!(of("default-authentication-flow", WELCOME), Some(welcome));
        assert_eq!(of("default-authentication-flow", "Welcome to Acme!"), None);
        assert_eq!(of("another-flow", WELCOME), None);
        let label = |name, stored| prompt(Language::De, name, stored);
        assert_eq!(
            label("default-user-settings-field-name", "Name"),
            Language::De.t("shipped-name")
        );
        assert_eq!(label("default-user-settings-field-name", "Full name"), "Full name");
        assert_eq!(label("own-field", "Password"), "Password");
        assert_eq!(
            scope(Language::De, "email", "Email address"),
            Language::De.t("shipped-scope-email")
        );
        assert_eq!(scope(Language::De, "mail", "Email address"), "Email address");
    }
}
