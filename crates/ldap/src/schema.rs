//! Attribute types and object classes: what filters know, and what `cn=subschema` says.

use crate::matching::Rule;

/// An attribute type.
#[derive(Debug)]
pub(crate) struct AttributeType {
    oid: &'static str,
    /// The first is the one it is known by here.
    names: &'static [&'static str],
    /// Below 1.3.6.1.4.1.1466.115.121.1.
    syntax: u8,
    flags: &'static str,
}

const SINGLE: &str = " SINGLE-VALUE";
const FIXED: &str = " NO-USER-MODIFICATION";
const BOTH: &str = " SINGLE-VALUE NO-USER-MODIFICATION";
const OPERATIONAL: &str = " SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation";
const SYNTAXES: &str = "1.3.6.1.4.1.1466.115.121.1";

macro_rules! types {
    ($($oid:literal [$($name:literal),+] $syntax:literal $flags:expr;)*) => {
        &[$(AttributeType { oid: $oid, names: &[$($name),+], syntax: $syntax, flags: $flags }),*]
    };
}

const TYPES: &[AttributeType] = types! {
    "2.5.4.0" ["objectClass"] 38 FIXED;
    "2.5.4.4" ["sn"] 15 SINGLE;
    "2.5.4.3" ["cn"] 15 SINGLE;
    "2.5.4.6" ["c"] 15 SINGLE;
    "2.5.4.7" ["l"] 15 SINGLE;
    "2.5.4.10" ["o"] 15 "";
    "2.5.4.11" ["ou"] 15 "";
    "2.5.4.12" ["title"] 15 SINGLE;
    "2.5.4.13" ["description"] 15 "";
    "2.5.4.20" ["telephoneNumber"] 15 SINGLE;
    "2.5.4.31" ["member"] 12 "";
    "2.5.4.42" ["givenName"] 15 SINGLE;
    "2.5.21.2" ["dITContentRules"] 15 FIXED;
    "2.5.21.5" ["attributeTypes"] 15 FIXED;
    "2.5.21.6" ["objectClasses"] 15 FIXED;
    "0.9.2342.19200300.100.1.1" ["uid"] 15 SINGLE;
    "0.9.2342.19200300.100.1.3" ["mail"] 15 SINGLE;
    "0.9.2342.19200300.100.1.41" ["mobile"] 15 SINGLE;
    "1.2.840.113556.1.2.13" ["displayName"] 15 SINGLE;
    "1.2.840.113556.1.2.146" ["company"] 15 SINGLE;
    "1.2.840.113556.1.2.102" ["memberOf"] 12 FIXED;
    "1.2.840.113556.1.2.131" ["co"] 15 SINGLE;
    "1.2.840.113556.1.2.141" ["department"] 15 SINGLE;
    "1.2.840.113556.1.4.1" ["name"] 15 BOTH;
    "1.2.840.113556.1.4.44" ["homeDirectory"] 15 SINGLE;
    "1.2.840.113556.1.4.221" ["sAMAccountName"] 15 SINGLE;
    "1.2.840.113556.1.4.261" ["division"] 15 SINGLE;
    "1.2.840.113556.1.4.750" ["groupType"] 27 SINGLE;
    "1.2.840.113556.1.4.782" ["objectCategory"] 12 SINGLE;
    "1.3.6.1.1.1.1.0" ["uidNumber"] 27 SINGLE;
    "1.3.6.1.1.1.1.1" ["gidNumber"] 27 SINGLE;
    "1.3.6.1.1.1.1.12" ["memberUid"] 26 "";
    "1.3.6.1.4.1.26027.1.1.2" ["ak-superuser", "goauthentik.io/ldap/superuser"] 7 SINGLE;
    "1.3.6.1.4.1.26027.1.1.3" ["ak-active", "goauthentik.io/ldap/active"] 7 SINGLE;
    "1.3.6.1.4.1.26027.1.1.4" ["goauthentikio-user-sources", "goauthentik.io/ldap/sources"] 15 "";
    // Not in the original's: what servers say of their entries (RFC 4512, 3.4; RFC 4530; RFC 5020).
    "1.3.6.1.1.16.4" ["entryUUID"] 15 OPERATIONAL;
    "1.3.6.1.1.20" ["entryDN"] 12 OPERATIONAL;
    "2.5.18.1" ["createTimestamp"] 24 OPERATIONAL;
    "2.5.18.10" ["subschemaSubentry"] 12 OPERATIONAL;
};

