//! Copies a directory: people, groups, who is in them, and what is gone. A page is read, mapped and
//! written before the next one is asked for, so that it takes as much memory whatever the directory
//! holds. What breaks off has written what it has read, and takes nothing away.

mod gone;
mod groups;
mod members;
mod report;
mod users;

use std::sync::Arc;

use countersign_core::{ApiError, Context, JobError, Lane, NoteLevel, Run, Work, enqueue};
use countersign_ldap::client::{Entry, Filter, Scope, Search};
use countersign_model::{Ref, Snapshot, Timestamp};
use countersign_policy::{Occasion, PolicyRequest};
use countersign_sources::{PropertiesError, Source};
use countersign_store::{Actor, StoreError, Tx};
use serde_json::{Map, Value, json};

use crate::Deps;
use crate::line::{Line, Trouble, Way};
use crate::rows::Sort;
use crate::schema::Schema;
use crate::source::LDAPSource;

use report::Report;

/// Seconds between two runs.
pub(crate) const EVERY: u64 = 2 * 3600;
/// Entries that are asked for at once: what directories give without being set up for more.
const PAGE: u32 = 250;
/// Pages without an entry that a directory may send one after the other.
const MOST_EMPTY: usize = 100;
/// All attributes, and those that the directory keeps itself.
const ATTRIBUTES: &[&str] = &["*", "+"];

/// Copies the directory of a source.
pub(crate) struct Regular(pub(crate) Deps);

/// The same, and deletes what is gone although it is much.
pub(crate) struct Confirmed(pub(crate) Deps);

impl Work for Regular {
    const NAME: &'static str = "ldap_sync";
    const DESCRIPTION: &'static str = "Copies users and groups from an LDAP directory";
    const ATTEMPTS: u32 = 2;
    const LANE: Lane = Lane::Bulk;
    type Args = Ref<LDAPSource>;

    async fn run(&self, cx: Context, run: Run, args: Ref<LDAPSource>) -> Result<(), JobError> {
        copy(&self.0, cx, run, args, false).await
    }
}

impl Work for Confirmed {
    const NAME: &'static str = "ldap_sync_delete";
    const DESCRIPTION: &'static str =
        "Copies users and groups from an LDAP directory, and deletes what is gone, however much";
    const ATTEMPTS: u32 = 1;
    const LANE: Lane = Lane::Bulk;
    type Args = Ref<LDAPSource>;

    async fn run(&self, cx: Context, run: Run, args: Ref<LDAPSource>) -> Result<(), JobError> {
        copy(&self.0, cx, run, args, true).await
    }
}

/// A source that was made or changed is copied, whichever door wrote it; what sources have seen
/// goes with them.
///
/// # Errors
/// When the engine fails.
pub(crate) fn follow(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let before: Vec<_> = tx.before().list::<LDAPSource>().map(|(source, _)| source).collect();
    let now = tx.graph().list::<LDAPSource>().filter(|(_, settings)| settings.copies());
    let now: Vec<_> = now.map(|(source, _)| source).collect();
    for source in now {
        let object = tx.graph().entry(source.id()).map(|entry| &entry.object);
        let was = tx.before().entry(source.id()).map(|entry| &entry.object);
        let is_same = object.zip(was).is_some_and(|(now, was)| Arc::ptr_eq(now, was));
        if !is_same {
            enqueue::<Regular>(tx, &source.key().to_string(), &source)?;
        }
    }
    for source in before {
        if tx.graph().entry(source.id()).is_none() {
            let key = countersign_store::params![source.key()];
            tx.execute("DELETE FROM ldap_entry WHERE source = $1", key)?;
        }
    }
    Ok(())
}

/// One run over one source.
pub(crate) struct Copying {
    pub(crate) deps: Deps,
    pub(crate) cx: Context,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) source: Ref<dyn Source>,
    pub(crate) settings: LDAPSource,
    pub(crate) began: Timestamp,
    pub(crate) report: Report,
    schema: Schema,
    confirmed: bool,
}

/// Why a run ends before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error(transparent)]
    Directory(#[from] Trouble),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("The run was cancelled.")]
    Cancelled,
}

