//! What a kind or a family declares about its part of the API. The `rest` crate serves it.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_model::{Entry, Family, Kind, KindDef, KindMeta, ObjectId, Snapshot};
use serde_json::{Map, Value};

use crate::BoxFuture;
use crate::access::{Permission, Rights};
use crate::call::{Call, Query};
use crate::context::Context;
use crate::error::ApiError;
use crate::identity::Caller;
use crate::request::RequestInfo;

/// What a computed field is made from, besides its object.
pub struct RenderContext<'a> {
    pub cx: &'a Context,
    pub snapshot: &'a Snapshot,
    pub caller: &'a Caller,
    pub request: &'a RequestInfo,
    pub query: &'a Query,
    /// Users and groups that the objects of this answer name.
    pub rows: &'a HashMap<ObjectId, Value>,
}

impl RenderContext<'_> {
    /// What the caller may do, by the configuration that is rendered.
    pub fn rights(&self) -> Rights<'_> {
        self.caller.rights(self.snapshot)
    }
}

pub type Compute = fn(&Entry, &RenderContext<'_>, &mut Map<String, Value>);
/// How the original prints an object, as where others use it.
pub type Display = fn(&Entry) -> String;
/// The texts an object is searched by.
pub type Searched = fn(&Entry, &Snapshot) -> Vec<String>;
/// Whether an object stays in the list that a call asks for.
pub type Narrow = fn(&Call, &Entry) -> bool;
/// The objects among which a call asks, where rows say that; `None` where it does not.
pub type Among = fn(Call) -> BoxFuture<Result<Option<Vec<ObjectId>>, ApiError>>;
pub type Admit =
    Arc<dyn Fn(Call, Map<String, Value>) -> BoxFuture<Result<(), ApiError>> + Send + Sync>;
/// Whether a call asks for what its caller may view, not for what is meant for everybody.
pub type AsksForAll = fn(&Call) -> bool;
pub type Visible = Arc<
    dyn Fn(Call, Vec<Arc<Entry>>) -> BoxFuture<Result<Vec<Arc<Entry>>, ApiError>> + Send + Sync,
>;

/// A kind with its API.
#[derive(Clone)]
pub struct KindResource {
    pub def: KindDef,
    pub key_name: &'static str,
    pub computed: Vec<Compute>,
    pub visible: Option<(AsksForAll, Visible)>,
    pub admit: Option<Admit>,
    pub single: Option<Single>,
    /// Fields that its `computed` takes out of answers.
    pub hidden: &'static [&'static str],
    pub display: Option<Display>,
    pub parameters: &'static [(&'static str, &'static str)],
    pub narrow: Option<Narrow>,
    pub among: Option<Among>,
    pub searched: Option<Searched>,
    pub dated: bool,
    pub served: bool,
}

impl KindResource {
    pub fn of<T: Kind>() -> KindResource {
        KindResource {
            def: KindDef::of::<T>(),
            key_name: "pk",
            computed: Vec::new(),
            visible: None,
            admit: None,
            single: None,
            hidden: &[],
            display: None,
            parameters: &[],
            narrow: None,
            among: None,
            searched: None,
            dated: false,
            served: true,
        }
    }

