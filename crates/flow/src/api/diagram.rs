//! A flow as a Mermaid diagram, in the original's notation.

use countersign_model::{Ref, Snapshot};
use countersign_policy::engine;

use super::computed::text;
use crate::kinds::{Authentication, Flow, FlowStageBinding};

/// A box of the diagram, with the arrows that lead to it.
#[derive(Clone)]
struct Element {
    id: String,
    text: String,
    shape: (&'static str, &'static str),
    /// What stands on the arrows; `None`: the box stands alone.
    action: Option<String>,
    from: Vec<String>,
}

const ROUND: (&str, &str) = ("([", "])");
const SUBROUTINE: (&str, &str) = ("[[", "]]");
const HEXAGON: (&str, &str) = ("{{", "}}");

impl Element {
    fn new(
        id: impl Into<String>,
        text: impl Into<String>,
        shape: (&'static str, &'static str),
    ) -> Element {
        Element { id: id.into(), text: text.into(), shape, action: None, from: Vec::new() }
    }

    fn done() -> Element {
        Element::new("done", "End of the flow", SUBROUTINE)
    }

    fn after(mut self, from: &[String], action: &str) -> Element {
        self.action = Some(action.to_owned());
        self.from = from.to_vec();
        self
    }

    fn lines(&self) -> String {
        // Text of people must not end the box it stands in.
        let text = self.text.replace('"', "'").replace(['<', '>'], " ");
        let mut element = format!("{}{}\"{text}\"{}", self.id, self.shape.0, self.shape.1);
        match self.action.as_deref() {
            None => {}
            Some("") => element = format!("--> {element}"),
            Some(action) => element = format!("--{action}--> {element}"),
        }
        if self.from.is_empty() {
            return element;
        }
        self.from.iter().map(|source| format!("{source} {element}")).collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn draw(snapshot: &Snapshot, reference: Ref<Flow>, flow: &Flow) -> String {
    let mut lines = vec!["graph TD".to_owned()];
    lines.extend(requirement(flow.authentication));
    let pre = "flow_pre".to_owned();
    let (policies, ids) = policies_of(
        snapshot,
        reference.key().uuid().unwrap_or_default(),
        "flow_policy",
        std::slice::from_ref(&pre),
        true,
    );
    if !policies.is_empty() {
        lines.push(Element::new(pre, "Pre-flow policies", SUBROUTINE).lines());
    }
    lines.extend(policies.iter().map(Element::lines));
    let start = Element::new("flow_start", format!("Flow\n{}", flow.name), SUBROUTINE);
    lines.push(if ids.is_empty() { start } else { start.after(&ids, "") }.lines());
    lines.extend(stages(snapshot, reference).iter().map(Element::lines));
    lines.join("\n")
}

/// Who may begin at all.
fn requirement(authentication: Authentication) -> Vec<String> {
    use countersign_model::ChoiceValue as _;
    if authentication == Authentication::None {
        return Vec::new();
    }
    let id = "flow_auth_requirement".to_owned();
    let box_of = ("[", "]");
    let asks = Element::new(
        id.clone(),
        format!("Flow authentication requirement\n{}", authentication.value()),
        box_of,
    );
    let from = [id];
    let denied = Element::done().after(&from, "Requirement not fulfilled");
    let begins =
        Element::new("flow_start", "placeholder", box_of).after(&from, "Requirement fulfilled");
    [asks, denied, begins].iter().map(Element::lines).collect()
}

/// The policies bound to something, and their ids. Those of the flow name their place, and end it
/// when they deny.
fn policies_of(
    snapshot: &Snapshot,
    target: uuid::Uuid,
    prefix: &str,
    from: &[String],
    of_flow: bool,
) -> (Vec<Element>, Vec<String>) {
    let (mut elements, mut ids) = (Vec::new(), Vec::new());
    let bound = engine::bindings_of(snapshot, target)
        .into_iter()
        .filter_map(|(_, binding)| Some((binding.order, snapshot.member(binding.policy?)?)));
    for (at, (order, policy)) in bound.enumerate() {
        let id = format!("{prefix}_{at}");
        let action = if of_flow { format!("Binding {order}") } else { String::new() };
        elements.push(
            Element::new(
                &id,
                format!("Policy ({})\n{}", policy.meta().title, text(policy, "name")),
                HEXAGON,
            )
            .after(from, &action),
        );
        if of_flow {
            elements.push(Element::done().after(std::slice::from_ref(&id), "Policy denied"));
        }
        ids.push(id);
    }
    (elements, ids)
}

/// The stages in their order, then the policies between them and where those lead.
fn stages(snapshot: &Snapshot, flow: Ref<Flow>) -> Vec<Element> {
    let mut bindings: Vec<_> =
        snapshot.list::<FlowStageBinding>().filter(|(_, binding)| binding.target == flow).collect();
    bindings.sort_by_key(|(_, binding)| binding.order);
    let (mut stages, mut between): (Vec<Element>, Vec<Element>) = (Vec::new(), Vec::new());
    let mut before = vec!["flow_start".to_owned()];
    for (at, (reference, binding)) in bindings.into_iter().enumerate() {
        let id = format!("stage_{at}");
        let own = reference.key().uuid().unwrap_or_default();
        let (policies, ids) = policies_of(snapshot, own, &format!("{id}_policy"), &before, false);
        between.extend(policies);
        let text = snapshot
            .member(binding.stage)
            .map(|stage| format!("Stage ({})\n{}", stage.meta().title, text(stage, "name")));
        let stage = Element::new(&id, text.unwrap_or_default(), ROUND);
        // Whoever is denied one stage goes on with the next.
        if let Some(last) = stages.last().filter(|last| !last.from.is_empty()) {
            between.push(stage.clone().after(&last.from, "Policy denied"));
        }
        let action = if ids.is_empty() { "" } else { "Policy passed" };
        stages.push(stage.after(&ids, action));
        before = vec![id];
    }
    between.push(Element::done().after(&before, ""));
    stages.extend(between);
    stages
}