async fn copy(
    deps: &Deps,
    cx: Context,
    run: Run,
    source: Ref<LDAPSource>,
    confirmed: bool,
) -> Result<(), JobError> {
    let (snapshot, began) = (cx.snapshot(), cx.clock.now());
    let report = Report::new(run, cx.clock.clone());
    let Some(settings) = snapshot.get(source).cloned() else {
        return Err(JobError::Failed("The source is gone.".to_owned()));
    };
    if !settings.copies() {
        let why = "Nothing is copied: the source is disabled, or has no property mappings.";
        report.say(NoteLevel::Info, why);
        return Ok(());
    }
    let mut copying = Copying {
        deps: deps.clone(),
        cx,
        snapshot,
        source: Ref::new(source.key()),
        settings,
        began,
        report,
        schema: Schema::default(),
        confirmed,
    };
    let ended = copying.all().await;
    copying.report.summary();
    match ended {
        Ok(()) | Err(Ended::Cancelled) => Ok(()),
        Err(Ended::Store(error)) => Err(error.into()),
        Err(Ended::Directory(error)) => {
            let text = format!("{error}. Nothing was taken away.");
            tracing::warn!(
                code = error.code(),
                source = &*copying.settings.slug,
                "a directory was not copied: {error}"
            );
            Err(JobError::Again(text))
        }
    }
}

impl Copying {
    async fn all(&mut self) -> Result<(), Ended> {
        let way = Way::read(&self.settings, &self.snapshot, &self.deps.upstreams)?;
        let mut line = way.bound(&*self.cx.entropy).await?;
        // Without the schema, attributes are lists: as the original goes on then.
        match Schema::read(&mut line).await {
            Ok(schema) => self.schema = schema,
            Err(Trouble::Refused { outcome, .. }) => {
                let text = format!(
                    "The directory does not show its schema ({outcome}): all attributes are lists."
                );
                self.report.say(NoteLevel::Info, &text);
            }
            Err(error) => return Err(error.into()),
        }
        self.report.expect(self.expected().await?);
        if self.settings.copies_users() {
            self.listing(&mut line, Sort::User).await?;
        }
        if self.settings.copies_groups() {
            self.listing(&mut line, Sort::Group).await?;
            self.members(&mut line).await?;
        }
        line.close().await;
        for sort in [Sort::User, Sort::Group] {
            let copied = match sort {
                Sort::User => self.settings.copies_users(),
                Sort::Group => self.settings.copies_groups(),
            };
            if copied {
                self.gone(sort).await?;
            }
        }
        if self.settings.copies_groups() { self.move_all().await } else { Ok(()) }
    }

