//! Makes of passkeys. An authenticator names its make by an AAGUID (Authenticator Attestation GUID,
//! Web Authentication, section 6.5.1); stages may let only some makes be used.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::response::Response;
use countersign_core::{Access, ApiError, Call, Operation, Page, Permission, envelope, json};
use countersign_model::{ErrorNode, FieldMeta, FieldValue, KeyType, Problem, Shape, Space};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

const MODEL: &str = "authentik_stages_authenticator_webauthn.webauthndevicetype";
const VIEW: Permission = Permission::on(MODEL, "view");
/// The most that a page of the list has.
const MOST: usize = 1000;

/// By AAGUID.
static TYPES: LazyLock<BTreeMap<Uuid, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("device_types.txt").lines().filter(|line| !line.starts_with('#'));
    let read = |line: &'static str| {
        let (aaguid, description) = line.split_once(' ')?;
        Some((Uuid::parse_str(aaguid).ok()?, description))
    };
    lines.filter_map(read).collect()
});

/// A make in the list, or any that is not there ([`Uuid::nil`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceType(Uuid);

impl DeviceType {
    /// The make of an authenticator, where it is known.
    #[must_use]
    pub fn of(aaguid: Uuid) -> Option<DeviceType> {
        DeviceType::read(aaguid).filter(|_| !aaguid.is_nil())
    }

    /// An entry of the list.
    #[must_use]
    pub fn read(aaguid: Uuid) -> Option<DeviceType> {
        TYPES.contains_key(&aaguid).then_some(DeviceType(aaguid))
    }

    #[must_use]
    pub fn description(self) -> &'static str {
        TYPES.get(&self.0).copied().unwrap_or_default()
    }

    /// As answers write it.
    #[must_use]
    pub fn to_object(self) -> Value {
        json!({"aaguid": self.0.to_string(), "description": self.description()})
    }

    /// Whether a device of this make may be used where only `allowed` are. An empty list allows
    /// all.
    #[must_use]
    pub fn is_among(allowed: &[DeviceType], aaguid: Uuid) -> bool {
        let make = DeviceType::of(aaguid).unwrap_or(DeviceType(Uuid::nil()));
        allowed.is_empty() || allowed.contains(&make)
    }
}

impl FieldValue for DeviceType {
    fn shape() -> Shape {
        Shape::Reference {
            space: Space("webauthn_device_type"),
            model: Some(MODEL),
            key: KeyType::Uuid,
        }
    }

    fn parse(value: &Value, meta: &FieldMeta) -> Result<Self, ErrorNode> {
        let aaguid = Uuid::parse(value, meta)?;
        let text = || format!("Invalid pk \"{aaguid}\" - object does not exist.");
        let unknown = || Problem::new("does_not_exist", text()).into();
        DeviceType::read(aaguid).ok_or_else(unknown)
    }

    fn to_json(&self) -> Value {
        self.0.to_string().into()
    }
}

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "stages/authenticator/webauthn_device_types/",
            "stages_authenticator_webauthn_device_types_list",
            Access::global(VIEW),
            list,
        )
        .parameter("aaguid", json!({"type": "string", "format": "uuid"}))
        .parameter("description", json!({"type": "string"}))
        .parameter("ordering", json!({"type": "string"}))
        .parameter("page", json!({"type": "integer"}))
        .parameter("page_size", json!({"type": "integer"}))
        .parameter("search", json!({"type": "string"}))
        .response("PaginatedWebAuthnDeviceTypeList"),
        Operation::new(
            Method::GET,
            "stages/authenticator/webauthn_device_types/{aaguid}/",
            "stages_authenticator_webauthn_device_types_retrieve",
            Access::global(VIEW),
            one,
        )
        .response("WebAuthnDeviceType"),
    ]
}

async fn list(call: Call) -> Result<Response, ApiError> {
    let asked = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let search = asked("search").unwrap_or_default().to_lowercase();
    let fits = |(aaguid, description): &(String, &str)| {
        asked("aaguid").is_none_or(|wanted| wanted.eq_ignore_ascii_case(aaguid))
            && asked("description").is_none_or(|wanted| wanted == *description)
            && search
                .split_whitespace()
                .all(|word| aaguid.contains(word) || description.to_lowercase().contains(word))
    };
    let mut found: Vec<(String, &str)> =
        TYPES.iter().map(|(aaguid, text)| (aaguid.to_string(), *text)).filter(fits).collect();
    let ordering = asked("ordering").unwrap_or("description");
    if ordering.trim_start_matches('-') == "description" {
        found.sort_by_key(|(_, description)| description.to_lowercase());
    }
    if ordering.starts_with('-') {
        found.reverse();
    }
    let page = Page::read(&call.query, MOST)?;
    page.check(found.len())?;
    let part = found.iter().skip(page.offset()).take(page.size);
    let rows = part.map(|(aaguid, text)| json!({"aaguid": aaguid, "description": text})).collect();
    Ok(json(StatusCode::OK, &envelope(page, found.len(), rows)))
}

async fn one(call: Call) -> Result<Response, ApiError> {
    let known = Uuid::parse_str(call.param("aaguid")).ok().filter(|key| TYPES.contains_key(key));
    let aaguid = known.ok_or_else(|| ApiError::not_found("WebAuthnDeviceType"))?;
    Ok(json(StatusCode::OK, &DeviceType(aaguid).to_object()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const YUBIKEY: Uuid = Uuid::from_u128(0xcb69_481e_8ff7_4039_93ec_0a27_29a1_54a8);
    const UNHEARD_OF: Uuid = Uuid::from_u128(7);

    #[test]
    fn every_line_of_the_list_is_a_make_of_its_own() {
        let text = include_str!("device_types.txt");
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(TYPES.len(), lines);
        assert!(TYPES.len() > 300);
        assert!(TYPES.values().all(|text| text.trim() == *text && !text.is_empty()));
        assert!(DeviceType::of(YUBIKEY).unwrap().description().contains("YubiKey"));
        assert_eq!(DeviceType::of(Uuid::nil()), None);
    }

    #[test]
    fn a_restricted_stage_takes_an_unknown_make_only_where_it_says_so() {
        let yubikey = DeviceType::of(YUBIKEY).unwrap();
        let unknown = DeviceType(Uuid::nil());
        for (allowed, aaguid, may) in [
            (vec![], YUBIKEY, true),
            (vec![], UNHEARD_OF, true),
            (vec![yubikey], YUBIKEY, true),
            (vec![yubikey], UNHEARD_OF, false),
            (vec![yubikey], Uuid::nil(), false),
            (vec![unknown], YUBIKEY, false),
            (vec![unknown], UNHEARD_OF, true),
            (vec![unknown], Uuid::nil(), true),
            (vec![unknown, yubikey], YUBIKEY, true),
        ] {
            assert_eq!(DeviceType::is_among(&allowed, aaguid), may, "{allowed:?} {aaguid}");
        }
    }
}
