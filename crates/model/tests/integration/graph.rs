//! The graph against small kinds of its own: declarations, edits, deletion rules, and random edits
//! against a simple model.

use std::collections::BTreeMap;

use countersign_model::{
    Choice, ChoiceValue, Draft, Duration, EditError, Entropy, FieldErrors, FieldMeta, Fields,
    Input, Key, Kind, KindDef, Mode, Needed, Nested, ObjectId, OnDelete, Problem, Ref, SealError,
    Sealer, Secret, Shape, Slug, Snapshot, Vanished,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
enum Colour {
    Red,
    #[choice(value = "deep-blue", label = "Deep blue")]
    Blue,
}

#[derive(Debug, Clone, Nested)]
struct Door {
    #[field(label = "Width")]
    width: i64,
    #[field(default = Colour::Red)]
    colour: Colour,
}

/// A house with a name.
#[derive(Debug, Clone, Kind)]
#[kind(path = "town/houses", model = "town.house", title = "House", ordering = "name", check = House::check)]
struct House {
    #[field(unique, max_length = 20)]
    name: String,
    #[field(default = "new-house")]
    slug: Slug,
    #[field(default = Colour::Blue)]
    colour: Colour,
    #[field(default = "hours=1")]
    lease: Duration,
    #[field(default_with = new_key)]
    key: Secret,
    #[field(default)]
    doors: Vec<Door>,
    neighbour: Option<Ref<House>>,
}

/// Something that is let, and stays when its house is torn down.
#[derive(Debug, Clone, Kind)]
#[kind(path = "town/leases", model = "town.lease", title = "Lease")]
struct Lease {
    house: Needed<Ref<House>>,
}

fn new_key(entropy: &dyn Entropy) -> Secret {
    Secret::new(entropy.token(12))
}

impl House {
    fn check(&self, _draft: &Draft, id: ObjectId, errors: &mut FieldErrors) {
        if self.neighbour.is_some_and(|n| n.id() == id) {
            errors.add("neighbour", Problem::new("self", "A house is not its own neighbour."));
        }
    }
}

#[derive(Debug, Clone, Kind)]
#[kind(path = "town/rooms", model = "town.room", title = "Room", unique_together = "house,number")]
struct Room {
    house: Ref<House>,
    number: i64,
    #[field(on_delete = Protect)]
    guarded_by: Option<Ref<House>>,
}

/// What stands on a square, and what is sold there.
trait Stall: Send + Sync {
    fn sells(&self) -> &str;
}

#[derive(Debug, Clone, Fields)]
#[kind(members = dyn Stall, path = "town/stalls/all", model = "town.stall", title = "Stall", lookup = "stall_uuid", ordering = "name", bindable)]
struct Common {
    #[field(unique = "stall with this name already exists.", filter)]
    name: String,
}

#[derive(Debug, Clone, Kind)]
#[kind(family = dyn Stall, path = "town/stalls/fish", model = "town.fishstall", title = "Fish Stall")]
struct FishStall {
    #[field(unique)]
    name: String,
}
impl Stall for FishStall {
    fn sells(&self) -> &'static str {
        "fish"
    }
}

#[derive(Debug, Clone, Kind)]
#[kind(family = dyn Stall, path = "town/stalls/other", model = "town.otherstall", title = "Stall", ordering = "wares")]
struct OtherStall {
    #[field(unique)]
    name: String,
    wares: String,
}
impl Stall for OtherStall {
    fn sells(&self) -> &str {
        &self.wares
    }
}

struct Counting;
impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (i, b) in bytes.iter_mut().enumerate() {
            *b = u8::try_from(i % 256).unwrap();
        }
    }
}

struct Reversing;
impl Sealer for Reversing {
    fn seal(&self, plain: &str) -> String {
        plain.chars().rev().collect()
    }
    fn open(&self, sealed: &str) -> Result<Secret, SealError> {
        Ok(Secret::new(sealed.chars().rev().collect::<String>()))
    }
    fn mac(&self, _purpose: &str, _data: &[u8]) -> [u8; 32] {
        [0; 32]
    }
}