    /// As many objects as the last run has seen.
    async fn expected(&self) -> Result<u64, StoreError> {
        let source = self.source.key();
        let counted = self.cx.store.read(move |sql| {
            let statement =
                "SELECT COUNT(*) FROM ldap_entry WHERE source = $1 AND vanished IS NULL";
            sql.query_one(statement, countersign_store::params![source])
        });
        let row = counted.await?;
        let count: i64 = row.map_or(Ok(0), |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn base(&self, sort: Sort) -> String {
        match sort {
            Sort::User => self.settings.user_base(),
            Sort::Group => self.settings.group_base(),
        }
    }

    fn filter(&self, sort: Sort) -> Result<Filter, Trouble> {
        let text = match sort {
            Sort::User => &self.settings.user_object_filter,
            Sort::Group => &self.settings.group_object_filter,
        };
        // The form has read it.
        Filter::parse(text).map_err(|error| Trouble::Refused {
            what: "a filter",
            outcome: countersign_ldap::client::Outcome { code: 2, message: error.to_string() },
        })
    }

    /// Reads people or groups, and writes each page.
    async fn listing(&mut self, line: &mut Line, sort: Sort) -> Result<(), Ended> {
        let (base, filter) = (self.base(sort), self.filter(sort)?);
        let mut pages = Pages::new(&base, &filter, ATTRIBUTES);
        while let Some(entries) = pages.next(line, &self.report).await? {
            match sort {
                Sort::User => self.users(&entries).await?,
                Sort::Group => self.groups(&entries).await?,
            }
        }
        Ok(())
    }

    /// What mappings of this source are asked with.
    pub(crate) async fn mapped(
        &self,
        sort: Sort,
        entry: &Entry,
    ) -> Result<Map<String, Value>, PropertiesError> {
        let host = self.deps.policies.host(&self.cx, None);
        let asking = PolicyRequest {
            snapshot: &self.snapshot,
            clock: &*self.cx.clock,
            host: &host,
            user: None,
            occasion: Occasion::Application(None),
            target: None,
            name: "",
        };
        let ldap = crate::entry::attributes(entry, &self.schema);
        let given = Map::from_iter([
            ("ldap".to_owned(), Value::Object(ldap)),
            ("dn".to_owned(), json!(entry.dn)),
        ]);
        let source = (self.source, &self.settings as &dyn Source);
        match sort {
            Sort::User => {
                let identity = countersign_sources::Identity { given, ..Default::default() };
                Ok(countersign_sources::evaluate(&asking, source, &identity).await?.user)
            }
            Sort::Group => countersign_sources::evaluate_group(&asking, source, &given).await,
        }
    }

    /// Writes what belongs together at once, and each by itself where one of them cannot be
    /// written: one bad entry keeps no other out.
    async fn write<T, F>(&self, sort: Sort, all: Vec<T>, work: F) -> Result<(), StoreError>
    where
        T: Clone + Send + Sync + Written + 'static,
        F: Fn(&mut Tx<'_>, &T) -> Result<Done, ApiError> + Clone + Send + 'static,
    {
        let reason = format!("copied from the LDAP source {}", self.settings.slug);
        let actor = || Actor::system().through(format!("LDAP source {}", self.settings.slug));
        let (together, doing) = (all.clone(), work.clone());
        let written = self.cx.store.write(actor(), reason.clone(), move |tx| {
            together.iter().map(|one| doing(tx, one)).collect::<Result<Vec<_>, ApiError>>()
        });
        match written.await {
            Ok(done) => {
                all.iter()
                    .zip(done)
                    .for_each(|(one, done)| self.report.done(sort, &one.name(), &done));
                return Ok(());
            }
            Err(ApiError::Store(error)) if error.is_passing() => return Err(error),
            Err(_) => {}
        }
        for one in all {
            let (name, doing) = (one.name(), work.clone());
            let written =
                self.cx.store.write(actor(), reason.clone(), move |tx| doing(tx, &one)).await;
            match written {
                Ok(done) => self.report.done(sort, &name, &done),
                Err(ApiError::Store(error)) if error.is_passing() => return Err(error),
                Err(error) => self.report.failed(sort, &name, &error.to_string()),
            }
        }
        Ok(())
    }
}

/// What a report calls an object.
pub(crate) trait Written {
    fn name(&self) -> String;
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    Made,
    Changed(String),
    Same,
    Deleted,
    /// Members came or went.
    Moved(String),
    /// It stays as it is, for a reason.
    Left(String),
    /// Nothing that a report counts.
    Unsaid,
}

/// A search, page by page.
pub(crate) struct Pages<'a> {
    base: &'a str,
    filter: &'a Filter,
    attributes: &'a [&'a str],
    cookie: Option<Vec<u8>>,
    empty: usize,
}

impl<'a> Pages<'a> {
    pub(crate) const fn new(
        base: &'a str,
        filter: &'a Filter,
        attributes: &'a [&'a str],
    ) -> Pages<'a> {
        Pages { base, filter, attributes, cookie: Some(Vec::new()), empty: 0 }
    }

    /// The next page; `None` after the last.
    pub(crate) async fn next(
        &mut self,
        line: &mut Line,
        report: &Report,
    ) -> Result<Option<Vec<Entry>>, Ended> {
        let Some(cookie) = self.cookie.take() else { return Ok(None) };
        if report.is_cancelled() {
            return Err(Ended::Cancelled);
        }
        let page = line
            .page(Search {
                base: self.base,
                scope: Scope::Subtree,
                filter: self.filter,
                attributes: self.attributes,
                page: Some((PAGE, &cookie)),
                most: 0,
            })
            .await?;
        for reference in &page.references {
            report.reference(reference);
        }
        self.empty = if page.entries.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > MOST_EMPTY {
            return Err(Trouble::Endless.into());
        }
        self.cookie = Some(page.cookie).filter(|cookie| !cookie.is_empty());
        Ok(Some(page.entries))
    }
}

/// The first of a list, else the value.
pub(crate) fn flattened(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(all) => all.first(),
        Value::Null => None,
        other => Some(other),
    }
}

/// A property as a text.
pub(crate) fn text(properties: &Map<String, Value>, name: &str) -> Option<String> {
    match flattened(properties.get(name)?)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What attributes an account or a group has of its entry: those of the mappings, and by what it
/// is known there.
pub(crate) fn attributes(
    properties: &Map<String, Value>,
    named: &crate::entry::Named,
) -> Map<String, Value> {
    let mut all = Map::from_iter([
        ("distinguishedName".to_owned(), json!(named.dn)),
        ("ldap_uniq".to_owned(), json!(named.identifier)),
    ]);
    if let Some(Value::Object(given)) = properties.get("attributes") {
        all.extend(
            given.iter().filter(|(_, value)| !value.is_null()).map(|(n, v)| (n.clone(), v.clone())),
        );
    }
    all
}
