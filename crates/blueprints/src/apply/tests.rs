use std::sync::Arc;

use countersign_core::{PasswordHash, Record, TableResource};
use countersign_model::{JsonMap, Kind, KindDef, Ref, Secret, Table};
use countersign_store::{StoreError, params};

use super::{plan::DifferenceKind, *};

#[derive(Debug, Clone, Kind)]
#[kind(
    path = "flows/instances",
    model = "authentik_flows.flow",
    schema = "Flow",
    title = "Flow",
    plural = "Flows",
    component = "ak-flow-form",
    space = "flow",
    lookup = "slug",
    ordering = "slug"
)]
struct Flow {
    #[field(label = "Slug", unique)]
    slug: String,
    #[field(label = "Name")]
    name: String,
    #[field(label = "Key", default)]
    key: Secret,
}

#[derive(Debug, Clone, Kind)]
#[kind(
    path = "flows/bindings",
    model = "authentik_flows.flowstagebinding",
    schema = "FlowStageBinding",
    title = "Binding",
    plural = "Bindings",
    component = "ak-stage-binding-form",
    space = "flow_stage_binding",
    lookup = "fsb_uuid",
    ordering = "order"
)]
struct Binding {
    #[field(label = "Target", on_delete = Cascade)]
    target: Ref<Flow>,
    #[field(label = "Order")]
    order: i32,
}

/// Groups, with just the columns a blueprint of this test names.
#[derive(Debug, Clone, Table)]
#[kind(
    path = "core/groups",
    model = "authentik_core.group",
    schema = "Group",
    title = "Group",
    space = "group",
    lookup = "group_uuid"
)]
#[table(name = "user_group", operations = "create", display = "{name}")]
struct Group {
    #[column(key)]
    uuid: uuid::Uuid,
    #[field(label = "Name", unique)]
    name: String,
    #[column(hidden)]
    is_superuser: bool,
    #[field(label = "Attributes", default)]
    attributes: JsonMap,
}

impl Record for Group {}

struct NoPasswords;
impl PasswordHash for NoPasswords {
    fn hash(&self, _password: &str) -> Result<String, String> {
        Err("nobody has a password here".to_owned())
    }
    fn matches(&self, _password: &str, _stored: &str) -> bool {
        false
    }
}

struct World {
    store: Store,
    _folder: tempfile::TempDir,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store =
        countersign_testing::store(&folder, [KindDef::of::<Flow>(), KindDef::of::<Binding>()]);
    World { store, _folder: folder }
}

fn job(files: &[(&str, &str)]) -> Arc<Job> {
    Arc::new(Job {
        library: files
            .iter()
            .map(|(name, text)| Document::parse(name, text).unwrap().from(Origin::Machine))
            .collect(),
        chosen: vec![0],
        tables: TableResource::served::<Group>(Vec::new()).rows.into_iter().collect(),
        passwords: Arc::new(NoPasswords),
        machine: Machine::with(|name| (name == "SLUG").then(|| "from-environment".to_owned())),
        context: Map::new(),
    })
}

impl World {
    async fn apply(&self, text: &str) -> Result<Vec<&'static str>, String> {
        let outcome = commit(&self.store, job(&[("test.yaml", text)]), Actor::system(), "test")
            .await
            .map_err(|error| error.to_string())?;
        Ok(outcome.steps.iter().map(|step| step.action.word()).collect())
    }
    fn names(&self) -> Vec<(String, String)> {
        let snapshot = self.store.snapshot();
        let mut names: Vec<_> = snapshot
            .list::<Flow>()
            .map(|(_, flow)| (flow.slug.clone(), flow.name.clone()))
            .collect();
        names.sort();
        names
    }
}

fn flow(state: &str, name: &str) -> String {
    format!(
        "entries:\n- model: authentik_flows.flow\n  state: {state}\n  identifiers: {{slug: a}}\n  attrs: {{name: {name}}}\n"
    )
}

