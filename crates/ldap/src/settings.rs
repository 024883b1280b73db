//! What other programs are told to find people here: the same lines on the page of a provider and
//! in the tests that run them.

use crate::dn::escape;

/// Where a provider answers.
pub(crate) struct Place<'p> {
    pub(crate) host: &'p str,
    pub(crate) base: &'p str,
}

impl Place<'_> {
    pub(crate) fn uri(&self) -> String {
        format!("ldap://{}:3389", self.host)
    }

    pub(crate) fn encrypted_uri(&self) -> String {
        format!("ldaps://{}:6636", self.host)
    }

    /// Of the account that an application searches with.
    pub(crate) fn bind_dn(&self) -> String {
        format!("cn={},{}", escape("ldapservice"), self.users())
    }

    pub(crate) fn users(&self) -> String {
        format!("ou=users,{}", self.base)
    }

    pub(crate) fn groups(&self) -> String {
        format!("ou=groups,{}", self.base)
    }

    /// Where the group is that each account has to itself on Unix.
    fn virtual_groups(&self) -> String {
        format!("ou=virtual-groups,{}", self.base)
    }

    /// For each program, its settings.
    pub(crate) fn snippets(&self) -> [(&'static str, String); 5] {
        let (uri, encrypted, bind) = (self.uri(), self.encrypted_uri(), self.bind_dn());
        let (base, users, groups) = (self.base, self.users(), self.groups());
        let own = self.virtual_groups();
        [
            (
                "ldapsearch",
                format!(
                    "ldapsearch -H {encrypted} -x -D '{bind}' -W -b '{base}' '(objectClass=user)' cn mail memberOf"
                ),
            ),
            (
                "sssd (/etc/sssd/sssd.conf)",
                format!(
                    "[sssd]
services = nss, pam
domains = countersign

[domain/countersign]
id_provider = ldap
auth_provider = ldap
access_provider = permit
ldap_uri = {encrypted}
ldap_schema = rfc2307bis
ldap_search_base = {base}
ldap_user_search_base = {users}
ldap_group_search_base = {groups}?subtree??{own}?subtree?
ldap_default_bind_dn = {bind}
ldap_default_authtok = PASSWORD
ldap_user_object_class = posixAccount
ldap_user_name = cn
ldap_user_gecos = name
ldap_user_home_directory = homeDirectory
ldap_group_object_class = posixGroup
ldap_group_name = cn
ldap_group_member = member
override_shell = /bin/bash
"
                ),
            ),
            (
                "nslcd (/etc/nslcd.conf)",
                format!(
                    "uri {encrypted}
base {base}
base passwd {users}
base group {groups}
base group {own}
binddn {bind}
bindpw PASSWORD
filter passwd (objectClass=posixAccount)
map passwd uid cn
map passwd gecos name
map passwd loginShell \"/bin/bash\"
filter group (objectClass=posixGroup)
"
                ),
            ),
            (
                "Apache (mod_authnz_ldap)",
                format!(
                    "AuthType Basic
AuthName \"Sign in\"
AuthBasicProvider ldap
AuthLDAPURL \"{uri}/{users}?cn?sub?(objectClass=user)\"
AuthLDAPBindDN \"{bind}\"
AuthLDAPBindPassword \"PASSWORD\"
AuthLDAPGroupAttribute member
Require ldap-group cn=GROUP,{groups}
"
                ),
            ),
            (
                "Nextcloud (occ ldap:set-config s01)",
                format!(
                    "ldapHost {encrypted_host}
ldapPort 6636
ldapAgentName {bind}
ldapBase {base}
ldapBaseUsers {users}
ldapBaseGroups {groups}
ldapUserFilter (objectClass=user)
ldapLoginFilter (&(objectClass=user)(|(cn=%uid)(mail=%uid)))
ldapUserDisplayName name
ldapEmailAttribute mail
ldapGroupFilter (objectClass=group)
ldapGroupMemberAssocAttr member
ldapExpertUsernameAttr cn
ldapExpertUUIDUserAttr uid
ldapExpertUUIDGroupAttr uid
",
                    encrypted_host =
                        encrypted.rsplit_once(':').map_or(&*encrypted, |(host, _)| host)
                ),
            ),
        ]
    }
}
