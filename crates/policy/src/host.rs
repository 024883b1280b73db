//! What policies, mappings and expressions may ask of the world outside the configuration: one
//! trait, and two enums that can be written down. The host of a request answers from the tables
//! and the request; another may answer from what was answered before.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_model::Secret;
use countersign_python::Interpreter;
use countersign_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::query::Query;
use crate::recording::Recorded;
use crate::write::Write;

pub use countersign_python::BoxFuture;

/// The account the original creates first.
pub const FIRST_ADMIN: &str = "akadmin";

/// Answers questions. The helper functions of `dyn Host` give each its type.
pub trait Host: Send + Sync {
    /// # Errors
    /// When there is no answer; whoever asked has failed.
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>>;

    /// Where expressions are run.
    fn interpreter(&self) -> Option<&Interpreter>;

    /// How many policies wait for the one that asks, each having asked the next.
    fn depth(&self) -> usize {
        0
    }

    /// What was asked since this was called last, with the answers; nothing where nobody writes it
    /// down.
    fn heard(&self) -> Option<Vec<Recorded>> {
        None
    }
}

/// Something that only the host knows, or may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether the installation was set up.
    SetupDone,
    /// The brand of the request.
    Brand,
    /// Where the request comes from.
    Place,
    /// The request as expressions know it.
    WebRequest,
    /// All that may be read of an account.
    Account(i64),
    /// The attributes of an account over those of its groups.
    MergedAttributes(i64),
    Query(Query),
    /// How many rows a query has.
    Count(Query),
    /// What another server answers.
    Http(HttpRequest),
    /// Addresses of a name, of IPv4 or IPv6.
    Resolve {
        name: String,
        version: Option<u8>,
    },
    /// Ends of the hashes of leaked passwords, each with how often it was seen, by their first five
    /// hexadecimal digits.
    LeakedPasswords {
        prefix: String,
    },
    /// Whether this is the password of an account. What is written down of it has no password.
    CheckPassword {
        user: i64,
        #[serde(skip)]
        password: Secret,
    },
    /// Whether an account has this password, or had it among so many before. What is written down
    /// of it has no password.
    HadPassword {
        user: i64,
        #[serde(skip)]
        password: Secret,
        among: i64,
    },
    /// The last sign-ins of an account, the latest first: `geo` of each, or null, and how many
    /// seconds ago it was.
    PreviousLogins {
        user: i64,
        most: i64,
    },
    /// The sum of the reputation of a name, or of the request's address, or of both.
    Reputation {
        username: Option<String>,
        address: bool,
    },
    /// The password of an account is too old to sign in with.
    ExpirePassword {
        user: i64,
        /// Of the policy.
        name: String,
    },
    /// The classes of second factors of an account, as `totp`: of each it has one that counts.
    Authenticators(i64),
    /// An event of an expression.
    Event {
        action: String,
        /// Of the policy or the mapping.
        name: String,
        context: Map<String, Value>,
        user: Option<i64>,
    },
    /// Something is changed.
    Write {
        change: Write,
        /// Of the policy or the mapping.
        name: String,
        user: Option<i64>,
    },
}

impl Question {
    /// What is asked for, in the words of people.
    #[must_use]
    pub fn for_people(&self) -> String {
        match self {
            Question::SetupDone => "whether the installation was set up".to_owned(),
            Question::Brand => "the brand of the request".to_owned(),
            Question::Place => "the place of the address".to_owned(),
            Question::WebRequest => "the request of the browser".to_owned(),
            Question::Account(pk) => format!("the account {pk}"),
            Question::MergedAttributes(pk) => format!("the attributes of the account {pk}"),
            Question::Query(query) => format!("the {}", query.for_people()),
            Question::Count(query) => format!("the number of the {}", query.for_people()),
            Question::Http(request) => format!("{} {}", request.method, request.url),
            Question::Resolve { name, .. } => format!("the addresses of {name}"),
            Question::LeakedPasswords { .. } => "the list of leaked passwords".to_owned(),
            Question::CheckPassword { user, .. } => {
                format!("whether a password is that of the account {user}")
            }
            Question::HadPassword { user, .. } => {
                format!("whether the account {user} had a password before")
            }
            Question::PreviousLogins { user, .. } => {
                format!("the last sign-ins of the account {user}")
            }
            Question::Reputation { .. } => "the reputation of the name and the address".to_owned(),
            Question::ExpirePassword { user, .. } => {
                format!("the password of the account {user} to be ended")
            }
            Question::Authenticators(pk) => format!("the second factors of the account {pk}"),
            Question::Event { action, .. } => format!("an event \"{action}\" to be written"),
            Question::Write { .. } => "something to be changed".to_owned(),
        }
    }

