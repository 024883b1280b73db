use serde_json::json;

use super::*;
use crate::format::Document;

/// A world of three things, so that every tag has something to find.
struct Small;

impl World for Small {
    fn key_of(&self, id: &str) -> Result<Json, String> {
        if id == "flow" {
            Ok(json!("key-of-flow"))
        } else {
            Err(format!("no earlier entry has the id \"{id}\""))
        }
    }
    fn find(&self, model: &str, conditions: &[(String, Json)]) -> Result<Option<Json>, String> {
        if model != "authentik_flows.flow" {
            return Err(format!("there is no model {model}"));
        }
        Ok((conditions == [("slug".to_owned(), json!("known"))]).then(|| json!("found")))
    }
    fn find_object(
        &self,
        model: &str,
        conditions: &[(String, Json)],
    ) -> Result<Option<Json>, String> {
        Ok(self.find(model, conditions)?.map(|pk| json!({"pk": pk, "slug": "known"})))
    }
    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        Ok(match name {
            "SET" => Some("value".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }
    fn file(&self, path: &str) -> Result<Option<String>, String> {
        Ok((path == "/run/secret").then(|| "  from file\n".into()))
    }
}

const CONTEXT: &str = "
context:
  text: foo
  number: 3
  sequence: [red, green]
  mapping: {one: 1, two: 2}
  matrix: [[a, b], [c]]
  tagged: !Env SET
  circle: !Context circle
";

fn resolve(value: &str) -> Result<Json, ResolveErrorKind> {
    let file = Document::parse(
        "t",
        &format!("{CONTEXT}\nentries:\n- model: a.b\n  attrs:\n    x: {value}\n"),
    )
    .unwrap();
    let entry = file.entries.first().unwrap().clone();
    let (_, value) = entry.attrs.first().unwrap().clone();
    Resolver::new(&Small, &file.context).field("x", &value).map_err(|error| error.kind)
}

#[test]
fn values() {
    let rows = [
        ("!KeyOf flow", json!("key-of-flow")),
        ("!Find [authentik_flows.flow, [slug, known]]", json!("found")),
        (
            "!Find [!Format [authentik_%s.flow, flows], [slug, !Format ['%s', known]]]",
            json!("found"),
        ),
        ("!Find [authentik_flows.flow, [slug, other]]", json!(null)),
        ("!AtIndex [!FindObject [authentik_flows.flow, [slug, known]], slug]", json!("known")),
        ("!Context text", json!("foo")),
        ("!Context tagged", json!("value")),
        ("!Context nothing", json!(null)),
        ("!Context [nothing, {a: !Context number}]", json!({"a": 3})),
        ("!Env SET", json!("value")),
        ("!Env [EMPTY, other]", json!("other")),
        ("!Env UNSET", json!(null)),
        ("!Env [UNSET, !Context text]", json!("foo")),
        ("!File /run/secret", json!("from file")),
        ("!File [/missing, other]", json!("other")),
        ("!Format ['%s-%d', !Context text, 7]", json!("foo-7")),
        ("!If [!Context text]", json!(true)),
        ("!If ['']", json!(false)),
        ("!If [0, a, [b, !Context number]]", json!(["b", 3])),
        ("!If [!Condition [AND, a, 1], {k: !Context text}, no]", json!({"k": "foo"})),
        ("!Condition [AND, true, 1, text]", json!(true)),
        ("!Condition [nand, true, 1, '']", json!(true)),
        ("!Condition [OR, '', 0, []]", json!(false)),
        ("!Condition [NOR, '', 0, {}]", json!(true)),
        ("!Condition [XOR, 1, 2, 3]", json!(true)),
        ("!Condition [XOR, a, b]", json!(false)),
        ("!Condition [XNOR, false, false, false]", json!(true)),
        ("!Condition [NOR, !Find [authentik_flows.flow, [slug, known]]]", json!(false)),
        (
            "!Enumerate [!Context sequence, SEQ, !Format ['%d%s', !Index 0, !Value 0]]",
            json!(["0red", "1green"]),
        ),
        (
            "!Enumerate [!Context mapping, MAP, [!Index 0, {v: !Value 0}]]",
            json!({"one": {"v": 1}, "two": {"v": 2}}),
        ),
        ("!Enumerate [ab, SEQ, !Value 0]", json!(["a", "b"])),
        ("!Enumerate [[1, 2], MAP, {all: [!Value 0]}]", json!({"all": [1, 2]})),
        ("!Enumerate [[], SEQ, x]", json!([])),
        (
            "!Enumerate [!Context matrix, SEQ, !Enumerate [!Value 1, SEQ, !Format ['%s%s%s', !Index 1, !Index 0, !Value 0]]]",
            json!([["00a", "01b"], ["10c"]]),
        ),
        ("!AtIndex [!Context sequence, 1]", json!("green")),
        ("!AtIndex [!Context sequence, -1]", json!("green")),
        ("!AtIndex [!Context sequence, 5, none]", json!("none")),
        ("!AtIndex [!Context mapping, two]", json!(2)),
        ("!AtIndex [!Context mapping, six, !Context number]", json!(3)),
        ("!AtIndex [!AtIndex [!Context matrix, 0], 1]", json!("b")),
        (r#"!ParseJSON '{"a": [1, null]}'"#, json!({"a": [1, null]})),
        ("!ParseJSON [!Format ['[%d]', 1]]", json!([1])),
        ("{deep: [{a: !Context text}]}", json!({"deep": [{"a": "foo"}]})),
    ];
    for (tag, wanted) in rows {
        assert_eq!(resolve(tag), Ok(wanted), "{tag}");
    }
}

#[test]
fn faults() {
    use ResolveErrorKind as E;
    let rows = [
        ("!KeyOf nobody", E::KeyOf("no earlier entry has the id \"nobody\"".into())),
        ("!Find [x.y, [a, b]]", E::Find("there is no model x.y".into())),
        ("!Find [5, [a, b]]", E::NotText { what: "the model", found: "5".into() }),
        ("!Format ['%s']", E::Format(FormatFault::TooFew)),
        ("!Format [5]", E::NotText { what: "the pattern", found: "5".into() }),
        ("!Enumerate [5, SEQ, x]", E::NotIterable("5".into())),
        ("!Enumerate [[1], MAP, x]", E::BadBody("x".into())),
        ("!Enumerate [[1], MAP, [1, 2, 3]]", E::BadBody("[1, 2, 3]".into())),
        ("!Value 0", E::NoLoop { tag: "Value", depth: 0, available: 0 }),
        ("!Enumerate [[1], SEQ, !Index 1]", E::NoLoop { tag: "Index", depth: 1, available: 1 }),
        (
            "!Enumerate [!Format ['%s', !Value 0], SEQ, x]",
            E::LoopNotRunning { tag: "Value", depth: 0 },
        ),
        ("!AtIndex [!Context sequence, 9]", E::NoElement("9".into())),
        ("!AtIndex [!Context sequence, one]", E::BadIndex("one".into())),
        ("!AtIndex [!Context number, 1]", E::NotIndexable("3".into())),
        ("!Context circle", E::Circle("circle".into())),
    ];
    for (tag, wanted) in rows {
        assert_eq!(resolve(tag), Err(wanted), "{tag}");
    }
    assert!(matches!(resolve("!ParseJSON '{'"), Err(E::Json(_))));
}

#[test]
fn growth_is_bounded() {
    let ten = "[0,1,2,3,4,5,6,7,8,9]";
    let mut value = "x".to_owned();
    for _ in 0..7 {
        value = format!("!Enumerate [{ten}, SEQ, {value}]");
    }
    assert_eq!(resolve(&value), Err(ResolveErrorKind::TooLarge));
}

#[test]
fn errors_name_the_field() {
    let file = Document::parse(
        "t",
        "entries:\n- model: a.b\n  attrs:\n    list: [1, {k: !KeyOf nobody}]\n",
    )
    .unwrap();
    let entry = file.entries.first().unwrap().clone();
    let error = Resolver::new(&Small, &[]).members("attrs", &entry.attrs).unwrap_err();
    assert_eq!(error.field, "attrs.list[1].k");
    assert_eq!(error.at.line, 4);
}

#[test]
fn everything_at_once() {
    let file = Document::parse("everything.yaml", include_str!("everything.yaml")).unwrap();
    let entry = file.entries.first().unwrap();
    let attrs = Resolver::new(&Small, &file.context).members("attrs", &entry.attrs).unwrap();
    let wanted = json!({
        "key": "key-of-flow",
        "found": "found",
        "not_found": null,
        "slug": "known",
        "greeting": "hello night",
        "environment": "value",
        "fallback": ["night"],
        "file": "from file",
        "parsed": {"deep": [1, {"er": true}]},
        "shift": {"from": 14, "to": 22},
        "all_true": true,
        "odd": true,
        "none": true,
        "choice": {"keep": ["night"]},
        "numbered": ["00-ada", "01-grace", "02-alan"],
        "letters": ["n", "i", "g", "h", "t"],
        "permissions": ["east.view_12", "west.view_7"],
        "sizes": {"room_east": {"desks": 12, "big": true}, "room_west": {"desks": 7, "big": true}},
        "merged": {"names": ["ada", "grace", "alan"], "last": "alan"},
        "desks": {"ground": ["0/ground/1", "0/ground/2"], "first": ["1/first/3"]},
        "last": "alan",
        "beyond": 3,
        "words": [true, "yes", 15, "017", 1000, 31, 90, null, "2026-11-23"],
    });
    assert_eq!(Json::Object(attrs), wanted);
}
