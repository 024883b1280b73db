//! The catalogues are whole: what the program says is in each of them, with every variable and
//! every form of the language, and nothing else is.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use countersign_words::Language;
use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey,
};
use fluent_syntax::parser;
use regex::Regex;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One text: its words without what fills it, the names of its places, and the forms it has.
#[derive(Default)]
struct Said {
    words: String,
    places: BTreeSet<String>,
    forms: Option<BTreeSet<String>>,
}

impl Said {
    fn read(&mut self, pattern: &Pattern<String>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.words += value,
                PatternElement::Placeable { expression } => self.place(expression),
            }
        }
    }

    fn place(&mut self, expression: &Expression<String>) {
        match expression {
            Expression::Inline(inline) => self.name(inline),
            Expression::Select { selector, variants } => {
                self.name(selector);
                let key = |key: &VariantKey<String>| match key {
                    VariantKey::Identifier { name } => name.clone(),
                    VariantKey::NumberLiteral { value } => value.clone(),
                };
                self.forms = Some(variants.iter().map(|variant| key(&variant.key)).collect());
                // Each form says all of it: the last stands for its length.
                let before = self.words.clone();
                for variant in variants {
                    self.words.clone_from(&before);
                    self.read(&variant.value);
                }
            }
        }
    }

    fn name(&mut self, inline: &InlineExpression<String>) {
        if let InlineExpression::VariableReference { id } = inline {
            self.places.insert(id.name.clone());
        }
    }
}

fn catalogue(language: Language) -> BTreeMap<String, Said> {
    let tag = language.tag();
    let text = std::fs::read_to_string(root().join(format!("locales/{tag}.ftl"))).unwrap();
    let read = parser::parse(text).unwrap_or_else(|(_, errors)| panic!("{tag}: {errors:?}"));
    let mut all = BTreeMap::new();
    for entry in read.body {
        match entry {
            Entry::Message(message) => {
                let mut said = Said::default();
                said.read(&message.value.unwrap());
                let twice = all.insert(message.id.name.clone(), said).is_some();
                assert!(!twice, "{tag}: {} is there twice", message.id.name);
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            other => panic!("{tag}: {other:?}"),
        }
    }
    all
}

/// What whole numbers and fractions need (CLDR).
fn forms(language: Language) -> &'static [&'static str] {
    match language {
        Language::Ja | Language::Ko | Language::ZhHans | Language::ZhHant => &["other"],
        Language::Es | Language::Fr | Language::It | Language::PtBr => &["many", "one", "other"],
        Language::Pl | Language::Ru => &["few", "many", "one", "other"],
        _ => &["one", "other"],
    }
}

/// Texts that are names, or the same word in several languages.
const NAMES: [&str; 3] = ["upn-label", "class-duo", "ui-token"];

#[test]
fn every_language_says_everything_with_every_variable_and_form() {
    let english = catalogue(Language::En);
    let mut faults = Vec::new();
    for language in Language::ALL {
        let (tag, own) = (language.tag(), catalogue(language));
        faults.extend(
            english
                .keys()
                .filter(|key| !own.contains_key(*key))
                .map(|key| format!("{tag}: {key} is missing")),
        );
        faults.extend(
            own.keys()
                .filter(|key| !english.contains_key(*key))
                .map(|key| format!("{tag}: {key} is nothing in English")),
        );
        for (key, said) in &own {
            let Some(of) = english.get(key) else { continue };
            if said.places != of.places {
                faults.push(format!(
                    "{tag}: {key} has the places {:?}, English {:?}",
                    said.places, of.places
                ));
            }
            let wanted: BTreeSet<String> =
                forms(language).iter().map(|&form| form.to_owned()).collect();
            if said.forms.as_ref().is_some_and(|forms| *forms != wanted) {
                faults.push(format!("{tag}: {key} has the forms {:?}, not {wanted:?}", said.forms));
            }
            if of.forms.is_some() && said.forms.is_none() {
                faults.push(format!("{tag}: {key} has one form for all numbers"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_language_is_english_or_much_longer() {
    let english = catalogue(Language::En);
    for language in Language::ALL.into_iter().filter(|language| *language != Language::En) {
        let (tag, own) = (language.tag(), catalogue(language));
        let named = |key: &str| NAMES.contains(&key);
        let same: Vec<_> = own
            .iter()
            .filter(|(key, said)| {
                !named(key)
                    && said.words == english[*key].words
                    && said.words.chars().any(char::is_alphabetic)
            })
            .map(|(key, _)| key)
            .collect();
        assert!(same.len() * 100 <= own.len() * 3, "{tag} says in English: {same:?}");
        let length = |said: &Said| said.words.chars().count();
        // A word may be twenty letters long whatever it is in English.
        let long: Vec<_> = own
            .iter()
            .filter(|(key, said)| {
                length(said) > 20 && 2 * length(said) > 5 * length(&english[*key])
            })
            .map(|(key, _)| key)
            .collect();
        assert!(long.is_empty(), "{tag} takes too much room: {long:?}");
    }
}

/// Files of the program that say something, without its tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["crates", "web/src"].iter().map(|name| root().join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "tests", "node_modules", "examples", "bench"]
                    .contains(&name.as_str())
                {
                    folders.push(path);
                }
            } else if ["rs", "html", "txt", "js", "ts", "svelte"]
                .iter()
                .any(|end| name.ends_with(&format!(".{end}")))
                && !name.contains("test")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                files.push((path, text));
            }
        }
    }
    files
}

#[test]
fn every_text_that_is_said_is_there_and_every_text_that_is_there_is_said() {
    let english = catalogue(Language::En);
    let call = Regex::new(r#"(?:\bt|\bhtml|\.say)\(\s*["']([a-z][a-z0-9-]+)["']"#).unwrap();
    let (mut said, mut missing) = (BTreeSet::new(), Vec::new());
    let sources = sources();
    let quoted = Regex::new(r#"["']([a-z][a-z0-9_-]+)["']"#).unwrap();
    for (path, text) in &sources {
        said.extend(quoted.captures_iter(text).map(|found| found[1].to_owned()));
        let keys = call.captures_iter(text).map(|found| found[1].to_owned());
        missing.extend(
            keys.filter(|key| !english.contains_key(key))
                .map(|key| format!("{}: {key}", path.display())),
        );
    }
    assert!(missing.is_empty(), "missing texts:\n{}", missing.join("\n"));
    // Scripts make the end of a name, and shipped objects say some.
    let made = |key: &str| {
        ["strength-", "error-change-", "error-password-short", "error-wait-one"]
            .iter()
            .any(|of| key.starts_with(of))
    };
    // A sentence that the program has in English itself is found by it.
    let all: String = sources.iter().map(|(_, text)| text.as_str()).collect();
    let glued = Regex::new(r"\\\n\s*").unwrap().replace_all(&all, "").into_owned();
    let raw: BTreeMap<String, String> = raw_english();
    let found = |key: &str| {
        let pieces = raw[key].split('\u{1}').map(str::trim).filter(|piece| piece.len() > 2);
        pieces.max_by_key(|piece| piece.len()).is_some_and(|piece| glued.contains(piece))
    };
    let unused: Vec<_> =
        english.keys().filter(|key| !said.contains(*key) && !made(key) && !found(key)).collect();
    assert!(unused.is_empty(), "texts that nothing says: {unused:?}");
}

/// English with a mark in each place.
fn raw_english() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("locales/en.ftl")).unwrap();
    let place = Regex::new(r"\{[^}]*\}").unwrap();
    let line = Regex::new(r"(?m)^([a-z][\w-]*) = (.*)$").unwrap();
    let entry = |found: regex::Captures<'_>| {
        (found[1].to_owned(), place.replace_all(&found[2], "\u{1}").into_owned())
    };
    line.captures_iter(&text).map(entry).collect()
}

