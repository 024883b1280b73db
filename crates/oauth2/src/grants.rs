//! Codes and tokens at rest: the statements over `authorization_code`, `access_token` and
//! `refresh_token`.
//!
//! Only hashes are kept. What is taken once is taken by one statement that succeeds for one caller;
//! whatever else belongs to the exchange happens in the same transaction. A grant is good only
//! while its session (if it came from one) and its user's account are: both are asked at every use,
//! so nothing here waits for a clean-up.

use countersign_model::Timestamp;
use countersign_store::{Row, Sql, StoreError, Tx, params, sha256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::binding::Binding;
use crate::registration;
use crate::wire::claims_request::ClaimsRequest;
use crate::wire::{Challenge, Scopes};

/// A code before it is stored.
#[derive(Debug, Clone)]
pub(crate) struct NewGrant<T> {
    /// The code or token as the client will hold it.
    pub(crate) value: String,
    pub(crate) provider: i64,
    pub(crate) user: i64,
    /// Hash of the session it came from.
    pub(crate) session: Option<Vec<u8>>,
    pub(crate) scopes: Scopes,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    /// Ties together all that descends from one sign-in.
    pub(crate) family: Uuid,
    pub(crate) data: T,
}

/// A grant as it was found.
#[derive(Debug, Clone)]
pub(crate) struct Stored<T> {
    pub(crate) id: i64,
    pub(crate) provider: i64,
    pub(crate) user: i64,
    pub(crate) session: Option<Vec<u8>>,
    pub(crate) scopes: Scopes,
    pub(crate) expires: Timestamp,
    /// When it was exchanged.
    pub(crate) used: Option<Timestamp>,
    pub(crate) revoked: bool,
    pub(crate) family: Uuid,
    pub(crate) data: T,
    /// Of a refresh token: how often it was used, from which address first, and how many refreshes
    /// it is away from the sign-in.
    pub(crate) uses: i64,
    pub(crate) used_from: String,
    pub(crate) generation: i64,
    /// The session it came from is still there, or there was none.
    pub(crate) session_alive: bool,
    pub(crate) user_active: bool,
}

impl<T> Stored<T> {
    /// Whether it opens anything now.
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        !self.revoked && self.session_alive && self.user_active && self.expires > now
    }
}

/// How and when the person signed in: what every token of the family repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignIn {
    pub(crate) auth_time: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    /// What the client knows the session by, also after that got another key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// The context that was asked for and reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<String>,
    /// Claims that were asked for by name.
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub(crate) claims_request: ClaimsRequest,
}