    /// Whether rows of tables answer it: accounts, groups, devices.
    pub(crate) fn is_about_rows(&self) -> bool {
        matches!(
            self,
            Question::SetupDone
                | Question::Account(_)
                | Question::MergedAttributes(_)
                | Question::Query(_)
                | Question::Count(_)
                | Question::CheckPassword { .. }
                | Question::HadPassword { .. }
                | Question::PreviousLogins { .. }
                | Question::Authenticators(_)
        )
    }
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To `SetupDone`: `None` where it was not and has no first administrator's account.
    SetupDone(Option<bool>),
    Brand(BrandView),
    /// To `Account` and `MergedAttributes`, and to `Place`: `geoip` and `asn`, as far as there are
    /// files that know them.
    Fields(Map<String, Value>),
    Rows(Vec<Map<String, Value>>),
    /// To `Authenticators`.
    Names(Vec<String>),
    /// To `WebRequest`, `Count`, `CheckPassword`, `HadPassword`, `Reputation`, `Http`, `Resolve` and
    /// `Write`.
    Value(Value),
    Text(String),
    Done,
}

/// What an expression asks of another server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A brand as policies see one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BrandView {
    pub title: String,
    pub attributes: Map<String, Value>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostError {
    /// Here it is not asked.
    #[error("This can't be asked here.")]
    NotHere,
    #[error("{0}")]
    Failed(String),
    /// The database does not answer for the moment. It is nothing that a policy decides by: who
    /// asked the policy has failed. The text is for the log.
    #[error("away for the moment: {0}")]
    Away(String),
    /// The expression that asked may catch it.
    #[error("{kind}: {text}")]
    Raised { kind: String, text: String },
    /// Nobody is asked where a decision is only looked at, and no answer was recorded.
    #[error("This was not recorded.")]
    NotRecorded,
}

impl HostError {
    /// The database is away: what the log is told of it.
    #[must_use]
    pub fn away(&self) -> Option<&str> {
        match self {
            HostError::Away(text) => Some(text),
            _ => None,
        }
    }

    /// An exception of Python's, by its name.
    pub fn raised(kind: &str, text: impl Into<String>) -> HostError {
        HostError::Raised { kind: kind.to_owned(), text: text.into() }
    }
}

impl From<StoreError> for HostError {
    fn from(error: StoreError) -> HostError {
        match error {
            StoreError::Away(text) => HostError::Away(text),
            error if error.is_passing() => HostError::Away(error.to_string()),
            error => HostError::Failed(error.to_string()),
        }
    }
}

