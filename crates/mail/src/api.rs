//! The choices of mail stages.

use std::future::ready;
use std::sync::Arc;

use countersign_core::{Access, Call, Operation, Permission, json};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Mailer;

pub(crate) fn operations(mailer: Arc<Mailer>) -> Vec<Operation> {
    let array = json!({"type": "array", "items": {"$ref": "#/components/schemas/TypeCreate"}});
    let view = Access::global(Permission::on("authentik_stages_email.emailstage", "view"));
    vec![
        Operation::new(Method::GET, "stages/email/templates/", "stages_email_templates_list", view, move |_: Call| {
            let one = |template: crate::Template| json!({"name": template.name, "description": template.label, "component": "", "model_name": "", "requires_enterprise": false});
            let list: Value = mailer.templates.choices().into_iter().map(one).collect();
            ready(Ok(json(StatusCode::OK, &list)))
        })
        .response(array),
    ]
}
