//! Accounts.

use countersign_core::{ApiError, find, save};
use countersign_directory::unusable;
use countersign_directory::users::{User, UserType, expire_password};
use countersign_ldap::client::Entry;
use countersign_model::{ChoiceValue as _, EmailAddress, Key, Ref, Timestamp, directory};
use countersign_sources::matching::{self, Action, Browser, Facts};
use countersign_sources::{Source, UserMatchingMode, UserSourceConnection, candidates, connected};
use countersign_store::{StoreError, Tx, params};
use serde_json::{Map, Value};

use super::{Copying, Done, Written, attributes, flattened, text};
use crate::entry::Named;
use crate::extras;
use crate::rows::{self, Made, Sort};

/// An account as the directory has it.
#[derive(Debug, Clone)]
pub(super) struct Person {
    named: Named,
    fields: Fields,
    closed: bool,
    password_set: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Fields {
    username: String,
    name: Option<String>,
    email: Option<String>,
    path: Option<String>,
    is_active: Option<bool>,
    sort: Option<UserType>,
    attributes: Map<String, Value>,
}

impl Written for Person {
    fn name(&self) -> String {
        format!("{} ({})", self.fields.username, self.named.dn)
    }
}

impl Fields {
    fn read(properties: &Map<String, Value>, named: &Named) -> Result<Fields, &'static str> {
        let username = text(properties, "username").filter(|name| !name.is_empty());
        let is_active = properties.get("is_active").and_then(flattened).and_then(Value::as_bool);
        // Those of outposts are theirs.
        let sort = text(properties, "type").and_then(|sort| UserType::from_value(&sort));
        Ok(Fields {
            username: username.ok_or("No property mapping has said a username.")?,
            name: text(properties, "name"),
            email: text(properties, "email"),
            path: text(properties, "path"),
            is_active,
            sort: sort.filter(|sort| *sort != UserType::InternalServiceAccount),
            attributes: attributes(properties, named),
        })
    }

    /// The account with these.
    fn over(&self, before: &User) -> User {
        let mut after = before.clone();
        self.username.clone_into(&mut after.username);
        if let Some(name) = &self.name {
            name.clone_into(&mut after.name);
        }
        if let Some(email) = &self.email {
            after.email = EmailAddress::from(email.as_str());
        }
        if let Some(path) = &self.path {
            path.clone_into(&mut after.path);
        }
        after.is_active = self.is_active.unwrap_or(after.is_active);
        after.r#type = self.sort.unwrap_or(after.r#type);
        after.attributes.0.extend(self.attributes.clone());
        after
    }
}

impl Written for Named {
    fn name(&self) -> String {
        self.dn.clone()
    }
}

impl Copying {
    pub(super) async fn users(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut people = Vec::with_capacity(entries.len());
        for (named, entry) in self.placed(Sort::User, entries).await? {
            match self.person(named, entry).await? {
                Ok(person) => people.push(person),
                Err(why) => self.report.failed(Sort::User, &entry.dn, &why),
            }
        }
        let (source, mode, began) = (self.source, self.settings.user_matching_mode, self.began);
        self.write(Sort::User, people, move |tx, person| put(tx, (source, mode, began), person))
            .await?;
        self.report.saw(entries.len());
        Ok(())
    }

    /// Writes where entries are before anything else, and for itself: an entry that cannot be
    /// copied has its name all the same, and who had it before has not.
    pub(super) async fn placed<'e>(
        &self,
        sort: Sort,
        entries: &'e [Entry],
    ) -> Result<Vec<(Named, &'e Entry)>, StoreError> {
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            match Named::of(entry, &self.settings.object_uniqueness_field) {
                Ok(named) => all.push((named, entry)),
                Err(why) => self.report.failed(sort, &entry.dn, &why.to_string()),
            }
        }
        let (source, began) = (self.source, self.began);
        let places = all.iter().map(|(named, _)| named.clone()).collect();
        self.write(sort, places, move |tx, named| {
            rows::place(tx, (source, sort, began), named).map(|()| Done::Unsaid)
        })
        .await?;
        Ok(all)
    }

    async fn person(
        &self,
        named: Named,
        entry: &Entry,
    ) -> Result<Result<Person, String>, StoreError> {
        let properties = match self.mapped(Sort::User, entry).await {
            Ok(properties) => properties,
            Err(countersign_sources::PropertiesError::Store(error)) => return Err(error),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let fields = match Fields::read(&properties, &named) {
            Ok(fields) => fields,
            Err(why) => return Ok(Err(why.to_owned())),
        };
        Ok(Ok(Person {
            named,
            fields,
            closed: extras::is_closed(entry),
            password_set: extras::password_set(entry),
        }))
    }
}

