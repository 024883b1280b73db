//! Says of each expression file whether it would be accepted: `cargo run -p countersign-policy
//! --example unrecognised FILE...` (standard input without files). Prints the fingerprint, and the
//! reason of a refusal.

use std::io::Read as _;

use countersign_policy::expression::{fingerprint, parse};

fn main() -> std::io::Result<()> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let mut texts = Vec::new();
    for file in &files {
        texts.push((file.clone(), std::fs::read_to_string(file)?));
    }
    if texts.is_empty() {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        texts.push(("-".to_owned(), text));
    }
    for (name, text) in texts {
        match parse(&text) {
            Ok(program) => println!("{name}: {} {program:?}", fingerprint(&text)),
            Err(error) => println!("{name}: {} REFUSED {error}", fingerprint(&text)),
        }
    }
    Ok(())
}
