//! The choices of mail stages.

use countersign_core::{Access, ApiError, Call, Operation, json};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Mailer;

pub(crate) fn operations() -> Vec<Operation> {
    let array = json!({"type": "array", "items": {"$ref": "#/components/schemas/TypeCreate"}});
    let view = Access::permission("authentik_stages_email", "view", "emailstage");
    vec![
        Operation::new(Method::GET, "stages/email/templates/", "stages_email_templates_list", view, |call: Call| async move {
            let mailer = Mailer::of(&call.cx).ok_or_else(|| ApiError::not_implemented("Mail"))?;
            let one = |template: crate::Template| json!({"name": template.name, "description": template.label, "component": "", "model_name": "", "requires_enterprise": false});
            let list: Value = mailer.templates.choices().into_iter().map(one).collect();
            Ok(json(StatusCode::OK, &list))
        })
        .response(array),
    ]
}