impl dyn Host + '_ {
    /// To [`Question::SetupDone`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn setup_done(&self) -> Result<Option<bool>, HostError> {
        match self.ask(Question::SetupDone).await? {
            Answer::SetupDone(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Brand`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn brand(&self) -> Result<BrandView, HostError> {
        match self.ask(Question::Brand).await? {
            Answer::Brand(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Place`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn place(&self) -> Result<Map<String, Value>, HostError> {
        match self.ask(Question::Place).await? {
            Answer::Fields(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::WebRequest`]; null where there is none.
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn web_request(&self) -> Result<Value, HostError> {
        match self.ask(Question::WebRequest).await? {
            Answer::Value(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Account`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn account(&self, pk: i64) -> Result<Map<String, Value>, HostError> {
        match self.ask(Question::Account(pk)).await? {
            Answer::Fields(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::MergedAttributes`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn merged_attributes(&self, pk: i64) -> Result<Map<String, Value>, HostError> {
        match self.ask(Question::MergedAttributes(pk)).await? {
            Answer::Fields(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Query`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn query(&self, query: Query) -> Result<Vec<Map<String, Value>>, HostError> {
        match self.ask(Question::Query(query)).await? {
            Answer::Rows(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Count`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn count(&self, query: Query) -> Result<Value, HostError> {
        match self.ask(Question::Count(query)).await? {
            Answer::Value(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Authenticators`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn authenticators(&self, pk: i64) -> Result<Vec<String>, HostError> {
        match self.ask(Question::Authenticators(pk)).await? {
            Answer::Names(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Http`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn http(&self, request: HttpRequest) -> Result<Value, HostError> {
        match self.ask(Question::Http(request)).await? {
            Answer::Value(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Resolve`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn resolve(&self, name: String, version: Option<u8>) -> Result<Value, HostError> {
        match self.ask(Question::Resolve { name, version }).await? {
            Answer::Value(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::HadPassword`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn had_password(
        &self,
        user: i64,
        password: Secret,
        among: i64,
    ) -> Result<bool, HostError> {
        match self.ask(Question::HadPassword { user, password, among }).await? {
            Answer::Value(Value::Bool(answer)) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::PreviousLogins`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn previous_logins(
        &self,
        user: i64,
        most: i64,
    ) -> Result<Vec<Map<String, Value>>, HostError> {
        match self.ask(Question::PreviousLogins { user, most }).await? {
            Answer::Rows(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::Reputation`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn reputation(
        &self,
        username: Option<String>,
        address: bool,
    ) -> Result<i64, HostError> {
        match self.ask(Question::Reputation { username, address }).await? {
            Answer::Value(answer) => answer.as_i64().ok_or(HostError::NotHere),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::ExpirePassword`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn expire_password(&self, user: i64, policy: &str) -> Result<(), HostError> {
        let question = Question::ExpirePassword { user, name: policy.to_owned() };
        self.ask(question).await.map(|_| ())
    }

    /// To [`Question::LeakedPasswords`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn leaked_passwords(&self, prefix: String) -> Result<String, HostError> {
        match self.ask(Question::LeakedPasswords { prefix }).await? {
            Answer::Text(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }
}

impl HttpRequest {
    /// Reads what `requests` of the prelude sends.
    ///
    /// # Errors
    /// A body or headers of another sort.
    pub(crate) fn read(with: &Value) -> Result<HttpRequest, HostError> {
        let part = |name: &str| with.get(name).filter(|part| !part.is_null());
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = |map: &Map<String, Value>| -> String {
            let mut pairs = url::form_urlencoded::Serializer::new(String::new());
            pairs.extend_pairs(map.iter().map(|(key, value)| (key.clone(), text(value))));
            pairs.finish()
        };
        let wrong = |what: &str| HostError::raised("TypeError", format!("{what} is no dictionary"));
        let mut url = part("url").map(text).unwrap_or_default();
        if let Some(parameters) = part("params") {
            let parameters = parameters.as_object().ok_or_else(|| wrong("params"))?;
            url += if url.contains('?') { "&" } else { "?" };
            url += &pairs(parameters);
        }
        let mut headers = Vec::new();
        if let Some(given) = part("headers") {
            let given = given.as_object().ok_or_else(|| wrong("headers"))?;
            headers.extend(given.iter().map(|(name, value)| (name.clone(), text(value))));
        }
        let (body, kind) = match (part("json"), part("data")) {
            (Some(json), _) => (json.to_string(), Some("application/json")),
            (_, Some(Value::Object(form))) => {
                (pairs(form), Some("application/x-www-form-urlencoded"))
            }
            (_, Some(data)) => (text(data), None),
            _ => (String::new(), None),
        };
        let has = |name: &str| headers.iter().any(|(it, _)| it.eq_ignore_ascii_case(name));
        if let Some(kind) = kind.filter(|_| !has("content-type")) {
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        if let Some([user, password]) = part("auth").and_then(Value::as_array).map(Vec::as_slice) {
            let pair = format!("{}:{}", text(user), text(password));
            headers.push(("Authorization".to_owned(), format!("Basic {}", STANDARD.encode(pair))));
        }
        let method = part("method").map(text).unwrap_or_default();
        Ok(HttpRequest { method, url, headers, body })
    }
}

/// One more policy waits for an answer.
pub(crate) struct Nested<'a> {
    host: &'a dyn Host,
    depth: usize,
}

impl<'a> Nested<'a> {
    pub(crate) fn new(host: &'a dyn Host) -> Nested<'a> {
        Nested { host, depth: host.depth() + 1 }
    }
}

impl Host for Nested<'_> {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        self.host.ask(question)
    }

    fn interpreter(&self) -> Option<&Interpreter> {
        self.host.interpreter()
    }

    fn depth(&self) -> usize {
        self.depth
    }
}

/// Knows of no request and no tables: what tests decide by the configuration alone. Expressions run
/// in threads of the test.
#[derive(Debug, Clone, Copy)]
pub struct NoHost;

impl Host for NoHost {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        Box::pin(std::future::ready(match question {
            Question::Brand => Ok(Answer::Brand(BrandView::default())),
            Question::Place => Ok(Answer::Fields(Map::new())),
            Question::WebRequest => Ok(Answer::Value(Value::Null)),
            _ => Err(HostError::NotHere),
        }))
    }

    fn interpreter(&self) -> Option<&Interpreter> {
        static THREADS: LazyLock<Interpreter> = LazyLock::new(Interpreter::in_this_process);
        Some(&THREADS)
    }
}
