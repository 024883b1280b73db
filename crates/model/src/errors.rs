//! Errors of fields, in the shape the API and the flow executor send them.

use serde_json::{Map, Value, json};

/// One thing wrong with one field: a stable code and a sentence for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What programs tell it by, as `required`.
    pub code: &'static str,
    /// The sentence for people.
    pub text: String,
}

impl Problem {
    /// A problem of a kind of its own.
    pub fn new(code: &'static str, text: impl Into<String>) -> Problem {
        Problem { code, text: text.into() }
    }

    /// Nothing was sent for a field that has to be there.
    pub fn required() -> Problem {
        Problem::new("required", "This field is required.")
    }
    /// Null was sent where it means nothing.
    pub fn null() -> Problem {
        Problem::new("null", "This field may not be null.")
    }
    /// An empty text was sent where one has to be.
    pub fn blank() -> Problem {
        Problem::new("blank", "This field may not be blank.")
    }
    /// The mask of a secret, where there is no secret that it could stand for.
    pub fn mask() -> Problem {
        Problem::new(
            "invalid",
            "This is the mask that answers show in place of a secret. Enter the secret itself.",
        )
    }
    /// Another object has the value.
    pub fn unique() -> Problem {
        Problem::new("unique", "This field must be unique.")
    }
    /// The value is none of the choices.
    pub fn choice(value: &str) -> Problem {
        Problem::new("invalid_choice", format!("\"{value}\" is not a valid choice."))
    }
    /// Nothing has the key that was sent.
    pub fn missing_reference(key: impl std::fmt::Display) -> Problem {
        Problem::new("does_not_exist", format!("Invalid pk \"{key}\" - object does not exist."))
    }
}

/// The errors of one field: sentences, or those of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorNode {
    /// What is wrong with one value.
    Problems(Vec<Problem>),
    /// What is wrong with the parts of an object.
    Nested(FieldErrors),
    /// One per element of a list; elements without errors are empty.
    Items(Vec<FieldErrors>),
}

impl From<Problem> for ErrorNode {
    fn from(problem: Problem) -> ErrorNode {
        ErrorNode::Problems(vec![problem])
    }
}

/// All errors of one object, by field, in the order found. Object-level ones stand under
/// `non_field_errors`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(String, ErrorNode)>);

pub(crate) const NON_FIELD: &str = "non_field_errors";

impl FieldErrors {
    /// No problem yet.
    pub fn new() -> FieldErrors {
        FieldErrors::default()
    }

    /// One problem of one field.
    pub fn one(field: &str, problem: Problem) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.add(field, problem);
        errors
    }

    /// A problem of the object as a whole.
    pub fn object(problem: Problem) -> FieldErrors {
        FieldErrors::one(NON_FIELD, problem)
    }

    /// Whether there is no problem.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a problem of a field.
    pub fn add(&mut self, field: &str, problem: Problem) {
        match self.0.iter_mut().find(|(name, _)| name == field) {
            Some((_, ErrorNode::Problems(list))) => list.push(problem),
            _ => self.0.push((field.to_owned(), problem.into())),
        }
    }

    /// Adds a problem of the object as a whole.
    pub fn add_object(&mut self, problem: Problem) {
        self.add(NON_FIELD, problem);
    }

    /// Adds the problems of a field that has parts.
    pub fn set(&mut self, field: &str, node: ErrorNode) {
        self.0.push((field.to_owned(), node));
    }

    /// The first sentence about a field.
    pub fn first_of(&self, field: &str) -> Option<String> {
        let (_, node) = self.0.iter().find(|(name, _)| name == field)?;
        match node {
            ErrorNode::Problems(problems) => problems.first().map(|problem| problem.text.clone()),
            ErrorNode::Nested(_) | ErrorNode::Items(_) => Some("It does not fit.".to_owned()),
        }
    }

    /// The problems by field, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ErrorNode)> {
        self.0.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// `{"field": ["sentence", ...]}`, as the API answers.
    pub fn to_json(&self) -> Value {
        self.render(&|p| Value::from(p.text.clone()))
    }

    /// `{"field": [{"string", "code"}]}`, as flow challenges carry them.
    pub fn to_coded_json(&self) -> Value {
        self.render(&|p| json!({"string": p.text, "code": p.code}))
    }

    /// All of them in one line of text, for terminals and logs.
    pub fn sentences(&self) -> String {
        let texts = |list: &[Problem]| {
            list.iter().map(|problem| problem.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        let part = |(name, node): &(String, ErrorNode)| {
            let said = match node {
                ErrorNode::Problems(list) => texts(list),
                ErrorNode::Nested(errors) => errors.sentences(),
                ErrorNode::Items(items) => items
                    .iter()
                    .filter(|e| !e.is_empty())
                    .map(FieldErrors::sentences)
                    .collect::<Vec<_>>()
                    .join("; "),
            };
            if name == NON_FIELD { said } else { format!("{name}: {said}") }
        };
        self.0.iter().map(part).collect::<Vec<_>>().join("; ")
    }

    fn render(&self, show: &dyn Fn(&Problem) -> Value) -> Value {
        let fields = self.0.iter().map(|(name, node)| {
            let value = match node {
                ErrorNode::Problems(list) => list.iter().map(show).collect(),
                ErrorNode::Nested(errors) => errors.render(show),
                ErrorNode::Items(items) => items.iter().map(|e| e.render(show)).collect(),
            };
            (name.clone(), value)
        });
        Value::Object(fields.collect::<Map<_, _>>())
    }
}
