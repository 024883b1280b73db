//! What every kind of every module has to keep to, so that the next one does.

mod delegates;
mod generated;
mod holders;
mod person;
mod places;
mod rights;
mod sign_in;
mod tables;

use std::collections::BTreeSet;

use countersign_core::KindResource;
use countersign_model::KindMeta;

use crate::{program::Program, settings};

fn kinds() -> Vec<&'static KindMeta> {
    let modules = Program::new(&settings::defaults()).modules;
    modules.iter().flat_map(|module| module.kinds.iter().map(KindResource::meta)).collect()
}

#[test]
fn members_of_a_family_behave_and_are_found_as_such() {
    let kinds = kinds();
    let families = kinds.iter().filter_map(|kind| kind.family);
    let spaces: BTreeSet<_> = families.map(|family| family.space).collect();
    assert!(!spaces.is_empty());
    for kind in kinds {
        let Some(family) = kind.family else {
            assert!(!spaces.contains(&kind.space), "{} is of no family", kind.model);
            continue;
        };
        let model = kind.model;
        assert_eq!((kind.space, kind.key), (family.space, family.key), "{model}");
        assert!(!kind.casts.is_empty(), "{model} does nothing");
        let prefix = family.path.strip_suffix("all").unwrap();
        assert!(kind.path.starts_with(prefix), "{model} is not below {prefix}");
        assert!(!kind.component.is_empty(), "{model} has no form");
        assert!(family.model.ends_with(&family.schema.to_lowercase()), "{}", family.schema);
    }
}

#[test]
fn models_paths_and_schemas_are_given_once() {
    let kinds = kinds();
    let mut given = BTreeSet::new();
    for kind in &kinds {
        for name in [("model", kind.model), ("path", kind.path), ("schema", kind.schema)] {
            assert!(given.insert(name), "{name:?} is given twice");
        }
    }
}
