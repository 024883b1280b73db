//! What a directory is set up with.

use countersign_catalogue::CertificateKeyPair;
use countersign_core::{ApiError, Call, RenderContext};
use countersign_flow::Flow;
use countersign_ldap::Dn;
use countersign_ldap::client::Filter;
use countersign_model::{
    Draft, Entry, FieldErrors, Kind, ObjectId, Picture, Problem, Ref, Secret, Slug, Vanished,
    directory,
};
use countersign_policy::{Mapping, PolicyEngineMode};
use countersign_sources::{GroupMatchingMode, Shared, Source, UserMatchingMode};
use serde_json::{Map, Value};

use crate::place::Place;

/// Copies accounts and groups from a directory, which is asked for their passwords.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Source,
    path = "sources/ldap",
    model = "authentik_sources_ldap.ldapsource",
    title = "LDAP Source",
    component = "ak-source-ldap-form",
    columns = "name, slug, enabled, server_uri",
    section = "Directory",
    fold("Connection settings", "Server, certificates, who binds"),
    fold("LDAP Attribute mapping", "Where entries are, and what becomes of them"),
    fold("Additional settings", "Folder of accounts, parent of groups, filters"),
    aside(
        "What happens next",
        "The directory is read every two hours, and when you save. Its people sign in with their passwords there once a password stage has the backend “User database + LDAP password”."
    ),
    check = LDAPSource::check
)]
pub struct LDAPSource {
    #[field(search, filter)]
    pub name: String,
    #[field(
        label = "Slug",
        help = "Part of addresses, and of the folder of accounts.",
        unique = "source with this slug already exists.",
        max_length = 50,
        search,
        filter
    )]
    pub slug: Slug,
    #[field(default = true, filter)]
    pub enabled: bool,
    #[field(
        label = "Sync users",
        help = "Copy people. Needs user property mappings.",
        default = true,
        filter
    )]
    pub sync_users: bool,
    #[field(
        label = "User password writeback",
        help = "Whoever changes a password here changes it in the directory, too. One source only can have this.",
        default = true,
        filter
    )]
    pub sync_users_password: bool,
    #[field(
        label = "Update internal password on login",
        help = "Keep a password that the directory has accepted, so that people can sign in without it (with the backend “User database + standard password”).",
        default = false,
        filter
    )]
    pub password_login_update_internal_password: bool,
    #[field(
        label = "Sync groups",
        help = "Copy groups and who is in them. Needs group property mappings.",
        default = true,
        filter
    )]
    pub sync_groups: bool,
    #[field(
        label = "Delete what is gone",
        help = "Delete accounts and groups that the source has made and the directory has no more, after a complete run. More than a tenth at once has to be confirmed.",
        default = false
    )]
    pub delete_not_found_objects: bool,

    #[field(
        label = "Server URI",
        help = "Addresses with commas in between: any that answers is asked.",
        placeholder = "ldaps://dc1.company.example",
        group = "Connection settings",
        filter
    )]
    pub server_uri: String,
    #[field(
        label = "Enable StartTLS",
        help = "Encrypt the connection before anything is said. With ldaps:// it always is.",
        group = "Connection settings",
        default = false,
        filter
    )]
    pub start_tls: bool,
    #[field(
        label = "Use Server URI for SNI verification",
        help = "Name the host of the address when the connection is encrypted, for servers with several certificates. The certificate has to bear that name in any case.",
        group = "Connection settings",
        default = false,
        filter
    )]
    pub sni: bool,
    #[field(
        label = "TLS Verification Certificate",
        help = "The authority, or the very certificate, that the directory’s certificate has to come from. Empty: an authority that this machine trusts.",
        guard,
        group = "Connection settings",
        filter
    )]
    pub peer_certificate: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "TLS Client authentication certificate",
        help = "Shown to the directory.",
        choose(query = "has_key=true"),
        needs = "key_data",
        guard,
        group = "Connection settings",
        filter
    )]
    pub client_certificate: Option<Ref<CertificateKeyPair>>,
    #[field(
        label = "Bind CN",
        help = "The name this server signs in to the directory with. Empty: as nobody.",
        placeholder = "cn=countersign,ou=services,dc=company,dc=example",
        group = "Connection settings",
        default = "",
        filter
    )]
    pub bind_cn: String,
    #[field(label = "Bind Password", group = "Connection settings", write_only, default)]
    pub bind_password: Secret,
    #[field(
        label = "Base DN",
        help = "Everything that is copied is below it.",
        placeholder = "dc=company,dc=example",
        group = "Connection settings",
        filter
    )]
    pub base_dn: String,

    #[field(
        label = "User Property Mappings",
        help = "What becomes of what the directory says of a person.",
        choose(path = "propertymappings/source/ldap"),
        group = "LDAP Attribute mapping",
        default,
        filter
    )]
    pub user_property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(
        label = "Group Property Mappings",
        help = "What becomes of what it says of a group.",
        choose(path = "propertymappings/source/ldap"),
        group = "LDAP Attribute mapping",
        default,
        filter
    )]
    pub group_property_mappings: Vec<Ref<dyn Mapping>>,

    #[field(
        label = "User path",
        help = "The folder of accounts that the source makes.",
        group = "Additional settings",
        default = countersign_sources::USER_PATH
    )]
    pub user_path_template: String,
    #[field(
        label = "Parent Group",
        help = "Groups of the source are put into this one.",
        group = "Additional settings",
        on_delete = SetNull,
        filter
    )]
    pub sync_parent_group: Option<Ref<directory::Group>>,
    #[field(
        label = "Addition User DN",
        help = "In front of the base DN when people are searched.",
        placeholder = "ou=people",
        group = "Additional settings",
        default = "",
        filter
    )]
    pub additional_user_dn: String,
    #[field(
        label = "Addition Group DN",
        help = "In front of the base DN when groups are searched.",
        placeholder = "ou=groups",
        group = "Additional settings",
        default = "",
        filter
    )]
    pub additional_group_dn: String,
    #[field(
        label = "User object filter",
        help = "Which entries are people.",
        group = "Additional settings",
        default = "(objectClass=person)",
        filter
    )]
    pub user_object_filter: String,
    #[field(
        label = "Group object filter",
        help = "Which entries are groups.",
        group = "Additional settings",
        default = "(objectClass=group)",
        filter
    )]
    pub group_object_filter: String,
    #[field(
        label = "Group membership field",
        help = "The attribute of a group that names its members; with the next switch, the attribute of a person that names their groups. memberUid names people by their unique value.",
        group = "Additional settings",
        default = "member",
        filter
    )]
    pub group_membership_field: String,
    #[field(
        label = "Lookup using user attribute",
        help = "Ask for each group which people name it. With memberOf:1.2.840.113556.1.4.1941: Active Directory itself follows groups in groups.",
        group = "Additional settings",
        default = false,
        filter
    )]
    pub lookup_groups_from_user: bool,
    #[field(
        label = "Object uniqueness field",
        help = "The attribute by which an entry is known although it is renamed or moved: objectSid, entryUUID, ipaUniqueID. Nobody may be able to choose their own.",
        group = "Additional settings",
        default = "objectSid",
        filter
    )]
    pub object_uniqueness_field: String,
    #[field(
        label = "User matching mode",
        help = "How an entry that comes for the first time finds an account that is here already.",
        group = "Additional settings",
        default = UserMatchingMode::Identifier
    )]
    pub user_matching_mode: UserMatchingMode,

    #[field(label = "Authentication flow", hide)]
    pub authentication_flow: Option<Ref<Flow>>,
    #[field(label = "Enrollment flow", hide)]
    pub enrollment_flow: Option<Ref<Flow>>,
    #[field(label = "Policy engine mode", hide, default = PolicyEngineMode::Any)]
    pub policy_engine_mode: PolicyEngineMode,
    #[field(label = "Managed by authentik", read_only, unique)]
    pub managed: Option<String>,
    #[field(label = "Icon", read_only, blank)]
    pub icon: Option<Picture>,
    /// Names the certificates that were deleted. Until they are set anew the directory is not asked.
    #[field(label = "Vanished", read_only, default)]
    pub vanished: Vanished,
}

