//! The one door every crate of the program has.

use std::sync::Arc;

use axum::response::Response;
use countersign_model::{KindMeta, Rule};
use countersign_store::Check;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::BoxFuture;
use crate::access::Access;
use crate::call::Call;
use crate::context::Context;
use crate::error::ApiError;
use crate::job::{Expiring, Job};
use crate::password_place::PasswordPlace;
use crate::request::RequestInfo;
use crate::resource::{FamilyResource, KindResource};
use crate::response::json;
use crate::route::{Hosts, Route, ThrottleClass};
use crate::service::Service;
use crate::session_binding::SessionGuard;
use crate::table::TableResource;
use crate::visitor::TokenResolver;

/// What a crate adds to the program.
#[derive(Default)]
pub struct Module {
    pub name: &'static str,
    /// Configuration kinds with their API.
    pub kinds: Vec<KindResource>,
    /// What edits of the configuration must keep to, whoever makes them.
    pub rules: Vec<Rule>,
    /// What edits of the configuration bring with them in tables, in the same transaction.
    pub consequences: Vec<Check>,
    /// Families with their `all/` lists.
    pub families: Vec<FamilyResource>,
    /// Operations of the API beyond the generic ones.
    pub operations: Vec<Operation>,
    /// Tables of rows, with their API.
    pub tables: Vec<TableResource>,
    /// Addresses outside of `/api/v3/`.
    pub routes: Vec<Route>,
    /// Hosts that are not this server's own.
    pub hosts: Option<Hosts>,
    pub token_resolver: Option<Arc<dyn TokenResolver>>,
    pub session_guard: Option<Arc<dyn SessionGuard>>,
    /// Where passwords of accounts are known beside this server.
    pub password_places: Vec<Arc<dyn PasswordPlace>>,
    /// Run once, in order, after the default objects are in place and before the listeners open.
    pub start: Vec<Start>,
    /// Run as long as a server or worker does, which hold them.
    pub services: Vec<Service>,
    /// Done beside requests, again and again or when asked for.
    pub jobs: Vec<Job>,
    /// What people are shown at an address where nothing is.
    pub not_found: Option<NotFound>,
    /// Rows that end at a time of their own.
    pub expiring: Vec<Expiring>,
    /// Component schemas that operations name.
    pub schemas: Vec<(&'static str, Value)>,
}

/// A page for an address where nothing is.
pub(crate) type NotFound = Box<dyn Fn(&Context, &RequestInfo) -> Response + Send + Sync>;

impl Context {
    /// What is answered at an address where nothing is.
    pub fn not_found(&self, request: &RequestInfo) -> Response {
        match self.modules.iter().find_map(|module| module.not_found.as_ref()) {
            Some(page) => page(self, request),
            None => json(StatusCode::NOT_FOUND, &json!({"detail": "Not found."})),
        }
    }
}

/// Something to do at start; the text of an error stops it.
pub struct Start {
    pub name: &'static str,
    pub run: Box<dyn Fn(Context) -> BoxFuture<Result<(), String>> + Send + Sync>,
}

impl Start {
    pub fn new<F, R>(name: &'static str, run: F) -> Start
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Start { name, run: Box::new(move |cx| Box::pin(run(cx))) }
    }
}

/// A handler that works with something beside its call.
pub fn with<D, R>(
    deps: &D,
    run: impl Fn(D, Call) -> R + Send + Sync + 'static,
) -> impl Fn(Call) -> R + Send + Sync + 'static
where
    D: Clone + Send + Sync + 'static,
{
    let deps = deps.clone();
    move |call| run(deps.clone(), call)
}

pub(crate) type Handler = Arc<dyn Fn(Call) -> BoxFuture<Result<Response, ApiError>> + Send + Sync>;

/// One row of the route table.
#[derive(Clone)]
pub struct Operation {
    pub method: Method,
    /// Below `/api/v3/`, with final slash; keys in braces.
    pub path: String,
    /// The original's operationId.
    pub id: String,
    pub access: Access,
    pub summary: String,
    /// Body and answer for the document: component names, or schemas.
    pub request: Option<Value>,
    /// The body is a form that may carry files.
    pub form: bool,
    /// What it answers with, where its method does not say.
    pub status: Option<&'static str>,
    /// Statuses of refusals without a body, for the document.
    pub empty_refusals: &'static [&'static str],
    pub response: Option<Value>,
    /// It answers pages of a list.
    pub paged: bool,
    /// Query parameters for the document: name and schema.
    pub parameters: Vec<(String, Value)>,
    /// The declaration of the collection it belongs to, for generic resources.
    pub meta: Option<&'static KindMeta>,
    /// What a POST to it counts as.
    pub throttle: Option<ThrottleClass>,
    /// Its GET does something, which a HEAD must not (RFC 9110 9.2.1).
    pub acts: bool,
    pub handler: Handler,
}

