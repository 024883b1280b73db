use super::*;

fn document(text: &str) -> Result<Document, FormatError> {
    Document::parse("test.yaml", text)
}

fn fault(text: &str) -> (String, FormatErrorKind) {
    let error = document(text).unwrap_err();
    (error.field, error.kind)
}

#[test]
fn a_small_file() {
    let file = document(
        r#"
version: 1
metadata:
  name: Small
  labels:
    blueprints.goauthentik.io/instantiate: "false"
context: {colour: red}
entries:
  - model: authentik_flows.flow
    id: flow
    state: created
    identifiers: {slug: a}
    attrs: {title: !Context colour}
  - {model: !Format [a.%s, b]}
"#,
    )
    .unwrap();
    assert_eq!(file.metadata.name.as_deref(), Some("Small"));
    assert!(!file.metadata.instantiate());
    assert_eq!(file.entries.len(), 2);
    assert_eq!(file.entries[0].id.as_deref(), Some("flow"));
    assert_eq!(file.entries[0].at.line, 9);
    assert!(
        matches!(&file.entries[1].model.kind, ValueKind::Tag(tag) if matches!(**tag, Tag::Format { .. }))
    );
}

#[test]
fn faults_name_field_and_line() {
    let error = document("version: 1\nentries:\n- model: a.b\n  attrs:\n    x: [1, !Fnord y]\n")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "test.yaml: line 5, column 12: entries[0].attrs.x[1]: there is no tag !Fnord"
    );
}

#[test]
fn what_is_refused() {
    use FormatErrorKind::{Arguments, Missing, OwnLoop, State, Version};
    let arguments = |kind: &FormatErrorKind| matches!(kind, Arguments { .. });
    assert_eq!(fault("version: 2\n"), ("version".into(), Version("2".into())));
    assert_eq!(fault("version: 1.0\n"), ("version".into(), Version("1.0".into())));
    assert_eq!(fault(""), (String::new(), FormatErrorKind::Empty));
    assert_eq!(fault("metadata: {labels: {}}"), ("metadata".into(), Missing("name")));
    assert_eq!(fault("entries: [{id: x}]"), ("entries[0]".into(), Missing("model")));
    assert_eq!(
        fault("entries: [{model: a.b, state: gone}]"),
        ("entries[0].state".into(), State("gone".into()))
    );
    assert!(matches!(fault("entries: {}").1, FormatErrorKind::Shape { wanted: "a list", .. }));
    assert!(matches!(fault("entries: [a]").1, FormatErrorKind::Shape { wanted: "a map", .. }));
    assert!(matches!(fault("[]").1, FormatErrorKind::Shape { wanted: "a map", .. }));
    let tag = |text: &str| fault(&format!("entries: [{{model: a.b, attrs: {{x: {text}}}}}]")).1;
    for wrong in [
        "!KeyOf [a]",
        "!Find a.b",
        "!Find [a.b]",
        "!Find [a.b, slug]",
        "!Context []",
        "!Env [a, b, c]",
        "!Format []",
        "!If []",
        "!If [a, b]",
        "!Condition [AND]",
        "!Condition [MAYBE, true]",
        "!Enumerate [a, SEQ]",
        "!Enumerate [a, BAG, b]",
        "!Index x",
        "!Value -1",
        "!AtIndex [a]",
        "!ParseJSON {}",
    ] {
        assert!(arguments(&tag(wrong)), "{wrong}");
    }
    assert_eq!(tag("!Enumerate [!Value 0, SEQ, x]"), OwnLoop);
}

#[test]
fn unknown_keys_are_ignored_and_anchors_may_live_in_one() {
    let file =
        document("anchors: &a {x: 1}\nentries: [{model: a.b, attrs: *a, colour: red}]\n").unwrap();
    assert_eq!(file.entries[0].attrs.len(), 1);
}

#[test]
fn contexts_merge_deeply() {
    let mut base = document("context: {a: {x: 1, y: 1}, l: [1], s: old}").unwrap().context;
    let over = document("context: {a: {y: 2}, l: [2], s: new, n: 1}").unwrap().context;
    merge_context(&mut base, &over);
    let plain = |value: &Value| match &value.kind {
        ValueKind::Plain(json) => json.clone(),
        _ => Json::Null,
    };
    let names: Vec<&str> = base.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "l", "s", "n"]);
    assert!(
        matches!(&base[0].1.kind, ValueKind::Map(members) if plain(&members[0].1) == 1 && plain(&members[1].1) == 2)
    );
    assert!(matches!(&base[1].1.kind, ValueKind::List(items) if items.len() == 2));
    assert_eq!(plain(&base[2].1), Json::from("new"));
}
