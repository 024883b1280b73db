//! Invitations: who has the link of one gets past the invitation stage.

use countersign_core::{ApiError, Call, Permission, Record, find};
use countersign_directory::{SystemSettings, users};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{
    Fields as _, JsonMap, Key, Problem, Ref, Slug, Table, Timestamp, directory,
};
use countersign_rest::{Condition, Resource, plain};
use countersign_store::{Sql, StoreError, Tx, params, sha256};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::api;
use crate::kinds::Flow;
use crate::plan::Invited;

/// Lets somebody into a flow that is for invited people only. Its link is the flow's address with
/// `?itoken=` and its id.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "stages/invitation/invitations",
    model = "authentik_stages_invitation.invitation",
    schema = "Invitation",
    title = "Invitation",
    lookup = "invite_uuid",
    ordering = "-expires",
    form = "name expires flow fixed_data single_use",
    aside(
        "What happens next",
        "The list gives you the link to send. Whoever opens it comes into the flow with the attributes that you set here."
    ),
    columns = "name, created_by: Created by, expires: Expiry"
)]
#[table(
    name = "invitation",
    operations = "list create retrieve update partial_update destroy used_by",
    display = "Invitation {name}"
)]
pub(crate) struct Invitation {
    #[column(key)]
    pub(super) uuid: Uuid,
    #[field(label = "Name", max_length = 50)]
    #[column(filter, search)]
    pub(super) name: Slug,
    /// After this it lets nobody in, and is removed.
    #[field(label = "Expires")]
    #[column(filter, expires)]
    pub(super) expires: Option<Timestamp>,
    /// Answers that are there already, by the keys of the prompts.
    #[field(label = "Custom attributes", default)]
    pub(super) fixed_data: JsonMap,
    #[field(read_only, default = Ref::new(Key::Int(0)))]
    #[column(belongs_to = "users.id", on_delete = Cascade, through = "username")]
    created_by: Ref<directory::User>,
    /// When enabled, the invitation will be deleted after usage.
    #[field(label = "Single use", default)]
    single_use: bool,
    /// When set, only the configured flow can use this invitation.
    #[field(label = "Flow", choose(query = "designation=enrollment"))]
    pub(super) flow: Option<Ref<Flow>>,
}

impl Record for Invitation {
    fn check(&mut self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        if self.fixed_data.0.contains_key(IS_ACTIVE) {
            let text = "Whether an account is active is decided by the flow, not by who invites.";
            return Err(ApiError::field("fixed_data", Problem::new("invalid", text)));
        }
        let changed = before.is_none_or(|before| before.flow != self.flow);
        match self.flow.filter(|flow| changed && tx.graph().get(*flow).is_none()) {
            Some(flow) => Err(ApiError::field("flow", Problem::missing_reference(flow.key()))),
            None => Ok(()),
        }
    }

    fn saved(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), ApiError> {
        Ok(self.note(tx, if before.is_none() { "model_created" } else { "model_updated" })?)
    }

    fn removed(&self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        Ok(self.note(tx, "model_deleted")?)
    }
}

impl Resource for Invitation {
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[("flow__slug", "string")];

    fn conditions(call: &Call) -> Result<Vec<Condition>, ApiError> {
        let slug = call.query.get("flow__slug").filter(|slug| !slug.is_empty());
        let condition = |slug| {
            let flow = call.snapshot.find::<Flow>("slug", slug).map(|(flow, _)| flow.key());
            ("t.flow = ?".to_owned(), vec![flow.unwrap_or(Key::Uuid(Uuid::nil())).into()])
        };
        Ok(slug.map(condition).into_iter().collect())
    }

