//! Who may open an application. The rule is the policy engine's; it offers itself as an extension,
//! so that this crate need not know it.

use std::sync::Arc;

use countersign_core::{ApiError, BoxFuture, Context, Identity, RequestInfo};
use countersign_model::Ref;

use crate::application::Application;

/// The outcome of asking whether somebody may open an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub passing: bool,
    /// What the policies said.
    pub messages: Vec<String>,
}

/// Decides access. Implemented by the policy crate; put into its module's extensions as `Arc<dyn
/// ApplicationAccess>`.
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

/// Asks whether a user may open applications. Without an engine nobody may.
///
/// # Errors
/// When the engine fails.
pub async fn decide(
    cx: &Context,
    user: &Arc<Identity>,
    request: &RequestInfo,
    applications: Vec<Ref<Application>>,
) -> Result<Vec<Decision>, ApiError> {
    let engine = cx.extensions::<Arc<dyn ApplicationAccess>>().next().cloned();
    match engine {
        Some(engine) => {
            engine.decide(cx.clone(), user.clone(), request.clone(), applications).await
        }
        None => Ok(applications
            .iter()
            .map(|_| Decision {
                passing: false,
                messages: vec!["No policy engine is there to decide.".to_owned()],
            })
            .collect()),
    }
}