#[test]
fn members_of_a_family_share_keys_names_and_behaviour() {
    let mut draft = Draft::new(&Snapshot::default());
    let fish: Ref<dyn Stall> = draft.put(Uuid::from_u128(1), FishStall { name: "a".into() }).cast();
    let wares = "bread".to_owned();
    let other = draft.put(Uuid::from_u128(2), OtherStall { name: "b".into(), wares }).cast();
    let house = draft.put(Uuid::from_u128(3), house("h"));
    let sold = |id| draft.entry(id).unwrap().facet::<dyn Stall>().map(Stall::sells);
    assert_eq!(sold(fish.id()), Some("fish"));
    assert_eq!(sold(Ref::<dyn Stall>::id(&other)), Some("bread"));
    assert_eq!(sold(house.id()), None);

    let (fish, other) = (FishStall::META, OtherStall::META);
    assert_eq!(
        (fish.space, fish.lookup, fish.ordering),
        (other.space, "stall_uuid", &["name"][..])
    );
    assert_eq!((other.ordering, other.label), (&["wares"][..], Some("name")));
    assert!(draft.bindable(Uuid::from_u128(2)).is_some());
    assert!(draft.bindable(Uuid::from_u128(3)).is_none());

    draft.put(Uuid::from_u128(4), FishStall { name: "b".into() });
    let refused = draft.finish(&mut |_| true).unwrap_err();
    assert!(format!("{refused:?}").contains("stall with this name already exists."));
}

fn parse<T: Kind>(value: Value, mode: Mode, base: Option<&T>) -> Result<T, FieldErrors> {
    T::parse(
        &Input { map: value.as_object().unwrap(), mode, entropy: &Counting, privileged: false },
        base,
    )
}

fn house(name: &str) -> House {
    parse(json!({"name": name}), Mode::Create, None).unwrap()
}

