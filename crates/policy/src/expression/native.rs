//! Shipped expressions, written in Rust. Recognised by what the text says, see
//! [`super::normalise`].

use serde_json::{Value, json};

use countersign_directory::SystemSettings;

use super::ExpressionError;
use super::truth::truth;
use crate::access;
use crate::host::{FIRST_ADMIN, HostError};
use crate::request::{Occasion, PolicyRequest};
use crate::verdict::Verdict;

/// One shipped expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Native {
    // What a directory says of somebody, as an account has it.
    LdapCn,
    LdapGivenName,
    LdapMail,
    LdapName,
    LdapPath,
    LdapSamAccountName,
    LdapSn,
    LdapUid,
    LdapUpn,
    /// Scopes that say nothing about the user.
    Nothing,
    /// Stage "password": only while the user has not proved who they are.
    PasswordStageNeeded,
    PromptEmail,
    PromptLocale,
    PromptName,
    PromptUsername,
    RecoveryNotRestored,
    SamlEmail,
    SamlGroups,
    SamlName,
    SamlUid,
    SamlUpn,
    SamlUsername,
    ScopeEmail,
    ScopeEntitlements,
    ScopeProfile,
    ScopeProxy,
    /// Set-up: closed after its first use. The stage that writes the account closes it, in the same
    /// transaction; this answers true.
    SetupClose,
    /// Set-up: only while no administrator ever had a password.
    SetupOpen,
    /// Set-up: it is about the first administrator.
    SetupPrefill,
    SourceLogin,
    SourceUsernameMissing,
    TokenNotUsed,
    UserSettingsAllowed,
}

