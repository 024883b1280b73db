//! What expressions may change: name, e-mail address and attributes of accounts, who is in which
//! group, groups that are missing, and who may use a flow. Each change is a transaction by the rules
//! of its table or kind, with its event. It is not bounded by the rights of the person it happens
//! to: who may write an expression holds everything.

use countersign_core::{ApiError, Context, find, save};
use countersign_directory::groups::Group;
use countersign_directory::users::User;
use countersign_model::{Fields as _, Input, Key, Mode, ObjectId, Ref, Space};
use countersign_store::{Actor, Tx, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::host::HostError;
use crate::query;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// Of an account: what differs from what the expression was given.
    Account {
        pk: i64,
        /// `name` and `email`.
        fields: Map<String, Value>,
        attributes: Map<String, Value>,
        /// Attributes that are taken away.
        removed: Vec<String>,
    },
    /// Accounts become members of groups, or are members no longer.
    Membership { users: Vec<i64>, groups: Vec<Uuid>, member: bool },
    /// A group of that name, if there is none.
    Group { name: String },
    /// Who may use these flows.
    FlowAuthentication { flows: Vec<Uuid>, authentication: String },
}

impl Write {
    /// Makes the change; of a group, the row and whether it is new.
    ///
    /// # Errors
    /// What the rules say, as an exception of the expression, or the engine.
    pub(crate) async fn commit(self, cx: &Context, actor: Actor) -> Result<Value, HostError> {
        let work = move |tx: &mut Tx<'_>| self.apply(tx);
        cx.store.write(actor, "written by an expression", work).await.map_err(|error| match error {
            ApiError::Store(error) => error.into(),
            refused => HostError::raised("ValueError", refused.to_string()),
        })
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Value, ApiError> {
        match self {
            Write::Account { pk, fields, attributes, removed } => {
                let before = account(tx, *pk)?;
                let mut given = fields.clone();
                let mut merged = before.attributes.0.clone();
                merged.retain(|name, _| !removed.contains(name));
                merged.extend(attributes.clone());
                given.insert("attributes".to_owned(), merged.into());
                let input = Input {
                    map: &given,
                    mode: Mode::Patch,
                    entropy: tx.entropy(),
                    privileged: false,
                };
                let row = User::parse(&input, Some(&before))?;
                save(tx, row, Some(&before))?;
            }
            Write::Membership { users, groups, member } => {
                for group in groups {
                    if find::<Group>(tx, *group)?.is_none() {
                        return Err(ApiError::not_found("Group"));
                    }
                }
                let groups: Vec<_> =
                    groups.iter().map(|group| Ref::new(Key::Uuid(*group))).collect();
                for pk in users {
                    let before = account(tx, *pk)?;
                    let mut row = before.clone();
                    row.groups.retain(|group| !groups.contains(group));
                    if *member {
                        row.groups.extend(&groups);
                    }
                    save(tx, row, Some(&before))?;
                }
            }
            Write::Group { name } => {
                let statement = "SELECT uuid FROM user_group WHERE name = $1";
                let known = tx.query_one(statement, params![name.as_str()])?;
                let known = match known {
                    Some(row) => find::<Group>(tx, row.get::<Uuid>(0)?)?,
                    None => None,
                };
                let is_new = known.is_none();
                let group = match known {
                    Some(group) => group,
                    None => save(tx, Group { name: name.clone(), ..Group::default() }, None)?,
                };
                let row = query::group(
                    group.uuid,
                    &group.name,
                    group.is_superuser,
                    &group.attributes.0.into(),
                    group.parent.and_then(|parent| parent.key().uuid()),
                );
                return Ok(json!([row, is_new]));
            }
            Write::FlowAuthentication { flows, authentication } => {
                let given =
                    Map::from_iter([("authentication".to_owned(), authentication.as_str().into())]);
                for flow in flows {
                    let id = ObjectId::new(FLOW, Key::Uuid(*flow));
                    let missing = || ApiError::not_found("Flow");
                    let entry = tx.graph().entry(id).cloned().ok_or_else(missing)?;
                    let kind = tx.registry().kind(entry.meta().model).ok_or_else(missing)?;
                    let input = Input {
                        map: &given,
                        mode: Mode::Patch,
                        entropy: tx.entropy(),
                        privileged: false,
                    };
                    let object = kind.parse(&input, Some(&*entry.object))?;
                    tx.draft().put_object(id, object);
                }
            }
        }
        Ok(Value::Null)
    }
}

/// Where flows are kept; their kind is in a crate above this one.
pub(crate) const FLOW: Space = Space("flow");

fn account(tx: &mut Tx<'_>, pk: i64) -> Result<User, ApiError> {
    find(tx, pk)?.ok_or_else(|| ApiError::not_found("User"))
}
