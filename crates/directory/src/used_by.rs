//! What hangs on rows of the directory, and goes with them.

use countersign_core::Call;
use countersign_model::{Key, ObjectId, Target, directory};
use countersign_rest::{UsedBy, used_by};
use countersign_store::{Row, StoreError, params};
use serde_json::Value;
use uuid::Uuid;

/// More than people look through is not listed.
const MOST: usize = 1000;

/// Rows of one sort: how the original calls it, and the statement that finds keys and names for
/// `$1`.
struct Sort {
    app: &'static str,
    model_name: &'static str,
    action: &'static str,
    statement: &'static str,
}

const fn core(model_name: &'static str, action: &'static str, statement: &'static str) -> Sort {
    Sort { app: "authentik_core", model_name, action, statement }
}

const fn oauth2(model_name: &'static str, statement: &'static str) -> Sort {
    Sort { app: "authentik_providers_oauth2", model_name, action: "cascade", statement }
}

const OF_USER: [Sort; 8] = [
    oauth2(
        "accesstoken",
        "SELECT id, 'Access Token for ' || provider_id || ' for user ' || user_id FROM access_token WHERE user_id = $1 ORDER BY id",
    ),
    core(
        "group",
        "cascade_many",
        "SELECT g.uuid, 'Group ' || g.name FROM membership m JOIN user_group g ON g.uuid = m.group_uuid WHERE m.user_id = $1 ORDER BY g.name",
    ),
    core(
        "token",
        "cascade",
        "SELECT uuid, 'Token ' || identifier FROM token WHERE user_id = $1 ORDER BY identifier",
    ),
    core(
        "authenticatedsession",
        "cascade",
        "SELECT uuid, 'Authenticated Session' FROM session WHERE user_id = $1 ORDER BY created",
    ),
    oauth2(
        "authorizationcode",
        "SELECT id, 'Authorization code for ' || provider_id || ' for user ' || user_id FROM authorization_code WHERE user_id = $1 AND used = 0 ORDER BY id",
    ),
    Sort {
        app: "authentik_events",
        model_name: "notification",
        action: "cascade",
        statement: "SELECT uuid, body FROM notification WHERE user_id = $1 ORDER BY created",
    },
    oauth2(
        "refreshtoken",
        "SELECT id, 'Refresh Token for ' || provider_id || ' for user ' || user_id FROM refresh_token WHERE user_id = $1 ORDER BY id",
    ),
    Sort {
        app: "authentik_stages_consent",
        model_name: "userconsent",
        action: "cascade",
        statement: "SELECT id, 'User Consent by ' || user_id FROM consent WHERE user_id = $1 ORDER BY id",
    },
];

const OF_GROUP: [Sort; 2] = [
    core(
        "user",
        "cascade_many",
        "SELECT u.id, u.username FROM membership m JOIN users u ON u.id = m.user_id WHERE m.group_uuid = $1 ORDER BY u.username",
    ),
    core(
        "group",
        "set_null",
        "SELECT uuid, 'Group ' || name FROM user_group WHERE parent = $1 ORDER BY name",
    ),
];

pub(crate) async fn of_user(call: &Call, pk: i64) -> Result<Value, StoreError> {
    with_rows(call, ObjectId::new(directory::User::SPACE, Key::Int(pk)), &OF_USER).await
}

pub(crate) async fn of_group(call: &Call, uuid: Uuid) -> Result<Value, StoreError> {
    with_rows(call, ObjectId::new(directory::Group::SPACE, Key::Uuid(uuid)), &OF_GROUP).await
}

async fn with_rows(call: &Call, id: ObjectId, sorts: &'static [Sort]) -> Result<Value, StoreError> {
    let rows = call
        .cx
        .store
        .read(move |sql| {
            let mut found = Vec::new();
            for sort in sorts {
                for row in
                    sql.query(&format!("{} LIMIT {MOST}", sort.statement), params![id.key])?
                {
                    found.push(user_of(sort, &row)?);
                }
            }
            Ok::<_, StoreError>(found)
        })
        .await?;
    let mut all = used_by(&call.cx, &call.snapshot, id);
    all.extend(rows);
    Ok(all.iter().map(UsedBy::to_json).collect())
}

fn user_of(sort: &Sort, row: &Row) -> Result<UsedBy, StoreError> {
    let pk = row
        .get::<i64>(0)
        .map(|pk| pk.to_string())
        .or_else(|_| row.get::<Uuid>(0).map(|uuid| uuid.to_string()))?;
    Ok(UsedBy {
        app: sort.app.to_owned(),
        model_name: sort.model_name.to_owned(),
        pk,
        name: row.get(1)?,
        action: sort.action,
    })
}
