//! How much one address may ask for. Counted in this process, in a bounded table: the aim is to
//! keep one client from taking everything, not to count exactly. Programs of this machine are not
//! counted: a gateway without forwarding headers asks for many people, a bench for more.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use countersign_core::{AnonymousLimit, ApiError, Limit, RequestInfo, ThrottleClass};
use countersign_model::subscriber;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use tokio::time::Instant;

use crate::settings::{Rate, Settings};

/// As many addresses are remembered.
const MOST: usize = 20_000;
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// Stands for all addresses that have no bucket of their own.
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What is counted apart: calls of nobody, and what routes say.
type Class = Option<ThrottleClass>;

/// The limits and what was used of them.
#[derive(Debug)]
pub struct Throttle {
    anonymous: Rate,
    login: Rate,
    token: Rate,
    device: Rate,
    used: Mutex<Used>,
}

/// What was used by whom.
#[derive(Debug, Default)]
struct Used {
    buckets: HashMap<(Class, IpAddr), Bucket>,
    /// When buckets that are full again were last looked for: a search goes over the whole table.
    swept: Option<Instant>,
}

/// What an address may still ask for, as of a time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Throttle {
    pub fn new(settings: &Settings) -> Arc<Throttle> {
        let given = &settings.throttle;
        Arc::new(Throttle {
            anonymous: given.default,
            login: given.login,
            token: given.token,
            device: given.device,
            used: Mutex::default(),
        })
    }

    fn rate(&self, class: Class) -> Rate {
        match class {
            None => self.anonymous,
            Some(ThrottleClass::Login) => self.login,
            Some(ThrottleClass::Token) => self.token,
            Some(ThrottleClass::Device) => self.device,
        }
    }

    /// Takes one; the seconds to wait when there is none left.
    fn take(&self, class: Class, address: IpAddr, now: Instant) -> Result<(), u64> {
        let rate = self.rate(class);
        if rate.count == 0 {
            return Ok(());
        }
        let (most, refill) = (f64::from(rate.count), rate.refill());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if self.has_room(&mut used, (class, address), now) {
            (class, address)
        } else {
            (class, OTHERS)
        };
        let bucket = used.buckets.entry(key).or_insert(Bucket { left: most, at: now });
        let left = bucket.filled(rate, now);
        *bucket = Bucket { left, at: now };
        if left < 1.0 {
            // At least one second, and not a number that a float rounds to nothing.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between a second and a day"
            )]
            return Err(((1.0 - left) / refill).ceil().clamp(1.0, 86_400.0) as u64);
        }
        bucket.left = left - 1.0;
        Ok(())
    }

    /// Whether an address can have a bucket of its own. In a full table, buckets that are full
    /// again make room: to be forgotten is no gain for them. When that frees nothing, newcomers
    /// share one bucket, so that the limit holds.
    fn has_room(&self, used: &mut Used, key: (Class, IpAddr), now: Instant) -> bool {
        if used.buckets.len() < MOST || used.buckets.contains_key(&key) {
            return true;
        }
        if used.swept.is_none_or(|swept| now.duration_since(swept) >= SWEEP_INTERVAL) {
            used.swept = Some(now);
            used.buckets.retain(|(class, _), bucket| {
                let rate = self.rate(*class);
                bucket.filled(rate, now) < f64::from(rate.count)
            });
        }
        used.buckets.len() < MOST
    }
}

impl Bucket {
    /// What is left now, with what has come back since.
    fn filled(&self, rate: Rate, now: Instant) -> f64 {
        (self.left + now.duration_since(self.at).as_secs_f64() * rate.refill())
            .min(f64::from(rate.count))
    }
}

impl Rate {
    /// How many come back in a second.
    fn refill(self) -> f64 {
        f64::from(self.count) / f64::from(self.seconds)
    }
}

impl Limit for Throttle {
    fn take(&self, request: &RequestInfo) -> Result<(), u64> {
        self.count(None, request)
    }
}

impl Throttle {
    fn count(&self, class: Class, request: &RequestInfo) -> Result<(), u64> {
        if request.client_ip.is_loopback() {
            return Ok(());
        }
        self.take(class, subscriber(request.client_ip), Instant::now())
    }

    /// Refuses what is too much, in the words of whom was asked. Calls of nobody are counted once
    /// that is known: the request carries what counts them.
    pub fn refusal(
        self: &Arc<Self>,
        class: Option<ThrottleClass>,
        request: &mut Request,
    ) -> Option<Response> {
        request.extensions_mut().insert(AnonymousLimit(self.clone()));
        let class = class.filter(|_| request.method() == Method::POST)?;
        let info = request.extensions().get::<RequestInfo>()?;
        let seconds = self.count(Some(class), info).err()?;
        Some(match class {
            ThrottleClass::Token | ThrottleClass::Device => refusal(seconds),
            ThrottleClass::Login => ApiError::Throttled(seconds).into_response(),
        })
    }
}

/// In the words of the token endpoint.
fn refusal(seconds: u64) -> Response {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let body = json!({"error": "temporarily_unavailable", "error_description": format!("Too many requests; try again in {seconds} {unit}.")});
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (StatusCode::TOO_MANY_REQUESTS, headers, body.to_string()).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let off = Rate { count: 0, seconds: 1 };
        let throttle = Throttle {
            anonymous: Rate { count: 2, seconds: 10 },
            login: off,
            token: off,
            device: off,
            used: Mutex::default(),
        };
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let begin = Instant::now();
        assert_eq!(throttle.take(None, one, begin), Ok(()));
        assert_eq!(throttle.take(None, one, begin), Ok(()));
        assert_eq!(throttle.take(None, one, begin), Err(5));
        assert_eq!(throttle.take(None, other, begin), Ok(()));
        assert_eq!(throttle.take(None, one, begin + Duration::from_secs(5)), Ok(()));
        assert_eq!(throttle.take(None, one, begin + Duration::from_secs(5)), Err(5));
        assert_eq!(throttle.take(Some(ThrottleClass::Login), one, begin), Ok(()), "0 is no limit");
    }

    #[test]
    fn a_full_table_stays_bounded_and_forgets_no_limit() {
        let rate = Rate { count: 1, seconds: 3600 };
        let throttle = Throttle {
            anonymous: rate,
            login: rate,
            token: rate,
            device: rate,
            used: Mutex::default(),
        };
        let now = Instant::now();
        let first = IpAddr::from([203, 0, 113, 9]);
        assert_eq!(throttle.take(Some(ThrottleClass::Login), first, now), Ok(()));
        let taken = (1..50_000_u32)
            .filter(|n| {
                throttle
                    .take(Some(ThrottleClass::Login), IpAddr::from(n.to_be_bytes()), now)
                    .is_ok()
            })
            .count();
        assert_eq!(taken, MOST, "one each, and one for all the others");
        assert!(throttle.used.lock().unwrap().buckets.len() <= MOST + 1);
        assert!(
            throttle.take(Some(ThrottleClass::Login), first, now).is_err(),
            "many others do not give it back"
        );
        assert_eq!(
            throttle.take(
                Some(ThrottleClass::Login),
                IpAddr::from([203, 0, 113, 10]),
                now + Duration::from_hours(1)
            ),
            Ok(())
        );
    }
}
