//! The family of sources: what all have, and what each kind does by itself.

use countersign_model::{Choice, Entry, Fields, Picture, Ref, Slug, Snapshot, family};
use countersign_policy::{Mapping, PolicyEngineMode};
use serde_json::{Map, Value, json};

/// How an identity finds its account when it comes for the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Choice)]
pub enum UserMatchingMode {
    #[default]
    #[choice(value = "identifier", label = "Use the source-specific identifier")]
    Identifier,
    #[choice(
        value = "email_link",
        label = "Link to a user with identical email address. Can have security implications when a source doesn't validate email addresses."
    )]
    EmailLink,
    #[choice(
        value = "email_deny",
        label = "Use the user's email address, but deny enrollment when the email address already exists."
    )]
    EmailDeny,
    #[choice(
        value = "username_link",
        label = "Link to a user with identical username. Can have security implications when a username is used with another source."
    )]
    UsernameLink,
    #[choice(
        value = "username_deny",
        label = "Use the user's username, but deny enrollment when the username already exists."
    )]
    UsernameDeny,
}

/// How a group of the source finds its group here when it is named for the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Choice)]
pub enum GroupMatchingMode {
    #[default]
    #[choice(value = "identifier", label = "Use the source-specific identifier")]
    Identifier,
    #[choice(
        value = "name_link",
        label = "Link to a group with identical name. Can have security implications when a group name is used with another source."
    )]
    NameLink,
    #[choice(
        value = "name_deny",
        label = "Use the group name, but deny enrollment when the name already exists."
    )]
    NameDeny,
}

/// What all sources have: the fields of `sources/all/`.
#[derive(Debug, Clone, Fields)]
#[kind(
    members = dyn Source,
    path = "sources/all",
    model = "authentik_core.source",
    schema = "Source",
    title = "source",
    space = "source",
    lookup = "slug",
    ordering = "name",
    bindable
)]
struct Common {
    #[field(search, filter)]
    name: String,
    #[field(unique = "source with this slug already exists.", max_length = 50, search, filter)]
    slug: Slug,
    #[field(default = true)]
    enabled: bool,
    #[field(default)]
    authentication_flow: Option<Ref<family::Flow>>,
    #[field(default)]
    enrollment_flow: Option<Ref<family::Flow>>,
    #[field(default)]
    user_property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(default)]
    group_property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(default = PolicyEngineMode::Any)]
    policy_engine_mode: PolicyEngineMode,
    #[field(default = UserMatchingMode::Identifier)]
    user_matching_mode: UserMatchingMode,
    #[field(read_only, filter)]
    managed: Option<String>,
    #[field(default = USER_PATH)]
    user_path_template: String,
    #[field(read_only)]
    icon: Option<Picture>,
}

/// Where accounts are kept that a source makes, unless it says otherwise.
pub const USER_PATH: &str = "goauthentik.io/sources/%(slug)s";

/// The shared fields of one source, as [`shared!`] hands them out.
#[derive(Debug, Clone, Copy)]
pub struct Shared<'a> {
    pub name: &'a str,
    pub slug: &'a str,
    pub enabled: bool,
    pub authentication_flow: Option<Ref<family::Flow>>,
    pub enrollment_flow: Option<Ref<family::Flow>>,
    pub user_property_mappings: &'a [Ref<dyn Mapping>],
    pub group_property_mappings: &'a [Ref<dyn Mapping>],
    pub policy_engine_mode: PolicyEngineMode,
    pub user_matching_mode: UserMatchingMode,
    pub group_matching_mode: GroupMatchingMode,
    pub user_path_template: &'a str,
    pub icon: Option<&'a Picture>,
}

/// The method [`Source::shared`] of a kind whose struct has all shared fields under their names.
#[macro_export]
macro_rules! shared {
    () => {
        fn shared(&self) -> $crate::Shared<'_> {
            $crate::Shared {
                name: &self.name,
                slug: &self.slug,
                enabled: self.enabled,
                authentication_flow: self.authentication_flow.map(|flow| flow.cast()),
                enrollment_flow: self.enrollment_flow.map(|flow| flow.cast()),
                user_property_mappings: &self.user_property_mappings,
                group_property_mappings: &self.group_property_mappings,
                policy_engine_mode: self.policy_engine_mode,
                user_matching_mode: self.user_matching_mode,
                group_matching_mode: self.group_matching_mode,
                user_path_template: &self.user_path_template,
                icon: self.icon.as_ref(),
            }
        }
    };
}

/// Another place that knows who people are. A kind says where a sign-in by it begins; its protocol,
/// at that address, takes up what `countersign_flow::source` began and hands over whom the other
/// side has named. All else, from the button to the account, is the same for every kind.
pub trait Source: Send + Sync {
    /// The fields that all sources have. Written by [`shared!`].
    fn shared(&self) -> Shared<'_>;

    /// The path of this server at which signing in by it begins, as `/source/saml/<slug>/`. `None`
    /// where nobody signs in by it in a browser: a directory that is only copied.
    fn login_path(&self) -> Option<String> {
        None
    }

    /// The picture of its sort, below `/static/`, where it has none of its own.
    fn default_icon(&self) -> Option<&'static str> {
        None
    }

    /// What the original calls its part of a person's settings, as `ak-user-settings-source-saml`.
    fn settings_component(&self) -> &'static str {
        ""
    }

    /// What is known of a group that it names, before its mappings say more.
    fn group_properties(&self, identifier: &str) -> Map<String, Value> {
        Map::from_iter([("name".to_owned(), json!(identifier))])
    }
}

impl Shared<'_> {
    /// The folder of the accounts that it makes.
    #[must_use]
    pub fn user_path(&self) -> String {
        self.user_path_template.replace("%(slug)s", self.slug)
    }
}

/// The picture that stands for a source.
#[must_use]
pub fn icon(source: &dyn Source) -> Option<String> {
    let own = source.shared().icon.map(ToString::to_string).filter(|icon| !icon.is_empty());
    own.or_else(|| source.default_icon().map(str::to_owned))
}

/// A source that people may sign in by now: it is there, enabled, and has a place to begin at.
#[must_use]
pub fn usable(snapshot: &Snapshot, source: Ref<dyn Source>) -> Option<&dyn Source> {
    of(snapshot.member(source)?).filter(|source| source.shared().enabled)
}

/// An object as a source, if it is one.
#[must_use]
pub fn of(entry: &Entry) -> Option<&dyn Source> {
    entry.facet::<dyn Source>()
}

/// The enabled source of that slug.
#[must_use]
pub fn by_slug<'s>(
    snapshot: &'s Snapshot,
    slug: &str,
) -> Option<(Ref<dyn Source>, &'s dyn Source)> {
    let entry = snapshot.lookup(<dyn Source as countersign_model::Target>::SPACE, "slug", slug)?;
    let source = of(entry).filter(|source| source.shared().enabled)?;
    Some((Ref::new(entry.id.key), source))
}
