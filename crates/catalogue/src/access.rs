//! Who may open an application. The rule is the policy engine's, which this crate need not know.

use std::sync::Arc;

use countersign_core::{ApiError, BoxFuture, Context, Identity, RequestInfo};
use countersign_model::Ref;
use serde_json::{Value, json};

use crate::application::Application;

/// The outcome of asking whether somebody may open an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub passing: bool,
    /// What the policies said.
    pub messages: Vec<String>,
}

impl Decision {
    /// As the API answers it.
    pub fn answer(&self) -> Value {
        json!({"passing": self.passing, "messages": self.messages, "log_messages": []})
    }
}

/// Decides access. Implemented by the policy crate.
pub trait ApplicationAccess: Send + Sync {
    /// One decision for each application, in order.
    fn decide(
        &self,
        cx: Context,
        user: Arc<Identity>,
        request: RequestInfo,
        applications: Vec<Ref<Application>>,
    ) -> BoxFuture<Result<Vec<Decision>, ApiError>>;
}
