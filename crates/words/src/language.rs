//! The languages there are, and whose wish counts.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

/// As many entries of a list of languages are looked at.
const MOST_WISHES: usize = 20;

/// A language of the pages. The last two are English made strange, to see texts that were forgotten
/// or do not fit, and pages that run from right to left; nobody gets them without asking by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    De,
    #[default]
    En,
    Es,
    Fr,
    It,
    Ja,
    Ko,
    Nl,
    Pl,
    PtBr,
    Ru,
    Tr,
    ZhHans,
    ZhHant,
    Pseudo,
    PseudoRtl,
}

impl Language {
    /// Those that people can choose, by their tag.
    pub const ALL: [Language; 14] = [
        Language::De,
        Language::En,
        Language::Es,
        Language::Fr,
        Language::It,
        Language::Ja,
        Language::Ko,
        Language::Nl,
        Language::Pl,
        Language::PtBr,
        Language::Ru,
        Language::Tr,
        Language::ZhHans,
        Language::ZhHant,
    ];

    /// The tag of BCP 47, which is also the name of its file.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Language::De => "de",
            Language::En => "en",
            Language::Es => "es",
            Language::Fr => "fr",
            Language::It => "it",
            Language::Ja => "ja",
            Language::Ko => "ko",
            Language::Nl => "nl",
            Language::Pl => "pl",
            Language::PtBr => "pt-BR",
            Language::Ru => "ru",
            Language::Tr => "tr",
            Language::ZhHans => "zh-Hans",
            Language::ZhHant => "zh-Hant",
            Language::Pseudo => "en-XA",
            Language::PseudoRtl => "ar-XB",
        }
    }

    /// What it is called by those who speak it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Language::De => "Deutsch",
            Language::En => "English",
            Language::Es => "Español",
            Language::Fr => "Français",
            Language::It => "Italiano",
            Language::Ja => "日本語",
            Language::Ko => "한국어",
            Language::Nl => "Nederlands",
            Language::Pl => "Polski",
            Language::PtBr => "Português (Brasil)",
            Language::Ru => "Русский",
            Language::Tr => "Türkçe",
            Language::ZhHans => "简体中文",
            Language::ZhHant => "繁體中文",
            Language::Pseudo | Language::PseudoRtl => "Pseudo",
        }
    }

    /// What is stored in `settings.locale` for it: the original's values where it has the language.
    #[must_use]
    pub const fn stored(self) -> &'static str {
        match self {
            Language::ZhHans => "zh-hans",
            Language::ZhHant => "zh-hant",
            other => other.tag(),
        }
    }

    #[must_use]
    pub const fn is_rtl(self) -> bool {
        matches!(self, Language::PseudoRtl)
    }

    /// The language that a tag asks for, however it is written: `de`, `de_AT`, `zh_TW`, `pt`.
    #[must_use]
    pub fn matching(tag: &str) -> Option<Language> {
        let tag = tag.trim().replace('_', "-").to_ascii_lowercase();
        if let Some(named) = [Language::Pseudo, Language::PseudoRtl]
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(&tag))
        {
            return Some(named);
        }
        let mut parts = tag.split('-');
        let main = parts.next().unwrap_or_default();
        if main == "zh" {
            let traditional = parts.any(|part| matches!(part, "hant" | "tw" | "hk" | "mo"));
            return Some(if traditional { Language::ZhHant } else { Language::ZhHans });
        }
        Language::ALL
            .into_iter()
            .find(|language| language.tag().split('-').next().is_some_and(|own| own == main))
    }

    /// The first of a list of tags with spaces between (`ui_locales`, OpenID Connect Core 3.1.2.1).
    fn first_of(tags: &str) -> Option<Language> {
        tags.split_whitespace().take(MOST_WISHES).find_map(Language::matching)
    }

    /// The best of an `Accept-Language` header (RFC 9110 12.5.4).
    fn best_of(header: &str) -> Option<Language> {
        let mut wishes: Vec<(&str, f32)> = header
            .split(',')
            .take(MOST_WISHES)
            .filter_map(|entry| {
                let (tag, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
                let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
                let weight = weight.parse().unwrap_or(0.0);
                (weight > 0.0).then_some((tag, weight))
            })
            .collect();
        wishes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        wishes.into_iter().find_map(|(tag, _)| Language::matching(tag))
    }
}

/// As templates read it: `tag`, and `rtl`.
impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Language", 2)?;
        row.serialize_field("tag", self.tag())?;
        row.serialize_field("rtl", &self.is_rtl())?;
        row.end()
    }
}

/// Who wants which language; the first that we have counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// `ui_locales` of the request.
    pub request: Option<&'a str>,
    /// `settings.locale` of the person.
    pub person: Option<&'a str>,
    /// `settings.locale` of the brand.
    pub brand: Option<&'a str>,
    /// The browser's `Accept-Language`.
    pub browser: &'a str,
}

impl Wishes<'_> {
    #[must_use]
    pub fn language(&self) -> Language {
        self.request
            .and_then(Language::first_of)
            .or_else(|| self.person.and_then(Language::matching))
            .or_else(|| self.brand.and_then(Language::matching))
            .or_else(|| Language::best_of(self.browser))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_written_elsewhere() {
        for (tag, expected) in [
            ("de", Some(Language::De)),
            ("DE_at", Some(Language::De)),
            ("zh_TW", Some(Language::ZhHant)),
            ("zh-HK", Some(Language::ZhHant)),
            ("zh-hant", Some(Language::ZhHant)),
            ("zh-hans", Some(Language::ZhHans)),
            ("zh_CN", Some(Language::ZhHans)),
            ("zh", Some(Language::ZhHans)),
            ("pt", Some(Language::PtBr)),
            ("pt-BR", Some(Language::PtBr)),
            ("en-US", Some(Language::En)),
            ("en-XA", Some(Language::Pseudo)),
            ("ar-XB", Some(Language::PseudoRtl)),
            ("ar", None),
            ("fi", None),
            ("", None),
            ("*", None),
        ] {
            assert_eq!(Language::matching(tag), expected, "{tag}");
        }
        for language in Language::ALL {
            assert_eq!(Language::matching(language.tag()), Some(language));
            assert_eq!(Language::matching(language.stored()), Some(language));
        }
    }

    #[test]
    fn the_first_wish_that_can_be_met_counts() {
        let all =
            Wishes { request: Some("xx fr"), person: Some("it"), brand: Some("nl"), browser: "pl" };
        assert_eq!(all.language(), Language::Fr);
        assert_eq!(Wishes { request: Some("xx"), ..all }.language(), Language::It);
        assert_eq!(Wishes { request: None, person: Some(""), ..all }.language(), Language::Nl);
        let browser = |browser| Wishes { browser, ..Wishes::default() }.language();
        assert_eq!(browser("fi, ru;q=0.5, ja;q=0.9"), Language::Ja);
        assert_eq!(browser("de;q=0, tr"), Language::Tr);
        assert_eq!(browser("de-CH,de;q=0.9,en;q=0.8"), Language::De);
        assert_eq!(browser(";;q=,,*"), Language::En);
        assert_eq!(browser(""), Language::En);
    }
}