fn key(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn commit(draft: Draft) -> Result<Snapshot, EditError> {
    draft.finish(&mut |_| false).map(|(snapshot, _)| snapshot)
}

#[test]
fn a_declaration_gives_defaults_labels_and_choices() {
    let made = house("Mill");
    assert_eq!((made.colour, made.lease.seconds(), &*made.slug), (Colour::Blue, 3600, "new-house"));
    assert_eq!(made.key.expose().len(), 12);
    assert_eq!(Colour::Blue.value(), "deep-blue");
    let meta = House::META;
    assert_eq!(
        (meta.fields[0].label, meta.fields[0].required, meta.fields[6].required),
        ("Name", true, false)
    );
    assert_eq!(meta.description, "A house with a name.");
    assert_eq!(meta.fields[6].on_delete, OnDelete::SetNull);
    assert_eq!(Room::META.fields[0].on_delete, OnDelete::Cascade);
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let wrong = json!({"name": " ", "slug": "a b", "colour": "green", "lease": "1h", "doors": [{"width": 1}, {"width": "x"}], "neighbour": "y"});
    let errors = parse::<House>(wrong, Mode::Create, None).unwrap_err().to_json();
    assert_eq!(
        errors,
        json!({
            "name": ["This field may not be blank."],
            "slug": ["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."],
            "colour": ["\"green\" is not a valid choice."],
            "lease": ["1h is not in the correct format of 'hours=3;minutes=1'."],
            "doors": [{}, {"width": ["A valid integer is required."]}],
            "neighbour": ["“y” is not a valid UUID."]
        })
    );
}

#[test]
fn patch_keeps_what_is_missing_and_replace_wants_what_is_needed() {
    let made = house("Mill");
    let patched = parse(json!({"colour": "red"}), Mode::Patch, Some(&made)).unwrap();
    assert_eq!((patched.name.as_str(), patched.colour), ("Mill", Colour::Red));
    assert_eq!(
        parse(json!({"colour": "red"}), Mode::Replace, Some(&made)).unwrap_err().to_json(),
        json!({"name": ["This field is required."]})
    );
}

#[test]
fn secrets_rest_sealed_and_old_objects_take_new_defaults() {
    let made = house("Mill");
    let stored = countersign_model::Object::to_stored(&made, &Reversing);
    assert_ne!(stored["key"], json!(made.key.expose()));
    let mut old = stored.clone();
    old.remove("colour");
    let def = KindDef::of::<House>();
    let loaded = def.load(1, old, &Reversing, &Counting).unwrap();
    assert_eq!(loaded.values(), countersign_model::Object::values(&made));
    assert!(def.load(2, stored, &Reversing, &Counting).is_err(), "a newer format is refused");
}

#[test]
fn a_mask_that_comes_back_is_never_the_secret() {
    let made = house("Mill");
    for mode in [Mode::Patch, Mode::Replace] {
        let saved = parse(json!({"name": "Mill", "key": Secret::MASK}), mode, Some(&made)).unwrap();
        assert_eq!(saved.key.expose(), made.key.expose());
    }
    let refused = parse::<House>(json!({"name": "Mill", "key": Secret::MASK}), Mode::Create, None)
        .unwrap_err()
        .to_json();
    assert_eq!(
        refused,
        json!({"key": ["This is the mask that answers show in place of a secret. Enter the secret itself."]})
    );
    assert_eq!(
        parse(json!({"name": Secret::MASK}), Mode::Patch, Some(&made)).unwrap().name,
        Secret::MASK,
        "other fields hold what they are sent"
    );
    let plain = parse(json!({"key": "*".repeat(6)}), Mode::Patch, Some(&made)).unwrap();
    assert_eq!(plain.key.expose(), "******");
}

#[test]
fn values_are_masked_by_their_declared_shape_at_any_depth() {
    static PART: [FieldMeta; 1] = [FieldMeta {
        shape: || Shape::Nullable(Box::new(Shape::Secret)),
        ..*House::META.fields.first().unwrap()
    }];
    let shape = Shape::List(Box::new(Shape::Object(&PART)));
    let value = json!([{"name": "x", "other": "y"}, {"name": null}, {"name": ""}]);
    assert!(shape.is_secret());
    assert_eq!(
        shape.masked(value),
        json!([{"name": Secret::MASK, "other": "y"}, {"name": null}, {"name": ""}])
    );
    assert_eq!(Shape::Text.masked(json!("open")), json!("open"));
}

#[test]
fn names_are_unique_and_references_exist() {
    let mut draft = Draft::new(&Snapshot::default());
    draft.put(key(1), house("Mill"));
    let town = commit(draft).unwrap();
    let mut draft = Draft::new(&town);
    draft.put(key(2), house("Mill"));
    let Err(EditError::Invalid { errors, .. }) = commit(draft) else { panic!("two of one name") };
    assert_eq!(errors.to_json(), json!({"name": ["This field must be unique."]}));
    let mut draft = Draft::new(&town);
    draft.put(key(2), House { neighbour: Some(Ref::new(Key::Uuid(key(9)))), ..house("Barn") });
    let Err(EditError::Invalid { errors, .. }) = commit(draft) else {
        panic!("a neighbour that is not there")
    };
    assert_eq!(
        errors.to_json(),
        json!({"neighbour": [format!("Invalid pk \"{}\" - object does not exist.", key(9))]})
    );
    let mut draft = Draft::new(&town);
    draft.put(key(1), House { neighbour: Some(Ref::new(Key::Uuid(key(1)))), ..house("Mill") });
    assert!(matches!(commit(draft), Err(EditError::Invalid { .. })), "the kind's own rule");
}

#[test]
fn sets_are_unique_and_names_can_be_exchanged() {
    let mut draft = Draft::new(&Snapshot::default());
    let mill = draft.put(key(1), house("Mill"));
    draft.put(key(2), house("Barn"));
    draft.put(key(3), Room { house: mill, number: 1, guarded_by: None });
    let town = commit(draft).unwrap();
    let mut draft = Draft::new(&town);
    draft.put(key(4), Room { house: mill, number: 1, guarded_by: None });
    let Err(EditError::Invalid { errors, .. }) = commit(draft) else {
        panic!("two rooms of one number")
    };
    assert_eq!(
        errors.to_json(),
        json!({"non_field_errors": ["The fields house, number must make a unique set."]})
    );
    let mut draft = Draft::new(&town);
    draft.put(key(1), house("Barn"));
    draft.put(key(2), house("Mill"));
    let swapped = commit(draft).unwrap();
    assert_eq!(swapped.find::<House>("name", "Mill").unwrap().0.key(), Key::Uuid(key(2)));
}

#[test]
fn deletion_follows_the_fields() {
    let mut draft = Draft::new(&Snapshot::default());
    let mill = draft.put(key(1), house("Mill"));
    draft.put(key(2), House { neighbour: Some(mill), ..house("Barn") });
    draft.put(key(3), Room { house: mill, number: 1, guarded_by: None });
    let town = commit(draft).unwrap();
    let mut draft = Draft::new(&town);
    draft.delete(mill.id()).unwrap();
    let after = commit(draft).unwrap();
    assert_eq!(after.len(), 1, "the room went with its house");
    assert_eq!(after.find::<House>("name", "Barn").unwrap().1.neighbour, None);

    let mut draft = Draft::new(&town);
    let barn = Ref::<House>::new(Key::Uuid(key(2)));
    draft.put(key(4), Room { house: mill, number: 2, guarded_by: Some(barn) });
    let town = commit(draft).unwrap();
    assert!(matches!(
        Draft::new(&town).delete(barn.id()),
        Err(EditError::Protected { field: "guarded_by", .. })
    ));
}

#[test]
fn what_has_to_be_given_may_get_lost() {
    let mut draft = Draft::new(&Snapshot::default());
    draft.put(key(1), house("a"));
    draft.put(key(2), Lease { house: Needed(Some(Ref::new(Key::Uuid(key(1))))) });
    let town = commit(draft).unwrap();
    let mut draft = Draft::new(&town);
    draft.delete(Ref::<House>::new(Key::Uuid(key(1))).id()).unwrap();
    let town = commit(draft).unwrap();
    let left = town.get(Ref::<Lease>::new(Key::Uuid(key(2)))).unwrap();
    assert_eq!(left.house, Needed(None));
    let stored = countersign_model::Object::to_stored(left, &Reversing);
    assert_eq!(<Lease as Kind>::load(&stored, &Reversing, &Counting).unwrap().house, Needed(None));
    let asked =
        |value: Value| parse::<Lease>(value, Mode::Create, None).map(|_| ()).unwrap_err().to_json();
    assert_eq!(asked(json!({})), json!({"house": ["This field is required."]}));
    assert_eq!(asked(json!({"house": null})), json!({"house": ["This field may not be null."]}));
    assert!(parse::<Lease>(json!({}), Mode::Patch, Some(left)).is_ok());
}

#[test]
fn an_edit_that_changes_nothing_is_no_edit() {
    let mut draft = Draft::new(&Snapshot::default());
    draft.put(key(1), house("Mill"));
    let town = commit(draft).unwrap();
    let mut draft = Draft::new(&town);
    draft.put(key(1), house("Mill"));
    draft.put(key(2), house("Barn"));
    draft.delete(Ref::<House>::new(Key::Uuid(key(2))).id()).unwrap();
    let (same, changes) = draft.finish(&mut |_| false).unwrap();
    assert!(changes.is_empty());
    assert_eq!(
        (same.revision(), same.entry(Ref::<House>::new(Key::Uuid(key(1))).id()).unwrap().revision),
        (1, 1)
    );
}

#[test]
fn an_object_put_back_as_it_was_does_not_name_what_the_same_edit_deletes() {
    let mut draft = Draft::new(&Snapshot::default());
    let mill = draft.put(key(3), house("Mill"));
    let barn = House { neighbour: Some(mill), ..house("Barn") };
    draft.put(key(6), barn.clone());
    let town = commit(draft).unwrap();
    let mut draft = Draft::new(&town);
    draft.delete(mill.id()).unwrap();
    draft.put(key(6), barn);
    assert!(matches!(commit(draft), Err(EditError::Invalid { .. })));
}

#[derive(Debug, Clone)]
enum Step {
    Put { at: u128, name: u8, neighbour: Option<u128> },
    Delete { at: u128 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..8u128, 0..6u8, proptest::option::of(0..8u128)).prop_map(|(at, name, neighbour)| Step::Put { at, name, neighbour }),
        1 => (0..8u128).prop_map(|at| Step::Delete { at }),
    ]
}

