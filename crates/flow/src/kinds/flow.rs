//! A flow.

use countersign_model::{Choice, Kind, Picture, Slug};
use countersign_policy::PolicyEngineMode;

/// What a flow is for; decides where it may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Designation {
    Authentication,
    Authorization,
    Invalidation,
    Enrollment,
    #[choice(label = "Unenrollment")]
    Unenrollment,
    Recovery,
    #[choice(label = "Stage Configuration")]
    StageConfiguration,
}

/// Who may run the flow at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Authentication {
    #[choice(label = "No requirement")]
    None,
    #[choice(label = "Require authentication")]
    RequireAuthenticated,
    #[choice(label = "Require no authentication")]
    RequireUnauthenticated,
    #[choice(label = "Require superuser")]
    RequireSuperuser,
    #[choice(label = "Require being redirected from another flow")]
    RequireRedirect,
    #[choice(label = "Require Outpost")]
    RequireOutpost,
}

/// What happens to someone for whom the flow does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DeniedAction {
    #[choice(label = "Message continue")]
    MessageContinue,
    Message,
    Continue,
}

/// Where the card stands on the original's pages; kept for its interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Layout {
    Stacked,
    #[choice(label = "Content left")]
    ContentLeft,
    #[choice(label = "Content right")]
    ContentRight,
    #[choice(label = "Sidebar left")]
    SidebarLeft,
    #[choice(label = "Sidebar right")]
    SidebarRight,
}

/// A list of stages somebody goes through: to sign in, to consent, to change a password.
#[derive(Debug, Clone, Kind)]
#[kind(
    path = "flows/instances",
    model = "authentik_flows.flow",
    schema = "Flow",
    title = "Flow",
    plural = "Flows",
    space = "flow",
    bindable,
    lookup = "slug",
    ordering = "slug,name",
    named = "slug name",
    form = "name title slug designation authentication compatibility_mode denied_action",
    fold("Behavior settings", "What happens on a refusal"),
    fold("Appearance settings", "Layout of its pages"),
    columns = "slug: Identifier, name, designation, stages: Stages, policies: Policies"
)]
pub struct Flow {
    #[field(label = "Name", search, filter)]
    pub name: String,
    #[field(
        label = "Slug",
        help = "Part of the address of the flow.",
        unique = "Flow with this slug already exists.",
        max_length = 50,
        search,
        filter
    )]
    pub slug: Slug,
    #[field(
        label = "Title",
        help = "Shown above the steps. %(app)s becomes the application's name, %(user)s the user's.",
        search
    )]
    pub title: String,
    #[field(label = "Designation", help = "What the flow is for.", search, filter)]
    pub designation: Designation,
    #[field(
        label = "Background",
        help = "A file, or the address of a picture, as https://example.org/background.jpg.",
        group = "Appearance settings",
        action = "set_background_url",
        read_only,
        blank
    )]
    pub background: Option<Picture>,
    #[field(label = "Policy engine mode", group = "Behavior settings", default = PolicyEngineMode::Any)]
    pub policy_engine_mode: PolicyEngineMode,
    #[field(
        label = "Compatibility mode",
        help = "For password managers that do not see into the original's pages. Without effect here.",
        group = "Behavior settings",
        default = false
    )]
    pub compatibility_mode: bool,
    #[field(label = "Layout", group = "Appearance settings", default = Layout::Stacked)]
    pub layout: Layout,
    #[field(label = "Denied action", help = "What happens when the flow does not apply to somebody.", group = "Behavior settings", default = DeniedAction::MessageContinue, search, filter)]
    pub denied_action: DeniedAction,
    #[field(label = "Authentication", help = "Who may run the flow.", default = Authentication::None)]
    pub authentication: Authentication,
}