impl SignIn {
    /// A sign-in of which no more is known than its time.
    pub(crate) fn at(auth_time: Timestamp) -> SignIn {
        SignIn {
            auth_time,
            amr: Vec::new(),
            nonce: None,
            sid: None,
            acr: None,
            claims_request: ClaimsRequest::default(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CodeData {
    pub(crate) redirect_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<Challenge>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    /// The key that it is bound to (RFC 9449 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jkt: Option<String>,
    #[serde(flatten)]
    pub(crate) sign_in: SignIn,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessData {
    /// The subject before any mapping renamed it.
    pub(crate) sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    /// The claims as introspection tells them.
    pub(crate) claims: Map<String, Value>,
    /// What it is bound to.
    #[serde(flatten)]
    pub(crate) binding: Option<Binding>,
    /// Names of claims that were asked for, for userinfo.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) asked: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RefreshData {
    #[serde(flatten)]
    pub(crate) sign_in: SignIn,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    /// What it is bound to where nothing else proves the client (RFC 9449 5, RFC 8705 4).
    #[serde(flatten)]
    pub(crate) binding: Option<Binding>,
    pub(crate) claims: Map<String, Value>,
}

/// The session is there and has not ended: not only once somebody has cleaned up.
const ALIVE: &str = "(g.session IS NULL OR EXISTS (SELECT 1 FROM session s WHERE s.key_hash = g.session AND s.expires > $2)), u.is_active";

fn stored<T: DeserializeOwned>(row: &Row) -> Result<Stored<T>, StoreError> {
    let data: String = row.get(9)?;
    let used: i64 = row.get(6)?;
    Ok(Stored {
        id: row.get(0)?,
        provider: row.get(1)?,
        user: row.get(2)?,
        session: row.get(3)?,
        scopes: Scopes::parse(&row.get::<String>(4)?),
        expires: row.get(5)?,
        used: (used != 0).then_some(Timestamp(used)),
        revoked: row.get(7)?,
        family: row.get(8)?,
        data: serde_json::from_str(&data).map_err(|_| StoreError::Column { column: 9 })?,
        session_alive: row.get(10)?,
        user_active: row.get(11)?,
        uses: row.get(12)?,
        used_from: row.get(13)?,
        generation: row.get(14)?,
    })
}

fn find<T: DeserializeOwned>(
    sql: &mut Sql<'_>,
    table: &str,
    used: [&str; 4],
    value: &str,
    now: Timestamp,
) -> Result<Option<Stored<T>>, StoreError> {
    let [used, uses, used_from, generation] = used;
    let statement = format!(
        "SELECT g.id, g.provider_id, g.user_id, g.session, g.scope, g.expires, {used}, g.revoked, g.family, g.data, {ALIVE}, {uses}, {used_from}, {generation} \
         FROM {table} g JOIN users u ON u.id = g.user_id WHERE g.hash = $1"
    );
    sql.query_one(&statement, params![sha256(value), now])?.map(|row| stored(&row)).transpose()
}

/// # Errors
/// The store fails.
pub(crate) fn find_code(
    sql: &mut Sql<'_>,
    code: &str,
    now: Timestamp,
) -> Result<Option<Stored<CodeData>>, StoreError> {
    find(sql, "authorization_code", ["g.used", "0", "''", "0"], code, now)
}

/// # Errors
/// The store fails.
pub(crate) fn find_access_token(
    sql: &mut Sql<'_>,
    token: &str,
    now: Timestamp,
) -> Result<Option<Stored<AccessData>>, StoreError> {
    find(sql, "access_token", ["0", "0", "''", "0"], token, now)
}

/// # Errors
/// The store fails.
pub(crate) fn find_refresh_token(
    sql: &mut Sql<'_>,
    token: &str,
    now: Timestamp,
) -> Result<Option<Stored<RefreshData>>, StoreError> {
    find(sql, "refresh_token", ["g.used", "g.uses", "g.used_from", "g.generation"], token, now)
}

fn json<T: Serialize>(data: &T) -> Result<String, StoreError> {
    serde_json::to_string(data).map_err(|e| StoreError::Database(e.to_string()))
}

/// # Errors
/// The store fails.
pub(crate) fn insert_code(sql: &mut Sql<'_>, code: &NewGrant<CodeData>) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO authorization_code (hash, provider_id, user_id, session, scope, created, expires, used, revoked, family, data) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9)",
        params![
            sha256(&code.value),
            code.provider,
            code.user,
            code.session.clone(),
            code.scopes.to_string(),
            code.created,
            code.expires,
            code.family,
            json(&code.data)?
        ],
    )?;
    Ok(())
}

/// Whatever a client is given tokens for, it is in use from then on.
///
/// # Errors
/// The store fails.
pub(crate) fn insert_access_token(
    sql: &mut Sql<'_>,
    token: &NewGrant<AccessData>,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO access_token (hash, provider_id, user_id, session, scope, created, expires, revoked, family, data) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)",
        params![
            sha256(&token.value),
            token.provider,
            token.user,
            token.session.clone(),
            token.scopes.to_string(),
            token.created,
            token.expires,
            token.family,
            json(&token.data)?
        ],
    )?;
    registration::note_used(sql, token.provider, token.created)
}

/// `generation`: how many refreshes it is away from the sign-in.
///
/// # Errors
/// The store fails.
pub(crate) fn insert_refresh_token(
    sql: &mut Sql<'_>,
    token: &NewGrant<RefreshData>,
    generation: i64,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO refresh_token (hash, provider_id, user_id, session, scope, created, expires, used, revoked, family, data, generation) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $10)",
        params![
            sha256(&token.value),
            token.provider,
            token.user,
            token.session.clone(),
            token.scopes.to_string(),
            token.created,
            token.expires,
            token.family,
            json(&token.data)?,
            generation
        ],
    )?;
    Ok(())
}