    fn answers(sql: &mut Sql<'_>, rows: &[Self], call: &Call) -> Result<Vec<Value>, StoreError> {
        const BRIEF: [&str; 8] =
            ["pk", "username", "name", "is_active", "last_login", "email", "attributes", "uid"];
        let makers = users::named(sql, &call.cx, rows.iter().map(|row| Some(row.created_by)))?;
        let sees_accounts = call.rights().hold(Permission::view(users::User::META));
        let answer = |row: &Invitation| {
            let mut answer = plain(row);
            let maker = makers.get(&row.created_by);
            let said = |name: &&str| Some(((*name).to_owned(), maker?.get(*name)?.clone()));
            let mut maker: Map<String, Value> = BRIEF.iter().filter_map(said).collect();
            // Who may not view accounts learns who it was, not more.
            if !sees_accounts && row.created_by.key().int() != call.caller.pk() {
                maker.insert("email".to_owned(), "".into());
                maker.insert("attributes".to_owned(), json!({}));
            }
            answer.insert("created_by".to_owned(), maker.into());
            let flow = row.flow.filter(|flow| sees_flow(call, *flow));
            let flow = flow.and_then(|flow| call.snapshot.entry(flow.id()));
            let flow = flow.map(|flow| api::short_flow(&call.cx, flow)).unwrap_or_default();
            answer.insert("flow_obj".to_owned(), flow);
            Value::Object(answer)
        };
        Ok(rows.iter().map(answer).collect())
    }

    fn admit(
        &mut self,
        tx: &mut Tx<'_>,
        call: &Call,
        before: Option<&Self>,
    ) -> Result<(), ApiError> {
        let named = self.flow.filter(|flow| before.is_none_or(|old| old.flow != Some(*flow)));
        if let Some(flow) = named.filter(|flow| !sees_flow(call, *flow)) {
            return Err(ApiError::field("flow", Problem::missing_reference(flow.key())));
        }
        if before.is_none() {
            self.created_by = Ref::new(Key::Int(call.user()?.pk));
            if !call.object()?.contains_key("expires") {
                let lasts = SystemSettings::of(tx.graph()).default_token_duration.seconds();
                self.expires = Some(tx.now().plus_seconds(lasts));
            }
        }
        Ok(())
    }
}

impl Invitation {
    /// Whether it lets somebody into a flow now.
    fn is_good_for(&self, flow: Ref<Flow>, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| end > now) && self.flow.is_none_or(|own| own == flow)
    }

    fn note(&self, tx: &mut Tx<'_>, action: &str) -> Result<(), StoreError> {
        let (kind, key) = (Self::META, known_as(self.uuid));
        let model = model_reference(kind.app(), kind.model_name(), &key, &self.name);
        let context = json!({"model": model});
        emit(tx, Event::new(action, "authentik.events.middleware", context)).map(|_| ())
    }
}

/// What an invitation never says of the account: an account may have to confirm its address first.
pub(super) const IS_ACTIVE: &str = "is_active";

/// What events and policies call an invitation by. Its own id lets people in, so it is in none.
pub(super) fn known_as(invitation: Uuid) -> String {
    hex::encode(sha256(&invitation.to_string())).chars().take(32).collect()
}

/// An invitation that lets somebody into this flow now: its time is not over, and who made it may
/// still sign in.
///
/// # Errors
/// When the engine fails.
pub(super) fn good(
    sql: &mut Sql<'_>,
    invitation: Uuid,
    flow: Ref<Flow>,
    now: Timestamp,
) -> Result<Option<Invitation>, StoreError> {
    let found: Option<Invitation> = find(sql, invitation)?;
    let Some(found) = found.filter(|found| found.is_good_for(flow, now)) else { return Ok(None) };
    let maker = found.created_by.key().int().unwrap_or_default();
    let maker = countersign_accounts::identity(sql, maker)?;
    Ok(maker.is_some_and(|maker| maker.is_active).then_some(found))
}

/// What may not be viewed is not there to be named.
fn sees_flow(call: &Call, flow: Ref<Flow>) -> bool {
    call.rights().on(Permission::view(Flow::META), flow.id())
}

/// Uses an invitation, in the transaction of what it was for. `false`: it is gone, its time is
/// over, or who made it was deactivated.
///
/// # Errors
/// When the engine fails.
pub(crate) fn spend(tx: &mut Tx<'_>, invited: Invited) -> Result<bool, StoreError> {
    let Invited { invitation, flow } = invited;
    let now = tx.now();
    let Some(found) = good(tx, invitation, flow, now)? else { return Ok(false) };
    let spent = found.single_use;
    // Of two at once one takes the row.
    if spent && tx.execute("DELETE FROM invitation WHERE uuid = $1", params![invitation])? == 0 {
        return Ok(false);
    }
    let context = json!({"invitation_uuid": known_as(invitation)});
    emit(tx, Event::new("invitation_used", "authentik.events.signals", context))?;
    if spent {
        found.note(tx, "model_deleted")?;
    }
    Ok(true)
}