/// Sentences for people in code whose English is also what programs are told.
#[test]
fn sentences_in_the_code_are_in_the_catalogue() {
    let patterns = [
        r#"Step::deny\(\s*"([^"]+)""#,
        r#"Message::new\(\s*"([^"]+)""#,
        r#"\.action\(\s*"([^"]+)""#,
        r#"again_label: "([^"]+)""#,
        r#"\.text\(\s*"([^"]+)""#,
        r#"(?:title|subtitle|text|action): "([^"]+)"\.to_owned"#,
    ];
    let patterns = patterns.map(|pattern| Regex::new(pattern).unwrap());
    let sample = Regex::new(r"(?s)fn samples\(\).*?\n    \}\n").unwrap();
    let mut missing = BTreeSet::new();
    for (path, text) in sources() {
        let own = ["crates/flow/", "crates/oauth2/", "crates/saml-provider/"];
        if !own.iter().any(|part| path.to_string_lossy().contains(part)) {
            continue;
        }
        let text = sample.replace_all(&text, "");
        for found in patterns.iter().flat_map(|pattern| pattern.captures_iter(&text)) {
            let english = &found[1];
            let spoken = english.contains(' ')
                && !english.contains('{')
                && !FOR_ADMINISTRATORS.contains(&english);
            if spoken && Language::De.known(english).is_none() {
                missing.insert(format!("{}: {english}", path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// What only they can meet, or what says what they have to mend.
const FOR_ADMINISTRATORS: [&str; 5] = [
    "A policy that checks these answers was deleted. An administrator has to choose anew.",
    "It was built without the web folder. Build the web interface first, then the program.",
    "No pending user.",
    "The interface is not part of this program",
    "The redirect leads nowhere.",
];

/// The list of terms in `docs/languages.md`: what is called by one word, is by the same everywhere.
#[test]
fn the_terms_are_those_of_the_list() {
    let page = std::fs::read_to_string(root().join("docs/languages.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut checked = 0;
    for row in rows.iter().filter(|row| row.len() == Language::ALL.len() + 1) {
        let order = [
            Language::En,
            Language::De,
            Language::Fr,
            Language::Es,
            Language::It,
            Language::Nl,
            Language::Pl,
            Language::PtBr,
            Language::Tr,
            Language::Ru,
            Language::Ja,
            Language::Ko,
            Language::ZhHans,
            Language::ZhHant,
        ];
        for key in row[0].split(' ').map(|key| key.trim_matches('`')) {
            for (language, word) in order.into_iter().zip(&row[1..]) {
                let said = language.t(key).to_lowercase();
                assert!(
                    word.to_lowercase().split(" / ").any(|word| said.contains(word)),
                    "{}: {key} is \"{said}\", not by the term \"{word}\"",
                    language.tag()
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 300, "{checked}");
}