proptest! {
    /// Random edits, each accepted or refused exactly as a map with the rules written out would.
    #[test]
    fn the_graph_agrees_with_a_simple_model(edits in proptest::collection::vec(proptest::collection::vec(step(), 1..4), 1..30)) {
        let mut town = Snapshot::default();
        let mut model: BTreeMap<u128, (u8, Option<u128>)> = BTreeMap::new();
        for edit in edits {
            let mut draft = Draft::new(&town);
            let mut next = model.clone();
            for step in edit {
                match step {
                    Step::Put { at, name, neighbour } => {
                        draft.put(key(at), House { neighbour: neighbour.map(|n| Ref::new(Key::Uuid(key(n)))), ..house(&format!("House {name}")) });
                        next.insert(at, (name, neighbour));
                    }
                    Step::Delete { at } => {
                        draft.delete(Ref::<House>::new(Key::Uuid(key(at))).id()).unwrap();
                        // A house whose put clashed is not in the draft yet: the model deletes what
                        // stands.
                        if next.remove(&at).is_some() {
                            for value in next.values_mut().filter(|v| v.1 == Some(at)) {
                                value.1 = None;
                            }
                        }
                    }
                }
            }
            let names: std::collections::BTreeSet<u8> = next.values().map(|v| v.0).collect();
            let legal = names.len() == next.len()
                && next.iter().all(|(at, (_, n))| n.is_none_or(|n| n != *at && next.contains_key(&n)));
            match commit(draft) {
                Ok(after) => {
                    let stands: BTreeMap<u128, (u8, Option<u128>)> = after.list::<House>().map(|(r, h)| {
                        let name = h.name.rsplit(' ').next().unwrap().parse().unwrap();
                        (r.key().uuid().unwrap().as_u128(), (name, h.neighbour.map(|n| n.key().uuid().unwrap().as_u128())))
                    }).collect();
                    prop_assert!(legal, "accepted what the model refuses: {next:?}");
                    prop_assert_eq!(&stands, &next);
                    let listed: Vec<&str> = after.in_order(House::META).map(|entry| entry.cast::<House>().unwrap().name.as_str()).collect();
                    let mut names: Vec<String> = next.values().map(|(name, _)| format!("House {name}")).collect();
                    names.sort();
                    prop_assert_eq!(listed, names);
                    for (at, (_, neighbour)) in &stands {
                        if let Some(n) = neighbour {
                            let id = Ref::<House>::new(Key::Uuid(key(*n))).id();
                            prop_assert!(after.referrers(id).any(|(by, f)| by.key == Key::Uuid(key(*at)) && f == "neighbour"));
                            let of_space = |space| after.referrers_in(id, space).collect::<Vec<_>>();
                            prop_assert_eq!(of_space(id.space), after.referrers(id).filter(|(by, _)| by.space == id.space).collect::<Vec<_>>());
                            prop_assert!(of_space(countersign_model::Space("another")).is_empty());
                        }
                    }
                    model = next;
                    town = after;
                }
                Err(_) => prop_assert!(!legal, "refused what the model accepts: {next:?}"),
            }
        }
    }
}