fn put(
    tx: &mut Tx<'_>,
    (source, mode, began): (Ref<dyn Source>, UserMatchingMode, Timestamp),
    person: &Person,
) -> Result<Done, ApiError> {
    let Person { named, fields, .. } = person;
    let Some(known) = rows::placed(tx, (source, Sort::User, began), named)? else {
        return Ok(Done::Unsaid);
    };
    let connected = connected(tx, source, &named.identifier)?.map(|(_, account)| account);
    let (account, made) = match whose(tx, (source, mode), connected, fields)? {
        Action::Authenticate(account) => (account, Made::AsBefore),
        Action::Link(account) => {
            connect(tx, source, account, &named.identifier)?;
            (account, Made::Nothing)
        }
        Action::Enroll => {
            let fresh = User { is_active: !person.closed, ..User::default() };
            let account = save(tx, fields.over(&fresh), None)?;
            connect(tx, source, account.id, &named.identifier)?;
            (account.id, Made::Now(account.uuid))
        }
        Action::Deny(why) => return Err(ApiError::object(why.to_string())),
        Action::Connect(_) | Action::Known(_) => {
            return Err(ApiError::object("nobody is signed in to a copy"));
        }
    };
    rows::note_made(tx, known.id, made)?;
    rows::note(tx, known.id, (person.closed, person.password_set))?;
    if matches!(made, Made::Now(_)) {
        return Ok(Done::Made);
    }
    let Some(before) = find::<User>(tx, account)? else {
        return Err(ApiError::object("The account is gone."));
    };
    let mut after = fields.over(&before);
    // What the directory says counts when it says something new: whom an administrator has closed
    // out here stays out.
    if fields.is_active.is_none() && known.closed != person.closed {
        after.is_active = !person.closed;
    }
    let what = differing(&before, &after);
    save(tx, after, Some(&before))?;
    if let Some(set) = person.password_set.filter(|set| *set > before.password_changed) {
        // Once: who has signed in since stays signed in.
        if known.password_set.is_none_or(|known| set > known) {
            shut(tx, account)?;
        } else {
            expire_password(tx, account)?;
        }
    }
    Ok(if what.is_empty() { Done::Same } else { Done::Changed(what) })
}

/// Takes away the password that an account has here, wherever it came from, and ends what anybody
/// has signed in by it or by the directory.
pub(super) fn shut(tx: &mut Tx<'_>, account: i64) -> Result<(), ApiError> {
    expire_password(tx, account)?;
    // Also where there was none to take away: what is remembered of binds ends with this value.
    let unusable = unusable(tx.entropy());
    tx.execute("UPDATE users SET password = $2 WHERE id = $1", params![account, unusable])?;
    tx.execute("DELETE FROM session WHERE user_id = $1", params![account])?;
    Ok(())
}

/// Whose account an entry is: that of its connection, else as the source's mode says.
fn whose(
    tx: &mut Tx<'_>,
    (source, mode): (Ref<dyn Source>, UserMatchingMode),
    connected: Option<i64>,
    fields: &Fields,
) -> Result<Action, ApiError> {
    let value = match mode {
        UserMatchingMode::Identifier => None,
        UserMatchingMode::EmailLink | UserMatchingMode::EmailDeny => fields.email.as_deref(),
        UserMatchingMode::UsernameLink | UserMatchingMode::UsernameDeny => Some(&*fields.username),
    };
    let value = value.filter(|value| connected.is_none() && !value.is_empty());
    let named = match value {
        Some(value) => Some(candidates(tx, source, mode, value)?),
        None => None,
    };
    let facts = Facts {
        browser: Browser::Nobody,
        connected,
        person_has_other: false,
        mode,
        named: named.as_deref(),
    };
    Ok(matching::user(&facts))
}

fn connect(
    tx: &mut Tx<'_>,
    source: Ref<dyn Source>,
    account: i64,
    identifier: &str,
) -> Result<(), ApiError> {
    let row = UserSourceConnection {
        id: 0,
        user: Ref::<directory::User>::new(Key::Int(account)),
        source,
        identifier: identifier.to_owned(),
        created: Timestamp::default(),
        last_updated: Timestamp::default(),
    };
    save(tx, row, None).map(|_| ())
}

/// The names of the fields that an edit changes.
fn differing(before: &User, after: &User) -> String {
    let all = [
        ("username", before.username != after.username),
        ("name", before.name != after.name),
        ("email", before.email != after.email),
        ("path", before.path != after.path),
        ("type", before.r#type != after.r#type),
        ("is_active", before.is_active != after.is_active),
        ("attributes", before.attributes.0 != after.attributes.0),
    ];
    let names: Vec<&str> =
        all.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    names.join(", ")
}
