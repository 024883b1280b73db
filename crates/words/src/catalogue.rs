//! The files, the texts in them, and how English sentences are found again.

use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use unic_langid::LanguageIdentifier;

use crate::language::Language;
use crate::pseudo;

/// What fills a place in a text. A number chooses the form of the words around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    Text(String),
    Number(i64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Arg {
        Arg::Number(number)
    }
}

type Bundle = FluentBundle<&'static FluentResource>;

macro_rules! files {
    ($($language:ident: $file:literal),* $(,)?) => {
        impl Language {
            fn resource(self) -> &'static FluentResource {
                match self {
                    $(Language::$language => {
                        static FILE: LazyLock<FluentResource> =
                            LazyLock::new(|| read(include_str!(concat!("../../../locales/", $file))));
                        &FILE
                    })*
                    Language::Pseudo | Language::PseudoRtl => Language::En.resource(),
                }
            }

            fn bundle(self) -> &'static Bundle {
                match self {
                    $(Language::$language => {
                        static BUNDLE: LazyLock<Bundle> =
                            LazyLock::new(|| bundle(Language::$language));
                        &BUNDLE
                    })*
                    // They differ in the direction of the page only.
                    Language::Pseudo | Language::PseudoRtl => {
                        static BUNDLE: LazyLock<Bundle> =
                            LazyLock::new(|| bundle(Language::Pseudo));
                        &BUNDLE
                    }
                }
            }
        }
    };
}

files! {
    De: "de.ftl",
    En: "en.ftl",
    Es: "es.ftl",
    Fr: "fr.ftl",
    It: "it.ftl",
    Ja: "ja.ftl",
    Ko: "ko.ftl",
    Nl: "nl.ftl",
    Pl: "pl.ftl",
    PtBr: "pt-BR.ftl",
    Ru: "ru.ftl",
    Tr: "tr.ftl",
    ZhHans: "zh-Hans.ftl",
    ZhHant: "zh-Hant.ftl",
}

/// A file with a mistake gives what can be read of it; a test refuses it.
fn read(text: &'static str) -> FluentResource {
    match FluentResource::try_new(text.to_owned()) {
        Ok(read) | Err((read, _)) => read,
    }
}

fn bundle(language: Language) -> Bundle {
    let tag = if language == Language::Pseudo { "en" } else { language.tag() };
    let mut bundle =
        Bundle::new_concurrent(vec![tag.parse::<LanguageIdentifier>().unwrap_or_default()]);
    // The marks would be part of what people copy, and none of our languages runs both ways.
    bundle.set_use_isolating(false);
    if language == Language::Pseudo {
        bundle.set_transform(Some(pseudo::strange));
    }
    // A name that is there twice keeps its first text; a test refuses it.
    let _ = bundle.add_resource(language.resource());
    bundle
}

impl Language {
    /// The text of this name, with its places filled in. One that this language lacks is English.
    #[must_use]
    pub fn say(self, key: &str, args: &[(&str, Arg)]) -> String {
        let args: FluentArgs<'_> = args
            .iter()
            .map(|(name, arg)| {
                let value = match arg {
                    Arg::Text(text) => FluentValue::from(text.as_str()),
                    Arg::Number(number) => FluentValue::from(*number),
                };
                (*name, value)
            })
            .collect();
        self.format(key, &args)
            .or_else(|| Language::En.format(key, &args))
            .unwrap_or_else(|| key.to_owned())
    }

    /// As [`say`](Self::say), for what has no places.
    #[must_use]
    pub fn t(self, key: &str) -> String {
        self.say(key, &[])
    }

    /// So many seconds, in the largest unit that says it well: "30 minutes".
    #[must_use]
    pub fn duration(self, seconds: i64) -> String {
        let seconds = seconds.abs();
        let (key, count) = match seconds {
            0..60 => ("duration-seconds", seconds),
            60..7200 => ("duration-minutes", seconds / 60),
            7200..172_800 => ("duration-hours", seconds / 3600),
            _ => ("duration-days", seconds / 86_400),
        };
        self.say(key, &[("count", count.into())])
    }

    fn format(self, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let bundle = self.bundle();
        let pattern = bundle.get_message(key)?.value()?;
        Some(bundle.format_pattern(pattern, Some(args), &mut Vec::new()).into_owned())
    }

    /// An English text in this language, if it is one of ours, else as it is.
    #[must_use]
    pub fn of(self, english: &str) -> String {
        self.known(english).unwrap_or_else(|| english.to_owned())
    }