/// A gate that some may pass.
#[derive(Debug, Clone, Kind)]
#[kind(path = "town/gates", model = "town.gate", title = "Gate", check = Gate::check)]
struct Gate {
    name: String,
    #[field(guard)]
    keeper: Option<Ref<House>>,
    #[field(needs = "key")]
    locked_by: Option<Ref<House>>,
    #[field(read_only, default)]
    vanished: Vanished,
}

impl Gate {
    fn check(&self, draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.keeper.is_none() && self.vanished.is_empty() {
            errors.add("keeper", Problem::new("invalid", "Somebody has to keep it."));
        }
        if self
            .locked_by
            .and_then(|house| draft.get(house))
            .is_some_and(|house| house.key.expose() == "bent")
        {
            errors.add("locked_by", Problem::new("invalid", "This key does not fit."));
        }
    }
}

/// Mills with these numbers, and a gate.
fn town(
    gate: impl FnOnce(Ref<House>, Ref<House>) -> Gate,
) -> (Snapshot, Ref<House>, Ref<House>, Ref<Gate>) {
    let mut draft = Draft::new(&Snapshot::default());
    let (one, two) = (draft.put(key(1), house("One")), draft.put(key(2), house("Two")));
    let gate = draft.put(key(9), gate(one, two));
    (commit(draft).unwrap(), one, two, gate)
}