/// Takes a code. `false`: somebody else has, in the meantime.
///
/// # Errors
/// The store fails.
pub(crate) fn take_code(sql: &mut Sql<'_>, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let taken =
        "UPDATE authorization_code SET used = $2 WHERE id = $1 AND used = 0 AND revoked = 0";
    Ok(sql.execute(taken, params![id, now])? == 1)
}

/// A client that may use its refresh token again: when the first use must have been, and for a
/// client that cannot prove who it is, the address it must have come from.
#[derive(Debug, Clone)]
pub(crate) struct Grace {
    pub(crate) since: Timestamp,
    /// Clocks of processes differ a little. A use that is later than that was before the clock was
    /// set back: long ago.
    pub(crate) until: Timestamp,
    pub(crate) only_from: Option<String>,
}

impl Grace {
    pub(crate) fn covers(&self, first_use: Timestamp) -> bool {
        (self.since..=self.until).contains(&first_use)
    }
}

/// How often a refresh token gives tokens within its grace.
pub(crate) const MOST_USES: i64 = 10;

/// Takes a refresh token: the first time, or once more within its grace. `false`: neither, or the
/// family died in the meantime.
///
/// # Errors
/// The store fails.
pub(crate) fn take_refresh_token(
    sql: &mut Sql<'_>,
    id: i64,
    now: Timestamp,
    from: &str,
    grace: Option<&Grace>,
) -> Result<bool, StoreError> {
    let first = "UPDATE refresh_token SET used = $2, uses = 1, used_from = $3 WHERE id = $1 AND used = 0 AND revoked = 0 \
                 RETURNING family, generation";
    if let Some(row) = sql.query_one(first, params![id, now, from])? {
        // Within its grace the one before may have given several. One lives on: the others are now
        // as spent as this one, so that a thief and the client cannot both go on.
        let (family, generation): (Uuid, i64) = (row.get(0)?, row.get(1)?);
        let others = "UPDATE refresh_token SET used = $3, used_from = $4 WHERE family = $1 AND generation = $2 AND used = 0";
        sql.execute(others, params![family, generation, now, from])?;
        return Ok(true);
    }
    let Some(grace) = grace else { return Ok(false) };
    let again = "UPDATE refresh_token SET uses = uses + 1 \
                 WHERE id = $1 AND revoked = 0 AND used BETWEEN $2 AND $3 AND uses < $4 AND used_from = COALESCE($5, used_from)";
    Ok(sql.execute(
        again,
        params![id, grace.since, grace.until, MOST_USES, grace.only_from.clone()],
    )? == 1)
}

/// Ends everything that descends from one sign-in.
///
/// # Errors
/// The store fails.
pub(crate) fn revoke_family(sql: &mut Sql<'_>, family: Uuid) -> Result<(), StoreError> {
    for table in ["authorization_code", "access_token", "refresh_token"] {
        sql.execute(&format!("UPDATE {table} SET revoked = 1 WHERE family = $1"), params![family])?;
    }
    Ok(())
}

/// Removes the tokens that descend from one sign-in.
///
/// # Errors
/// The store fails.
pub(crate) fn delete_family(sql: &mut Sql<'_>, family: Uuid) -> Result<(), StoreError> {
    for table in ["access_token", "refresh_token"] {
        sql.execute(&format!("DELETE FROM {table} WHERE family = $1"), params![family])?;
    }
    Ok(())
}

