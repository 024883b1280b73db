//! One question: what it shows, and how its answer is read.

use countersign_model::{ChoiceValue, Problem, Timestamp};
use countersign_policy::{PolicyRequest, expression};
use countersign_store::StoreError;
use serde_json::{Map, Value};

use super::page::PromptField;
use super::{Prompt, PromptType};
use crate::answer::{Answer, as_flag};

/// In bytes as sent, a third more than the file.
const LARGEST_FILE: usize = 136 * 1024;

/// The question with its placeholder, first value and choices worked out.
pub(super) async fn resolve(
    prompt: &Prompt,
    data: &Map<String, Value>,
    request: &PolicyRequest<'_>,
) -> Result<PromptField, StoreError> {
    let evaluate = async |flag: bool, source: &str| -> Result<Value, StoreError> {
        if !flag {
            return Ok(source.into());
        }
        match expression::evaluate(source, request).await {
            Ok(value) => Ok(value),
            Err(error) => error.settled().map(|_| source.into()),
        }
    };
    let choosing = matches!(prompt.r#type, PromptType::Dropdown | PromptType::RadioButtonGroup);
    let offered = match data.get(&format!("{}__choices", prompt.field_key)) {
        Some(offered) if choosing => offered.clone(),
        _ => evaluate(prompt.placeholder_expression, &prompt.placeholder).await?,
    };
    let (placeholder, choices) = match offered {
        offered if !choosing => (text(&offered), Vec::new()),
        Value::Array(list) => (String::new(), list.iter().map(text).collect()),
        one => (String::new(), vec![text(&one)]),
    };
    let choices: Option<Vec<String>> = Some(choices).filter(|choices| !choices.is_empty());
    let mut initial = text(&match data.get(&prompt.field_key) {
        Some(known) => known.clone(),
        None => evaluate(prompt.initial_value_expression, &prompt.initial_value).await?,
    });
    if choosing && !choices.as_ref().is_some_and(|choices| choices.contains(&initial)) {
        initial = choices.as_ref().and_then(|choices| choices.first().cloned()).unwrap_or_default();
    }
    Ok(PromptField {
        name: prompt.name.clone(),
        field_key: prompt.field_key.clone(),
        label: prompt.label.clone(),
        kind: prompt.r#type.value(),
        required: prompt.required,
        placeholder,
        initial_value: initial,
        order: prompt.order,
        sub_text: prompt.sub_text.clone(),
        choices,
    })
}

/// Reads the answer to one question.
pub(super) fn read(
    prompt: &Prompt,
    shown: &PromptField,
    answer: &Answer,
) -> Result<Value, Problem> {
    let sent = answer.get(&prompt.field_key);
    let default = default(prompt, shown);
    match prompt.r#type {
        PromptType::Hidden | PromptType::Static => return Ok(default.unwrap_or_default().into()),
        PromptType::Separator | PromptType::TextReadOnly | PromptType::TextAreaReadOnly => {
            return Ok(sent
                .and_then(Value::as_str)
                .map_or_else(|| default.unwrap_or_default(), str::to_owned)
                .into());
        }
        PromptType::Checkbox => {
            return match sent {
                None => Ok(false.into()),
                Some(Value::Null) => Err(Problem::null()),
                Some(value) => as_flag(value)
                    .map(Value::Bool)
                    .ok_or_else(|| Problem::new("invalid", "Must be a valid boolean.")),
            };
        }
        _ => {}
    }
    let Some(sent) = sent else {
        // A question with a first value need not be answered.
        return match default {
            Some(default) => Ok(default.into()),
            None if prompt.required => Err(Problem::required()),
            None => Ok(String::new().into()),
        };
    };
    if prompt.r#type == PromptType::Number {
        return number(prompt, sent);
    }
    let value = match sent {
        Value::Null => return Err(Problem::null()),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(Problem::new("invalid", "Not a valid string.")),
    };
    if value.contains('\0') {
        return Err(Problem::new(
            "null_characters_not_allowed",
            "Null characters are not allowed.",
        ));
    }
    // An empty language means: as the browser says.
    if value.is_empty() && prompt.required && prompt.r#type != PromptType::AkLocale {
        return Err(Problem::blank());
    }
    if value.is_empty() {
        return Ok(value.into());
    }
    check(prompt, shown, &value)?;
    Ok(value.into())
}

