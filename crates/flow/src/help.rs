//! `/if/help/`: what somebody can do who is stuck, without asking another server.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use countersign_accounts::visitor;
use countersign_core::{RequestInfo, Visitor};
use countersign_pages::{Page, Scene};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::context::FlowContext;

/// What happens to people, and what helps.
#[derive(Debug, Serialize)]
struct Help {
    answers: [Answer; 5],
}

#[derive(Debug, Serialize)]
struct Answer {
    question: &'static str,
    answer: &'static str,
}

/// Names of texts.
const HELP: Help = Help {
    answers: [
        Answer { question: "help-password", answer: "help-password-answer" },
        Answer { question: "help-lost", answer: "help-lost-answer" },
        Answer { question: "help-attempts", answer: "help-attempts-answer" },
        Answer { question: "help-refused", answer: "help-refused-answer" },
        Answer { question: "help-data", answer: "help-data-answer" },
    ],
};

impl Page for Help {
    const COMPONENT: &'static str = "countersign-help";
    const TEMPLATE: &'static str = include_str!("help.html");

    fn view(&self, scene: &Scene) -> Value {
        json!({"title": scene.t("help"), "answers": self.answers})
    }

    fn samples() -> Vec<Self> {
        vec![HELP]
    }
}

pub(crate) async fn help(State(cx): State<FlowContext>, request: Request) -> Response {
    let parts = request.into_parts().0;
    let info = RequestInfo::of(&parts);
    // It helps those most who cannot be looked up now.
    let visitor = visitor(&cx, &parts).await.unwrap_or_else(|_| Visitor::nobody(String::new()));
    Browser::new(&cx, &info, &visitor).page(StatusCode::OK, &HELP)
}

/// The original's old address.
pub(crate) async fn moved(State(cx): State<FlowContext>) -> Response {
    Redirect::permanent(&cx.url("/if/help/")).into_response()
}