/// Removes an access token of a provider at the wish of its client.
///
/// # Errors
/// The store fails.
pub(crate) fn delete_access_token(
    sql: &mut Sql<'_>,
    provider: i64,
    token: &str,
) -> Result<bool, StoreError> {
    let deleted = "DELETE FROM access_token WHERE hash = $1 AND provider_id = $2";
    Ok(sql.execute(deleted, params![sha256(token), provider])? == 1)
}

/// What ends with the session it came from, each by an index.
const OF_SESSION: [&str; 2] = [
    "DELETE FROM access_token WHERE session = $1",
    "DELETE FROM authorization_code WHERE session = $1",
];

/// Ends the access tokens that came from a session; codes not yet exchanged with them.
///
/// # Errors
/// The store fails.
pub(crate) fn end_session(sql: &mut Sql<'_>, session: &[u8]) -> Result<(), StoreError> {
    OF_SESSION.iter().try_for_each(|of| sql.execute(of, params![session]).map(|_| ()))
}

/// Ends all that came from a session for an application that its owner may not open any more.
///
/// # Errors
/// The store fails.
pub(crate) fn end_at(
    tx: &mut Tx<'_>,
    lost: &countersign_catalogue::sign_out::Lost,
) -> Result<(), StoreError> {
    for table in ["authorization_code", "access_token", "refresh_token"] {
        tx.execute(
            &format!(
                "DELETE FROM {table} WHERE session = $1 AND user_id = $2 AND provider_id = $3"
            ),
            params![lost.session.to_vec(), lost.user, lost.provider],
        )?;
    }
    Ok(())
}

/// What somebody was given in a session goes on with it when they sign in anew and it gets another
/// key.
///
/// # Errors
/// The store fails.
pub(crate) fn continued(
    tx: &mut Tx<'_>,
    user: i64,
    former: [u8; 32],
    fresh: [u8; 32],
) -> Result<(), StoreError> {
    for table in ["authorization_code", "access_token", "refresh_token"] {
        let update = format!(
            "UPDATE {table} SET session = $2 WHERE session = $1 AND user_id = $3 \
             AND EXISTS (SELECT 1 FROM session WHERE key_hash = $1 AND user_id = $3)"
        );
        tx.execute(&update, params![former.to_vec(), fresh.to_vec(), user])?;
    }
    Ok(())
}

