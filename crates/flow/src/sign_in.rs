//! What everybody signs in by, while it is that: the flows of the default brand and their stages
//! cannot be deleted, nor a flow that a provider or another brand signs in by, and no edit leaves the sign-in without asking for a name or a password, or
//! with a step nothing decides about. To have another sign-in, choose another flow in the default
//! brand.

use countersign_catalogue::Brand;
use countersign_model::{
    Change, Entry, FieldErrors, Kind, ObjectId, Problem, Ref, Snapshot, Space, Target,
};
use countersign_policy::PolicyBinding;

use crate::kinds::{Designation, Flow, FlowStageBinding};
use crate::stage::AnyStage;
use crate::stages::{IdentificationStage, PasswordStage, UserLoginStage};

/// The flows of a brand, as people call them.
fn flows(brand: &Brand) -> impl Iterator<Item = (&'static str, ObjectId)> {
    let named = [
        ("authentication flow", brand.flow_authentication),
        ("invalidation flow", brand.flow_invalidation),
        ("recovery flow", brand.flow_recovery),
        ("unenrollment flow", brand.flow_unenrollment),
        ("user settings flow", brand.flow_user_settings),
        ("device code flow", brand.flow_device_code),
    ];
    named.into_iter().filter_map(|(name, flow)| Some((name, flow?.id())))
}

/// The flow by which people sign in where nothing else says so: the default brand's, else the first
/// of its designation.
fn sign_in_flow(snapshot: &Snapshot) -> Option<Ref<Flow>> {
    let of_brand = snapshot
        .list::<Brand>()
        .find(|(_, brand)| brand.default)
        .and_then(|(_, brand)| brand.flow_authentication);
    of_brand.map(|flow| Ref::new(flow.key())).filter(|flow| snapshot.get(*flow).is_some()).or_else(
        || {
            let flows = snapshot
                .list::<Flow>()
                .filter(|(_, flow)| flow.designation == Designation::Authentication);
            flows.min_by(|(_, a), (_, b)| a.slug.cmp(&b.slug)).map(|(reference, _)| reference)
        },
    )
}

/// The rule, over every edit whoever makes it.
///
/// # Errors
/// What is needed, and what to choose first.
pub(crate) fn keep(
    before: &Snapshot,
    after: &Snapshot,
    changes: &[Change],
) -> Result<(), FieldErrors> {
    const SPACES: [Space; 5] = [
        Brand::SPACE,
        Flow::SPACE,
        FlowStageBinding::SPACE,
        <dyn AnyStage>::SPACE,
        PolicyBinding::SPACE,
    ];
    let touches = |change: &Change| {
        change.before.iter().chain(&change.after).any(|entry| SPACES.contains(&entry.id.space))
    };
    if !changes.iter().any(touches) {
        return Ok(());
    }
    keep_parts_of_the_default_brand(before, after, changes)?;
    keep_what_was_chosen(before, after, changes)?;
    let Some(flow) = sign_in_flow(before) else { return Ok(()) };
    let slug = slug(before, flow.id());
    if after.get(flow).is_none() {
        // A default brand that names another one has said by which people sign in now.
        let chosen = after
            .list::<Brand>()
            .any(|(_, brand)| brand.default && brand.flow_authentication.is_some());
        return if chosen {
            Ok(())
        } else {
            Err(refused(format!(
                "Everybody signs in by \"{slug}\". Choose another authentication flow in the default brand first."
            )))
        };
    }
    if sign_in_flow(after) != Some(flow) {
        return Ok(());
    }
    for (title, has) in [
        ("identification stage", asks_for_a_name as fn(&Snapshot, Ref<Flow>) -> bool),
        ("password stage", asks_for_a_password),
        ("user login stage", signs_in),
    ] {
        if has(before, flow) && !has(after, flow) {
            let text = format!(
                "Everybody signs in by \"{slug}\", which would be left without a {title}. Bind another one first, or choose another authentication flow in the brand."
            );
            return Err(refused(text));
        }
    }
    for change in changes {
        let newly = |entry: &Option<_>| {
            entry
                .as_deref()
                .and_then(Entry::cast::<PolicyBinding>)
                .is_some_and(|binding: &PolicyBinding| !binding.vanished.is_empty())
        };
        let decides = |binding: &PolicyBinding| {
            binding.target.key() == flow.key()
                || steps(after, flow).any(|(by, _)| by.key == binding.target.key())
        };
        if newly(&change.after)
            && !newly(&change.before)
            && change.after.as_deref().and_then(Entry::cast::<PolicyBinding>).is_some_and(decides)
        {
            let text = format!(
                "This decides about a step of \"{slug}\", by which everybody signs in. Give its binding there something else, or remove the binding, first."
            );
            return Err(refused(text));
        }
    }
    Ok(())
}