#[tokio::test]
async fn the_four_states() {
    let world = world();
    assert_eq!(world.apply(&flow("absent", "One")).await.unwrap(), ["absent"]);
    assert_eq!(world.apply(&flow("present", "One")).await.unwrap(), ["create"]);
    let revision = world.store.snapshot().revision();
    assert_eq!(world.apply(&flow("present", "One")).await.unwrap(), ["same"]);
    assert_eq!(world.store.snapshot().revision(), revision, "the same again writes nothing");
    assert_eq!(world.apply(&flow("present", "Two")).await.unwrap(), ["change"]);
    assert_eq!(world.apply(&flow("created", "Three")).await.unwrap(), ["keep"]);
    assert_eq!(world.names(), [("a".into(), "Two".into())]);
    let error = world.apply(&flow("must_created", "Four")).await.unwrap_err();
    assert!(
        error.contains("slug")
            && error.contains("object exists already")
            && error.contains("line 2"),
        "{error}"
    );
    assert_eq!(world.apply(&flow("!Context [x, absent]", "Five")).await.unwrap(), ["delete"]);
    assert_eq!(world.apply(&flow("!Context [x, must_created]", "Six")).await.unwrap(), ["create"]);
}

#[tokio::test]
async fn entries_find_each_other() {
    let world = world();
    let text = "
context: {slug: !Env SLUG}
entries:
- model: AUTHENTIK_FLOWS.Flow
  id: flow
  identifiers: {slug: !Context slug}
  attrs: {name: N}
- model: authentik_flows.flowstagebinding
  identifiers: {target: !KeyOf flow, order: 5}
- model: authentik_flows.flowstagebinding
  identifiers: {target: !Find [authentik_flows.flow, [slug, from-environment]], order: 6}
- model: authentik_flows.flowstagebinding
  conditions: [!Find [authentik_flows.flowstagebinding, [target__slug, from-environment], [order__gt, 6]]]
  identifiers: {target: !KeyOf flow, order: 7}
- model: authentik_core.group
  id: group
  identifiers: {name: !Format ['%s-%s', group, !AtIndex [!FindObject [authentik_flows.flow, [name__istartswith, n]], slug]]}
";
    assert_eq!(world.apply(text).await.unwrap(), ["create", "create", "create", "skip", "create"]);
    assert_eq!(world.apply(text).await.unwrap(), ["same", "same", "same", "skip", "same"]);
    let snapshot = world.store.snapshot();
    assert_eq!(snapshot.list::<Binding>().count(), 2);
    let name: Result<String, StoreError> = world
        .store
        .read(|sql| sql.query_one("SELECT name FROM user_group", params![])?.unwrap().get(0))
        .await;
    assert_eq!(name.unwrap(), "group-from-environment");
}

/// Secrets of one object are no values for another, and conditions do not find them out letter by
/// letter.
#[tokio::test]
async fn secrets_are_withheld_from_find_and_find_object() {
    let world = world();
    let made = "entries:\n- {model: authentik_flows.flow, identifiers: {slug: a}, attrs: {name: N, key: s3cret}}\n";
    assert_eq!(world.apply(made).await.unwrap(), ["create"]);
    let whole = "!FindObject [authentik_flows.flow, [slug, a]]";
    let copy = format!(
        "entries:\n- {{model: authentik_core.group, identifiers: {{name: g}}, attrs: {{attributes: {whole}}}}}\n"
    );
    assert_eq!(world.apply(&copy).await.unwrap(), ["create"]);
    let copied: Result<Json, StoreError> = world
        .store
        .read(|sql| sql.query_one("SELECT attributes FROM user_group", params![])?.unwrap().get(0))
        .await;
    let copied = copied.unwrap();
    assert_eq!((&copied["name"], copied.get("key")), (&Json::from("N"), None), "{copied}");
    let part = format!(
        "entries:\n- {{model: authentik_core.group, identifiers: {{name: !AtIndex [{whole}, key]}}}}\n"
    );
    assert!(world.apply(&part).await.unwrap_err().contains("there is no element"));

    assert_eq!(
        world
            .apply("entries:\n- {model: authentik_flows.flowstagebinding, identifiers: {target: !Find [authentik_flows.flow, [slug, a]], order: 1}}\n")
            .await
            .unwrap(),
        ["create"]
    );
    for (model, field) in [("flow", "key"), ("flowstagebinding", "target__key")] {
        let found = [
            ("__startswith, s", "skip"),
            ("__istartswith, S", "skip"),
            ("__contains, '3c'", "skip"),
            ("__endswith, t", "skip"),
            ("__iexact, S3CRET", "skip"),
            ("__gt, 0", "skip"),
            (", other", "skip"),
            (", s3cret", "same"),
        ];
        for (condition, action) in found {
            let guess = format!(
                "entries:\n- {{model: authentik_core.group, conditions: [!Find [authentik_flows.{model}, [{field}{condition}]]], identifiers: {{name: g}}}}\n"
            );
            assert_eq!(world.apply(&guess).await.unwrap(), [action], "{field}{condition}");
        }
    }
}

