//! Writes what was asked into the account.

use countersign_core::{ApiError, save};
use countersign_directory::secret_answers;
use countersign_directory::users::{self, User, UserType};
use countersign_events::{Event, emit};
use countersign_model::{Choice, ChoiceValue, EmailAddress, Kind, Ref, Secret, directory};
use countersign_sources::{Arrival, SOURCES_ATTRIBUTE, Unsettled, usable};
use countersign_store::{ActorUser, Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Backend;
use super::{authenticate, enrol, invitation};
use crate::error::FlowError;
use crate::kinds::{Authentication, Flow};
use crate::plan::{Invited, PendingUser, key};
use crate::planner;
use crate::run::Run;
use crate::setup;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Whether the stage may make accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum UserCreationMode {
    #[choice(label = "Never Create")]
    NeverCreate,
    #[choice(label = "Create When Required")]
    CreateWhenRequired,
    #[choice(label = "Always Create")]
    AlwaysCreate,
}

/// Writes the answers of the prompts into the account of the flow, or makes a new one.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/user_write",
    model = "authentik_stages_user_write.userwritestage",
    title = "User Write Stage",
    component = "ak-stage-user-write-form"
)]
pub struct UserWriteStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "User creation mode", default = UserCreationMode::CreateWhenRequired, filter)]
    pub user_creation_mode: UserCreationMode,
    #[field(label = "Create users as inactive", default = false, filter)]
    pub create_users_as_inactive: bool,
    #[field(label = "Group", help = "Users are added to this group.", on_delete = SetNull, filter)]
    pub create_users_group: Option<Ref<directory::Group>>,
    #[field(label = "User type", default = UserType::External, filter)]
    pub user_type: UserType,
    #[field(label = "User path template", help = "Where new users stand.", default = "", filter)]
    pub user_path_template: String,
}

const MASK: &str = "********************";
const PASSWORD_REFUSED: &str = "Failed to set password";
const FAILED: &str = "Failed to update user. Please try again later.";

/// Everything the transaction needs, worked out before.
#[derive(Clone)]
struct Change {
    pk: Option<i64>,
    base: User,
    fields: User,
    password: Option<String>,
    group: Option<Ref<directory::Group>>,
    keep_session: Option<[u8; 32]>,
    /// An invitation that is used by this.
    invitation: Option<Invited>,
    /// An identity that the new account is for.
    arrival: Option<Arrival>,
    /// Set-up: only while the account has no password; closes the flow.
    closes_setup: Option<Ref<Flow>>,
    event: Value,
}