/// Removes what providers issued that are gone. The account of a client stays linked to its number,
/// which no other provider gets, so that none finds it.
///
/// # Errors
/// The store fails.
pub(crate) fn delete_of_others(sql: &mut Sql<'_>, providers: &[i64]) -> Result<(), StoreError> {
    for table in [
        "authorization_code",
        "access_token",
        "refresh_token",
        "device_code",
        "client_registration",
        "former_client_secret",
    ] {
        for row in sql.query(&format!("SELECT DISTINCT provider_id FROM {table}"), &[])? {
            let provider: i64 = row.get(0)?;
            if !providers.contains(&provider) {
                sql.execute(
                    &format!("DELETE FROM {table} WHERE provider_id = $1"),
                    params![provider],
                )?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use countersign_store::{Actor, Store};

    use super::*;

    /// A store with the users 1 (active) and 2 (not), and one session `ss`.
    async fn store(folder: &tempfile::TempDir) -> Store {
        let store = countersign_testing::store(folder, []);
        let people = |tx: &mut countersign_store::Tx<'_>| -> Result<(), StoreError> {
            for (id, uuid, active) in
                [(1, Uuid::from_u128(1), true), (2, Uuid::from_u128(2), false)]
            {
                let name = format!("user{id}");
                tx.execute(
                    "INSERT INTO users (id, uuid, username, username_fold, name, email, email_fold, password, password_changed, is_active, joined, path, type, attributes) \
                     VALUES ($1, $2, $3, $3, $3, '', '', '', 0, $4, 0, 'users', 'internal', '{}')",
                    params![id, uuid, name, active],
                )?;
            }
            tx.execute(
                "INSERT INTO session (uuid, key_hash, user_id, created, expires, last_used, last_ip, user_agent, data) VALUES ($1, $2, 1, 0, 100, 0, '', '', '{}')",
                params![Uuid::nil(), b"ss".to_vec()],
            )?;
            Ok(())
        };
        store.write(Actor::system(), "people", people).await.unwrap();
        store
    }

    fn grant<T>(value: &str, user: i64, session: Option<&[u8]>, data: T) -> NewGrant<T> {
        NewGrant {
            value: value.into(),
            provider: 1,
            user,
            session: session.map(<[u8]>::to_vec),
            scopes: Scopes::parse("openid email"),
            created: Timestamp(1),
            expires: Timestamp(100),
            family: Uuid::from_u128(9),
            data,
        }
    }

    fn sign_in() -> SignIn {
        SignIn { amr: vec!["pwd".into()], nonce: Some("n".into()), ..SignIn::at(Timestamp(1)) }
    }

    fn code(value: &str) -> NewGrant<CodeData> {
        grant(
            value,
            1,
            Some(b"ss"),
            CodeData {
                redirect_uri: "https://a/".into(),
                challenge: None,
                resources: Vec::new(),
                jkt: None,
                sign_in: sign_in(),
            },
        )
    }

    fn refresh(value: &str) -> NewGrant<RefreshData> {
        grant(
            value,
            1,
            None,
            RefreshData {
                sign_in: sign_in(),
                resources: Vec::new(),
                binding: None,
                claims: Map::new(),
            },
        )
    }

    fn access(value: &str, user: i64) -> NewGrant<AccessData> {
        grant(
            value,
            user,
            Some(b"ss"),
            AccessData {
                sub: "s".into(),
                nonce: None,
                claims: Map::new(),
                binding: None,
                asked: Vec::new(),
            },
        )
    }

    async fn write<T: Send + 'static>(
        store: &Store,
        work: impl Fn(&mut Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        store.write(Actor::system(), "test", move |tx| work(tx)).await.unwrap()
    }

    #[tokio::test]
    async fn of_two_hundred_parallel_takers_one_gets_the_code() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        write(&store, |sql| insert_code(sql, &code("c"))).await;
        write(&store, |sql| insert_refresh_token(sql, &refresh("r"), 0)).await;
        let found = write(&store, |sql| find_code(sql, "c", Timestamp(5))).await.unwrap();
        assert_eq!(
            (found.data.redirect_uri.as_str(), &found.data.sign_in, found.used),
            ("https://a/", &sign_in(), None)
        );
        assert!(found.session_alive && found.user_active);
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let store = store.clone();
            tries.spawn(async move {
                let code = write(&store, move |sql| take_code(sql, found.id, Timestamp(5))).await;
                let refresh =
                    write(&store, |sql| take_refresh_token(sql, 1, Timestamp(5), "a", None)).await;
                (code, refresh)
            });
        }
        let results = tries.join_all().await;
        assert_eq!(results.iter().filter(|r| r.0).count(), 1);
        assert_eq!(results.iter().filter(|r| r.1).count(), 1);
        let found = write(&store, |sql| find_code(sql, "c", Timestamp(5))).await.unwrap();
        assert_eq!(found.used, Some(Timestamp(5)));
    }

    fn generous() -> Grace {
        Grace { since: Timestamp(0), until: Timestamp(9), only_from: None }
    }

    #[tokio::test]
    async fn within_its_grace_a_refresh_token_gives_tokens_ten_times() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        write(&store, |sql| insert_refresh_token(sql, &refresh("r"), 0)).await;
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let store = store.clone();
            tries.spawn(async move {
                write(&store, |sql| {
                    take_refresh_token(sql, 1, Timestamp(5), "a", Some(&generous()))
                })
                .await
            });
        }
        assert_eq!(tries.join_all().await.into_iter().filter(|won| *won).count(), 10);
        let found = write(&store, |sql| find_refresh_token(sql, "r", Timestamp(5))).await.unwrap();
        assert_eq!(
            (found.used, found.uses, found.used_from.as_str()),
            (Some(Timestamp(5)), 10, "a")
        );

        write(&store, |sql| insert_refresh_token(sql, &refresh("s"), 0)).await;
        let take = async |from: &'static str, grace: Option<Grace>| {
            write(&store, move |sql| take_refresh_token(sql, 2, Timestamp(5), from, grace.as_ref()))
                .await
        };
        assert!(take("a", None).await);
        assert!(!take("a", None).await, "no grace");
        assert!(!take("a", Some(Grace { since: Timestamp(6), ..generous() })).await, "too late");
        assert!(
            !take("a", Some(Grace { until: Timestamp(4), ..generous() })).await,
            "the clock was set back"
        );
        assert!(
            !take("b", Some(Grace { only_from: Some("b".into()), ..generous() })).await,
            "from elsewhere"
        );
        assert!(take("a", Some(Grace { only_from: Some("a".into()), ..generous() })).await);
        assert!(take("b", Some(generous())).await);
    }

    #[tokio::test]
    async fn a_revoked_family_gives_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        write(&store, |sql| insert_refresh_token(sql, &refresh("r1"), 0)).await;
        write(&store, |sql| take_refresh_token(sql, 1, Timestamp(5), "a", None)).await;
        write(&store, |sql| insert_refresh_token(sql, &refresh("r2"), 0)).await;
        write(&store, |sql| insert_access_token(sql, &access("a", 1))).await;
        let family = Uuid::from_u128(9);
        write(&store, move |sql| revoke_family(sql, family)).await;
        assert!(
            !write(&store, |sql| take_refresh_token(sql, 2, Timestamp(6), "a", Some(&generous())))
                .await
        );
        assert!(
            write(&store, |sql| find_access_token(sql, "a", Timestamp(5))).await.unwrap().revoked
        );
        assert!(
            write(&store, |sql| find_refresh_token(sql, "r2", Timestamp(5))).await.unwrap().revoked
        );
    }

    #[tokio::test]
    async fn the_end_of_a_session_reads_only_what_came_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let plans = |sql: &mut Sql<'_>| -> Result<Vec<String>, StoreError> {
            let mut plans = Vec::new();
            for statement in OF_SESSION {
                let explain = format!("EXPLAIN QUERY PLAN {statement}");
                for step in sql.query(&explain, params![vec![7_u8; 32]])? {
                    plans.push(step.get(3)?);
                }
            }
            Ok(plans)
        };
        for plan in store.read(plans).await.unwrap() {
            assert!(plan.starts_with("SEARCH") && plan.contains("_session "), "{plan}");
        }
    }

    #[tokio::test]
    async fn grants_die_with_their_session_and_their_user() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        write(&store, |sql| insert_access_token(sql, &access("a", 1))).await;
        write(&store, |sql| insert_access_token(sql, &access("b", 2))).await;
        assert!(
            !write(&store, |sql| find_access_token(sql, "b", Timestamp(5)))
                .await
                .unwrap()
                .user_active
        );
        write(&store, |sql| sql.execute("DELETE FROM session", &[])).await;
        assert!(
            !write(&store, |sql| find_access_token(sql, "a", Timestamp(5)))
                .await
                .unwrap()
                .session_alive
        );
        assert!(write(&store, |sql| find_access_token(sql, "x", Timestamp(5))).await.is_none());
        assert!(
            !write(&store, |sql| delete_access_token(sql, 2, "a")).await,
            "another client's token"
        );
        assert!(write(&store, |sql| delete_access_token(sql, 1, "a")).await);
    }
}