#[tokio::test]
async fn all_or_nothing() {
    let world = world();
    let text = "
entries:
- {model: authentik_core.group, identifiers: {name: g}}
- {model: authentik_flows.flow, identifiers: {slug: a}, attrs: {name: N}}
- {model: authentik_flows.flow, identifiers: {slug: b}, attrs: {nane: N}}
";
    let error = world.apply(text).await.unwrap_err();
    assert!(
        error.starts_with("test.yaml: line 5, column 3: entries[2] (authentik_flows.flow): ")
            && error.contains("name"),
        "{error}"
    );
    assert!(world.names().is_empty());
    let groups: Result<i64, StoreError> = world
        .store
        .read(|sql| sql.query_one("SELECT COUNT(*) FROM user_group", params![])?.unwrap().get(0))
        .await;
    assert_eq!(groups.unwrap(), 0);
}

#[tokio::test]
async fn what_only_the_graph_can_see_still_names_a_line() {
    let world = world();
    let text = "
entries:
- {model: authentik_flows.flow, identifiers: {slug: a}, attrs: {name: N}}
- {model: authentik_flows.flowstagebinding, id: b, identifiers: {target: 6f2b9b5e-0000-4000-8000-000000000000, order: 1}}
";
    let error = world.apply(text).await.unwrap_err();
    assert!(
        error.contains("line 4") && error.contains("id b") && error.contains("does not exist"),
        "{error}"
    );
}

#[tokio::test]
async fn faults_name_the_entry() {
    let world = world();
    let rows = [
        ("{model: authentik_flows.nothing, identifiers: {slug: a}}", "there is no model"),
        ("{model: auth.user, identifiers: {username: a}}", "there is no model"),
        ("{model: authentik_flows.flow}", "at least one"),
        ("{model: authentik_flows.flow, identifiers: {colour: red}}", "identifiers.colour"),
        ("{model: authentik_flows.flow, identifiers: {slug: !KeyOf later}}", "no earlier entry"),
        ("{model: [], identifiers: {slug: a}}", "model: must be text"),
        (
            "{model: authentik_flows.flow, state: !Context [x, gone], identifiers: {slug: a}}",
            "\"gone\" is not a state",
        ),
        (
            "{model: authentik_blueprints.metaapplyblueprint, attrs: {identifiers: {name: Missing}}}",
            "does not exist",
        ),
    ];
    for (entry, wanted) in rows {
        let error = world.apply(&format!("entries:\n- {entry}\n")).await.unwrap_err();
        assert!(error.contains(wanted) && error.contains("entries[0]"), "{entry}: {error}");
    }
}

#[tokio::test]
async fn a_skipped_entry_has_no_key() {
    let world = world();
    let text = "entries:\n- {model: authentik_flows.flow, id: f, conditions: [false], identifiers: {slug: a}}\n- {model: authentik_flows.flowstagebinding, identifiers: {target: !KeyOf f, order: 1}}\n";
    let error = world.apply(text).await.unwrap_err();
    assert!(error.contains("conditions did not hold"), "{error}");
}

#[tokio::test]
async fn exported_keys_are_linked_again() {
    let world = world();
    world.apply(&flow("present", "Here already")).await.unwrap();
    let text = "
entries:
- {model: authentik_flows.flow, identifiers: {pk: 6f2b9b5e-0000-4000-8000-000000000001, slug: a}, attrs: {name: N}}
- {model: authentik_flows.flow, identifiers: {pk: 6f2b9b5e-0000-4000-8000-000000000002, slug: b}, attrs: {name: M}}
- {model: authentik_flows.flowstagebinding, identifiers: {target: 6f2b9b5e-0000-4000-8000-000000000001, order: 1}}
- {model: authentik_flows.flowstagebinding, identifiers: {target: 6f2b9b5e-0000-4000-8000-000000000002, order: 1}}
";
    assert_eq!(world.apply(text).await.unwrap(), ["change", "create", "create", "create"]);
    let snapshot = world.store.snapshot();
    let (second, _) = snapshot.find::<Flow>("slug", "b").unwrap();
    assert_eq!(
        second.to_string(),
        "6f2b9b5e-0000-4000-8000-000000000002",
        "a key that is free is kept"
    );
    let (first, _) = snapshot.find::<Flow>("slug", "a").unwrap();
    assert!(snapshot.list::<Binding>().any(|(_, binding)| binding.target == first));
    assert_eq!(world.apply(text).await.unwrap(), ["same", "same", "same", "same"]);
}

