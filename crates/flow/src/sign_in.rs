//! What everybody signs in by, while it is that: the flows of the default brand and their stages cannot be deleted, and a
//! sign-in that would ask for no name or no password cannot be made by deleting. Whoever wants that chooses other ones first.

use countersign_catalogue::Brand;
use countersign_model::{Change, Entry, FieldErrors, Kind, ObjectId, Problem, Ref, Snapshot, Target, family};

use crate::kinds::{Flow, FlowStageBinding};
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

/// The rule, over every edit whoever makes it.
///
/// # Errors
/// What is needed, and what to choose first.
pub(crate) fn keep(before: &Snapshot, after: &Snapshot, changes: &[Change]) -> Result<(), FieldErrors> {
    let gone = |change: &&Change| change.after.is_none();
    if !changes.iter().any(|change| gone(&change)) {
        return Ok(());
    }
    let Some((reference, brand)) = before.list::<Brand>().find(|(_, brand)| brand.default) else { return Ok(()) };
    // A brand that was given another flow in the same edit does not need the former one.
    let still = after.get(reference);
    let needed: Vec<(&str, ObjectId)> = flows(brand).filter(|(name, flow)| still.is_some_and(|still| !replaced(still, name, *flow))).collect();
    for entry in changes.iter().filter(gone).filter_map(|change| change.before.as_deref()) {
        if let Some((name, _)) = needed.iter().find(|(_, flow)| *flow == entry.id) {
            let text =
                format!("The brand \"{}\" needs this flow: it is its {name}, and this is the default brand. Choose another one there first.", brand.domain);
            return Err(refused(text));
        }
        let step_of = needed.iter().find(|(_, flow)| after.entry(*flow).is_some() && is_step(before, entry.id, *flow));
        if let Some((name, flow)) = step_of.filter(|_| entry.id.space == family::Stage::SPACE) {
            let text = format!(
                "This stage is a step of \"{}\", the {name} of the default brand. Put another stage in its place and take this one out of the flow first.",
                slug(before, *flow)
            );
            return Err(refused(text));
        }
        if let Some(binding) = entry.cast::<FlowStageBinding>()
            && brand.flow_authentication.is_some_and(|flow| flow.id() == binding.target.id() && needed.iter().any(|(_, needed)| *needed == flow.id()))
            && let Some(stage) = before.member(binding.stage).filter(|stage| is_left_without(after, binding.target, stage))
        {
            let text = format!(
                "Everybody signs in by \"{}\", which would be left without a {}. Bind another one first, or choose another authentication flow in the brand.",
                slug(before, binding.target.id()),
                stage.meta().title.to_lowercase()
            );
            return Err(refused(text));
        }
    }
    Ok(())
}

/// Whether the brand names another flow now where it named this one.
fn replaced(brand: &Brand, name: &str, flow: ObjectId) -> bool {
    flows(brand).any(|(other, now)| other == name && now != flow)
}

/// Whether a stage is asked in a flow: bound to it, or part of a stage that is.
fn is_step(snapshot: &Snapshot, stage: ObjectId, flow: ObjectId) -> bool {
    let bound = |stage: ObjectId| snapshot.list::<FlowStageBinding>().any(|(_, binding)| binding.target.id() == flow && binding.stage.id() == stage);
    bound(stage) || snapshot.referrers(stage).any(|(by, _)| by.space == family::Stage::SPACE && bound(by))
}

/// Whether nothing in the flow asks for a name, asks for a password or signs in any more, which this stage did.
fn is_left_without(after: &Snapshot, flow: Ref<Flow>, stage: &Entry) -> bool {
    let stages: Vec<&Entry> = after
        .list::<FlowStageBinding>()
        .filter(|(_, binding)| binding.target == flow)
        .filter_map(|(_, binding)| Some(&**after.member(binding.stage)?))
        .collect();
    fn any<T: Kind>(stages: &[&Entry]) -> bool {
        stages.iter().any(|stage| stage.cast::<T>().is_some())
    }
    let asks_with_the_name = || stages.iter().any(|stage| stage.cast::<IdentificationStage>().is_some_and(|stage| stage.password_stage.is_some()));
    if stage.cast::<IdentificationStage>().is_some() {
        !any::<IdentificationStage>(&stages)
    } else if stage.cast::<PasswordStage>().is_some() {
        !any::<PasswordStage>(&stages) && !asks_with_the_name()
    } else {
        stage.cast::<UserLoginStage>().is_some() && !any::<UserLoginStage>(&stages)
    }
}

fn slug(snapshot: &Snapshot, flow: ObjectId) -> String {
    snapshot.get(Ref::<Flow>::new(flow.key)).map(|flow| flow.slug.to_string()).unwrap_or_default()
}

fn refused(text: String) -> FieldErrors {
    FieldErrors::object(Problem::new("in_use", text))
}