/// Texts of ours and of the original, by fingerprint.
const KNOWN: &[(&str, Native)] = &[
    ("b2f9bcab69388ae54255801add7e60b1692606063449cbe9fc736136dcab968d", Native::LdapCn),
    ("bd3a01b0eaaefaeb3ce3d2d28df38e4926da1c1733893c0489760ad584cc7fce", Native::LdapGivenName),
    ("554f70f3a02b08aa4b8c06afaeb70859bc630cfcd26b7c6029e126e4d95d99ca", Native::LdapMail),
    ("7357717aba111ef04f466054a1d01925b13383bd155545bb36dddf62858393a5", Native::LdapName),
    ("28d0a34a79d2138a79139941f80942d0de55ea41184ca93c3b07c301199afd10", Native::LdapPath),
    (
        "8cfc9e32ee079c33d0800f1a0cf3b078a2989c484aad2ce6f82241ddd38f5915",
        Native::LdapSamAccountName,
    ),
    ("bdd6a85b9a7bfe0a5b037947fa8444f40bd986f2b25a29b9e165cff3a577a821", Native::LdapSn),
    ("2e3e95bcb173596f9aaed02277e6b5ea29ec1b6d4176d58e8213554f341aa838", Native::LdapUid),
    ("a987c6f6b5841a48a657a8b4f33c4bb13d5d85b35ad6bf124b0cb0ce8c0e68f4", Native::LdapUpn),
    ("7df8f0cd9e1cd0b204a760783671c0ccca4a3258dc7c51f59e9e2295c6c25315", Native::Nothing),
    (
        "a14e8d32bed2dc65b9683a5e5b88a6015af775b395084e93e87e90c637a78d24",
        Native::PasswordStageNeeded,
    ),
    (
        "e9f4556603db6db8089561824f51c9790c29b80276be9098c98810e55d595f53",
        Native::PasswordStageNeeded,
    ),
    ("8650bd10e278dee5e1faf86c79cce572812e5f3afcfb7e51f996411db3875546", Native::PromptEmail),
    ("ef36cab8ac7506c73ae5b3371ffb442f4953ec10939d3031adbc563f82c576c3", Native::PromptEmail),
    ("c0574c5da292144d3428c449a692c1ac41ae618b6d064cbbc46d42ff06a47365", Native::PromptLocale),
    ("c3b9bb778b99f310a865fc0f3e33d1e77462bf3676d57ceb2819fd004f9cb760", Native::PromptLocale),
    ("9385217846ca424d01621fdc6286db556016bca9e2bc7f04d41508ae4098b8be", Native::PromptName),
    ("e4cff98c4f93c3662c2bf37b2e68ae44fc121fe1e4db5dadbe61d6248d1dcfed", Native::PromptName),
    ("090a73262c3034c2f44e851b371d411918c42929943fb5003e5b4e806b98617b", Native::PromptUsername),
    ("b6e32f922aacbd3af51df9a77e30d7f4179c5aefb237d57d55c549f4c85d656e", Native::PromptUsername),
    (
        "fcba06e5bbfcf7a7cc02c06523451044ac057f63ceb569967602ed1c99908962",
        Native::RecoveryNotRestored,
    ),
    ("a8e0d8aa58382dbea333ac2abd3325f04f0c19123f7c84052f760a8153168df8", Native::SamlEmail),
    ("e698ce3cb6b0414ccc4d8751b8e45c442a0f746221b87101396c95828b78c3f2", Native::SamlGroups),
    ("38aadb6ef2a522083268356f1be8225bb0c683e4a0ae5f427850cf227a9f333f", Native::SamlGroups),
    ("83cf608dff5fff2fd7aa97f8a4b4d5e52b9ad0bad79141f5af629138609eed4c", Native::SamlName),
    ("5d5820522db588975fa4ae0b5c420e85fcd8589155c78bb0926745f211c98983", Native::SamlUid),
    ("38a1193444e2fa47c1ae2d311cbc92b16287a3c9405bf24c3e685ab816df85af", Native::SamlUpn),
    ("6088bdfadd4624b48002f888e542e4f73c21f47db52779df3784bbc97ecc602b", Native::SamlUpn),
    ("4a5a07563b43b2e53144e7f53fe5e7da132d747188912dedac9b195c9d731cdf", Native::SamlUsername),
    ("306a7d52899a8b1954305960ec01f7b8d42411dbb846d99e3422a7c8ab49a9ce", Native::ScopeEmail),
    ("f343f080587aa78adea137f435b19bb581e5dbd6fa4b21dc4852f2365cc98a18", Native::ScopeEmail),
    ("098424f943c098ffe71cde1199dcddede792e2d2012f9504c655aa7b04e75e82", Native::ScopeEntitlements),
    ("5bab17137756546fbadd28343ab9c8a211d9d8d0861ba2bcd39a4fe76276b350", Native::ScopeEntitlements),
    ("10d67d0e915e60cd3d575c52371bff5d8cd1832c886bcb7d45f82d930d4a7f7c", Native::ScopeProfile),
    ("159c3fbcfd0fa340350b0b3485422e658df65dae7a6bd15b2b5a16930cc25268", Native::ScopeProfile),
    ("59769babddb4b4347f43653a5fdb42b2057bdbbc8a9fb4b8fd7258e211ca2c46", Native::ScopeProxy),
    ("d84db5509fbd63e65d3783b17bcc38c17dd1acb0d9a7e0e93a6c8024cd49f26e", Native::ScopeProxy),
    ("0bfb9142321db00da1723d13a63f490a35003f647b9ee6e4b0e740d97ea45b85", Native::SetupClose),
    ("4268798c47e6babc2757a8f7f499a8fc92ab07e03ae9504662c5450f5cbe8b7c", Native::SetupClose),
    ("48cfdb8ac0310a6f5435018c7d7be5033cef2efcbdb00e40fe7f198395190446", Native::SetupOpen),
    ("fe497e40bae88dfefd48297985a427bb01c998bbc69cb34797017fb3db5494f8", Native::SetupOpen),
    ("3130452c9d6ac74534acfaf5ba539a8913937099947950e606338e72a0085b09", Native::SetupPrefill),
    ("d1fe018e9835614e4b8185113ff6d906127dab8f79a98538df1babeed26b48ef", Native::SetupPrefill),
    ("d58aa29af8eefd3b6c1598ecb07b3009bb69a5b4f07e6c30ebac4d1764bb4a6a", Native::SourceLogin),
    (
        "14969cd2c67a459d97a4b7c942ee142a99738f3a16abe3fd6309abff95c94633",
        Native::SourceUsernameMissing,
    ),
    (
        "33448aebcb53f383a2c59db65dee04f1664280ad1cacde0cf18d86f12a4b2b39",
        Native::SourceUsernameMissing,
    ),
    ("515d7a655a962644ba8c21dd984a9bd66d34456fb8491d212505d7002f85965f", Native::TokenNotUsed),
    (
        "3218ddbfa5b792f2d1cfd00a459e485749cf0c86608e08b7780887830ba4e28b",
        Native::UserSettingsAllowed,
    ),
    (
        "6f2ad8fb91cdb19d933b68e313e816f6ab060f1fe4631d560d3c76ab88a881a3",
        Native::UserSettingsAllowed,
    ),
];

pub(super) fn recognise(normal: &str) -> Option<Native> {
    use sha2::{Digest as _, Sha256};
    let print = hex::encode(Sha256::digest(normal.as_bytes()));
    KNOWN.iter().find(|(known, _)| *known == print).map(|(_, native)| *native)
}