fn gate(keeper: Option<Ref<House>>, locked_by: Option<Ref<House>>) -> Gate {
    Gate { name: "North".to_owned(), keeper, locked_by, vanished: Vanished::default() }
}

#[test]
fn a_deletion_takes_references_away_without_the_rules_of_a_form() {
    let (snapshot, one, _, reference) = town(|one, _| gate(Some(one), None));
    let mut draft = Draft::new(&snapshot);
    draft.delete(one.id()).unwrap();
    let snapshot = commit(draft).unwrap();
    assert!(snapshot.get(reference).unwrap().keeper.is_none());
    // Whoever sets it by hand is asked.
    let mut draft = Draft::new(&snapshot);
    draft.put(reference.key(), gate(None, None));
    assert!(matches!(commit(draft), Err(EditError::Invalid { .. })));
}

#[test]
fn what_guarded_is_remembered_until_somebody_sets_it_anew() {
    let (snapshot, one, two, reference) = town(|one, _| gate(Some(one), None));
    let mut draft = Draft::new(&snapshot);
    draft.delete(one.id()).unwrap();
    let snapshot = commit(draft).unwrap();
    let left = snapshot.get(reference).unwrap().clone();
    assert!(left.vanished.contains("keeper"));
    let again = |change: Value| parse(change, Mode::Patch, Some(&left));
    assert!(again(json!({"name": "South"})).unwrap().vanished.contains("keeper"));
    assert!(again(json!({"keeper": two.key().to_string()})).unwrap().vanished.is_empty());
    assert!(
        again(json!({"keeper": null})).unwrap().vanished.contains("keeper"),
        "what was read is sent back"
    );
    assert!(again(json!({"keeper": null, "vanished": []})).unwrap().vanished.is_empty());
    // An export says both; reading it back keeps both.
    let exported = left.to_map();
    let input = Input { map: &exported, mode: Mode::Create, entropy: &Counting, privileged: true };
    assert!(Gate::parse(&input, None).unwrap().vanished.contains("keeper"));
}

#[test]
fn what_others_need_of_an_object_stays() {
    let (snapshot, one, _, _) = town(|one, two| gate(Some(two), Some(one)));
    let with = |key: &str| {
        let mut draft = Draft::new(&snapshot);
        draft.put(one.key(), House { key: Secret::new(key.to_owned()), ..house("One") });
        commit(draft)
    };
    let refusal = |error: Result<Snapshot, EditError>| match error {
        Err(EditError::Invalid { model: "town.house", errors, .. }) => errors.to_json(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refusal(with("")),
        json!({"key": ["In use by Gate \"North\": it needs one as its Locked by."]})
    );
    assert_eq!(
        refusal(with("bent")),
        json!({"key": ["In use by Gate \"North\": This key does not fit."]})
    );
    with("straight").unwrap();
}