/// What replaces the answer to questions that cannot be answered.
pub(super) fn overwritten(prompt: &Prompt, shown: &PromptField) -> Option<Value> {
    match prompt.r#type {
        PromptType::Hidden | PromptType::Static => {
            Some(default(prompt, shown).unwrap_or_default().into())
        }
        PromptType::TextReadOnly | PromptType::TextAreaReadOnly => {
            Some(shown.initial_value.clone().into())
        }
        _ => None,
    }
}

fn default(prompt: &Prompt, shown: &PromptField) -> Option<String> {
    if !shown.initial_value.is_empty() {
        return Some(shown.initial_value.clone());
    }
    let fixed = matches!(prompt.r#type, PromptType::Hidden | PromptType::Static);
    (fixed && !shown.placeholder.is_empty()).then(|| shown.placeholder.clone())
}

fn number(prompt: &Prompt, sent: &Value) -> Result<Value, Problem> {
    let invalid = || Problem::new("invalid", "A valid integer is required.");
    match sent {
        Value::Null => Err(Problem::null()),
        Value::Number(number) => number.as_i64().map(Value::from).ok_or_else(invalid),
        Value::String(text) if text.trim().is_empty() && !prompt.required => Ok(Value::Null),
        Value::String(text) => text.trim().parse::<i64>().map(Value::from).map_err(|_| invalid()),
        _ => Err(invalid()),
    }
}

fn check(prompt: &Prompt, shown: &PromptField, value: &str) -> Result<(), Problem> {
    match prompt.r#type {
        PromptType::Email if !is_email(value) => {
            Err(Problem::new("invalid", "Enter a valid email address."))
        }
        PromptType::Dropdown | PromptType::RadioButtonGroup
            if !shown
                .choices
                .as_ref()
                .is_some_and(|choices| choices.iter().any(|c| c == value)) =>
        {
            Err(Problem::choice(value))
        }
        PromptType::Date if Timestamp::parse(&format!("{value}T00:00:00Z")).is_none() => {
            Err(Problem::new(
                "invalid",
                "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.",
            ))
        }
        PromptType::DateTime
            if Timestamp::parse(value).is_none()
                && Timestamp::parse(&format!("{value}:00")).is_none() =>
        {
            Err(Problem::new(
                "invalid",
                "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
            ))
        }
        PromptType::File => match value.strip_prefix("data:") {
            None => Err(Problem::new("invalid", "Invalid scheme")),
            // What is asked waits in the plan, which is bounded.
            Some(_) if value.len() > LARGEST_FILE => {
                Err(Problem::new("max_length", "The file is too large: 100 KB are the most."))
            }
            Some(rest) if !rest.split(',').next().unwrap_or_default().ends_with(";base64") => {
                Err(Problem::new("invalid", "Invalid encoding"))
            }
            Some(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The rules of the model's own type for addresses.
pub(crate) fn is_email(value: &str) -> bool {
    use countersign_model::{EmailAddress, FieldMeta, FieldValue};
    const META: FieldMeta =
        FieldMeta { name: "email", shape: <EmailAddress as FieldValue>::shape, ..FieldMeta::TEXT };
    EmailAddress::parse(&value.into(), &META).is_ok()
}

/// A value as the original writes it into a field.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::{Clock, Snapshot};
    use countersign_policy::{NoHost, Occasion};
    use serde_json::json;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    async fn shown(prompt: &Prompt) -> PromptField {
        let (snapshot, data) = (Snapshot::default(), Map::new());
        let request = PolicyRequest {
            snapshot: &snapshot,
            clock: &Still,
            host: &NoHost,
            user: None,
            occasion: Occasion::Prompt(&data),
            target: None,
            name: "",
        };
        resolve(prompt, &data, &request).await.unwrap()
    }

    fn prompt(kind: PromptType, required: bool) -> Prompt {
        Prompt {
            name: "n".into(),
            field_key: "k".into(),
            label: "K".into(),
            r#type: kind,
            required,
            placeholder: "".into(),
            initial_value: "".into(),
            order: 0,
            sub_text: String::new(),
            placeholder_expression: false,
            initial_value_expression: false,
        }
    }

    async fn answer(prompt: &Prompt, sent: Value) -> Result<Value, Problem> {
        let shown = shown(prompt).await;
        read(prompt, &shown, &Answer(sent.as_object().cloned().unwrap_or_default()))
    }

    #[tokio::test]
    async fn answers_are_read_by_the_sort_of_question() {
        use PromptType as T;
        for (kind, required, sent, expected) in [
            (T::Text, true, json!({}), Err("required")),
            (T::Text, true, json!({"k": ""}), Err("blank")),
            (T::Text, false, json!({"k": ""}), Ok(json!(""))),
            (T::Text, true, json!({"k": null}), Err("null")),
            (T::Text, true, json!({"k": " a "}), Ok(json!(" a "))),
            (T::Email, true, json!({"k": "bad"}), Err("invalid")),
            (T::Email, true, json!({"k": "a@b.example"}), Ok(json!("a@b.example"))),
            (T::Number, true, json!({"k": "12"}), Ok(json!(12))),
            (T::Number, true, json!({"k": "1.5"}), Err("invalid")),
            (T::Checkbox, true, json!({}), Ok(json!(false))),
            (T::Checkbox, true, json!({"k": "true"}), Ok(json!(true))),
            (T::Date, true, json!({"k": "2026-02-30"}), Err("invalid")),
            (T::Date, true, json!({"k": "2026-02-28"}), Ok(json!("2026-02-28"))),
            (T::DateTime, true, json!({"k": "2026-02-28T10:00"}), Ok(json!("2026-02-28T10:00"))),
            (T::File, true, json!({"k": "http://x"}), Err("invalid")),
            (
                T::File,
                true,
                json!({"k": "data:text/plain;base64,eA=="}),
                Ok(json!("data:text/plain;base64,eA==")),
            ),
            (T::AkLocale, true, json!({"k": ""}), Ok(json!(""))),
            (T::AkLocale, true, json!({}), Err("required")),
            (T::Separator, true, json!({}), Ok(json!(""))),
        ] {
            assert_eq!(
                answer(&prompt(kind, required), sent.clone()).await.map_err(|p| p.code),
                expected,
                "{kind:?} {sent}"
            );
        }
    }

    #[tokio::test]
    async fn a_first_value_makes_an_answer_optional() {
        let mut question = prompt(PromptType::Text, true);
        question.initial_value = "x".into();
        assert_eq!(answer(&question, json!({})).await, Ok(json!("x")));
    }

    #[tokio::test]
    async fn choices_come_from_the_placeholder() {
        let mut question = prompt(PromptType::Dropdown, true);
        question.placeholder = "return ['a', 'b']".into();
        question.placeholder_expression = true;
        let shown = shown(&question).await;
        assert_eq!(shown.choices, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(shown.initial_value, "a");
        assert_eq!(
            answer(&question, json!({"k": "c"})).await.map_err(|p| p.code),
            Err("invalid_choice")
        );
    }

    #[tokio::test]
    async fn what_cannot_be_answered_is_overwritten() {
        let mut question = prompt(PromptType::Hidden, true);
        question.placeholder = "fixed".into();
        assert_eq!(answer(&question, json!({"k": "forged"})).await, Ok(json!("fixed")));
        question.r#type = PromptType::TextReadOnly;
        question.initial_value = "kept".into();
        let shown = shown(&question).await;
        assert_eq!(overwritten(&question, &shown), Some(json!("kept")));
    }
}
