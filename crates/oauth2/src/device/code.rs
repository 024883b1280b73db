//! The code that a person types.

use std::fmt;

use countersign_model::{Entropy, Sealer};

/// Of so many digits: every keyboard has them, and a billion is far more than anybody may try.
const DIGITS: usize = 9;

/// A code as a device shows it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UserCode(String);

impl UserCode {
    pub(crate) fn new(entropy: &dyn Entropy) -> UserCode {
        let mut bytes = [0u8; 16];
        entropy.fill(&mut bytes);
        // Of 128 bits the remainder is as good as evenly spread.
        UserCode(format!("{:0DIGITS$}", u128::from_le_bytes(bytes) % 10u128.pow(9)))
    }

    /// As somebody types it, with whatever stands between the digits; `None` for no code.
    pub(crate) fn parse(typed: &str) -> Option<UserCode> {
        let between = |sign: &char| sign.is_whitespace() || matches!(sign, '-' | '.' | '–');
        let code: String = typed.chars().filter(|sign| !between(sign)).collect();
        let digits = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        digits.then_some(UserCode(code))
    }

    /// In groups, as people read it out.
    pub(crate) fn spaced(&self) -> String {
        let groups = self.0.as_bytes().chunks(3).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(" ")
    }

    /// What is kept of it.
    pub(crate) fn sealed(&self, sealer: &dyn Sealer) -> [u8; 32] {
        sealer.mac("user code of a device", self.0.as_bytes())
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
            if let Some(first) = bytes.first_mut() {
                *first = self.0;
            }
        }
    }

    #[test]
    fn codes_are_read_however_they_are_typed() {
        let code = UserCode::new(&Fixed(7));
        assert_eq!(
            (code.to_string().as_str(), code.spaced().as_str()),
            ("000000007", "000 000 007")
        );
        for typed in ["000000007", " 000 000 007 ", "000-000-007", "000.000.007", "000\u{a0}000007"]
        {
            assert_eq!(UserCode::parse(typed), Some(code.clone()), "{typed}");
        }
        for wrong in ["", "7", "0000000070", "00000000a", "٠٠٠٠٠٠٠٠٧", "000_000_007", "+00000007"]
        {
            assert_eq!(UserCode::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{code:?}"), "UserCode", "not in logs");
    }
}
