//! The API beside the generic resources: addresses of a provider, a preview of its tokens, and the
//! lists of grants.

use std::collections::HashMap;
use std::marker::PhantomData;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use countersign_core::{Access, ApiError, BoxFuture, Call, Operation, RenderContext, json, with};
use countersign_flow::Flows;
use countersign_model::{Fields, Key, KindMeta, ObjectId, Ref, Space, Timestamp};
use countersign_rest::{
    Column, ColumnKind, Rows, Scope, TableMeta, object_schema, table_operations,
};
use countersign_store::{Row, Sql, SqlValue, StoreError, params};
use serde_json::{Value, json as value};

use crate::claims::Protocol;
use crate::kinds::OAuth2Provider;
use crate::provider::Provider;
use crate::service::OAuth2;

/// How long a previewed token would live: the default of tokens in general.
const PREVIEW_SECONDS: i64 = 1_800;

pub(crate) fn operations(shared: &(OAuth2, Flows)) -> Vec<Operation> {
    let view = || Access::permission("authentik_providers_oauth2", "view", "oauth2provider");
    let mut all = vec![
        Operation::new(
            Method::GET,
            "providers/oauth2/{id}/setup_urls/",
            "providers_oauth2_setup_urls_retrieve",
            view(),
            setup_urls,
        )
        .summary("Addresses an application needs")
        .response("OAuth2ProviderSetupURLs"),
        Operation::new(
            Method::GET,
            "providers/oauth2/{id}/preview_user/",
            "providers_oauth2_preview_user_retrieve",
            view(),
            with(shared, preview_user),
        )
        .summary("Claims a person would get")
        .parameter("for_user", value!({"type": "integer"}))
        .response("PropertyMappingPreview"),
    ];
    all.extend(table_operations::<Grants<Codes>>());
    all.extend(table_operations::<Grants<AccessTokenTable>>());
    all.extend(table_operations::<Grants<RefreshTokenTable>>());
    all
}

/// Components the operations name.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let names = ["issuer", "authorize", "token", "user_info", "provider_info", "logout", "jwks"];
    let urls: Vec<(&str, &str)> = names.into_iter().map(|n| (n, "string")).collect();
    let code = [
        ("pk", "integer"),
        ("provider", "#OAuth2Provider"),
        ("user", "#User"),
        ("is_expired", "boolean"),
        ("expires", "time?"),
        ("scope", "[string]"),
    ];
    let token = [code.as_slice(), &[("id_token", "string"), ("revoked", "boolean")]].concat();
    let page = |of: &str| object_schema(&[("pagination", "#Pagination"), ("results", of)]);
    vec![
        ("OAuth2ProviderSetupURLs", object_schema(&urls)),
        ("PropertyMappingPreview", object_schema(&[("preview", "map")])),
        ("ExpiringBaseGrantModel", object_schema(&code)),
        ("PaginatedExpiringBaseGrantModelList", page("[#ExpiringBaseGrantModel]")),
        ("TokenModel", object_schema(&token)),
        ("PaginatedTokenModelList", page("[#TokenModel]")),
    ]
}

fn provider(call: &Call) -> Result<Provider, ApiError> {
    let id = call
        .param("id")
        .parse::<i64>()
        .map_err(|_| ApiError::detail(StatusCode::NOT_FOUND, "Not found."))?;
    Provider::by_reference(&call.snapshot, Ref::new(Key::Int(id)))
        .ok_or_else(|| ApiError::not_found("OAuth2/OpenID Provider"))
}

async fn setup_urls(call: Call) -> Result<Response, ApiError> {
    let provider = provider(&call)?;
    let origin = call.cx.origin(&call.request);
    let common = |path: &str| format!("{origin}/application/o/{path}/");
    let mut urls = value!({
        "issuer": provider.issuer(&origin),
        "authorize": common("authorize"),
        "token": common("token"),
        "user_info": common("userinfo"),
        "provider_info": null,
        "logout": null,
    });
    if let (Some(slug), Some(members)) = (provider.slug(), urls.as_object_mut()) {
        members.insert(
            "provider_info".into(),
            format!("{origin}/application/o/{slug}/.well-known/openid-configuration").into(),
        );
        members.insert("logout".into(), common(&format!("{slug}/end-session")).into());
        members.insert("jwks".into(), common(&format!("{slug}/jwks")).into());
    }
    Ok(json(StatusCode::OK, &urls))
}

