//! A source without a protocol: the other side is the test, which says whom it has named.

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use countersign_accounts::visitor;
use countersign_core::{KindResource, Module, RequestInfo, Routes, cookies};
use countersign_flow::source::{Errand, SetOut, arrive, set_out};
use countersign_flow::{Flow, FlowContext, Flows};
use countersign_model::{Kind, Picture, Ref, Slug};
use countersign_policy::expression::Expression;
use countersign_policy::{Mapping, PolicyEngineMode};
use countersign_sources::{GroupMatchingMode, Identity, Source, UserMatchingMode};
use http::{Method, header};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};

/// Where the other side is.
pub(crate) const OTHER_SIDE: &str = "https://other.example/";
const ERRAND: &str = "test_errand";

#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Source,
    path = "sources/test",
    model = "authentik_sources_test.testsource",
    title = "Test Source",
    component = "ak-source-test-form"
)]
pub(crate) struct TestSource {
    #[field(label = "Name", search, filter)]
    name: String,
    #[field(label = "Slug", unique, max_length = 50, search, filter)]
    slug: Slug,
    #[field(label = "Enabled", default = true, filter)]
    enabled: bool,
    #[field(label = "Authentication flow", on_delete = SetNull)]
    authentication_flow: Option<Ref<Flow>>,
    #[field(label = "Enrollment flow", on_delete = SetNull)]
    enrollment_flow: Option<Ref<Flow>>,
    #[field(label = "User property mappings", default)]
    user_property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(label = "Group property mappings", default)]
    group_property_mappings: Vec<Ref<dyn Mapping>>,
    #[field(label = "Policy engine mode", default = PolicyEngineMode::Any)]
    policy_engine_mode: PolicyEngineMode,
    #[field(label = "User matching mode", default = UserMatchingMode::Identifier)]
    user_matching_mode: UserMatchingMode,
    #[field(label = "Managed", read_only, unique, filter)]
    managed: Option<String>,
    #[field(label = "User path", default = countersign_sources::USER_PATH)]
    user_path_template: String,
    #[field(label = "Icon", read_only, blank)]
    icon: Option<Picture>,
    #[field(label = "Group matching mode", default = GroupMatchingMode::Identifier)]
    group_matching_mode: GroupMatchingMode,
    /// A directory that is only copied has none.
    #[field(label = "Has a button", default = true)]
    has_button: bool,
}

impl Source for TestSource {
    countersign_sources::shared!();

    fn login_path(&self) -> Option<String> {
        self.has_button.then(|| format!("/source/test/{}/", self.slug))
    }

    fn default_icon(&self) -> Option<&'static str> {
        Some("/static/authentik/sources/test.svg")
    }

    fn settings_component(&self) -> &'static str {
        "ak-user-settings-source-test"
    }
}

#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn Mapping,
    path = "propertymappings/source/test",
    model = "authentik_sources_test.testsourcepropertymapping",
    title = "Test Source Property Mapping"
)]
pub(crate) struct TestMapping {
    #[field(label = "Managed", hide, unique, filter)]
    managed: Option<String>,
    #[field(label = "Name", unique, search, filter)]
    name: String,
    #[field(label = "Expression")]
    expression: Expression,
}

impl Mapping for TestMapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn expression(&self) -> &Expression {
        &self.expression
    }
}

pub(crate) fn module(flows: &Flows) -> Module {
    let flows = flows.clone();
    let over = Routes::over(move |cx| flows.over(cx));
    let both = || [Method::GET, Method::POST];
    Module {
        name: "test_source",
        kinds: vec![KindResource::of::<TestSource>(), KindResource::of::<TestMapping>()],
        operations: countersign_sources::connections::<TestSource>(
            "sources/user_connections/test",
            "sources/group_connections/test",
        ),
        routes: vec![
            over.at(both(), "/source/test/{slug}/", begin),
            over.at([Method::POST], "/source/test/{slug}/back/", back),
        ],
        ..Module::default()
    }
}

async fn begin(
    State(cx): State<FlowContext>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let visitor = visitor(&cx, &parts).await.unwrap();
    match set_out(&cx, &parts, &visitor, &slug, Some(&body)).await.unwrap() {
        SetOut::Answer(answer) => answer,
        SetOut::Go(errand) => {
            let kept = hex::encode(serde_json::to_string(&errand).unwrap());
            let mut answer = cx.redirect(OTHER_SIDE);
            let cookie = format!("{ERRAND}={kept}; Path=/").parse().unwrap();
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            if let Some(cookie) = visitor.cookie(&cx, &RequestInfo::of(&parts)) {
                answer.headers_mut().append(header::SET_COOKIE, cookie);
            }
            answer
        }
    }
}

/// `{"identifier", "properties", "given", "for_policies", "email_is_unverified"}`.
async fn back(
    State(cx): State<FlowContext>,
    Path(slug): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let said: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    let visitor = visitor(&cx, &parts).await.unwrap();
    let errand = cookies::value(&parts.headers, ERRAND)
        .map(|kept| serde_json::from_slice::<Errand>(&hex::decode(kept).unwrap()).unwrap());
    let map = |name: &str| said[name].as_object().cloned().unwrap_or_else(Map::new);
    let identity = Identity {
        identifier: said["identifier"].as_str().unwrap_or_default().to_owned(),
        properties: map("properties"),
        given: map("given"),
        for_policies: map("for_policies"),
        email_is_unverified: said["email_is_unverified"] == true,
        ..Identity::default()
    };
    let snapshot = cx.snapshot();
    let (source, _) = snapshot.find::<TestSource>("slug", &slug).unwrap();
    let request = RequestInfo::of(&parts);
    match arrive(&cx, &request, &visitor, (source.cast(), errand), identity).await {
        Ok(answer) => answer,
        Err(error) => (http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
