//! What policies, mappings and expressions may ask of the world outside the configuration: one
//! trait, and two enums that can be written down. The host of a request answers from the tables
//! and the request; another may answer from what was answered before.

use std::pin::Pin;

use countersign_catalogue::Brand;
use countersign_core::{Context, RequestInfo, brand_for};
use countersign_directory::setup;
use countersign_outbound::Request;
use countersign_store::{Sql, StoreError, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::Engine;

/// A future of a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The account the original creates first.
pub const FIRST_ADMIN: &str = "akadmin";

/// Answers questions. The helper functions of `dyn Host` give each its type.
pub trait Host: Send + Sync {
    /// # Errors
    /// When there is no answer; whoever asked has failed.
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>>;
}

/// Something that only the host knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether the installation was set up.
    SetupDone,
    /// The brand of the request.
    Brand,
    /// Where the request comes from.
    Place,
    /// Ends of the hashes of leaked passwords, each with how often it was seen, by their first five
    /// hexadecimal digits.
    LeakedPasswords { prefix: String },
}

/// The answer to the [`Question`] of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// `None` where it was not and has no first administrator's account.
    SetupDone(Option<bool>),
    Brand(BrandView),
    /// `geoip` and `asn`, as far as there are files that know them.
    Place(Map<String, Value>),
    LeakedPasswords(String),
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
}

impl From<StoreError> for HostError {
    fn from(error: StoreError) -> HostError {
        HostError::Failed(error.to_string())
    }
}

impl dyn Host + '_ {
    /// # Errors
    /// As [`Host::ask`].
    pub async fn setup_done(&self) -> Result<Option<bool>, HostError> {
        match self.ask(Question::SetupDone).await? {
            Answer::SetupDone(done) => Ok(done),
            _ => Err(HostError::NotHere),
        }
    }

    /// # Errors
    /// As [`Host::ask`].
    pub async fn brand(&self) -> Result<BrandView, HostError> {
        match self.ask(Question::Brand).await? {
            Answer::Brand(brand) => Ok(brand),
            _ => Err(HostError::NotHere),
        }
    }

    /// # Errors
    /// As [`Host::ask`].
    pub async fn place(&self) -> Result<Map<String, Value>, HostError> {
        match self.ask(Question::Place).await? {
            Answer::Place(place) => Ok(place),
            _ => Err(HostError::NotHere),
        }
    }

    /// To [`Question::LeakedPasswords`].
    ///
    /// # Errors
    /// As [`Host::ask`].
    pub async fn leaked_passwords(&self, prefix: String) -> Result<String, HostError> {
        match self.ask(Question::LeakedPasswords { prefix }).await? {
            Answer::LeakedPasswords(answer) => Ok(answer),
            _ => Err(HostError::NotHere),
        }
    }
}

/// Answers from the tables, and from the request if there is one.
#[derive(Clone)]
pub struct LiveHost {
    engine: Engine,
    cx: Context,
    request: Option<RequestInfo>,
}

impl Engine {
    /// The host of a request, or of work that nobody's request asked for.
    #[must_use]
    pub fn host(&self, cx: &Context, request: Option<&RequestInfo>) -> LiveHost {
        LiveHost { engine: self.clone(), cx: cx.clone(), request: request.cloned() }
    }
}

impl Host for LiveHost {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        Box::pin(async move {
            Ok(match question {
                Question::SetupDone => Answer::SetupDone(setup_done(&self.cx).await?),
                Question::Brand => Answer::Brand(self.brand_view()),
                Question::Place => Answer::Place(self.place_of_request()),
                Question::LeakedPasswords { prefix } => {
                    Answer::LeakedPasswords(self.leaked_passwords(&prefix).await?)
                }
            })
        })
    }
}

impl LiveHost {
    fn brand_view(&self) -> BrandView {
        let snapshot = self.cx.snapshot();
        let brand = self
            .request
            .as_ref()
            .and_then(|request| brand_for(&snapshot, &request.host))
            .and_then(|id| snapshot.entry(id)?.cast::<Brand>());
        brand.map_or_else(BrandView::default, |brand| BrandView {
            title: brand.branding_title.clone(),
            attributes: brand.attributes.0.clone(),
        })
    }

    fn place_of_request(&self) -> Map<String, Value> {
        let request = self.request.as_ref();
        request.map_or_else(Map::new, |it| self.engine.places.for_policies(it.client_ip))
    }

    /// The list of <https://haveibeenpwned.com/API/v3#PwnedPasswords>, padded, so that its length
    /// does not tell what was asked for either.
    async fn leaked_passwords(&self, prefix: &str) -> Result<String, HostError> {
        let failed = |text: String| {
            HostError::Failed(format!("The list of leaked passwords can't be asked: {text}"))
        };
        let request = Request::get(format!("https://api.pwnedpasswords.com/range/{prefix}"))
            .header("Add-Padding", "true")
            .map_err(|error| failed(error.to_string()))?;
        let answer = self.engine.outbound.send(request).await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        if !answer.status.is_success() {
            return Err(failed(format!("status {}", answer.status)));
        }
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

/// Whether the installation was set up, by the mark that stays or because the first administrator
/// has a password; `None` where it was not and there is no such account.
///
/// # Errors
/// When the engine fails.
pub async fn setup_done(cx: &Context) -> Result<Option<bool>, StoreError> {
    let read = |sql: &mut Sql<'_>| {
        if setup::is_done(sql)? {
            return Ok(Some(true));
        }
        let row = sql.query_one(
            "SELECT password FROM users WHERE username_fold = $1",
            params![FIRST_ADMIN],
        )?;
        row.map(|row| Ok(!row.get::<String>(0)?.starts_with('!'))).transpose()
    };
    cx.store.read(read).await
}

/// Knows of no request and no tables: for what is decided by the configuration alone.
#[derive(Debug, Clone, Copy)]
pub struct NoHost;

impl Host for NoHost {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        Box::pin(std::future::ready(match question {
            Question::Brand => Ok(Answer::Brand(BrandView::default())),
            Question::Place => Ok(Answer::Place(Map::new())),
            Question::SetupDone | Question::LeakedPasswords { .. } => Err(HostError::NotHere),
        }))
    }
}