async fn preview_user((oauth, flows): (OAuth2, Flows), call: Call) -> Result<Response, ApiError> {
    let provider = provider(&call)?;
    let service = oauth.over(flows.over(&call.cx));
    let wrong = |text: &str| ApiError::Body(StatusCode::BAD_REQUEST, value!({"for_user": text}));
    let person = match call.query.get("for_user").filter(|v| !v.is_empty()) {
        None => service.person_of(call.user()?.clone()),
        Some(text) => {
            let id = text.parse::<i64>().map_err(|_| wrong("input must be numerical"))?;
            let own = call.caller.pk() == Some(id);
            let person = service
                .person(id)
                .await?
                .filter(|_| own || call.caller.may("authentik_core.preview_user"));
            person.ok_or_else(|| wrong("User not found"))?
        }
    };
    let claims =
        service.scope_claims(&provider, &person, &provider.client.scopes, &call.actor()).await;
    let now = call.cx.clock.now();
    let protocol = Protocol {
        iss: provider.issuer(&call.cx.origin(&call.request)),
        sub: service.sub(&provider, &person),
        aud: provider.client.id.clone(),
        exp: now.plus_seconds(PREVIEW_SECONDS),
        iat: now,
        auth_time: now,
        amr: Vec::new(),
        c_hash: None,
        nonce: None,
        at_hash: None,
        sid: None,
    };
    Ok(json(StatusCode::OK, &value!({"preview": protocol.with(&claims)})))
}

/// One of the three tables of grants.
trait Table: Send + Sync + 'static {
    /// As "not found" calls a row.
    const CLASS: &'static str;
    const NAME: &'static str;
    const META: &'static KindMeta;
    const ROWS: &'static TableMeta;
    /// Tokens tell their claims and whether they were revoked; codes do not.
    const IS_TOKEN: bool;
}

macro_rules! table {
    ($name:ident, $row:ident, $path:literal, $model:literal, $title:literal, $schema:literal, $class:literal, $table:literal, $is_token:literal) => {
        #[derive(Debug, Clone, Fields)]
        #[kind(path = $path, model = $model, schema = $schema, title = $title, key = Int, lookup = "id", hidden)]
        struct $row {
            #[field(read_only, default = 0_i64)]
            user: i64,
            #[field(read_only, default = 0_i64)]
            provider: i64,
            #[field(read_only, default = Timestamp(0))]
            expires: Timestamp,
            #[field(read_only, default)]
            scope: Vec<String>,
        }

        struct $name;

        impl Table for $name {
            const CLASS: &'static str = $class;
            const NAME: &'static str = $table;
            const META: &'static KindMeta = <$row as Fields>::META;
            const IS_TOKEN: bool = $is_token;
            const ROWS: &'static TableMeta = &TableMeta {
                from: concat!($table, " g"),
                key: "g.id",
                lookup: "g.id",
                lookup_kind: ColumnKind::Int,
                order: "provider,expires",
                searched: None,
                index: None,
                columns: &[
                    Column::new("user", "g.user_id", ColumnKind::Int),
                    Column::new("provider", "g.provider_id", ColumnKind::Int),
                    Column::new("expires", "g.expires", ColumnKind::Time).unfiltered(),
                    Column::new("scope", "g.scope", ColumnKind::Text).unfiltered(),
                    Column::new("revoked", "g.revoked", ColumnKind::Bool).unfiltered(),
                ],
            };
        }
    };
}

table!(
    Codes,
    CodeRow,
    "oauth2/authorization_codes",
    "authentik_providers_oauth2.authorizationcode",
    "Authorization Code",
    "ExpiringBaseGrantModel",
    "AuthorizationCode",
    "authorization_code",
    false
);
table!(
    AccessTokenTable,
    AccessRow,
    "oauth2/access_tokens",
    "authentik_providers_oauth2.accesstoken",
    "OAuth2 Access Token",
    "TokenModel",
    "AccessToken",
    "access_token",
    true
);
table!(
    RefreshTokenTable,
    RefreshRow,
    "oauth2/refresh_tokens",
    "authentik_providers_oauth2.refreshtoken",
    "OAuth2 Refresh Token",
    "TokenModel",
    "RefreshToken",
    "refresh_token",
    true
);

/// People see and end what applications hold in their name; administrators what anybody's hold.
struct Grants<T>(PhantomData<T>);