impl Native {
    /// The keys of what [`Native::map`] gives.
    #[must_use]
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Native::ScopeEmail => &["email", "email_verified"],
            Native::ScopeEntitlements => &["entitlements", "roles"],
            Native::ScopeProfile => {
                &["name", "given_name", "preferred_username", "nickname", "groups"]
            }
            Native::ScopeProxy => &["ak_proxy"],
            _ => &[],
        }
    }

    /// The attribute of a directory that becomes a field of an account.
    const fn of_directory(self) -> Option<(&'static str, Field)> {
        Some(match self {
            Native::LdapCn => ("cn", Field::Own("name")),
            Native::LdapGivenName => ("givenName", Field::Attribute("givenName")),
            Native::LdapMail => ("mail", Field::Own("email")),
            Native::LdapName => ("name", Field::Own("name")),
            Native::LdapSamAccountName => ("sAMAccountName", Field::Own("username")),
            Native::LdapSn => ("sn", Field::Attribute("sn")),
            Native::LdapUid => ("uid", Field::Own("username")),
            Native::LdapUpn => ("userPrincipalName", Field::Attribute("upn")),
            _ => return None,
        })
    }

    /// As a mapping.
    ///
    /// # Errors
    /// [`ExpressionError::Misplaced`] for a policy.
    pub async fn map(self, cx: &PolicyRequest<'_>) -> Result<Value, ExpressionError> {
        if let Some((attribute, field)) = self.of_directory() {
            return Ok(directory(cx, attribute, field));
        }
        let anonymous = || ExpressionError::Failed("There is no user.".to_owned());
        let user = cx.user.ok_or_else(anonymous);
        match self {
            Native::Nothing => Ok(json!({})),
            Native::LdapPath => directory_path(cx),
            Native::PromptEmail => Ok(cx.user.map_or(json!(""), |user| json!(user.email))),
            Native::PromptLocale => Ok(cx.user.map_or(json!(""), |user| {
                user.attributes
                    .get("settings")
                    .and_then(|settings| settings.get("locale"))
                    .cloned()
                    .unwrap_or_else(|| json!(""))
            })),
            Native::PromptName => Ok(cx.user.map_or(json!(""), |user| json!(user.name))),
            Native::PromptUsername => Ok(cx.user.map_or(json!(""), |user| json!(user.username))),
            Native::SamlEmail => user.map(|user| json!(user.email)),
            Native::SamlGroups => user.map(|user| json!(user.direct_groups())),
            Native::SamlName => user.map(|user| json!(user.name)),
            Native::SamlUid => user.map(|user| json!(user.pk)),
            Native::SamlUpn => user.map(|user| {
                user.attributes.get("upn").cloned().unwrap_or_else(|| json!(user.email))
            }),
            Native::SamlUsername => user.map(|user| json!(user.username)),
            Native::ScopeEmail => {
                user.map(|user| json!({"email": user.email, "email_verified": true}))
            }
            Native::ScopeEntitlements => {
                let held = access::entitlements(cx).await.map_err(HostError::from)?;
                Ok(json!({"entitlements": held, "roles": held}))
            }
            Native::ScopeProfile => user.map(|user| {
                json!({
                    "name": user.name, "given_name": user.name, "preferred_username": user.username,
                    "nickname": user.username, "groups": user.direct_groups(),
                })
            }),
            Native::ScopeProxy => {
                let user = user?;
                // The original asks for them without a request of the web, so without the brand's.
                let attributes = user.merged_attributes(&serde_json::Map::new());
                Ok(
                    json!({"ak_proxy": {"user_attributes": attributes, "is_superuser": user.is_superuser()}}),
                )
            }
            Native::LdapCn
            | Native::LdapGivenName
            | Native::LdapMail
            | Native::LdapName
            | Native::LdapSamAccountName
            | Native::LdapSn
            | Native::LdapUid
            | Native::LdapUpn
            | Native::PasswordStageNeeded
            | Native::RecoveryNotRestored
            | Native::SetupClose
            | Native::SetupOpen
            | Native::SetupPrefill
            | Native::SourceLogin
            | Native::SourceUsernameMissing
            | Native::TokenNotUsed
            | Native::UserSettingsAllowed => Err(ExpressionError::Misplaced),
        }
    }

    /// As a policy.
    ///
    /// # Errors
    /// A fact that is not there, as the original's expression would raise.
    pub async fn decide(self, request: &PolicyRequest<'_>) -> Result<Verdict, ExpressionError> {
        let context = request.occasion.to_context();
        let no_admin = || ExpressionError::Failed(format!("There is no user {FIRST_ADMIN}."));
        Ok(match self {
            Native::PasswordStageNeeded => {
                let pending = context.get("pending_user").and_then(|user| user.get("backend"));
                let has_backend = pending.is_some_and(|backend| !backend.is_null());
                Verdict::of(!request.occasion.is_in_plan() || !has_backend)
            }
            Native::RecoveryNotRestored => {
                Verdict::of(context.get("is_restored").is_none_or(truth))
            }
            Native::SetupClose => Verdict::of(true),
            Native::SetupOpen => {
                Verdict::of(!request.host.setup_done().await?.ok_or_else(no_admin)?)
            }
            Native::SetupPrefill => {
                request.host.setup_done().await?.ok_or_else(no_admin)?;
                Verdict {
                    passing: true,
                    pending_username: Some(FIRST_ADMIN.to_owned()),
                    ..Verdict::default()
                }
            }
            Native::SourceLogin => Verdict::of(context.get("is_sso").is_some_and(truth)),
            Native::SourceUsernameMissing => Verdict::of(
                context.get("prompt_data").and_then(|data| data.get("username")).is_none(),
            ),
            Native::TokenNotUsed => Verdict::of(
                context.get("auth_method").and_then(Value::as_str) != Some("app_password"),
            ),
            Native::UserSettingsAllowed => settings_allowed(request).await?,
            // A mapping used as a policy passes when its value is true, as the original would have
            // it.
            mapping => Verdict::of(truth(&mapping.map(request).await?)),
        })
    }
}