    /// Answers lack these fields, and so does the document.
    #[must_use]
    pub const fn hides(mut self, fields: &'static [&'static str]) -> KindResource {
        self.hidden = fields;
        self
    }

    /// There is one object, read and changed at the kind's path itself.
    #[must_use]
    pub const fn single(mut self, view: Permission, change: Permission) -> KindResource {
        self.single = Some(Single { view, change });
        self
    }

    #[must_use]
    pub fn def(mut self, change: impl FnOnce(KindDef) -> KindDef) -> KindResource {
        self.def = change(self.def);
        self
    }

    /// The name the key has in answers, where it is not `pk`.
    #[must_use]
    pub const fn key_name(mut self, name: &'static str) -> KindResource {
        self.key_name = name;
        self
    }

    /// Adds read-only fields made from the object and its surroundings.
    #[must_use]
    pub fn computed(mut self, compute: Compute) -> KindResource {
        self.computed.push(compute);
        self
    }

    /// What lists can be narrowed by beyond fields: for the document, with the types of
    /// [`crate::object_schema`], and what stays.
    #[must_use]
    pub const fn narrowed(
        mut self,
        parameters: &'static [(&'static str, &'static str)],
        filter: Narrow,
    ) -> KindResource {
        self.parameters = parameters;
        self.narrow = Some(filter);
        self
    }

    /// As [`narrowed`](Self::narrowed), where rows of tables say what stays.
    #[must_use]
    pub const fn among(
        mut self,
        parameters: &'static [(&'static str, &'static str)],
        among: Among,
    ) -> KindResource {
        self.parameters = parameters;
        self.among = Some(among);
        self
    }

    /// What lists are searched by where it is not a text of the object itself.
    #[must_use]
    pub const fn searched(mut self, searched: Searched) -> KindResource {
        self.searched = Some(searched);
        self
    }

    /// Lists can be narrowed by when objects were made and last changed.
    #[must_use]
    pub const fn dated(mut self) -> KindResource {
        self.dated = true;
        self
    }

    /// The API has other addresses for it than those of a collection.
    #[must_use]
    pub const fn unserved(mut self) -> KindResource {
        self.served = false;
        self
    }

    #[must_use]
    pub const fn display(mut self, display: Display) -> KindResource {
        self.display = Some(display);
        self
    }

    /// Lists and items are for any signed-in account, which sees what `visible` leaves it, beside
    /// what it may view. Queries have parameters that say so.
    #[must_use]
    pub fn visible<F, R>(
        mut self,
        parameters: &'static [(&'static str, &'static str)],
        asks_for_all: AsksForAll,
        visible: F,
    ) -> KindResource
    where
        F: Fn(Call, Vec<Arc<Entry>>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Vec<Arc<Entry>>, ApiError>> + Send + 'static,
    {
        self.parameters = parameters;
        self.visible =
            Some((asks_for_all, Arc::new(move |call, entries| Box::pin(visible(call, entries)))));
        self
    }

    /// Bodies of creations and changes are looked at by this function first, which may ask the
    /// world outside.
    #[must_use]
    pub fn admit<F, R>(mut self, admit: F) -> KindResource
    where
        F: Fn(Call, Map<String, Value>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), ApiError>> + Send + 'static,
    {
        self.admit = Some(Arc::new(move |call, body| Box::pin(admit(call, body))));
        self
    }

    pub const fn meta(&self) -> &'static KindMeta {
        self.def.meta
    }
}

/// The permissions to read and to change a singleton.
#[derive(Debug, Clone, Copy)]
pub struct Single {
    pub view: Permission,
    pub change: Permission,
}

/// A family: what its members' answers carry in addition, and its `all/` resource, which knows the
/// fields that all members have.
#[derive(Clone)]
pub struct FamilyResource {
    pub meta: &'static KindMeta,
    pub computed: Vec<Compute>,
    /// The `all/` resource answers each member with everything its kind has.
    pub whole: bool,
    pub parameters: &'static [(&'static str, &'static str)],
    pub narrow: Option<Narrow>,
    pub display: Option<Display>,
}

impl FamilyResource {
    pub fn of<F: Family + ?Sized>() -> FamilyResource {
        FamilyResource {
            meta: F::META,
            computed: Vec::new(),
            whole: false,
            parameters: &[],
            narrow: None,
            display: None,
        }
    }

    /// As [`KindResource::computed`], for all members.
    #[must_use]
    pub fn computed(mut self, compute: Compute) -> FamilyResource {
        self.computed.push(compute);
        self
    }

    #[must_use]
    pub const fn whole(mut self) -> FamilyResource {
        self.whole = true;
        self
    }

    /// As [`KindResource::narrowed`], of the `all/` list.
    #[must_use]
    pub const fn narrowed(
        mut self,
        parameters: &'static [(&'static str, &'static str)],
        filter: Narrow,
    ) -> FamilyResource {
        self.parameters = parameters;
        self.narrow = Some(filter);
        self
    }

    /// How the original prints members; their name where this is not set.
    #[must_use]
    pub const fn display(mut self, display: Display) -> FamilyResource {
        self.display = Some(display);
        self
    }
}

impl Context {
    /// An object as the original prints it.
    pub fn display(&self, entry: &Entry) -> String {
        let meta = entry.meta();
        let own = self.resource(meta).and_then(|kind| kind.display);
        let of_family = || self.family(meta)?.display;
        if let Some(display) = own.or_else(of_family) {
            return display(entry);
        }
        entry.label().unwrap_or_else(|| format!("{} {}", meta.title, entry.id.key))
    }
}
