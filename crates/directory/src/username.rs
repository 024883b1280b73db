//! Names people sign in with, after RFC 8265 3.3 (UsernameCaseMapped): what looks alike is one
//! name, and what cannot be seen is none.

use countersign_core::Context;
use countersign_model::Problem;
use countersign_store::{Actor, Sql, StoreError, Tx, params};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A name as it is stored and shown: wide and narrow forms mapped, composed (NFC).
///
/// # Errors
/// A sign that is not for names (RFC 8264 4.2.1, IdentifierClass): control and format characters,
/// zero width, direction marks, private use, what has another common form. Spaces stand between the
/// parts of a name only.
pub fn prepare(text: &str) -> Result<String, Problem> {
    let name = composed(text);
    match name.chars().find(|sign| *sign != ' ' && !is_for_names(*sign)) {
        Some(sign) => {
            let text = format!(
                "Usernames are made of letters, digits and the signs of a keyboard; U+{:04X} is none of them.",
                u32::from(sign)
            );
            Err(Problem::new("invalid", text))
        }
        None => Ok(name),
    }
}

/// The form names are compared in.
#[must_use]
pub fn fold(name: &str) -> String {
    composed(&composed(name).to_lowercase())
}

/// The forms a stored name may be found by: as they are made now, and as they were made once for
/// names that then differed and now would not.
#[must_use]
pub fn folds(name: &str) -> [String; 2] {
    [fold(name), name.to_lowercase()]
}

/// The account with that name; of two that differ in how the same letters are composed, the one
/// written so.
///
/// # Errors
/// When the engine fails.
pub fn find(sql: &mut Sql<'_>, name: &str) -> Result<Option<i64>, StoreError> {
    let [fold, as_before] = folds(name);
    let rows = sql
        .query("SELECT id FROM users WHERE username_fold IN ($1, $2) ORDER BY CASE WHEN username = $3 THEN 0 ELSE 1 END, id", params![fold, as_before, name])?;
    rows.first().map(|row| row.get(0)).transpose()
}

fn composed(text: &str) -> String {
    let narrow = text.chars().flat_map(|sign| {
        // RFC 8265 3.3.2, width mapping.
        let mapped: Vec<char> = if matches!(sign, '\u{3000}' | '\u{FF00}'..='\u{FFEF}') {
            std::iter::once(sign).nfkc().collect()
        } else {
            vec![sign]
        };
        mapped
    });
    narrow.nfc().collect()
}

fn is_for_names(sign: char) -> bool {
    use GeneralCategory as Is;
    if sign.is_ascii() {
        return sign.is_ascii_graphic();
    }
    let letter = matches!(
        sign.general_category(),
        Is::LowercaseLetter
            | Is::UppercaseLetter
            | Is::OtherLetter
            | Is::ModifierLetter
            | Is::DecimalNumber
            | Is::NonspacingMark
            | Is::SpacingMark
    );
    // Letters by their category that are drawn as nothing: fillers, and selectors of variants
    // (PrecisIgnorable, OldHangulJamo).
    let unseen = matches!(sign, '\u{034F}' | '\u{1100}'..='\u{11FF}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{3164}'
        | '\u{A960}'..='\u{A97C}' | '\u{D7B0}'..='\u{D7FB}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0100}'..='\u{E01EF}');
    let has_one_form = std::iter::once(sign).nfkc().eq(std::iter::once(sign).nfc());
    letter && !unseen && has_one_form
}

/// The fact that says how stored names are folded.
const FOLDED: &str = "usernames are folded by";
const METHOD: &str = "rfc8265";

/// Brings the forms of names stored by earlier versions up to date, once. A name that would become
/// another's keeps its own, under which it is found by those who write it so.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn refold(cx: &Context) -> Result<(), StoreError> {
    if cx.store.read(|sql| sql.fact(FOLDED)).await?.as_deref() == Some(METHOD) {
        return Ok(());
    }
    cx.store.write(Actor::system(), "usernames folded", refold_all).await
}

fn refold_all(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    // Names of ASCII alone do not change.
    for row in tx.query("SELECT id, username, username_fold FROM users WHERE OCTET_LENGTH(username) <> LENGTH(username)", params![])? {
        let (id, name, before): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let now = fold(&name);
        if now != before && tx.query_one("SELECT 1 FROM users WHERE username_fold = $1", params![&now])?.is_none() {
            tx.execute("UPDATE users SET username_fold = $1 WHERE id = $2", params![now, id])?;
        }
    }
    tx.put_fact(FOLDED, METHOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_one_name() {
        for (one, other) in [
            ("José", "JOSE\u{301}"),
            ("uma", "\u{FF35}\u{FF2D}\u{FF21}"),
            ("Ångström", "\u{212B}ngstro\u{308}m"),
            ("ak-My App-client_credentials", "AK-MY APP-client_credentials"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("jose"), fold("josé"));
    }

    #[test]
    fn names_keep_their_letters_and_are_composed() {
        for (typed, stored) in [
            ("uma", "uma"),
            ("Uma Martin", "Uma Martin"),
            ("o'brien+test@example.org", "o'brien+test@example.org"),
            ("JOSE\u{301}", "JOSÉ"),
            ("李雷", "李雷"),
            ("Мария", "Мария"),
            ("नमस्ते", "नमस्ते"),
        ] {
            assert_eq!(prepare(typed).as_deref(), Ok(stored), "{typed}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_no_name() {
        for bad in [
            "u\u{200B}ma",
            "u\u{200D}ma",
            "\u{FEFF}uma",
            "u\u{AD}ma",
            "uma\r\n",
            "uma\u{7F}",
            "u\tma",
            "\u{202E}amu",
            "\u{2066}uma",
            "u\u{200F}ma",
            "uma\u{2028}",
            "u\u{A0}ma",
            "uma\u{E000}",
            "u\u{FE0F}ma",
            "u\u{3164}ma",
            "u\u{115F}ma",
            "\u{FB01}ne",
            "u\u{E0061}ma",
            "u\u{85}ma",
            "\u{2163}",
        ] {
            assert!(prepare(bad).is_err(), "{bad:?}");
        }
    }
}