/// An object class.
#[derive(Debug)]
struct ObjectClass {
    /// Empty: only known, not described.
    oid: &'static str,
    name: &'static str,
    above: &'static str,
    kind: &'static str,
    must: &'static str,
    may: &'static str,
}

macro_rules! classes {
    ($($oid:literal $name:literal $above:literal $kind:literal $must:literal $may:literal;)*) => {
        &[$(ObjectClass { oid: $oid, name: $name, above: $above, kind: $kind, must: $must, may: $may }),*]
    };
}

const CLASSES: &[ObjectClass] = classes! {
    "2.5.6.0" "top" "" "ABSTRACT" "objectClass" "objectCategory $ cn $ description $ displayName $ memberOf $ name";
    "2.5.6.6" "person" "top" "STRUCTURAL" "cn" "sn $ telephoneNumber";
    "2.5.6.7" "organizationalPerson" "person" "STRUCTURAL" "" "c $ l $ o $ ou $ title $ givenName $ co $ department $ company $ division $ mail $ mobile $ telephoneNumber";
    "2.5.6.9" "groupOfNames" "top" "STRUCTURAL" "cn $ member" "o $ ou";
    "1.2.840.113556.1.5.9" "user" "organizationalPerson" "STRUCTURAL" "" "name $ displayName $ uid $ mail";
    "1.3.6.1.1.1.2.0" "posixAccount" "top" "AUXILIARY" "" "cn $ description $ homeDirectory $ uid $ uidNumber $ gidNumber";
    "2.16.840.1.113730.3.2.2" "inetOrgPerson" "user" "STRUCTURAL" "" "uidNumber $ gidNumber $ displayName $ homeDirectory";
    "2.5.6.5" "organizationalUnit" "top" "STRUCTURAL" "ou" "c $ l";
    "1.2.840.113556.1.5.8" "group" "top" "AUXILIARY" "" "cn $ groupType $ member";
    "1.3.6.1.1.1.2.2" "posixGroup" "top" "AUXILIARY" "" "cn $ description $ gidNumber $ memberUid";
    "2.5.20.1" "subSchema" "top" "STRUCTURAL" "" "dITContentRules $ attributeTypes $ objectClasses";
    "1.3.6.1.4.1.26027.1.1.1" "goauthentik.io/ldap/user" "organizationalPerson" "STRUCTURAL" "" "ak-superuser $ ak-active $ sAMAccountName $ goauthentikio-user-sources $ goauthentik.io/user/sources $ goauthentik.io/ldap/active $ goauthentik.io/ldap/superuser";
    "" "domain" "top" "" "" "";
    "" "nsContainer" "top" "" "" "";
    "" "groupOfUniqueNames" "top" "" "" "";
    "" "goauthentik.io/ldap/group" "top" "" "" "";
    "" "goauthentik.io/ldap/virtual-group" "top" "" "" "";
};

/// What `dITContentRules` lists.
const CONTENT: [&str; 8] = [
    "top",
    "person",
    "organizationalPerson",
    "groupOfNames",
    "user",
    "posixAccount",
    "inetOrgPerson",
    "goauthentik.io/ldap/user",
];

fn known(name: &str) -> Option<&'static AttributeType> {
    let named = |kind: &&AttributeType| {
        kind.oid == name || kind.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    };
    TYPES.iter().find(named)
}

