//! The kinds: a question, and a page of questions.

use countersign_model::{Choice, Code, Draft, FieldErrors, Kind, ObjectId, Problem, Ref, Vanished};
use countersign_policy::{Policy, expression};

use crate::stage::AnyStage;

/// Sorts of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PromptType {
    #[choice(label = "Text: Simple Text input")]
    Text,
    #[choice(value = "text_area", label = "Text area: Multiline Text Input.")]
    TextArea,
    #[choice(
        value = "text_read_only",
        label = "Text (read-only): Simple Text input, but cannot be edited."
    )]
    TextReadOnly,
    #[choice(
        value = "text_area_read_only",
        label = "Text area (read-only): Multiline Text input, but cannot be edited."
    )]
    TextAreaReadOnly,
    #[choice(
        label = "Username: Same as Text input, but checks for and prevents duplicate usernames."
    )]
    Username,
    #[choice(label = "Email: Text field with Email type.")]
    Email,
    #[choice(
        label = "Password: Masked input, multiple inputs of this type on the same prompt need to be identical."
    )]
    Password,
    #[choice(label = "Number")]
    Number,
    #[choice(label = "Checkbox")]
    Checkbox,
    #[choice(
        value = "radio-button-group",
        label = "Fixed choice field rendered as a group of radio buttons."
    )]
    RadioButtonGroup,
    #[choice(label = "Fixed choice field rendered as a dropdown.")]
    Dropdown,
    #[choice(label = "Date")]
    Date,
    #[choice(value = "date-time", label = "Date Time")]
    DateTime,
    #[choice(
        label = "File: File upload for arbitrary files. File content will be available in flow context as data-URI"
    )]
    File,
    #[choice(label = "Separator: Static Separator Line")]
    Separator,
    #[choice(label = "Hidden: Hidden field, can be used to insert data into form.")]
    Hidden,
    #[choice(label = "Static: Static value, displayed as-is.")]
    Static,
    #[choice(value = "ak-locale", label = "authentik: Selection of locales authentik supports")]
    AkLocale,
}

/// One question.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "stages/prompt/prompts", model = "authentik_stages_prompt.prompt", schema = "Prompt", title = "Prompt", plural = "Prompts",
    space = "prompt", lookup = "prompt_uuid", ordering = "field_key", columns = "name, field_key: Field, type, order", check = Self::check
)]
pub struct Prompt {
    #[field(label = "Name", unique = "Prompt with this name already exists.", search, filter)]
    pub name: String,
    #[field(
        label = "Field Key",
        help = "Name of the answer. password, email, username, name fit the user's fields; attributes.x sets an attribute.",
        search,
        filter
    )]
    pub field_key: String,
    #[field(label = "Label", search, filter)]
    pub label: String,
    #[field(label = "Type", filter)]
    pub r#type: PromptType,
    #[field(label = "Required", default = true)]
    pub required: bool,
    #[field(
        label = "Placeholder",
        help = "Shown while empty. For choices: the choices.",
        widget = Expression,
        default = "",
        filter
    )]
    pub placeholder: Code,
    #[field(label = "Initial value", widget = Expression, default = "")]
    pub initial_value: Code,
    #[field(label = "Order", default = 0)]
    pub order: i32,
    #[field(label = "Help text", help = "Shown below the field.", default = "")]
    pub sub_text: String,
    #[field(label = "Interpret placeholder as expression", default = false)]
    pub placeholder_expression: bool,
    #[field(label = "Interpret initial value as expression", default = false)]
    pub initial_value_expression: bool,
}

impl Prompt {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        for (flag, field, source) in [
            (self.placeholder_expression, "placeholder", &self.placeholder),
            (self.initial_value_expression, "initial_value", &self.initial_value),
        ] {
            if flag && let Err(error) = expression::parse(source) {
                errors.add(field, Problem::new("invalid", error.to_string()));
            }
        }
    }
}

/// A page of questions.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/prompt/stages",
    model = "authentik_stages_prompt.promptstage",
    title = "Prompt Stage",
    component = "ak-stage-prompt-form"
)]
pub struct PromptStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Fields", filter)]
    pub fields: Vec<Ref<Prompt>>,
    #[field(
        label = "Validation Policies",
        help = "Checked when the answers are given; all must pass.",
        default,
        guard,
        filter
    )]
    pub validation_policies: Vec<Ref<dyn Policy>>,
    /// Says that a validation policy was deleted. Until the policies are chosen anew, the stage
    /// refuses everybody.
    #[field(label = "Vanished", read_only, default)]
    pub vanished: Vanished,
}
