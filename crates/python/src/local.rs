//! What expressions may ask of the interpreter's process itself: nothing that is outside of it, but
//! the time.

use std::net::IpAddr;

use monty_types::{MontyDate, MontyDateTime, MontyObject, OsFunctionCall};
use serde_json::json;

use crate::protocol::{Failure, Now};
use crate::worker::{object, value};

pub(crate) fn answer(about: &str, with: Option<&MontyObject>) -> Result<MontyObject, Failure> {
    let with = with.map(value).transpose()?.unwrap_or_default();
    let text = |at: usize| with.get(at).and_then(|text| text.as_str()).unwrap_or_default();
    let answer = match about {
        "ip_address" => address(text(0))?,
        "ip_network" => network(text(0), with.get(1) != Some(&false.into()))?,
        "network_contains" => contains(text(0), text(1)).into(),
        "slugify" => slugify(text(0)).into(),
        _ => return Err(Failure::new("NameError", format!("{about} is not known"))),
    };
    Ok(object(&answer))
}

/// The only thing of the system that is given: what time the job says it is.
pub(crate) fn now(call: &OsFunctionCall, now: &Now) -> Option<MontyObject> {
    let date = MontyDate { year: now.year, month: now.month, day: now.day };
    match call {
        OsFunctionCall::DateToday => Some(MontyObject::Date(date)),
        OsFunctionCall::DateTimeNow(zone) => Some(MontyObject::DateTime(MontyDateTime {
            year: now.year,
            month: now.month,
            day: now.day,
            hour: now.hour,
            minute: now.minute,
            second: now.second,
            microsecond: now.microsecond,
            // The same moment, whatever the zone.
            offset_seconds: zone.as_ref().map(|_| 0),
            timezone_name: None,
        })),
        _ => None,
    }
}

fn address(text: &str) -> Result<serde_json::Value, Failure> {
    let wrong = || {
        let text = format!("'{text}' does not appear to be an IPv4 or IPv6 address");
        Failure::new("ValueError", text)
    };
    let address: IpAddr = text.parse().map_err(|_| wrong())?;
    let (version, private, link_local) = match address {
        IpAddr::V4(v4) => {
            let [first, ..] = v4.octets();
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local();
            let unused = v4.is_documentation() || v4.is_unspecified() || first >= 240;
            (4, special || unused, v4.is_link_local())
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let special = v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local();
            let unused = v6.is_unspecified() || (first, second) == (0x2001, 0xdb8);
            (6, special || unused, v6.is_unicast_link_local())
        }
    };
    let text = address.to_string();
    Ok(json!({
        "compressed": text, "exploded": text, "version": version, "is_private": private,
        "is_global": !private && !address.is_multicast(), "is_loopback": address.is_loopback(),
        "is_multicast": address.is_multicast(), "is_link_local": link_local,
        "is_unspecified": address.is_unspecified(),
    }))
}

/// Address, prefix length, and whether bits are set behind the prefix.
fn parts(text: &str) -> Option<(IpAddr, u32, bool)> {
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match (prefix, prefix.parse::<u32>()) {
        ("", _) if !text.contains('/') => bits,
        (_, Ok(prefix)) if prefix <= bits => prefix,
        // A netmask.
        (mask, _) => {
            let mask: std::net::Ipv4Addr = mask.parse().ok()?;
            let ones = u32::from(mask).leading_ones();
            (address.is_ipv4() && u32::from(mask).count_ones() == ones).then_some(ones)?
        }
    };
    let whole = number(address);
    Some((address, prefix, masked(whole, bits, prefix) != whole))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn masked(number: u128, bits: u32, prefix: u32) -> u128 {
    number.checked_shr(bits - prefix).unwrap_or(0).checked_shl(bits - prefix).unwrap_or(0)
}

fn network(text: &str, strict: bool) -> Result<serde_json::Value, Failure> {
    let wrong = |what: &str| Failure::new("ValueError", format!("{text} {what}"));
    let (address, prefix, has_host_bits) =
        parts(text).ok_or_else(|| wrong("does not appear to be an IPv4 or IPv6 network"))?;
    if has_host_bits && strict {
        return Err(wrong("has host bits set"));
    }
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let first = masked(number(address), bits, prefix);
    let first: IpAddr = match address {
        IpAddr::V4(_) => std::net::Ipv4Addr::from(u32::try_from(first).unwrap_or(0)).into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::from(first).into(),
    };
    Ok(json!({
        "compressed": format!("{first}/{prefix}"), "prefixlen": prefix,
        "version": if address.is_ipv4() { 4 } else { 6 }, "network_address": first.to_string(),
    }))
}

fn contains(network: &str, address: &str) -> bool {
    let (Some((base, prefix, _)), Ok(address)) = (parts(network), address.parse::<IpAddr>()) else {
        return false;
    };
    let bits = if base.is_ipv4() { 32 } else { 128 };
    base.is_ipv4() == address.is_ipv4()
        && masked(number(base), bits, prefix) == masked(number(address), bits, prefix)
}

/// As the original's framework makes a name fit for an address.
fn slugify(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' | '_' => slug.push(letter),
            '-' | ' ' | '\t' | '\n' if !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_matches(['-', '_']).to_owned()
}