/// The first name of an attribute in small letters, by which it is looked up: of its other names
/// and of its number, too.
pub(crate) fn first_name(name: &str) -> String {
    let first = known(name).and_then(|kind| kind.names.first().copied());
    first.unwrap_or(name).to_ascii_lowercase()
}

/// The rule of an attribute's values, when the schema has it.
pub(crate) fn rule(first_name: &str) -> Option<Rule> {
    Some(match known(first_name)?.syntax {
        7 => Rule::Boolean,
        12 => Rule::Dn,
        26 => Rule::CaseExact,
        27 => Rule::Integer,
        38 => Rule::Oid,
        _ => Rule::CaseIgnore,
    })
}

/// Attributes that answers hold only when they are asked for by name or with `+`.
pub(crate) const OPERATIONAL_NAMES: [&str; 4] =
    ["entryUUID", "entryDN", "createTimestamp", "subschemaSubentry"];

/// An object class by name or number: its name, if it is known.
pub(crate) fn class(name: &str) -> Option<&'static str> {
    let named = |class: &&ObjectClass| {
        class.name.eq_ignore_ascii_case(name) || !name.is_empty() && class.oid == name
    };
    CLASSES.iter().find(named).map(|class| class.name)
}

/// Whether a class is another one or below it.
pub(crate) fn is_class(class: &str, wanted: &str) -> bool {
    let mut at = class;
    for _ in 0..CLASSES.len() {
        if at.eq_ignore_ascii_case(wanted) {
            return true;
        }
        match CLASSES.iter().find(|known| known.name.eq_ignore_ascii_case(at)) {
            Some(known) if !known.above.is_empty() => at = known.above,
            _ => return false,
        }
    }
    false
}

/// The attributes of `cn=subschema`, each with its values.
pub(crate) fn subschema() -> Vec<(&'static str, Vec<String>)> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let described = || CLASSES.iter().filter(|class| !class.oid.is_empty());
    vec![
        ("cn", texts(&["subschema"])),
        ("objectClass", texts(&["top", "subSchema"])),
        (
            "ldapSyntaxes",
            [(40, "Octet String"), (15, "Directory String"), (7, "Boolean")]
                .iter()
                .map(|(number, name)| format!("( {SYNTAXES}.{number} DESC '{name}' )"))
                .collect(),
        ),
        (
            "dITContentRules",
            described()
                .filter(|class| CONTENT.contains(&class.name))
                .map(|class| format!("( {} NAME '{}' )", class.oid, class.name))
                .collect(),
        ),
        ("attributeTypes", TYPES.iter().map(type_text).collect()),
        ("objectClasses", described().map(class_text).collect()),
    ]
}

/// RFC 4512, 4.1.2. The rules of equality are those of [`rule`].
fn type_text(kind: &AttributeType) -> String {
    let names = kind.names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" ");
    let names = if kind.names.len() == 1 { names } else { format!("( {names} )") };
    let rules = match kind.syntax {
        7 => "booleanMatch",
        12 => "distinguishedNameMatch",
        24 => "generalizedTimeMatch ORDERING generalizedTimeOrderingMatch",
        26 => "caseExactIA5Match",
        27 => "integerMatch ORDERING integerOrderingMatch",
        38 => "objectIdentifierMatch",
        _ => "caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch",
    };
    let (oid, syntax, flags) = (kind.oid, kind.syntax, kind.flags);
    format!("( {oid} NAME {names} EQUALITY {rules} SYNTAX {SYNTAXES}.{syntax}{flags} )")
}

/// RFC 4512, 4.1.1.
fn class_text(class: &ObjectClass) -> String {
    let part = |word: &str, text: &str| match text {
        "" => String::new(),
        text if text.contains('$') => format!(" {word} ( {text} )"),
        text => format!(" {word} {text}"),
    };
    let (above, must, may) =
        (part("SUP", class.above), part("MUST", class.must), part("MAY", class.may));
    format!("( {} NAME '{}'{above} {}{must}{may} )", class.oid, class.name, class.kind)
}
