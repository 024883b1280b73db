//! Documents that nobody thought of: whatever comes is read or refused, and whoever it is read as
//! was vouched for.

use proptest::prelude::*;

use super::*;

/// A piece of a signed response is replaced, doubled, moved or taken out.
fn changed(base: String) -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just(String::new()),
        Just("<".to_owned()),
        Just("</saml:Assertion>".to_owned()),
        Just("<saml:Assertion ID=\"_x\">".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("<!DOCTYPE a>".to_owned()),
        Just("<!--".to_owned()),
        Just("&amp;".to_owned()),
        Just("\" ID=\"_a1".to_owned()),
        any::<String>(),
    ];
    let edit = (any::<prop::sample::Index>(), 0_usize..400, pieces, any::<bool>());
    prop::collection::vec(edit, 1..4).prop_map(move |edits| {
        let mut text: Vec<char> = base.chars().collect();
        for (at, length, piece, again) in edits {
            let from = at.index(text.len().max(1)).min(text.len());
            let to = from.saturating_add(length).min(text.len());
            let cut: Vec<char> = text.splice(from..to, piece.chars()).collect();
            if again {
                let at = at.index(text.len().max(1)).min(text.len());
                text.splice(at..at, cut);
            }
        }
        text.into_iter().collect()
    })
}

fn bases() -> Vec<String> {
    let all = [By::Assertion, By::Response, By::Both, By::Nothing];
    all.into_iter().map(|by| WORLD.signed(RESPONSE, by)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_changed_nobody_else_comes(
        xml in prop::sample::select(bases()).prop_flat_map(changed)
    ) {
        let open = Expected { issuer: "", unsolicited: true, ..WORLD.expected() };
        if let Ok(read) = posted(&xml, &open) {
            prop_assert_eq!(read.name_id.value, "uma");
            prop_assert_eq!(read.id, "_a1");
            prop_assert_eq!(read.attributes.len(), 2);
        }
        prop_assert!(posted(&xml, &WORLD.sealed()).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let body = String::from_utf8_lossy(&bytes);
        prop_assert!(binding::from_form(&body).and_then(|one| read(&one, &WORLD.expected())).is_err());
        prop_assert!(posted(&body, &WORLD.sealed()).is_err());
        let _ = crate::metadata::read_upstream(&bytes);
    }
}