/// Shown where one source has the write-back already.
const ONLY_ONE: &str = "Only a single LDAP Source with password synchronization is allowed";

impl LDAPSource {
    pub(crate) fn user_base(&self) -> String {
        below(&self.additional_user_dn, &self.base_dn)
    }

    pub(crate) fn group_base(&self) -> String {
        below(&self.additional_group_dn, &self.base_dn)
    }

    /// Whether there is anything to copy.
    pub(crate) fn copies(&self) -> bool {
        self.enabled && (self.copies_users() || self.copies_groups())
    }

    pub(crate) fn copies_users(&self) -> bool {
        self.sync_users && !self.user_property_mappings.is_empty()
    }

    pub(crate) fn copies_groups(&self) -> bool {
        self.sync_groups && !self.group_property_mappings.is_empty()
    }

    fn check(&self, draft: &Draft, id: ObjectId, errors: &mut FieldErrors) {
        let mut wrong = |field, text: String| errors.add(field, Problem::new("invalid", text));
        if let Err(error) = Place::all(&self.server_uri) {
            wrong("server_uri", error.to_string());
        }
        for (field, dn) in [
            ("base_dn", &self.base_dn),
            ("additional_user_dn", &self.additional_user_dn),
            ("additional_group_dn", &self.additional_group_dn),
        ] {
            if Dn::parse(dn).is_none() {
                wrong(
                    field,
                    "This is no distinguished name: write it as dc=company,dc=example.".to_owned(),
                );
            }
        }
        for (field, filter) in [
            ("user_object_filter", &self.user_object_filter),
            ("group_object_filter", &self.group_object_filter),
        ] {
            if let Err(error) = Filter::parse(filter) {
                wrong(field, error.to_string());
            }
        }
        for (field, name) in [
            ("object_uniqueness_field", &self.object_uniqueness_field),
            ("group_membership_field", &self.group_membership_field),
        ] {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.;:".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                wrong(field, "This is no name of an attribute.".to_owned());
            }
        }
        let mut others = draft.list::<LDAPSource>().filter(|(other, _)| other.id() != id);
        if self.sync_users_password && others.any(|(_, other)| other.sync_users_password) {
            wrong("sync_users_password", ONLY_ONE.to_owned());
        }
    }
}