    /// An English text in this language, if it is one of ours.
    #[must_use]
    pub fn known(self, english: &str) -> Option<String> {
        static KNOWN: LazyLock<Known> = LazyLock::new(Known::new);
        let (key, found) = KNOWN.find(english)?;
        let args: FluentArgs<'_> = found
            .into_iter()
            .map(|(name, text)| {
                let number = text.parse::<i64>().map(FluentValue::from);
                let value = number.unwrap_or_else(|_| FluentValue::from(text));
                (name, value)
            })
            .collect();
        self.format(key, &args)
    }
}

/// English texts by what they say.
struct Known {
    whole: HashMap<&'static str, &'static str>,
    /// With places: key, and its parts in their order.
    parts: Vec<(&'static str, Vec<Part>)>,
}

enum Part {
    Words(&'static str),
    Place(&'static str),
}

impl Known {
    fn new() -> Known {
        let mut known = Known { whole: HashMap::new(), parts: Vec::new() };
        for entry in Language::En.resource().entries() {
            let Entry::Message(message) = entry else { continue };
            let (key, Some(pattern)) = (message.id.name, &message.value) else { continue };
            // Neither is met again: the interface's texts are its own, mails are only sent.
            if key.starts_with("ui-") || key.starts_with("mail-") {
                continue;
            }
            let Some(parts) = parts(pattern) else { continue };
            if let [Part::Words(words)] = parts.as_slice() {
                known.whole.entry(words).or_insert(key);
            } else if is_telling(&parts) {
                known.parts.push((key, parts));
            }
        }
        known
    }

    fn find<'a>(&self, text: &'a str) -> Option<(&'static str, Vec<(&'static str, &'a str)>)> {
        if let Some(key) = self.whole.get(text) {
            return Some((key, Vec::new()));
        }
        self.parts.iter().find_map(|(key, parts)| Some((*key, fitted(parts, text)?)))
    }
}

/// Whether the words around the places are so many that nobody else's text has them by chance.
fn is_telling(parts: &[Part]) -> bool {
    let letters: usize =
        parts.iter().map(|part| if let Part::Words(words) = part { words.len() } else { 0 }).sum();
    let begins = matches!(parts.first(), Some(Part::Words(_)));
    letters >= if begins { 6 } else { 12 }
}

/// The parts of a text without choices.
fn parts(pattern: &'static Pattern<&'static str>) -> Option<Vec<Part>> {
    pattern
        .elements
        .iter()
        .map(|element| match element {
            PatternElement::TextElement { value } => Some(Part::Words(value)),
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::VariableReference { id }),
            } => Some(Part::Place(id.name)),
            PatternElement::Placeable { .. } => None,
        })
        .collect()
}

/// What stands in the places, if the text is made of these parts.
fn fitted<'a>(parts: &[Part], text: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let (mut rest, mut found, mut left) = (text, Vec::new(), parts);
    while let [part, after @ ..] = left {
        left = after;
        match part {
            Part::Words(words) => rest = rest.strip_prefix(words)?,
            Part::Place(name) => {
                let end = match after {
                    // The last words end the text, so that a place may hold them, too.
                    [Part::Words(words)] => rest.strip_suffix(words).map(str::len)?,
                    [Part::Words(words), ..] => rest.find(words)?,
                    [Part::Place(_), ..] => return None,
                    [] => rest.len(),
                };
                let (value, others) =
                    rest.split_at_checked(end).filter(|(value, _)| !value.is_empty())?;
                found.push((*name, value));
                rest = others;
            }
        }
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_its_words_around_the_places() {
        let parts = [
            Part::Words("Wait "),
            Part::Place("n"),
            Part::Words(" s, "),
            Part::Place("who"),
            Part::Words("."),
        ];
        assert_eq!(fitted(&parts, "Wait 5 s, U. M.."), Some(vec![("n", "5"), ("who", "U. M.")]));
        for other in ["Wait 5 s, .", "Wait  s, x.", "Wait 5 s, x", "wait 5 s, x.", ""] {
            assert_eq!(fitted(&parts, other), None, "{other}");
        }
    }

    #[test]
    fn what_others_wrote_is_left_alone() {
        for text in ["this or that", "Go", "Price (new)", "Ask Uma or Percy.", ""] {
            assert_eq!(Language::De.known(text), None, "{text}");
        }
        // A name that is also a text of ours stays a name.
        let said = Language::De.say("go-to", &[("app", "Help".into())]);
        assert_eq!(Language::De.of("Go to Help"), said);
        let wait = Language::Pl.of("Too many attempts. Try again in 22 seconds.");
        assert!(wait.contains("22 sekundy"), "{wait}");
    }

    #[test]
    fn a_name_that_is_nowhere_is_shown_itself() {
        assert_eq!(Language::De.t("no-such-text"), "no-such-text");
        assert_eq!(Language::De.of("Written by an administrator"), "Written by an administrator");
    }
}
