//! Flows and the order of their stages.

mod binding;
mod flow;

pub use binding::{FlowStageBinding, InvalidResponseAction};
pub use flow::{Authentication, DeniedAction, Designation, Flow, Layout};
