//! Keys a provider has signed with: after a change the former one stays published until the last
//! token it signed has expired, so that applications can go on checking what they hold.

use countersign_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A public key, and until when it is needed; the one in use has no end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Published {
    kid: String,
    jwk: Value,
    until: Option<Timestamp>,
}

/// The list after `current` came into use; `None` while the client secret signs. `validity` is the
/// life of a token, in seconds.
pub(crate) fn update(
    list: Vec<Published>,
    current: Option<(String, Value)>,
    now: Timestamp,
    validity: i64,
) -> Vec<Published> {
    let kid = current.as_ref().map(|(kid, _)| kid.as_str());
    let mut next: Vec<Published> = list
        .into_iter()
        .filter(|p| Some(p.kid.as_str()) != kid)
        .map(|p| Published { until: p.until.or(Some(now.plus_seconds(validity))), ..p })
        .filter(|p| p.until.is_some_and(|until| until > now))
        .collect();
    next.extend(current.map(|(kid, jwk)| Published { kid, jwk, until: None }));
    next
}

/// The keys that are out of use and still needed, and until when.
pub(crate) fn former(list: Vec<Published>, now: Timestamp) -> Vec<(Value, Timestamp)> {
    list.into_iter().filter_map(|p| Some((p.jwk, p.until.filter(|until| *until > now)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_stays_for_the_life_of_a_token() {
        let at = Timestamp::from_seconds;
        let key = |kid: &str| Some((kid.to_owned(), json!({"kid": kid})));
        let former = |list: Vec<Published>, now| {
            former(list, now).into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        let list = update(Vec::new(), key("a"), at(0), 100);
        assert!(former(list.clone(), at(50)).is_empty());
        let list = update(list, key("a"), at(50), 100);
        let list = update(list, key("b"), at(60), 100);
        assert_eq!(former(list.clone(), at(159)), [json!({"kid": "a"})]);
        assert!(former(list.clone(), at(160)).is_empty());
        let list = update(list, None, at(70), 100);
        assert_eq!(former(list.clone(), at(71)), [json!({"kid": "a"}), json!({"kid": "b"})]);
        // Back to the first: it is in use again.
        let list = update(list, key("a"), at(80), 100);
        assert_eq!(former(list, at(81)), [json!({"kid": "b"})]);
    }
}
