//! `/if/help/`: what somebody can do who is stuck, without asking another server.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use countersign_accounts::visitor;
use countersign_core::{RequestInfo, Visitor};
use countersign_pages::Page;
use http::StatusCode;
use serde::Serialize;

use crate::browser::Browser;
use crate::context::FlowContext;

/// What happens to people, and what helps.
#[derive(Debug, Serialize)]
struct Help {
    title: &'static str,
    answers: [Answer; 5],
}

#[derive(Debug, Serialize)]
struct Answer {
    question: &'static str,
    answer: &'static str,
}

const HELP: Help = Help {
    title: "Help",
    answers: [
        Answer {
            question: "I do not know my password any more",
            answer: "Choose \u{201c}Forgot password?\u{201d} where you sign in. If it is not there, an administrator can send you a link.",
        },
        Answer {
            question: "My phone or security key is gone",
            answer: "Sign in with one of your recovery codes. Without them, ask an administrator to remove the lost device from your account.",
        },
        Answer {
            question: "It says that there were too many attempts",
            answer: "Wait for the time that it says. In a browser you signed in with before, others cannot make you wait.",
        },
        Answer {
            question: "An application does not let me in",
            answer: "The page says why. Give the request number at its foot to an administrator, who can see how it was decided.",
        },
        Answer {
            question: "I want to see or change what is stored about me",
            answer: "Open your settings: there are your data, your devices, your sessions, and what you agreed to.",
        },
    ],
};

impl Page for Help {
    const COMPONENT: &'static str = "countersign-help";
    const TEMPLATE: &'static str = include_str!("help.html");

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
