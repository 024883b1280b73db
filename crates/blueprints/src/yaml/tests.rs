use serde_json::json;

use super::*;

fn tree(text: &str) -> Node {
    parse(text).unwrap().unwrap()
}

#[test]
fn plain_words_follow_yaml_1_1() {
    let rows = [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("yEs", json!("yEs")),
        ("y", json!("y")),
        ("~", json!(null)),
        ("", json!(null)),
        ("Null", json!(null)),
        ("017", json!(15)),
        ("089", json!("089")),
        ("0o17", json!("0o17")),
        ("0x1F", json!(31)),
        ("0b101", json!(5)),
        ("1_000", json!(1000)),
        ("-3", json!(-3)),
        ("+3", json!(3)),
        ("0", json!(0)),
        ("1:30", json!(90)),
        ("1:70", json!("1:70")),
        ("09:30", json!("09:30")),
        ("1.5", json!(1.5)),
        (".5", json!(0.5)),
        ("-.5", json!("-.5")),
        ("1.", json!(1.0)),
        ("1e3", json!("1e3")),
        ("1.5e+3", json!(1500.0)),
        ("1.5e3", json!("1.5e3")),
        (".inf", json!(".inf")),
        ("2025.4.0", json!("2025.4.0")),
        ("2025-01-01", json!("2025-01-01")),
        ("minutes=5", json!("minutes=5")),
        ("99999999999999999999999", json!("99999999999999999999999")),
    ];
    for (text, meaning) in rows {
        assert_eq!(plain(text), meaning, "{text:?}");
    }
}

#[test]
fn quoting_and_types_make_text() {
    assert_eq!(
        tree("[ 'yes', \"1\", !!str 5, !!int '7', ! 8 ]").to_json(),
        json!(["yes", "1", "5", 7, "8"])
    );
    assert_eq!(
        tree("a: |\n  one\n  two\nb: >\n  one\n  two\n").to_json(),
        json!({"a": "one\ntwo\n", "b": "one two\n"})
    );
    assert_eq!(
        parse("!!python/object:os.system x").unwrap_err().kind,
        YamlErrorKind::UnsupportedType("python/object:os.system".into())
    );
}

#[test]
fn tags_and_places_are_kept() {
    let node = tree("entries:\n- target: !KeyOf flow\n  found: !Find [a.b, [slug, x]]\n");
    let entry = match &node.member("entries").unwrap().content {
        Content::List(items) => items.first().unwrap().clone(),
        _ => Node { at: Position::default(), tag: None, content: Content::List(Vec::new()) },
    };
    let target = entry.member("target").unwrap();
    assert_eq!(target.tag.as_deref(), Some("KeyOf"));
    assert_eq!(target.text(), Some("flow"));
    assert_eq!(target.at.line, 2);
    let found = entry.member("found").unwrap();
    assert_eq!(found.tag.as_deref(), Some("Find"));
    assert_eq!(found.at.line, 3);
}

#[test]
fn a_tagged_scalar_keeps_its_text() {
    // Resolved as text: an id of digits is still an id.
    let node = tree("!KeyOf 007");
    assert_eq!(node.text(), Some("007"));
}

#[test]
fn merge_keys_and_aliases() {
    let node = tree(
        "base: &b {a: 1, b: 2}\nother: &o {b: 9, c: 3}\nboth:\n  <<: [*b, *o]\n  a: own\nquoted: {'<<': 1}\n",
    );
    assert_eq!(node.member("both").unwrap().to_json(), json!({"a": "own", "b": 2, "c": 3}));
    assert_eq!(node.member("quoted").unwrap().to_json(), json!({"<<": 1}));
    assert_eq!(parse("a: &a 1\nb:\n  <<: *a\n").unwrap_err().kind, YamlErrorKind::BadMerge);
}

#[test]
fn later_keys_win_and_keys_are_text() {
    assert_eq!(
        tree("{a: 1, a: 2, 5: five, true: t}").to_json(),
        json!({"a": 2, "5": "five", "true": "t"})
    );
    assert_eq!(parse("{[a]: 1}").unwrap_err().kind, YamlErrorKind::BadKey);
}

#[test]
fn json_is_yaml() {
    assert_eq!(
        tree(r#"{"version": 1, "entries": [{"model": "x", "attrs": {"a": null}}]}"#).to_json(),
        json!({"version": 1, "entries": [{"model": "x", "attrs": {"a": null}}]})
    );
}

#[test]
fn bombs_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let previous = level - 1;
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{previous}"); 10].join(", ")
        ));
    }
    assert_eq!(parse(&bomb).unwrap_err().kind, YamlErrorKind::TooManyNodes);
    let deep = format!("{}{}", "- ".repeat(MAX_DEPTH + 1), "x");
    assert_eq!(parse(&deep).unwrap_err().kind, YamlErrorKind::TooDeep);
    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..70 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(parse(&chain).unwrap_err().kind, YamlErrorKind::TooDeep);
    assert_eq!(parse("a: &a [*a]").unwrap_err().kind, YamlErrorKind::RecursiveAlias);
    assert_eq!(parse(&"x".repeat(MAX_BYTES + 1)).unwrap_err().kind, YamlErrorKind::TooLarge);
    assert!(matches!(
        parse(&"[".repeat(5000)).unwrap_err().kind,
        YamlErrorKind::TooDeep | YamlErrorKind::Syntax(_)
    ));
}

#[test]
fn broken_text_names_its_place() {
    let error = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
    assert!(matches!(error.kind, YamlErrorKind::Syntax(_)));
    assert!(error.at.line >= 2, "{error}");
    assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap_err().kind, YamlErrorKind::SecondDocument);
    assert!(matches!(parse("a: *nobody").unwrap_err().kind, YamlErrorKind::Syntax(_)));
    assert_eq!(parse("").unwrap(), None);
    assert_eq!(
        parse("# only a comment\n").unwrap().map(|node| node.to_json()).unwrap_or_default(),
        json!(null)
    );
}