impl UserWriteStage {
    async fn write(&self, run: &mut Run) -> Result<Step, FlowError> {
        let data = match run.plan.context.get(key::PROMPT_DATA) {
            Some(Value::Object(data)) if !data.is_empty() => data.clone(),
            _ => return Ok(Step::Deny("No Pending data.".to_owned())),
        };
        let mut user = run.plan.pending_user();
        if user.is_none() && run.browser.visitor.user.is_some() {
            user = run.browser.pending();
        }
        let existing = user
            .as_ref()
            .and_then(|user| user.pk)
            .filter(|_| self.user_creation_mode != UserCreationMode::AlwaysCreate);
        if existing.is_none() && self.user_creation_mode == UserCreationMode::NeverCreate {
            return Ok(Step::Deny("No user found and can't create new user.".to_owned()));
        }
        // An invitation makes an account; it writes nothing into one that was there.
        if run.plan.invitation.is_some() && existing.is_some() && existing != run.plan.made_account
        {
            let why = "You have an account already. Sign out to use an invitation.";
            return Ok(Step::deny(why));
        }
        let base = match existing {
            Some(pk) => authenticate::fields(run, pk).await?,
            None => Some(self.fresh(run)),
        };
        let Some(base) = base else { return Ok(Step::Deny(FAILED.to_owned())) };
        let mut fields = base.clone();
        let mut password = None;
        for (name, value) in &data {
            match name.as_str() {
                "component" | "groups" => {}
                "password" => {
                    if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
                        password = Some((authenticate::hash(run, text).await?, Secret::new(text)));
                    }
                }
                name => set(&mut fields, name, value),
            }
        }
        if fields.username.is_empty() {
            return Ok(Step::Deny(FAILED.to_owned()));
        }
        came_by(run, &mut fields);
        let own =
            existing.is_some() && existing == run.browser.visitor.user.as_ref().map(|user| user.pk);
        if own
            && password.is_some()
            && let Some(step) = enrol::before_a_password(run, enrol::ANSWERED)
        {
            return Ok(step);
        }
        // Where the account came from first: what that refuses is not the password here either.
        if let (Some(pk), Some((_, plain))) = (existing, &password)
            && let Err(why) = run.browser.cx.set_password_elsewhere(pk, plain).await
        {
            return Ok(Step::deny(format!("{PASSWORD_REFUSED}: {why}")));
        }
        let mut event = data.clone();
        event.remove("component");
        event.insert("created".to_owned(), existing.is_none().into());
        let change = Change {
            pk: existing,
            base,
            fields,
            password: password.map(|(hash, _)| hash),
            group: self.create_users_group,
            invitation: run.plan.invitation,
            arrival: run.plan.arrival.clone(),
            keep_session: own.then(|| run.browser.visitor.key_hash()),
            closes_setup: setup::is_setup(&run.slug()).then_some(run.plan.flow),
            event: Value::Object(event),
        };
        let names_password = data.keys().any(|name| name.contains("password"));
        match self.commit(run, change).await? {
            Written::Done(written) => {
                let backend = user.as_ref().and_then(|user| user.backend.clone());
                let backend = if existing.is_none() || setup::is_setup(&run.slug()) {
                    Some(Backend::Inbuilt.value().to_owned())
                } else {
                    backend
                };
                if existing.is_none() {
                    run.plan.made_account = written.pk;
                    run.plan
                        .context
                        .insert(key::USER_BACKEND.to_owned(), Backend::Inbuilt.value().into());
                }
                run.plan.invitation = None;
                run.plan.set_pending_user(&PendingUser { backend, ..written });
                // What was asked is written: it need not stay in the plan, passwords least of all.
                if names_password
                    && let Some(Value::Object(data)) = run.plan.context.get_mut(key::PROMPT_DATA)
                {
                    data.retain(|name, _| !name.contains("password"));
                }
                run.account_written();
                run.browser.reload().await?;
                if setup::is_setup(&run.slug()) {
                    // The set-up closed its own flow; what is left of it is gone on with.
                    run.browser.renew_snapshot();
                    run.plan.made_from = planner::made_from(&run.browser.snapshot, run.plan.flow);
                }
                Ok(Step::Done)
            }
            Written::Closed => Ok(Step::Deny(
                "The set-up was finished already. Sign in with the account that was made."
                    .to_owned(),
            )),
            Written::Uninvited => Ok(Step::Deny(invitation::NOT_FOUND.to_owned())),
            Written::Refused => Ok(Step::Deny(FAILED.to_owned())),
        }
    }

    fn fresh(&self, run: &Run) -> User {
        let path = run.plan.text(key::USER_PATH).unwrap_or(&self.user_path_template);
        let wanted =
            run.plan.text(key::USER_TYPE).and_then(UserType::from_value).unwrap_or(self.user_type);
        User {
            r#type: if wanted == UserType::InternalServiceAccount {
                UserType::ServiceAccount
            } else {
                wanted
            },
            is_active: !self.create_users_as_inactive,
            path: if path.is_empty() { "users".to_owned() } else { path.to_owned() },
            ..User::default()
        }
    }

    async fn commit(&self, run: &Run, change: Change) -> Result<Written, FlowError> {
        let work = move |tx: &mut Tx<'_>| apply(tx, &change);
        let written = run.commit(run.browser.actor(), "written by a flow", work).await;
        match written {
            Ok(written) => Ok(written),
            Err(ApiError::Store(error)) => Err(error.into()),
            Err(refused) => {
                tracing::warn!(%refused, "a flow could not write an account");
                Ok(Written::Refused)
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
enum Written {
    Done(PendingUser),
    /// Set-up: somebody else was first.
    Closed,
    /// The invitation was used by somebody else, or its time is over.
    Uninvited,
    Refused,
}

fn apply(tx: &mut Tx<'_>, change: &Change) -> Result<Written, ApiError> {
    let mut fields = change.fields.clone();
    if let Some(group) = change.group
        && !fields.groups.contains(&group)
    {
        fields.groups.push(group);
    }
    if let Some(invited) = change.invitation
        && !invitation::spend(tx, invited)?
    {
        return Ok(Written::Uninvited);
    }
    if let (Some(flow), Some(pk)) = (change.closes_setup, change.pk) {
        let open =
            countersign_accounts::identity(tx, pk)?.is_some_and(|user| !user.has_usable_password);
        if countersign_directory::setup::is_done(tx)? || !open || change.password.is_none() {
            return Ok(Written::Closed);
        }
        if let Some(setup) = tx.graph().get(flow).cloned() {
            tx.draft().put(
                flow.key(),
                Flow { authentication: Authentication::RequireSuperuser, ..setup },
            );
        }
    }
    let pk = match change.pk {
        Some(pk) => {
            save(tx, fields, Some(&change.base))?;
            if let Some(hash) = &change.password {
                users::set_password_hash(tx, pk, hash, change.keep_session)?;
            }
            pk
        }
        None => {
            fields.password = change.password.as_deref().map(Secret::new).unwrap_or_default();
            let made = save(tx, fields, None)?.id;
            // Two browsers may enrol one identity at once: one account is made for it.
            if let Some(arrival) = &change.arrival {
                arrival.connect(tx, made).map_err(|unsettled| match unsettled {
                    Unsettled::Refused(why) => ApiError::object(why.to_string()),
                    Unsettled::Store(error) => error.into(),
                })?;
            }
            made
        }
    };
    let row = tx.query_one("SELECT username, name, email FROM users WHERE id = $1", params![pk])?;
    let Some(row) = row else { return Ok(Written::Refused) };
    let written = PendingUser {
        pk: Some(pk),
        username: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        backend: None,
    };
    let mut answers = change.event.clone();
    // What was asked for as a password is one, whatever its name is.
    for name in secret_answers(tx.graph()) {
        if let Some(answer) = answers.get_mut(&name) {
            *answer = MASK.into();
        }
    }
    let account =
        ActorUser { pk, username: written.username.clone(), email: written.email.clone() };
    emit(
        tx,
        Event::new("user_write", "authentik.events.signals", answers).concerning(Some(account)),
    )?;
    Ok(Written::Done(written))
}

/// Sets one field of the account; names that are none are left out.
fn set(fields: &mut User, name: &str, value: &Value) {
    let text = || {
        value.as_str().map_or_else(
            || if value.is_null() { String::new() } else { value.to_string() },
            str::to_owned,
        )
    };
    match name {
        "username" => text().trim().clone_into(&mut fields.username),
        "name" => text().trim().clone_into(&mut fields.name),
        "email" => fields.email = EmailAddress::from(text().trim()),
        "is_active" => fields.is_active = crate::answer::as_flag(value).unwrap_or(fields.is_active),
        "path" => fields.path = text(),
        "attributes" => {
            if let Value::Object(map) = value {
                fields.attributes.0.extend(map.clone());
            }
        }
        _ => {
            let rest =
                name.strip_prefix("attributes.").or_else(|| name.strip_prefix("attributes_"));
            if let Some(rest) = rest {
                // Both signs split, as the original's documented blueprints expect.
                let path: Vec<&str> =
                    rest.split(['.', '_']).filter(|part| !part.is_empty()).collect();
                put(&mut fields.attributes.0, &path, value);
            }
        }
    }
}

/// Notes the source that the person came by.
fn came_by(run: &Run, fields: &mut User) {
    let arrival = run.plan.arrival.as_ref();
    let source = arrival.and_then(|arrival| usable(&run.browser.snapshot, arrival.source));
    let Some(name) = source.map(|source| source.shared().name) else { return };
    let known = fields.attributes.0.entry(SOURCES_ATTRIBUTE).or_insert_with(|| json!([]));
    if !known.is_array() {
        *known = json!([]);
    }
    if let Value::Array(known) = known
        && !known.iter().any(|known| known.as_str() == Some(name))
    {
        known.push(name.into());
    }
}

fn put(map: &mut Map<String, Value>, path: &[&str], value: &Value) {
    match path {
        [] => {}
        [last] => {
            map.insert((*last).to_owned(), value.clone());
        }
        [first, rest @ ..] => {
            let slot = map.entry(*first).or_insert_with(|| json!({}));
            if !slot.is_object() {
                *slot = json!({});
            }
            if let Value::Object(inner) = slot {
                put(inner, rest, value);
            }
        }
    }
}

impl Stage for UserWriteStage {
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        self.write(run).await
    }

    fn sentence(&self) -> Sentence {
        Sentence::new("Save what was entered to the account")
            .note_if(self.create_users_as_inactive, "new accounts start inactive")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_written_along_their_path() {
        let mut map = Map::new();
        put(&mut map, &["settings", "locale"], &json!("de"));
        put(&mut map, &["settings", "theme"], &json!("dark"));
        assert_eq!(Value::Object(map), json!({"settings": {"locale": "de", "theme": "dark"}}));
    }
}
