use std::sync::Arc;

use countersign_core::{Module, PasswordHash};
use countersign_model::{
    Draft, Entry, JsonMap, Key, Kind, KindDef, ObjectId, Ref, Secret, Slug, Snapshot,
};
use countersign_store::{Actor, Store, StoreError};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    apply::{self, Job},
    format::Document,
    tables,
};

#[derive(Debug, Clone, Kind)]
#[kind(
    path = "flows/instances",
    model = "authentik_flows.flow",
    schema = "Flow",
    title = "Flow",
    plural = "Flows",
    space = "flow",
    lookup = "slug"
)]
struct Flow {
    #[field(label = "Slug", unique)]
    slug: Slug,
    #[field(label = "Title", blank)]
    title: String,
    #[field(label = "Key", default)]
    key: Secret,
    #[field(label = "Attributes", default)]
    attributes: JsonMap,
    #[field(label = "Next", on_delete = SetNull)]
    next: Option<Ref<Flow>>,
    #[field(label = "Friends")]
    friends: Vec<Ref<Flow>>,
}

#[derive(Debug, Clone, Kind)]
#[kind(
    path = "flows/bindings",
    model = "authentik_flows.flowstagebinding",
    schema = "FlowStageBinding",
    title = "Binding",
    plural = "Bindings",
    space = "flow_stage_binding",
    lookup = "fsb_uuid",
    unique_together = "target,order"
)]
struct Binding {
    #[field(label = "Target", on_delete = Cascade)]
    target: Ref<Flow>,
    #[field(label = "Order")]
    order: Option<i32>,
    #[field(label = "Note", blank)]
    note: String,
}

struct Plain;
impl PasswordHash for Plain {
    fn hash(&self, password: &str) -> Result<String, String> {
        Ok(password.to_owned())
    }
    fn matches(&self, password: &str, stored: &str) -> bool {
        password == stored
    }
}

fn store(folder: &tempfile::TempDir) -> Store {
    countersign_testing::store(folder, [KindDef::of::<Flow>(), KindDef::of::<Binding>()])
}

async fn written(store: &Store, selection: Selection) -> Export {
    let snapshot = store.snapshot();
    let everybody = Selection {
        models: Some(["authentik_core.user".to_owned()].into()),
        ..Selection::default()
    };
    let tables =
        tables::of(&[Module { tables: countersign_directory::tables(), ..Module::default() }]);
    let read = move |sql: &mut Sql<'_>| Everything::read(&snapshot, sql, &tables, &everybody);
    let everything = store.read(read).await.unwrap();
    export(&everything, &selection, Timestamp(0))
}

async fn apply_to(store: &Store, text: &str) -> Result<(), String> {
    let document =
        Document::parse("export.yaml", text).map_err(|error| format!("{error}\n{text}"))?;
    let job = Job {
        library: vec![document],
        chosen: vec![0],
        tables: tables::of(&[Module {
            tables: countersign_directory::tables(),
            ..Module::default()
        }]),
        passwords: Arc::new(Plain),
        machine: apply::Machine::with(|_| None),
        context: Map::new(),
    };
    apply::commit(store, Arc::new(job), Actor::system(), "test")
        .await
        .map(|_| ())
        .map_err(|error| format!("{error}\n{text}"))
}

/// Each object by what it says, with references by slug: equal graphs have equal lists.
fn said(snapshot: &Snapshot) -> Vec<String> {
    let slug = |reference: Ref<Flow>| {
        snapshot.get(reference).map(|flow| flow.slug.to_string()).unwrap_or_default()
    };
    let flows = snapshot.list::<Flow>().map(|(_, flow)| {
        let friends: Vec<String> = flow.friends.iter().map(|friend| slug(*friend)).collect();
        format!(
            "{} {:?} {} {:?} {:?} {friends:?}",
            flow.slug,
            flow.title,
            flow.key.expose(),
            flow.attributes,
            flow.next.map(slug)
        )
    });
    let bindings = snapshot.list::<Binding>().map(|(_, binding)| {
        format!("{} {:?} {:?}", slug(binding.target), binding.order, binding.note)
    });
    let mut all: Vec<String> = flows.chain(bindings).collect();
    all.sort();
    all
}

fn text() -> impl Strategy<Value = String> {
    let words = [
        "",
        "yes",
        "y",
        "null",
        "~",
        "1:30",
        "0x1f",
        "1e5",
        "- a",
        "a: b",
        "!KeyOf x",
        "%",
        "line\n\n  two\n",
        "#",
        "a\tb\nc",
        " \n x",
        "\u{2028}",
        "é\u{85}",
    ];
    prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        "[^\u{0}]{0,12}",
        "([ -~]{0,9}\n){0,4}[ -~]{0,9}"
    ]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text().prop_map(Json::from)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let map = proptest::collection::vec((text(), inner.clone()), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Json::from),
            map.prop_map(|members| Json::Object(members.into_iter().collect()))
        ]
    })
}