fn below(part: &str, base: &str) -> String {
    if part.trim().is_empty() { base.to_owned() } else { format!("{},{base}", part.trim()) }
}

/// Who switches copying on says what becomes of what is copied, as the original asks it of requests
/// only.
pub(crate) fn admit(call: &Call, body: &Map<String, Value>) -> Result<(), ApiError> {
    let before = call.entry().ok();
    for (switch, field, sort) in [
        ("sync_users", "user_property_mappings", "users"),
        ("sync_groups", "group_property_mappings", "groups"),
    ] {
        let given = body.get(field).cloned();
        let stored = || before.and_then(|entry| entry.object.value(field));
        let mappings = given.or_else(stored).unwrap_or_default();
        let is_empty = mappings.as_array().is_none_or(Vec::is_empty);
        if body.get(switch) == Some(&Value::Bool(true)) && is_empty {
            let text = format!(
                "When 'Sync {sort}' is enabled, '{sort} property mappings' cannot be empty."
            );
            return Err(ApiError::field(field, Problem::new("invalid", text)));
        }
    }
    Ok(())
}

/// Reachability is asked for when it is looked at (`test/`): nothing that could be old is shown.
pub(crate) fn compute(_entry: &Entry, _render: &RenderContext<'_>, map: &mut Map<String, Value>) {
    map.insert("connectivity".to_owned(), Value::Null);
}

impl Source for LDAPSource {
    fn shared(&self) -> Shared<'_> {
        Shared {
            name: &self.name,
            slug: &self.slug,
            enabled: self.enabled,
            authentication_flow: self.authentication_flow.map(|flow| flow.cast()),
            enrollment_flow: self.enrollment_flow.map(|flow| flow.cast()),
            user_property_mappings: &self.user_property_mappings,
            group_property_mappings: &self.group_property_mappings,
            policy_engine_mode: self.policy_engine_mode,
            user_matching_mode: self.user_matching_mode,
            // Nothing finds a group that is here already but the connection.
            group_matching_mode: GroupMatchingMode::Identifier,
            user_path_template: &self.user_path_template,
            icon: self.icon.as_ref(),
        }
    }
}
