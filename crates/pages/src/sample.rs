//! A frame and a scene filled in: for tests, for looking at, for the documentation.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::BasePath;
use countersign_words::Language;

use crate::page::{Errors, Form, Frame, Link, PageDef, Person, Scene};

/// The pages of this crate.
pub const PAGES: &[PageDef] = &[
    PageDef::of::<crate::AutosubmitChallenge>(),
    PageDef::of::<crate::Confirm>(),
    PageDef::of::<crate::Denied>(),
    PageDef::of::<crate::Message>(),
];

#[must_use]
pub fn frame() -> Frame {
    let link = |name: &str, href: &str| Link { name: name.to_owned(), href: href.to_owned() };
    Frame {
        links: vec![link("Example GmbH", ""), link("Help", "https://example.org/help")],
        ..Frame::new("Countersign")
    }
}

/// In the middle of a flow, after an answer that was refused.
#[must_use]
pub fn scene() -> Scene {
    let person = Person {
        name: "Uma Martin".to_owned(),
        detail: "uma@example.org".to_owned(),
        avatar: Some("/static/dist/assets/images/user_default.png".to_owned()),
    };
    let refused = vec!["Invalid password".to_owned()];
    Scene {
        title: "Welcome to authentik!".to_owned(),
        purpose: "to continue to Flask SSO App".to_owned(),
        application: "Flask SSO App".to_owned(),
        brand: "Countersign".to_owned(),
        flow: "default-authentication-flow".to_owned(),
        designation: "authentication".to_owned(),
        form: Form {
            action: "/if/flow/default-authentication-flow/?next=%2F".to_owned(),
            csrf: "proof".to_owned(),
            multipart: false,
        },
        errors: Errors {
            form: vec!["These answers are not accepted.".to_owned()],
            fields: BTreeMap::from([("password".to_owned(), refused.clone())]),
            all: refused,
        },
        typed: BTreeMap::from([("uid_field".to_owned(), "uma".to_owned())]),
        person: Some(person.clone()),
        signed_in: Some(person),
        background: String::new(),
        cancel_url: "/flows/-/cancel/".to_owned(),
        trace: "7F3K-92QD".to_owned(),
        why_url: Some("/if/admin/".to_owned()),
        inspector: Some("/api/v3/flows/inspector/default-authentication-flow/".to_owned()),
        language: Language::default(),
    }
}

/// Draws every sample of pages, in the middle of a flow and by itself, and says what is wrong with
/// them: nothing may be inline, every form carries its proof, and the same page is drawn alike.
///
/// # Errors
/// The page and what is wrong with it.
pub fn check(pages: &[PageDef]) -> Result<(), String> {
    let renderer = crate::Pages::new().map_err(|error| error.to_string())?;
    for def in pages {
        let samples = (def.samples)();
        if samples.is_empty() {
            return Err(format!("{} has no samples", def.component));
        }
        for page in samples {
            for scene in [scene(), Scene::default()] {
                let name = def.component;
                let draw = || renderer.render(&frame(), &scene, &*page);
                let html = draw().map_err(|error| format!("{name}: {error:?}"))?;
                let below = frame().below(&BasePath::new("/below/"));
                let below = renderer.render(&below, &scene, &*page);
                let below = below.map_err(|error| format!("{name}: {error:?}"))?;
                let count = |text: &str| html.matches(text).count();
                let proofs = count("<form") - count("data-submit");
                for (fault, found) in [
                    ("is not drawn alike twice", draw().ok().as_ref() != Some(&html)),
                    ("has inline code", count(" style=") + count(" onclick") > 0),
                    ("is not in the layout", count("<h1>") != 1 || count("lang=\"en\"") != 1),
                    (
                        "has a script of its own",
                        count("<script") != count("<script src=\"&#x2f;static&#x2f;pages&#x2f;"),
                    ),
                    ("has a form without proof", proofs != count("name=\"csrf\"")),
                    ("leads out of the path it is below", leads_out(&below)),
                    ("shows what it does not have", count("\"None\"") + count(">None<") > 0),
                ] {
                    if found {
                        return Err(format!("{name} {fault}:\n{html}"));
                    }
                }
                if page.json().get("component") != Some(&name.into()) {
                    return Err(format!("{name} is called otherwise in its JSON"));
                }
            }
        }
    }
    Ok(())
}

/// What the samples show that is no text of the catalogue: their data, or a text that was forgotten.
/// Pages are drawn in a language without a plain letter in it.
///
/// # Errors
/// A page that cannot be drawn.
pub fn data(pages: &[PageDef]) -> Result<BTreeSet<String>, String> {
    let renderer = crate::Pages::new().map_err(|error| error.to_string())?;
    let frame = frame().in_language(Language::Pseudo);
    let mut found = BTreeSet::new();
    for def in pages {
        for page in (def.samples)() {
            let drawn = renderer.render(&frame, &scene(), &*page);
            let html = drawn.map_err(|error| format!("{}: {error:?}", def.component))?;
            let body = html.split_once("<main>").map_or("", |(_, body)| body);
            found.extend(texts(body).filter(|text| is_plain(text)).map(str::to_owned));
        }
    }
    Ok(found)
}

/// What is between tags, and what is read out or shown of them.
fn texts(html: &str) -> impl Iterator<Item = &str> {
    const SHOWN: [&str; 3] = [" alt=\"", " aria-label=\"", " placeholder=\""];
    html.split('<').flat_map(|part| {
        let (tag, text) = part.split_once('>').unwrap_or_default();
        let named = SHOWN.into_iter().filter_map(|name| tag.split_once(name)?.1.split('"').next());
        named.chain([text]).map(str::trim).collect::<Vec<_>>()
    })
}

/// Has a word, and none of the letters that stand for ours.
fn is_plain(text: &str) -> bool {
    let word = text.split(|letter: char| !letter.is_ascii_alphabetic()).any(|word| word.len() > 2);
    word && !text.chars().any(|letter| !letter.is_ascii() && letter.is_alphabetic())
}

/// Whether an address of this server is written without the path that it is below.
fn leads_out(html: &str) -> bool {
    let html = html.replace("&#x2f;", "/");
    ["href=\"/", "src=\"/", "action=\"/", "url=/"].iter().any(|mark| {
        let rest = html.split(mark).skip(1);
        rest.into_iter().any(|rest| !rest.starts_with("below/") && !rest.starts_with('/'))
    })
}

/// A component's name is one page's only.
///
/// # Errors
/// The name that two pages have.
pub fn distinct(pages: &[PageDef]) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    match pages.iter().find(|def| !seen.insert(def.component)) {
        None => Ok(()),
        Some(def) => Err(format!("two pages are called {}", def.component)),
    }
}