/// Title, attributes, next, friends.
type FlowShape = (String, Vec<(String, Json)>, Option<usize>, Vec<usize>);

#[derive(Debug, Clone)]
struct Shapes {
    flows: Vec<FlowShape>,
    bindings: Vec<(usize, Option<i32>, String)>,
}

fn shapes() -> impl Strategy<Value = Shapes> {
    let flow = (
        text(),
        proptest::collection::vec((text(), json()), 0..3),
        proptest::option::of(0..6_usize),
        proptest::collection::vec(0..6_usize, 0..3),
    );
    let binding = (0..6_usize, proptest::option::of(-3..3_i32), text());
    (proptest::collection::vec(flow, 1..6), proptest::collection::vec(binding, 0..6))
        .prop_map(|(flows, bindings)| Shapes { flows, bindings })
}

fn fill(draft: &mut Draft, shapes: &Shapes) {
    let keys: Vec<Uuid> = (1..=shapes.flows.len())
        .map(|n| Uuid::from_u128(n as u128 * 0x1234_5678_9abc_def0_1357))
        .collect();
    let key = |at: usize| Ref::<Flow>::new(Key::Uuid(keys[at % keys.len()]));
    for (at, (title, attributes, next, friends)) in shapes.flows.iter().enumerate() {
        let flow = Flow {
            slug: Slug::from(format!("flow-{at}").as_str()),
            title: title.trim().to_owned(),
            key: Secret::new(format!("secret {at}")),
            attributes: JsonMap(attributes.iter().cloned().collect()),
            next: next.map(key),
            friends: friends.iter().map(|friend| key(*friend)).collect(),
        };
        draft.put_object(key(at).id(), Arc::new(flow));
    }
    for (at, (target, order, note)) in shapes.bindings.iter().enumerate() {
        let id =
            ObjectId::new(Binding::SPACE, Key::Uuid(Uuid::from_u128(0xabcd_0000 + at as u128)));
        let binding = Binding { target: key(*target), order: *order, note: note.trim().to_owned() };
        let taken = draft.list::<Binding>().any(|(_, known)| {
            known.target == binding.target && known.order.is_some() && known.order == binding.order
        });
        if !taken {
            draft.put_object(id, Arc::new(binding));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_empty_installation_becomes_equal(shapes in shapes()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (from, to) = (store(&one), store(&two));
            let filled = shapes.clone();
            from.write(Actor::system(), "test", move |tx| { fill(tx.draft(), &filled); Ok::<_, StoreError>(()) }).await.unwrap();
            let out = written(&from, Selection { with_secrets: true, ..Selection::default() }).await;
            apply_to(&to, &out.text).await.unwrap();
            assert_eq!(said(&from.snapshot()), said(&to.snapshot()), "{}", out.text);
            let revision = to.snapshot().revision();
            apply_to(&to, &out.text).await.unwrap();
            // Circles are set in two steps, so a second application writes nothing either.
            assert_eq!(to.snapshot().revision(), revision, "{}", out.text);
            from.close().await;
            to.close().await;
        });
    }
}

#[tokio::test]
async fn secrets_stay_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let people = "
entries:
- {model: authentik_core.group, id: g, identifiers: {name: Staff}, attrs: {attributes: {a: 1}}}
- {model: authentik_core.user, identifiers: {username: ada}, attrs: {name: Ada, groups: [!KeyOf g]}}
- {model: authentik_flows.flow, identifiers: {slug: a}, attrs: {title: T, key: hush, friends: []}}
- {model: authentik_flows.flowstagebinding, identifiers: {target: !Find [authentik_flows.flow, [slug, a]], order: 1}, attrs: {note: n}}
";
    apply_to(&store, people).await.unwrap();
    let out = written(&store, Selection::default()).await;
    assert!(
        !out.text.contains("hush") && out.text.contains("#   authentik_flows.flow \"a\": key"),
        "{}",
        out.text
    );
    assert!(out.text.contains("groups:\n    - !KeyOf group-staff"), "{}", out.text);
    let part = Selection {
        models: Some(["authentik_flows.flowstagebinding".to_owned()].into()),
        ..Selection::default()
    };
    let part = written(&store, part).await;
    assert!(
        part.text.contains("target: !Find [authentik_flows.flow, [slug, \"a\"]]"),
        "{}",
        part.text
    );
    let changed = part.text.replace("note: \"n\"", "note: other");
    apply_to(&store, &changed).await.unwrap();
    let snapshot: Arc<Snapshot> = store.snapshot();
    let notes: Vec<String> =
        snapshot.list::<Binding>().map(|(_, binding)| binding.note.clone()).collect();
    assert_eq!(notes, ["other"]);
    let entry: Option<&Arc<Entry>> = snapshot.lookup(Flow::SPACE, "slug", "a");
    assert_eq!(entry.and_then(|entry| entry.cast::<Flow>()).unwrap().key.expose(), "hush");
}