/// What an attribute of a directory becomes.
enum Field {
    Own(&'static str),
    /// The first of its values.
    Attribute(&'static str),
}

fn directory(cx: &PolicyRequest<'_>, attribute: &str, field: Field) -> Value {
    let Occasion::SourceIdentity(given) = cx.occasion else { return json!({}) };
    let value = given.get("ldap").and_then(|ldap| ldap.get(attribute)).cloned();
    match field {
        Field::Own(name) => json!({name: value}),
        Field::Attribute(name) => {
            let first = match value {
                Some(Value::Array(all)) => all.into_iter().next(),
                other => other,
            };
            json!({"attributes": {name: first}})
        }
    }
}

/// The folder that an entry of a directory is in, below that of its source.
fn directory_path(cx: &PolicyRequest<'_>) -> Result<Value, ExpressionError> {
    let missing = |what: &str| ExpressionError::Failed(format!("name '{what}' is not defined"));
    let Occasion::SourceIdentity(given) = cx.occasion else { return Err(missing("dn")) };
    let dn = given.get("dn").and_then(Value::as_str).ok_or_else(|| missing("dn"))?;
    let source = cx.target.and_then(|target| cx.snapshot.bindable(target));
    let text = |field: &str| {
        let value = source.and_then(|source| source.object.value(field));
        value.and_then(|value| value.as_str().map(str::to_owned))
    };
    let (slug, template) =
        text("slug").zip(text("user_path_template")).ok_or_else(|| missing("source"))?;
    let mut path = vec![template.replace("%(slug)s", &slug)];
    let pairs = dn.split(',').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let folders = pairs.filter(|(name, _)| !["cn", "dc"].contains(&name.to_lowercase().as_str()));
    let mut folders: Vec<String> = folders.map(|(_, value)| value.to_owned()).collect();
    folders.reverse();
    path.extend(folders);
    Ok(json!({"path": path.join("/")}))
}

/// Attributes of the user, the groups or the brand win over the system's setting.
async fn settings_allowed(request: &PolicyRequest<'_>) -> Result<Verdict, ExpressionError> {
    let Some(user) = request.user else { return Ok(Verdict::default()) };
    let attributes = user.merged_attributes(&request.host.brand().await?.attributes);
    let context = request.occasion.to_context();
    let data = context.get("prompt_data");
    let settings = SystemSettings::of(request.snapshot);
    for (field, attribute, setting, current, message) in [
        (
            "email",
            "goauthentik.io/user/can-change-email",
            settings.default_user_change_email,
            &user.email,
            "Not allowed to change email address.",
        ),
        (
            "name",
            "goauthentik.io/user/can-change-name",
            settings.default_user_change_name,
            &user.name,
            "Not allowed to change name.",
        ),
        (
            "username",
            "goauthentik.io/user/can-change-username",
            settings.default_user_change_username,
            &user.username,
            "Not allowed to change username.",
        ),
    ] {
        let allowed = attributes.get(attribute).map_or(setting, truth);
        let wanted = data.and_then(|data| data.get(field)).and_then(Value::as_str);
        if !allowed && wanted != Some(current.as_str()) {
            return Ok(Verdict::failing(vec![message.to_owned()]));
        }
    }
    Ok(Verdict::passing())
}
