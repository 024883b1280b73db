//! The expressions of the original's blueprints are taken as they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use countersign_policy::expression::{Program, parse};
use serde_json::Value;

#[test]
fn all_73_expressions_of_the_originals_blueprints_load_unchanged() {
    let shipped: Vec<Value> =
        serde_json::from_str(include_str!("../../python/tests/shipped.json")).unwrap();
    assert_eq!(shipped.len(), 73);
    let mut native = 0;
    for each in &shipped {
        let text = each.get("text").and_then(Value::as_str).unwrap();
        match parse(text) {
            Ok(Program::Native(_)) => native += 1,
            Ok(Program::Python(_)) => {}
            Err(error) => panic!("{}: {error}\n{text}", each.get("file").unwrap()),
        }
    }
    assert!(native > 10, "those that every sign-in asks run natively: {native}");
}
