//! English made strange: accents on every letter, and longer by about a third, as translations are.

use std::borrow::Cow;

const PLAIN: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const STRANGE: &str = "ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎẐ";

/// The web interface makes its own in the same way (`web/src/lib/words/pseudo.ts`).
pub(crate) fn strange(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len() * 2);
    for letter in text.chars() {
        let found = PLAIN.chars().position(|plain| plain == letter);
        let strange = found.and_then(|at| STRANGE.chars().nth(at)).unwrap_or(letter);
        out.push(strange);
        if matches!(letter, 'a' | 'e' | 'o' | 'u') {
            out.push(strange);
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_another() {
        assert_eq!(PLAIN.chars().count(), STRANGE.chars().count());
        assert_eq!(strange("Sign in, 3 times"), "Şīɠƞ īƞ, 3 ŧīḿḗḗş");
    }
}
