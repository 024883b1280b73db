//! What a declaration says about forms and lists, as the interface gets it.

use countersign_model::{
    Choice, Duration, Fields, Kind, KindMeta, Ref, Secret, Served, Slug, Space, Timestamp,
};
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
enum Rig {
    Sloop,
    #[choice(label = "Cat boat")]
    Cat,
    #[choice(internal)]
    Unknown,
}

/// Where boats lie.
#[derive(Debug, Clone, Kind)]
#[kind(path = "harbour/berths", model = "harbour.berth", title = "Berth", named = "number name")]
struct Berth {
    number: i64,
    #[field(unique)]
    name: String,
}

/// What sails.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "harbour/boats",
    model = "harbour.boat",
    title = "Boat",
    lookup = "slug",
    ordering = "name",
    form = "name rig slug",
    fold("Papers", "Where it is registered"),
    aside("What happens next", "It gets a berth."),
    columns = "name, rig: Rigging, berth, launched, crew: Crew",
    section = "System"
)]
struct Boat {
    #[field(unique)]
    slug: Slug,
    /// Painted on its stern.
    #[field(unique)]
    name: String,
    #[field(group = "Papers", default = "")]
    flag: String,
    #[field(group = "Papers", default, write_only)]
    certificate: Secret,
    #[field(widget = Radio)]
    rig: Rig,
    #[field(default, choose(query = "free=true&kind=open", prefer("number", "1", "2"), only))]
    berth: Option<Ref<Berth>>,
    #[field(group = "Voyage", show_if = "rig=sloop", default = "days=1")]
    leave: Duration,
    #[field(group = "Voyage", start = ["Ada"], default)]
    crew: Vec<String>,
    #[field(hide)]
    launched: Option<Timestamp>,
    #[field(action = "set_picture", read_only, default)]
    picture: String,
}

fn form() -> Value {
    let kinds: [&'static KindMeta; 2] = [Boat::META, Berth::META];
    let served = |meta| Served { meta, pk: "pk", table: None };
    served(Boat::META)
        .form(&|space: Space, _| kinds.into_iter().find(|meta| meta.space == space).map(served))
}

/// The interface's own tests draw a form and a list from this file. After a change to what is said
/// of kinds, write it anew: `cargo xtask gen`.
#[test]
#[expect(clippy::disallowed_methods, reason = "`cargo xtask gen` asks by the environment")]
fn generated_kind_for_the_tests_of_the_interface() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/tests/kind.json");
    let text = format!("{:#}\n", form());
    if std::env::var_os("COUNTERSIGN_GENERATE").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), text);
}
