//! Objects that cannot do what they are for, since something they named is gone.

use std::sync::Arc;

use crate::draft::Draft;
use crate::errors::{FieldErrors, Problem};
use crate::snapshot::{Entry, Snapshot};

/// What the form of an object would say of it as it is, and what vanished that it was restricted
/// by. Deletions are not refused by what only refers to their object; what they leave behind is
/// found here, and refuses where it is reached.
pub fn unsound(snapshot: &Snapshot) -> Vec<(Arc<Entry>, FieldErrors)> {
    let draft = Draft::new(snapshot);
    let problems = |entry: &Arc<Entry>| {
        let mut errors = FieldErrors::new();
        entry.object.check(&draft, entry.id, &mut errors);
        let vanished = entry.object.value("vanished");
        for field in vanished
            .iter()
            .filter_map(|fields| fields.as_array())
            .flatten()
            .filter_map(|field| field.as_str())
        {
            errors.add(
                field,
                Problem::new(
                    "vanished",
                    "What this named was deleted. Until something else is chosen, nobody passes.",
                ),
            );
        }
        (!errors.is_empty()).then(|| (entry.clone(), errors))
    };
    snapshot.all().filter_map(problems).collect()
}
