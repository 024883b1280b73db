//! The tables of grants, and the lists in which people see and end what applications hold in their
//! name; administrators what anybody's hold.

use std::collections::HashMap;

use countersign_catalogue::Provider;
use countersign_core::{ApiError, Call, Record, RenderContext, TableResource};
use countersign_directory::users;
use countersign_model::{Ref, Table, Timestamp, directory};
use countersign_rest::{Resource, plain, table};
use countersign_store::{Sql, StoreError, Tx};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::backchannel::BackchannelRequest;
use crate::device::DeviceCode;
use crate::former_secrets::FormerClientSecret;
use crate::registration::ClientRegistration;

pub(crate) fn tables() -> Vec<TableResource> {
    vec![
        table::<AuthorizationCode>(),
        table::<AccessToken>(),
        table::<RefreshToken>(),
        TableResource::plain::<ClientAccount>(),
        TableResource::plain::<ClientRegistration>(),
        TableResource::plain::<BackchannelRequest>(),
        TableResource::plain::<DeviceCode>(),
        TableResource::plain::<FormerClientSecret>(),
    ]
}

/// What codes and tokens have in common, with the columns of some among them and at the end:
/// backups of the first versions name no columns and have these in this order.
macro_rules! grant {
    ($(#[$attribute:meta])* $name:ident { $($used:tt)* } { $($more:tt)* }) => {
        #[derive(Debug, Clone, Table)]
        $(#[$attribute])*
        pub(crate) struct $name {
            #[column(key)]
            id: i64,
            /// SHA-256 of the code or token.
            #[column(hidden)]
            hash: [u8; 32],
            #[field(read_only)]
            #[column(sql = "provider_id", filter)]
            provider: Ref<dyn Provider>,
            #[field(read_only)]
            #[column(
                sql = "user_id",
                filter,
                belongs_to = "users.id",
                on_delete = Cascade,
                owner
            )]
            user: Ref<directory::User>,
            /// Hash of the session it came from.
            #[column(hidden)]
            session: Option<Vec<u8>>,
            #[field(read_only)]
            #[column(order)]
            scope: Vec<String>,
            #[column(hidden)]
            created: Timestamp,
            #[field(read_only)]
            #[column(order, expires)]
            expires: Timestamp,
            $($used)*
            #[column(hidden, order)]
            revoked: bool,
            /// Ties together all that descends from one sign-in.
            #[column(hidden)]
            family: Uuid,
            #[column(hidden)]
            data: Value,
            $($more)*
        }

        impl Record for $name {
            fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
                Ok(countersign_events::deleted(tx, self)?)
            }
        }

        impl Resource for $name {
            fn answers(
                sql: &mut Sql<'_>,
                rows: &[Self],
                call: &Call,
            ) -> Result<Vec<Value>, StoreError> {
                let users = users::named(sql, &call.cx, rows.iter().map(|row| Some(row.user)))?;
                let now = call.cx.clock.now();
                let answer = |row: &Self| {
                    let mut answer = plain(row);
                    let user = users.get(&row.user).cloned().unwrap_or_default();
                    answer.insert("user".to_owned(), user);
                    answer.insert("provider".to_owned(), nested_provider(call, row.provider));
                    answer.insert("is_expired".to_owned(), (row.expires < now).into());
                    row.token_part(&mut answer);
                    Value::Object(answer)
                };
                Ok(rows.iter().map(answer).collect())
            }
        }
    };
}

grant! {
    /// A code that was exchanged is only kept to notice a second use.
    #[kind(
        path = "oauth2/authorization_codes",
        model = "authentik_providers_oauth2.authorizationcode",
        schema = "ExpiringBaseGrantModel",
        title = "Authorization Code",
        key = Int,
        lookup = "id",
        ordering = "provider,expires",
        hidden
    )]
    #[table(
        name = "authorization_code",
        class = "AuthorizationCode",
        operations = "list retrieve destroy used_by",
        everybody,
        only_if = "t.used = 0",
        display = "Authorization code for {provider_id} for user {user_id}",
        a_second = 1000
    )]
    AuthorizationCode {
        /// When it was exchanged; 0 before.
        #[column(hidden)]
        used: Timestamp,
    } {}
}

grant! {
    /// A token for the resources of applications.
    #[kind(
        path = "oauth2/access_tokens",
        model = "authentik_providers_oauth2.accesstoken",
        schema = "TokenModel",
        title = "OAuth2 Access Token",
        key = Int,
        lookup = "id",
        ordering = "provider,expires",
        hidden
    )]
    #[table(
        name = "access_token",
        class = "AccessToken",
        operations = "list retrieve destroy used_by",
        everybody,
        display = "Access Token for {provider_id} for user {user_id}",
        a_second = 1000
    )]
    AccessToken {} {}
}

grant! {
    /// A token for further access tokens.
    #[kind(
        path = "oauth2/refresh_tokens",
        model = "authentik_providers_oauth2.refreshtoken",
        schema = "TokenModel",
        title = "OAuth2 Refresh Token",
        key = Int,
        lookup = "id",
        ordering = "provider,expires",
        hidden
    )]
    #[table(
        name = "refresh_token",
        class = "RefreshToken",
        operations = "list retrieve destroy used_by",
        everybody,
        display = "Refresh Token for {provider_id} for user {user_id}",
        a_second = 1000
    )]
    RefreshToken {
        /// When it was used first; 0 before.
        #[column(hidden)]
        used: Timestamp,
    } {
        /// How often it was used, and from which address first.
        #[column(hidden)]
        uses: i64,
        #[column(hidden)]
        used_from: String,
        /// How many refreshes lie between it and the sign-in.
        #[column(hidden)]
        generation: i64,
    }
}

impl AuthorizationCode {
    #[expect(clippy::unused_self, reason = "tokens have such a part, codes have none")]
    fn token_part(&self, _answer: &mut Map<String, Value>) {}
}

impl AccessToken {
    fn token_part(&self, answer: &mut Map<String, Value>) {
        token_part(answer, &self.data, self.revoked);
    }
}

impl RefreshToken {
    fn token_part(&self, answer: &mut Map<String, Value>) {
        token_part(answer, &self.data, self.revoked || self.used != Timestamp(0));
    }
}

/// Tokens tell their claims and whether they were revoked.
fn token_part(answer: &mut Map<String, Value>, data: &Value, revoked: bool) {
    let claims = data.get("claims").cloned().unwrap_or_default();
    let claims = serde_json::to_string_pretty(&claims).unwrap_or_default();
    answer.insert("id_token".to_owned(), claims.into());
    answer.insert("revoked".to_owned(), revoked.into());
}

/// The account through which a client acts for itself.
#[derive(Debug, Clone, Table)]
#[table(name = "client_account")]
pub(crate) struct ClientAccount {
    #[column(key, sql = "provider_id")]
    provider: Ref<dyn Provider>,
    #[column(sql = "user_id", belongs_to = "users.id", on_delete = Cascade, owner)]
    user: Ref<directory::User>,
}

/// The provider without its secret: people see their own grants, and the client's secret is not
/// theirs.
fn nested_provider(call: &Call, provider: Ref<dyn Provider>) -> Value {
    let Some(entry) = call.snapshot.entry(provider.id()) else { return Value::Null };
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
