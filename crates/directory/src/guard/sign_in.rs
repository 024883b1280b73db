//! What decides who may sign in. Whoever may change it could sign in as anybody, so it is for those
//! who hold everything: a flow without its password stage, or an application that is lent the API
//! in people's names, would give an administrator's rights to who made it so.

use countersign_model::{Change, Entry, ObjectId, Snapshot, Space, Target as _, family};
use countersign_store::CommittedEdit;

const FLOW: &str = "authentik_flows.flow";
const STEP: Space = Space("flow_stage_binding");
const RULE: Space = Space("policy_binding");
/// Says who somebody is, and by that whose account they get into.
const SOURCE: Space = Space("source");
/// What steps and rules name, and what that names: nothing else has a part in a flow.
const PARTS: [&str; 4] = ["stage", "prompt", "policy", "mapping"];
/// Fields of a flow that only change how it looks.
const LOOKS: [&str; 5] = ["name", "title", "background", "layout", "compatibility_mode"];
/// Who has a token of this scope may call the API as its owner.
const API_SCOPE: &str = "goauthentik.io/api";

/// Whether an edit of an object changes who may sign in, or act as somebody else.
pub(super) fn decides(edit: &CommittedEdit<'_>, change: &Change) -> bool {
    let both = change.before.as_deref().zip(change.after.as_deref());
    if both.is_some_and(|(before, after)| is_flow(after) && only_looks(before, after)) {
        return false;
    }
    // A new flow has no steps, and one that is deleted takes its own along.
    let is_changed = change.before.is_some() && change.after.is_some();
    let parts = [edit.before, edit.after].into_iter().any(|graph| {
        graph.entry(change.id).is_some_and(|entry| match entry.id.space {
            _ if is_flow(entry) => is_changed,
            _ => has_part(graph, edit.after, entry, &mut Vec::new()),
        })
    });
    parts || change.after.as_deref().is_some_and(|after| lends_api(edit.after, after))
}

fn is_flow(entry: &Entry) -> bool {
    entry.meta().model == FLOW
}

fn only_looks(before: &Entry, after: &Entry) -> bool {
    let same = |name: &str| before.object.value(name) == after.object.value(name);
    let decide = after.meta().fields.iter().filter(|field| !LOOKS.contains(&field.name));
    decide.into_iter().all(|field| same(field.name))
}

/// Whether an object is a source, a step of a flow that is still there, or something that one of
/// them needs.
fn has_part(graph: &Snapshot, after: &Snapshot, entry: &Entry, seen: &mut Vec<ObjectId>) -> bool {
    if seen.contains(&entry.id) {
        return false;
    }
    seen.push(entry.id);
    let space = entry.id.space;
    if space == SOURCE {
        return true;
    }
    if space == STEP {
        return target(graph, entry).is_some_and(|flow| after.entry(flow.id).is_some());
    }
    if space == RULE {
        return target(graph, entry).is_some_and(|target| {
            (is_flow(target) && after.entry(target.id).is_some())
                || target.id.space == SOURCE
                || target.id.space == STEP && has_part(graph, after, target, seen)
        });
    }
    PARTS.contains(&space.0)
        && graph.referrers(entry.id).any(|(by, _)| {
            let by = graph.entry(by);
            by.is_some_and(|by| has_part(graph, after, by, seen))
        })
}

/// What a step or a rule belongs to.
fn target<'a>(graph: &'a Snapshot, entry: &Entry) -> Option<&'a Entry> {
    let mut found = None;
    entry.object.visit_refs(&mut |field, id| {
        if field.name == "target" {
            found = Some(id);
        }
    });
    let id = found?;
    let of_flow = || graph.entry(ObjectId::new(family::Flow::SPACE, id.key));
    graph.entry(id).or_else(of_flow).or_else(|| graph.bindable(id.key.uuid()?)).map(|e| &**e)
}

/// Whether an application is given tokens that may call the API in people's names, or a mapping
/// becomes what gives such.
fn lends_api(after: &Snapshot, entry: &Entry) -> bool {
    let is_api = |entry: &Entry| {
        let scope = entry.object.value("scope_name");
        scope.and_then(|scope| scope.as_str().map(|scope| scope == API_SCOPE)).unwrap_or_default()
    };
    if is_api(entry) {
        return true;
    }
    let mut lends = false;
    if entry.id.space == Space("provider") {
        entry.object.visit_refs(&mut |_, id| {
            lends |= id.space == Space("mapping") && after.entry(id).is_some_and(|e| is_api(e));
        });
    }
    lends
}