#[tokio::test]
async fn files_apply_each_other_once() {
    let world = world();
    let outer = "metadata: {name: Outer}\nentries:\n- {model: authentik_blueprints.metaapplyblueprint, attrs: {identifiers: {name: Inner}}}\n- {model: authentik_blueprints.metaapplyblueprint, attrs: {identifiers: {path: nowhere.yaml}, required: false}}\n- {model: authentik_flows.flowstagebinding, identifiers: {target: !Find [authentik_flows.flow, [slug, a]], order: 1}}\n";
    let inner = format!(
        "metadata: {{name: Inner}}\n{}- {{model: authentik_blueprints.metaapplyblueprint, attrs: {{identifiers: {{name: Outer}}}}}}\n",
        flow("present", "One")
    );
    let outcome = commit(
        &world.store,
        job(&[("outer.yaml", outer), ("inner.yaml", &inner)]),
        Actor::system(),
        "test",
    )
    .await
    .unwrap();
    assert_eq!(outcome.count(Action::Created), 2);
    let broken = commit(
        &world.store,
        job(&[
            ("outer.yaml", outer),
            ("inner.yaml", "metadata: {name: Inner}\nentries: [{model: x.y, identifiers: {a: b}}]"),
        ]),
        Actor::system(),
        "test",
    )
    .await;
    assert_eq!(broken.unwrap_err().spot.unwrap().file, "inner.yaml");
}

#[tokio::test]
async fn a_plan_tells_and_leaves_nothing() {
    let world = world();
    world.apply(&flow("present", "One")).await.unwrap();
    let revision = world.store.snapshot().revision();
    let text = "entries:\n- {model: authentik_flows.flow, identifiers: {slug: a}, attrs: {name: Two, key: hush}}\n- {model: authentik_core.group, identifiers: {name: g}}\n- {model: authentik_flows.flow, identifiers: {slug: b}, attrs: {name: New}}\n";
    let (outcome, differences) = plan(&world.store, job(&[("t", text)])).await.unwrap();
    assert_eq!(
        outcome.steps.iter().map(|step| step.action.word()).collect::<Vec<_>>(),
        ["change", "create", "create"]
    );
    let changed =
        differences.iter().find(|difference| difference.kind == DifferenceKind::Changed).unwrap();
    assert_eq!((changed.model, changed.label.as_str()), ("authentik_flows.flow", "a"));
    assert_eq!(changed.fields[0], ("name".into(), Json::from("One"), Json::from("Two")));
    assert_eq!(changed.fields[1].2, Json::from("********"));
    assert_eq!(world.store.snapshot().revision(), revision);
    assert_eq!(world.names(), [("a".into(), "One".into())]);
    let groups: Result<i64, StoreError> = world
        .store
        .read(|sql| sql.query_one("SELECT COUNT(*) FROM user_group", params![])?.unwrap().get(0))
        .await;
    assert_eq!(groups.unwrap(), 0);
}

#[tokio::test]
async fn the_context_knows_the_models() {
    let world = world();
    let text = "entries:\n- model: authentik_flows.flow\n  identifiers: {slug: a}\n  attrs:\n    name: !Format ['%s', !Enumerate [!Context goauthentik.io/rbac/models, SEQ, !Format ['%s.view_%s', !Value 0, !Index 0]]]\n";
    world.apply(text).await.unwrap();
    for name in
        ["authentik_flows.view_flow", "authentik_core.view_group", "authentik_rbac.view_role"]
    {
        assert!(world.names()[0].1.contains(&format!("'{name}'")), "{name}");
    }
}