impl<T: Table> Rows for Grants<T> {
    const META: &'static KindMeta = T::META;
    const CLASS: &'static str = T::CLASS;
    const TABLE: &'static TableMeta = T::ROWS;
    const OPERATIONS: &'static [&'static str] = &["list", "retrieve", "destroy", "used_by"];

    fn access(_operation: &str) -> Access {
        Access::Authenticated
    }

    fn scope(call: &Call) -> Result<Scope, ApiError> {
        let user = call.user()?;
        Ok(if call.caller.is_superuser() { Scope::All } else { Scope::Owned("g.user_id", user.pk) })
    }

    fn conditions(_call: &Call) -> Result<Vec<(String, Vec<SqlValue>)>, ApiError> {
        // A code that was exchanged is only kept to notice a second use.
        Ok(if T::IS_TOKEN { Vec::new() } else { vec![("g.used = 0".to_owned(), Vec::new())] })
    }

    fn render(sql: &mut Sql<'_>, keys: &[SqlValue], call: &Call) -> Result<Vec<Value>, StoreError> {
        let used = if T::NAME == "refresh_token" { "used" } else { "0" };
        let statement = format!(
            "SELECT id, provider_id, user_id, expires, scope, data, revoked, {used} FROM {} WHERE id = $1",
            T::NAME
        );
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(row) = sql.query_one(&statement, std::slice::from_ref(key))? {
                rows.push(grant(sql, &row, call, T::IS_TOKEN)?);
            }
        }
        Ok(rows)
    }

    fn destroy(call: Call, key: SqlValue) -> BoxFuture<Result<(), ApiError>> {
        Box::pin(async move {
            let statement = format!("DELETE FROM {} WHERE id = $1 RETURNING user_id", T::NAME);
            let store = move |tx: &mut countersign_store::Tx<'_>| {
                let gone = tx.query_one(&statement, std::slice::from_ref(&key))?;
                let model = T::NAME.replace('_', "");
                gone.map_or(Ok(()), |row| {
                    countersign_events::deleted_of(
                        tx,
                        ("authentik_providers_oauth2", &model),
                        &key,
                        row.get(0)?,
                    )
                })
            };
            call.cx
                .store
                .write(call.actor(), "grant deleted over the API", store)
                .await
                .map_err(ApiError::from)
        })
    }
}

fn grant(sql: &mut Sql<'_>, row: &Row, call: &Call, is_token: bool) -> Result<Value, StoreError> {
    let (provider, user): (i64, i64) = (row.get(1)?, row.get(2)?);
    let expires: Timestamp = row.get(3)?;
    let scope: String = row.get(4)?;
    let mut answer = value!({
        "pk": row.get::<i64>(0)?,
        "provider": nested_provider(call, provider),
        "user": nested_user(sql, call, user)?,
        "is_expired": expires < call.cx.clock.now(),
        "expires": expires.iso(),
        "scope": scope.split_whitespace().collect::<Vec<_>>(),
    });
    if let (true, Some(members)) = (is_token, answer.as_object_mut()) {
        let claims = row.get::<Value>(5)?.get("claims").cloned().unwrap_or_default();
        members.insert(
            "id_token".into(),
            serde_json::to_string_pretty(&claims).unwrap_or_default().into(),
        );
        members.insert("revoked".into(), (row.get::<bool>(6)? || row.get::<i64>(7)? != 0).into());
    }
    Ok(answer)
}

/// The provider without its secret: people see their own grants, and the client's secret is not
/// theirs.
fn nested_provider(call: &Call, provider: i64) -> Value {
    let reference: Ref<OAuth2Provider> = Ref::new(Key::Int(provider));
    let Some(entry) = call.snapshot.entry(reference.id()) else { return Value::Null };
    let rows = HashMap::new();
    let render = RenderContext {
        cx: &call.cx,
        snapshot: &call.snapshot,
        caller: &call.caller,
        request: &call.request,
        query: &call.query,
        rows: &rows,
    };
    let mut rendered = countersign_rest::rendered(&render, entry);
    if let Some(members) = rendered.as_object_mut() {
        members.remove("client_secret");
    }
    rendered
}

fn nested_user(sql: &mut Sql<'_>, call: &Call, user: i64) -> Result<Value, StoreError> {
    let id = ObjectId::new(Space("user"), Key::Int(user));
    if let Some(render) = call.cx.row_renderer(id.space)
        && let Some((_, value)) = render(sql, &call.cx, &[id])?.pop()
    {
        return Ok(value);
    }
    let row =
        sql.query_one("SELECT username, name, email FROM users WHERE id = $1", params![user])?;
    Ok(match row {
        Some(row) => {
            value!({"pk": user, "username": row.get::<String>(0)?, "name": row.get::<String>(1)?, "email": row.get::<String>(2)?})
        }
        None => Value::Null,
    })
}
