// How common directories name people and groups.

export interface Preset {
  name: string;
  values: Record<string, string | boolean>;
  /** Shipped mappings, by the end of their managed name. */
  users: string[];
  groups: string[];
}

export const PRESETS: Preset[] = [
  {
    name: 'OpenLDAP',
    values: {
      user_object_filter: '(objectClass=inetOrgPerson)',
      group_object_filter: '(objectClass=groupOfNames)',
      group_membership_field: 'member',
      object_uniqueness_field: 'entryUUID',
      additional_user_dn: 'ou=people',
      additional_group_dn: 'ou=groups',
    },
    users: ['default-dn-path', 'default-mail', 'openldap-uid', 'openldap-cn'],
    groups: ['openldap-cn'],
  },
  {
    name: 'Active Directory',
    values: {
      user_object_filter: '(&(objectClass=user)(!(objectClass=computer)))',
      group_object_filter: '(objectClass=group)',
      group_membership_field: 'member',
      object_uniqueness_field: 'objectSid',
    },
    users: ['default-dn-path', 'default-name', 'default-mail', 'ms-samaccountname', 'ms-userprincipalname', 'ms-givenName', 'ms-sn'],
    groups: ['default-name'],
  },
  {
    name: 'FreeIPA',
    values: {
      user_object_filter: '(objectClass=person)',
      group_object_filter: '(objectClass=groupofnames)',
      group_membership_field: 'member',
      object_uniqueness_field: 'ipaUniqueID',
      additional_user_dn: 'cn=users,cn=accounts',
      additional_group_dn: 'cn=groups,cn=accounts',
    },
    users: ['default-dn-path', 'default-mail', 'openldap-uid', 'openldap-cn', 'ms-givenName', 'ms-sn'],
    groups: ['openldap-cn'],
  },
];