impl Operation {
    pub fn new<F, R>(
        method: Method,
        path: impl Into<String>,
        id: impl Into<String>,
        access: Access,
        handler: F,
    ) -> Operation
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Response, ApiError>> + Send + 'static,
    {
        Operation {
            method,
            path: path.into(),
            id: id.into(),
            access,
            summary: String::new(),
            request: None,
            form: false,
            status: None,
            empty_refusals: &[],
            response: None,
            paged: false,
            parameters: Vec::new(),
            meta: None,
            throttle: None,
            acts: false,
            handler: Arc::new(move |call| Box::pin(handler(call))),
        }
    }

    #[must_use]
    pub fn summary(mut self, text: &str) -> Operation {
        text.clone_into(&mut self.summary);
        self
    }

    /// Belongs to the generic resource of that declaration.
    #[must_use]
    pub const fn of(mut self, meta: &'static KindMeta) -> Operation {
        self.meta = Some(meta);
        self
    }

    /// Reads one object of a generic resource.
    pub fn reads_one(&self) -> bool {
        self.meta.is_some() && self.method == Method::GET && self.path.ends_with("}/")
    }

    /// A component's name, or a schema.
    #[must_use]
    pub fn request(mut self, schema: impl Into<Value>) -> Operation {
        self.request = Some(schema.into());
        self
    }

    /// As [`request`](Self::request), of a form that may carry files.
    #[must_use]
    pub fn form(mut self, schema: impl Into<Value>) -> Operation {
        self.form = true;
        self.request(schema)
    }

    /// Answers 204, as deletions and actions without an answer do by themselves.
    #[must_use]
    pub const fn no_answer(mut self) -> Operation {
        self.status = Some("204");
        self
    }

    /// Answers 201, as a POST to a collection does by itself.
    #[must_use]
    pub const fn creates(mut self) -> Operation {
        self.status = Some("201");
        self
    }

    /// Refuses with these statuses and without a body, as the original does.
    #[must_use]
    pub const fn refuses_empty(mut self, statuses: &'static [&'static str]) -> Operation {
        self.empty_refusals = statuses;
        self
    }

    #[must_use]
    pub fn response(mut self, schema: impl Into<Value>) -> Operation {
        self.response = Some(schema.into());
        self
    }

    /// Pages of a list of that component.
    #[must_use]
    pub fn pages_of(mut self, schema: &str) -> Operation {
        self.paged = true;
        self.response(format!("Paginated{schema}List"))
    }

    #[must_use]
    pub const fn throttle(mut self, class: ThrottleClass) -> Operation {
        self.throttle = Some(class);
        self
    }

    /// Does something although it is a GET, as the original has it: a HEAD of it does nothing.
    #[must_use]
    pub const fn acts(mut self) -> Operation {
        self.acts = true;
        self
    }

    #[must_use]
    pub fn parameter(mut self, name: &str, schema: Value) -> Operation {
        self.parameters.push((name.to_owned(), schema));
        self
    }
}