/// The flows of the default brand and their stages are not deleted while they are that.
fn keep_parts_of_the_default_brand(
    before: &Snapshot,
    after: &Snapshot,
    changes: &[Change],
) -> Result<(), FieldErrors> {
    let Some((reference, brand)) = before.list::<Brand>().find(|(_, brand)| brand.default) else {
        return Ok(());
    };
    // A brand that was given another flow in the same edit does not need the former one.
    let still = after.get(reference);
    let needed: Vec<(&str, ObjectId)> = flows(brand)
        .filter(|(name, flow)| still.is_some_and(|still| !replaced(still, name, *flow)))
        .collect();
    for entry in changes
        .iter()
        .filter(|change| change.after.is_none())
        .filter_map(|change| change.before.as_deref())
    {
        if let Some((name, _)) = needed.iter().find(|(_, flow)| *flow == entry.id) {
            let text = format!(
                "The brand \"{}\" needs this flow: it is its {name}, and this is the default brand. Choose another one there first.",
                brand.domain
            );
            return Err(refused(text));
        }
        let step_of = needed
            .iter()
            .find(|(_, flow)| after.entry(*flow).is_some() && is_step(before, entry.id, *flow));
        if let Some((name, flow)) = step_of.filter(|_| entry.id.space == <dyn AnyStage>::SPACE) {
            let text = format!(
                "This stage is a step of \"{}\", the {name} of the default brand. Put another stage in its place and take this one out of the flow first.",
                slug(before, *flow)
            );
            return Err(refused(text));
        }
    }
    Ok(())
}

/// The fields by which providers and brands choose how people sign in. Emptied, they mean the
/// brand's flow or the default one, which may ask for less.
const CHOICES: [&str; 2] = ["authentication_flow", "flow_authentication"];

/// A flow that somebody chose for a sign-in is not deleted while it is that: another would take its
/// place that nobody chose.
fn keep_what_was_chosen(
    before: &Snapshot,
    after: &Snapshot,
    changes: &[Change],
) -> Result<(), FieldErrors> {
    let deleted = changes.iter().filter(|change| change.after.is_none());
    let flows = deleted.filter_map(|change| change.before.as_deref());
    for flow in flows.filter(|entry| entry.id.space == Flow::SPACE) {
        for (by, field) in before.referrers(flow.id).filter(|(_, field)| CHOICES.contains(field)) {
            let left = after
                .entry(by)
                .filter(|entry| entry.object.value(field).is_none_or(|chosen| chosen.is_null()));
            if let Some(entry) = left {
                let text = format!(
                    "The {} \"{}\" signs people in by this flow. Choose another authentication flow there first, or none.",
                    entry.meta().title,
                    entry.label().unwrap_or_default()
                );
                return Err(refused(text));
            }
        }
    }
    Ok(())
}

/// Whether the brand names another flow now where it named this one.
fn replaced(brand: &Brand, name: &str, flow: ObjectId) -> bool {
    flows(brand).any(|(other, now)| other == name && now != flow)
}

/// The bindings of a flow with their stages.
fn steps(
    snapshot: &Snapshot,
    flow: Ref<Flow>,
) -> impl Iterator<Item = (ObjectId, Ref<dyn AnyStage>)> {
    let bindings = snapshot
        .referrers_in(flow.id(), FlowStageBinding::SPACE)
        .filter(|(_, field)| *field == "target");
    bindings.filter_map(|(by, _)| Some((by, snapshot.entry(by)?.cast::<FlowStageBinding>()?.stage)))
}

/// Whether a stage is asked in a flow: bound to it, or part of a stage that is.
fn is_step(snapshot: &Snapshot, stage: ObjectId, flow: ObjectId) -> bool {
    let bound =
        |stage: ObjectId| steps(snapshot, Ref::new(flow.key)).any(|(_, bound)| bound.id() == stage);
    bound(stage)
        || snapshot.referrers(stage).any(|(by, _)| by.space == <dyn AnyStage>::SPACE && bound(by))
}

fn has<T: Kind>(snapshot: &Snapshot, flow: Ref<Flow>, fits: impl Fn(&T) -> bool) -> bool {
    steps(snapshot, flow).filter_map(|(_, stage)| snapshot.member(stage)?.cast::<T>()).any(fits)
}

fn asks_for_a_name(snapshot: &Snapshot, flow: Ref<Flow>) -> bool {
    has::<IdentificationStage>(snapshot, flow, |_| true)
}

fn asks_for_a_password(snapshot: &Snapshot, flow: Ref<Flow>) -> bool {
    has::<PasswordStage>(snapshot, flow, |_| true)
        || has::<IdentificationStage>(snapshot, flow, |stage| stage.password_stage.is_some())
}

fn signs_in(snapshot: &Snapshot, flow: Ref<Flow>) -> bool {
    has::<UserLoginStage>(snapshot, flow, |_| true)
}

fn slug(snapshot: &Snapshot, flow: ObjectId) -> String {
    snapshot.get(Ref::<Flow>::new(flow.key)).map(|flow| flow.slug.to_string()).unwrap_or_default()
}

fn refused(text: String) -> FieldErrors {
    FieldErrors::object(Problem::new("in_use", text))
}
