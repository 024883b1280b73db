//! Whether there are tokens for what somebody is to allow elsewhere: for the code of a device
//! (RFC 8628 3.5), for a request without a browser (CIBA Core 11).

use countersign_model::Timestamp;

use crate::client::Client;
use crate::wire::TokenError;

/// How far a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Pending,
    Approved,
    Denied,
    Used,
}

impl Progress {
    /// As it is kept.
    pub fn parse(state: &str) -> Progress {
        match state {
            "pending" => Progress::Pending,
            "approved" => Progress::Approved,
            "denied" => Progress::Denied,
            _ => Progress::Used,
        }
    }
}

/// What somebody is to allow elsewhere, as it is known when a device asks, or an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFacts {
    pub provider: i64,
    pub expires: Timestamp,
    pub progress: Progress,
    /// When the device asked before.
    pub polled: Option<Timestamp>,
    /// Seconds it was to wait since.
    pub pause: i64,
    /// The session in which somebody approved is still there.
    pub session_alive: bool,
    pub user_active: bool,
}

/// A poll may be so many seconds early: what is sent in time may arrive sooner after the one before.
const TOLERANCE: i64 = 1;

/// # Errors
/// The first thing wrong. An approved code is given tokens for, however soon it is asked for.
pub fn redeem_device(
    client: &Client,
    code: Option<&DeviceFacts>,
    now: Timestamp,
) -> Result<(), TokenError> {
    // A code of another client is as good as unknown: nobody learns that it exists.
    let code =
        code.filter(|c| c.provider == client.provider).ok_or(TokenError::DeviceCodeUnknown)?;
    if code.progress == Progress::Used {
        return Err(TokenError::DeviceCodeUsed);
    }
    if code.progress == Progress::Denied {
        return Err(TokenError::DeviceDenied);
    }
    if code.expires <= now {
        return Err(TokenError::DeviceCodeExpired);
    }
    if code.progress == Progress::Pending {
        let due = code.polled.map(|polled| polled.plus_seconds(code.pause - TOLERANCE));
        let early = due.is_some_and(|due| now < due);
        return Err(if early { TokenError::DeviceTooFast } else { TokenError::DevicePending });
    }
    if !code.user_active {
        return Err(TokenError::UserInactive);
    }
    if code.session_alive { Ok(()) } else { Err(TokenError::DeviceSessionEnded) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn code(progress: Progress) -> DeviceFacts {
        DeviceFacts {
            provider: 1,
            expires: at(100),
            progress,
            polled: None,
            pause: 5,
            session_alive: true,
            user_active: true,
        }
    }

    #[test]
    fn every_poll_has_its_answer() {
        use Progress::{Approved, Denied, Pending, Used};
        use TokenError::*;
        let polled =
            |progress, seconds| DeviceFacts { polled: Some(at(seconds)), ..code(progress) };
        let rows = [
            (None, 50, Err(DeviceCodeUnknown)),
            (Some(DeviceFacts { provider: 2, ..code(Approved) }), 50, Err(DeviceCodeUnknown)),
            (Some(code(Pending)), 50, Err(DevicePending)),
            (Some(polled(Pending, 45)), 50, Err(DevicePending)),
            (Some(polled(Pending, 46)), 50, Err(DevicePending)),
            (Some(polled(Pending, 47)), 50, Err(DeviceTooFast)),
            (Some(polled(Pending, 50)), 50, Err(DeviceTooFast)),
            (Some(DeviceFacts { pause: 10, ..polled(Pending, 45) }), 50, Err(DeviceTooFast)),
            (Some(code(Pending)), 100, Err(DeviceCodeExpired)),
            (Some(code(Approved)), 50, Ok(())),
            (Some(polled(Approved, 50)), 50, Ok(())),
            (Some(code(Approved)), 100, Err(DeviceCodeExpired)),
            (Some(DeviceFacts { user_active: false, ..code(Approved) }), 50, Err(UserInactive)),
            (
                Some(DeviceFacts { session_alive: false, ..code(Approved) }),
                50,
                Err(DeviceSessionEnded),
            ),
            (Some(code(Denied)), 50, Err(DeviceDenied)),
            (Some(code(Denied)), 200, Err(DeviceDenied)),
            (Some(code(Used)), 50, Err(DeviceCodeUsed)),
        ];
        for (facts, now, expected) in rows {
            assert_eq!(redeem_device(&client(), facts.as_ref(), at(now)), expected, "{facts:?}");
        }
    }
}
