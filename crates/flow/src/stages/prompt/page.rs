//! The page of questions.

use std::borrow::Cow;
use std::iter;

use countersign_pages::{Page, Scene};
use countersign_policy::sounds_secret;
use countersign_words::Language;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::as_flag;
use crate::{setup, shipped};

/// Any list of questions: set-up, sign-up, settings.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PromptChallenge {
    pub(super) fields: Vec<PromptField>,
}

/// One question.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PromptField {
    /// Of the prompt, by which shipped ones are known.
    #[serde(skip)]
    pub(super) name: String,
    pub(super) field_key: String,
    pub(super) label: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) required: bool,
    pub(super) placeholder: String,
    pub(super) initial_value: String,
    pub(super) order: i32,
    pub(super) sub_text: String,
    pub(super) choices: Option<Vec<String>>,
}

/// One question on the page.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    key: &'a str,
    label: String,
    /// An input type of HTML, or `textarea select radio checkbox static separator hidden`.
    kind: &'static str,
    required: bool,
    read_only: bool,
    placeholder: String,
    value: &'a str,
    help: String,
    autocomplete: &'static str,
    choices: Vec<Choice<'a>>,
    errors: Option<&'a Vec<String>>,
    /// A new password: script adds the strength in words.
    strength: bool,
    focus: bool,
}

#[derive(Serialize)]
struct Choice<'a> {
    value: &'a str,
    label: Cow<'a, str>,
}

impl PromptField {
    /// The input type of HTML, and what browsers may fill in.
    fn input(&self) -> (&'static str, &'static str) {
        match self.kind {
            "text_area" | "text_area_read_only" => ("textarea", ""),
            "username" => ("text", "username"),
            "email" => ("email", "email"),
            "password" => ("password", "new-password"),
            "number" => ("number", ""),
            "checkbox" => ("checkbox", ""),
            "radio-button-group" => ("radio", ""),
            "dropdown" | "ak-locale" => ("select", ""),
            "date" => ("date", ""),
            "date-time" => ("datetime-local", ""),
            "separator" => ("separator", ""),
            "hidden" => ("hidden", ""),
            "static" => ("static", ""),
            "file" => ("file", ""),
            _ => ("text", ""),
        }
    }

    /// What is no secret and can be typed.
    fn is_remembered(&self) -> bool {
        let (kind, _) = self.input();
        !matches!(kind, "password" | "static" | "hidden" | "file" | "separator")
            && !sounds_secret(&self.field_key)
    }

    fn row<'a>(&'a self, at: usize, scene: &'a Scene) -> Row<'a> {
        let (kind, autocomplete) = self.input();
        let own = self
            .choices
            .iter()
            .flatten()
            .map(|choice| Choice { value: choice, label: choice.into() });
        let choices = if self.kind == "ak-locale" {
            let browser = Choice { value: "", label: scene.t("language-of-browser").into() };
            let named = |language: Language| Choice {
                value: language.stored(),
                label: language.own_name().into(),
            };
            iter::once(browser).chain(Language::ALL.into_iter().map(named)).collect()
        } else {
            own.collect()
        };
        let off = kind == "checkbox" && as_flag(&self.initial_value.as_str().into()) != Some(true);
        let typed = scene.typed.get(&self.field_key).filter(|_| self.is_remembered());
        let value = if off { "" } else { self.initial_value.as_str() };
        Row {
            id: format!("field-{at}"),
            key: &self.field_key,
            label: shipped::prompt(scene.language, &self.name, &self.label),
            kind,
            required: self.required,
            read_only: self.kind.ends_with("read_only"),
            placeholder: shipped::prompt(scene.language, &self.name, &self.placeholder),
            value: typed.map_or(value, String::as_str),
            help: without_markup(&self.sub_text),
            autocomplete: if self.field_key == "name" { "name" } else { autocomplete },
            choices,
            errors: scene.errors.fields.get(&self.field_key),
            strength: false,
            focus: false,
        }
    }
}

impl Page for PromptChallenge {
    const COMPONENT: &'static str = "ak-stage-prompt";
    const TEMPLATE: &'static str = include_str!("prompt.html");

    fn remembers(&self) -> Vec<&str> {
        let fields = self.fields.iter().filter(|field| field.is_remembered());
        fields.map(|field| field.field_key.as_str()).collect()
    }

    fn takes_files(&self) -> bool {
        self.fields.iter().any(|field| field.kind == "file")
    }

    fn view(&self, scene: &Scene) -> Value {
        let mut rows: Vec<Row<'_>> =
            self.fields.iter().enumerate().map(|(at, field)| field.row(at, scene)).collect();
        if let Some(first) = rows.iter_mut().find(|row| row.kind == "password") {
            first.strength = true;
        }
        let (mut title, mut subtitle) = (scene.title.clone(), String::new());
        if setup::is_setup(&scene.flow) {
            title = scene.say("welcome-to", &[("brand", scene.brand.as_str().into())]);
            subtitle = scene.t("set-up-hint");
            rows.retain(|row| row.kind != "static");
            if let Some(mail) = rows.iter_mut().find(|row| row.key == "email") {
                mail.help = scene.t("set-up-username");
            }
        }
        let first = rows.iter_mut().find(|row| {
            !matches!(row.kind, "static" | "hidden" | "separator") && row.value.is_empty()
        });
        if let Some(first) = first {
            first.focus = true;
        }
        json!({"title": title, "subtitle": subtitle, "fields": rows})
    }

    fn samples() -> Vec<Self> {
        let field = |kind: &'static str| PromptField {
            name: kind.to_owned(),
            field_key: kind.replace('-', "_"),
            label: kind.to_owned(),
            kind,
            required: true,
            placeholder: "A few words".to_owned(),
            initial_value: "1".to_owned(),
            order: 0,
            sub_text: "As <b>you</b> want to be called.".to_owned(),
            choices: Some(vec!["1".to_owned(), "2".to_owned()]),
        };
        let kinds = [
            "text",
            "text_area",
            "text_read_only",
            "username",
            "email",
            "password",
            "number",
            "checkbox",
            "radio-button-group",
            "dropdown",
            "date",
            "date-time",
            "file",
            "separator",
            "hidden",
            "static",
            "ak-locale",
        ];
        let plain = PromptField { choices: None, ..field("text") };
        vec![Self { fields: kinds.map(field).into() }, Self { fields: vec![plain] }]
    }
}

/// Help texts may carry markup for the original's pages; ours shows the words.
fn without_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if !inside => out.push(letter),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_help_texts_is_left_out() {
        assert_eq!(without_markup("a <b>bold</b> word"), "a bold word");
    }

    #[test]
    fn answers_that_sound_secret_are_not_remembered() {
        let [page, _] = PromptChallenge::samples().try_into().unwrap();
        for (kind, key, remembered) in [
            ("text", "city", true),
            ("username", "username", true),
            ("text", "code", false),
            ("text", "otp", false),
            ("number", "pin", false),
            ("text", "api_token", false),
            ("password", "anything", false),
            ("hidden", "anything", false),
            ("file", "anything", false),
        ] {
            let field = page.fields.iter().find(|field| field.kind == kind).unwrap();
            let field = PromptField { field_key: key.to_owned(), ..field.clone() };
            let page = PromptChallenge { fields: vec![field] };
            assert_eq!(Page::remembers(&page) == [key], remembered, "{kind} {key}");
        }
    }
}
