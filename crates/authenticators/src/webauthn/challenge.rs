//! What a passkey signs. Nothing is kept of a challenge until it was answered, so that pages which
//! anybody may open cost no memory: it says itself when and for what it was made, under a code that
//! only this server can make.

use countersign_model::{Entropy, Sealer, Table, Timestamp};
use countersign_store::{StoreError, Tx, params};
use subtle::ConstantTimeEq as _;

/// Seconds in which it may be answered.
const LIFE: i64 = 300;
const PURPOSE: &str = "webauthn challenge";

/// 64 bytes: the second it was made in (8), chance (24), the code over both and what it is bound to
/// (32).
#[derive(Clone, Copy)]
pub struct Challenge([u8; 64]);

impl Challenge {
    /// `bound_to`: everything that must be the same when it is answered, as the browser, the stage
    /// and the account.
    #[must_use]
    pub fn new(
        sealer: &dyn Sealer,
        entropy: &dyn Entropy,
        now: Timestamp,
        bound_to: &str,
    ) -> Challenge {
        let mut said = [0u8; 32];
        entropy.fill(&mut said);
        for (to, from) in said.iter_mut().zip(now.seconds().to_be_bytes()) {
            *to = from;
        }
        let code = code(sealer, &said, bound_to);
        let mut all = [0u8; 64];
        for (to, from) in all.iter_mut().zip(said.iter().chain(&code)) {
            *to = *from;
        }
        Challenge(all)
    }

    /// The challenge that an answer names, if it was made here for just this, and lately.
    #[must_use]
    pub(super) fn read(
        named: &[u8],
        sealer: &dyn Sealer,
        now: Timestamp,
        bound_to: &str,
    ) -> Option<Challenge> {
        let all: [u8; 64] = named.try_into().ok()?;
        let (said, code_given) = all.split_at_checked(32)?;
        let code_right = code(sealer, said, bound_to);
        let made = i64::from_be_bytes(said.get(..8)?.try_into().ok()?);
        let age = now.seconds().checked_sub(made)?;
        let right = bool::from(code_right.as_slice().ct_eq(code_given));
        (right && (0..=LIFE).contains(&age)).then_some(Challenge(all))
    }

    #[must_use]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn code(&self) -> [u8; 32] {
        self.0.last_chunk().copied().unwrap_or_default()
    }

    /// Takes it, so that no answer to it counts again. `false`: it was taken before.
    ///
    /// # Errors
    /// When the engine fails.
    pub(super) fn spend(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let expires = tx.now().plus_seconds(LIFE + 60);
        let taken = tx.execute(
            "INSERT INTO webauthn_challenge (code, expires) VALUES ($1, $2) ON CONFLICT (code) DO NOTHING",
            params![self.code(), expires],
        )?;
        Ok(taken > 0)
    }
}

fn code(sealer: &dyn Sealer, said: &[u8], bound_to: &str) -> [u8; 32] {
    let mut data = said.to_vec();
    data.extend_from_slice(bound_to.as_bytes());
    sealer.mac(PURPOSE, &data)
}

/// A challenge that was answered; kept for as long as it could be answered again.
#[derive(Debug, Clone, Table)]
#[table(name = "webauthn_challenge")]
pub(crate) struct SpentChallenge {
    #[column(key)]
    code: [u8; 32],
    #[column(expires)]
    expires: Timestamp,
}
