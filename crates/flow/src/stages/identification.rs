//! Who are you.

use countersign_directory::username;
use countersign_model::{
    Choice, ChoiceValue, Draft, FieldErrors, Kind, ObjectId, Problem, Ref, Snapshot, Vanished,
};
use countersign_pages::{Page, PageDef, Scene};
use countersign_sources::Source;
use countersign_store::params;
use serde::Serialize;
use serde_json::{Value, json};

use super::authenticate::{self, Login};
use super::captcha::CaptchaChallenge;
use super::{Backend, CaptchaStage, PasswordStage, passkey, password};
use crate::answer::Answer;
use crate::error::FlowError;
use crate::kinds::{Designation, Flow};
use crate::plan::{PendingUser, key};
use crate::planner;
use crate::run::Run;
use crate::source;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// By what people may name themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum UserField {
    #[choice(value = "email", label = "E Mail")]
    Email,
    Username,
    #[choice(value = "upn", label = "Upn")]
    Upn,
}

/// Asks who somebody is; other stages find out whether it is true.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/identification",
    model = "authentik_stages_identification.identificationstage",
    title = "Identification Stage",
    component = "ak-stage-identification-form",
    form = "name user_fields password_stage captcha_stage case_insensitive_matching pretend_user_exists show_matched_user enable_remember_me passwordless_flow",
    fold("Source settings", "Other ways to sign in"),
    fold("Flow settings", "Links below the fields"),
    check = Self::check
)]
pub struct IdentificationStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "User fields",
        help = "By what people may name themselves. None: only through a source.",
        start = ["username", "email"],
        default
    )]
    pub user_fields: Vec<UserField>,
    #[field(
        label = "Password stage",
        help = "Asks for the password on the same page and checks it with this stage's settings.",
        guard,
        filter
    )]
    pub password_stage: Option<Ref<PasswordStage>>,
    #[field(
        label = "Captcha stage",
        help = "Asks on the same page whether it is a person.",
        choose(path = "stages/captcha"),
        guard,
        filter
    )]
    pub captcha_stage: Option<Ref<dyn AnyStage>>,
    #[field(label = "Case insensitive matching", default = true, filter)]
    pub case_insensitive_matching: bool,
    #[field(
        label = "Show matched user",
        help = "Show the name of the account that was found, not what was typed.",
        default = true,
        filter
    )]
    pub show_matched_user: bool,
    #[field(
        label = "Enrollment flow",
        group = "Flow settings",
        choose(query = "designation=enrollment"),
        on_delete = SetNull,
        filter
    )]
    pub enrollment_flow: Option<Ref<Flow>>,
    #[field(
        label = "Recovery flow",
        group = "Flow settings",
        choose(query = "designation=recovery"),
        on_delete = SetNull,
        filter
    )]
    pub recovery_flow: Option<Ref<Flow>>,
    #[field(
        label = "Passwordless flow",
        group = "Flow settings",
        choose(query = "designation=authentication"),
        on_delete = SetNull,
        filter
    )]
    pub passwordless_flow: Option<Ref<Flow>>,
    #[field(label = "Sources", group = "Source settings", default)]
    pub sources: Vec<Ref<dyn Source>>,
    #[field(label = "Show sources’ labels", group = "Source settings", default = false, filter)]
    pub show_source_labels: bool,
    #[field(
        label = "Pretend user exists",
        help = "Go on to the password even if nobody has that name, so that names cannot be guessed.",
        default = true
    )]
    pub pretend_user_exists: bool,
    #[field(
        label = "Enable remember me",
        help = "Offer to keep the name on the device.",
        default = false
    )]
    pub enable_remember_me: bool,
    /// Names the stage that was deleted. Until that field is set anew, the stage refuses everybody:
    /// a sign-in that asked for a password on this page does not go on without one.
    #[field(label = "Vanished", read_only, default)]
    pub vanished: Vanished,
}

const FAILED: &str = "Failed to authenticate.";
/// The picture of nobody.
const NOBODY: &str = "/static/dist/assets/images/user_default.png";
/// Longer than any name or address of an account.
const LONGEST_NAME: usize = 1000;

/// The flow that a sign-in offers to whoever has no account yet.
pub(crate) fn enrollment_of(snapshot: &Snapshot, flow: Ref<Flow>) -> Option<Ref<Flow>> {
    let stages = planner::stages(snapshot, flow);
    let offered = stages.iter().filter_map(|entry| entry.cast::<IdentificationStage>());
    offered.filter_map(|stage| stage.enrollment_flow).find(|flow| snapshot.get(*flow).is_some())
}

impl IdentificationStage {
    fn check(&self, draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.user_fields.is_empty() && self.sources.is_empty() {
            errors.add_object(Problem::new(
                "invalid",
                "When no user fields are selected, at least one source must be selected",
            ));
        }
        if let Some(captcha) = self.captcha_stage
            && draft.get(as_captcha(captcha)).is_none()
        {
            errors.add("captcha_stage", Problem::missing_reference(captcha.key()));
        }
    }

    fn incomplete(&self) -> Option<Step> {
        let lost = if self.vanished.contains("password_stage") {
            "password stage"
        } else {
            "captcha stage"
        };
        (!self.vanished.is_empty()).then(|| {
            Step::Deny(format!(
                "The {lost} of this page was deleted. An administrator has to choose anew."
            ))
        })
    }

    /// What happens where nobody is asked. Who came by a one-time link was named by it, and who has
    /// shown a certificate by that; whether it is true is not asked here, unless the page does that,
    /// too.
    fn skipped(&self, run: &Run) -> Option<Step> {
        let is_named = run.plan.link_names_account() || run.plan.certified_account().is_some();
        let only_names = self.password_stage.is_none() && is_named;
        self.incomplete().or_else(|| only_names.then_some(Step::Done))
    }

    fn password_stage<'a>(&self, run: &'a Run) -> Option<&'a PasswordStage> {
        run.browser.snapshot.get(self.password_stage?)
    }

    fn captcha_stage(&self, run: &Run) -> Option<CaptchaStage> {
        run.browser.snapshot.get(as_captcha(self.captcha_stage?)).cloned()
    }

    /// Whether the captcha of the page lets the visitor on. Asked before anybody looks who that is,
    /// so that it takes the same time for every name.
    async fn is_person(&self, run: &mut Run, answer: &Answer) -> Option<Step> {
        let stage = self.captcha_stage(run)?;
        let token = answer.raw_text("captcha_token").unwrap_or_default();
        let problem = stage.check(run, &token).await?;
        Some(Step::Invalid(FieldErrors::object(problem)))
    }

    fn link(&self, run: &Run, flow: Option<Ref<Flow>>) -> Option<String> {
        let flow = run.browser.snapshot.get(flow?)?;
        Some(run.browser.cx.url(&crate::web::flow_url(&flow.slug, &run.plan.query)))
    }

    /// Whether the page asks for the password of the next stage, too.
    fn also_asks_password(&self, run: &Run) -> bool {
        self.password_stage.is_none()
            && !self.user_fields.is_empty()
            && run.flow().is_some_and(|flow| flow.designation == Designation::Authentication)
            && run.next_is::<PasswordStage>()
    }

    fn ask(&self, run: &Run) -> IdentificationChallenge {
        let password = self.password_stage(run);
        let designation = run.flow().map(|flow: &Flow| flow.designation);
        let also_password = self.also_asks_password(run);
        IdentificationChallenge {
            user_fields: self.user_fields.iter().map(|field| field.value()).collect(),
            password_fields: password.is_some(),
            allow_show_password: password.is_some_and(|stage| stage.allow_show_password),
            application_pre: run.application_hint.as_ref().map(|hint| hint.name.clone()),
            flow_designation: designation.map(ChoiceValue::value).unwrap_or_default(),
            captcha_stage: self.captcha_stage(run).map(|stage| AskedCaptcha {
                pending_user: String::new(),
                pending_user_avatar: run.browser.cx.url(NOBODY),
                component: CaptchaChallenge::COMPONENT,
                question: stage.question(),
            }),
            enroll_url: self.link(run, self.enrollment_flow),
            recovery_url: self.link(run, self.recovery_flow),
            passwordless_url: self.link(run, self.passwordless_flow),
            primary_action: if designation == Some(Designation::Authentication) {
                "Log in"
            } else {
                "Continue"
            },
            sources: self.buttons(run),
            show_source_labels: self.show_source_labels,
            enable_remember_me: self.enable_remember_me,
            also_password,
            recovery_of_brand: run.recovery_path().filter(|_| also_password),
            hinted: run.application_hint.as_ref().and_then(|hint| hint.login_hint.clone()),
            remembered: run.browser.remembered_name.clone().filter(|_| self.enable_remember_me),
            passkey_url: self.takes_passkey(run).then(|| {
                run.browser.cx.url(&format!("/api/v3/countersign/flows/{}/passkey/", run.slug()))
            }),
        }
    }

    /// The sources that people may sign in by now, by name.
    fn buttons(&self, run: &Run) -> Vec<source::Button> {
        let of = |source: &Ref<dyn Source>| source::Button::of(run, *source);
        let mut buttons: Vec<_> = self.sources.iter().filter_map(of).collect();
        buttons.sort_by_key(|button| button.name.to_lowercase());
        buttons
    }

    /// Where the page has nothing but one button, nobody is asked to press it. Clients of the API
    /// do so by themselves.
    fn only_way(&self, run: &Run) -> Option<Step> {
        let asks = !self.user_fields.is_empty() || self.passwordless_flow.is_some();
        let mut buttons = if asks || !run.browser.is_page { Vec::new() } else { self.buttons(run) };
        let only = buttons.pop().filter(|_| buttons.is_empty())?;
        Some(Step::Redirect(only.to))
    }

    fn takes_passkey(&self, run: &Run) -> bool {
        let stage = run.current_stage().map(|entry| entry.id.key);
        !self.user_fields.is_empty()
            && stage
                .is_some_and(|key| passkey::is_offered(&run.browser.snapshot, run.plan.flow, key))
    }

    /// The browser showed a passkey in the field of the name.
    async fn identify_by_passkey(&self, run: &mut Run, given: &Value) -> Result<Step, FlowError> {
        match passkey::IN_NAME_FIELD.prove(run, "uid_field", given).await? {
            Ok(taken) => {
                taken.identifies(run);
                taken.stands_for_all(run, Backend::Inbuilt.value());
                Ok(Step::Done)
            }
            Err(step) => Ok(step),
        }
    }

    /// The first account, by age, that the typed name fits.
    async fn find(&self, run: &Run, typed: &str) -> Result<Option<PendingUser>, FlowError> {
        let fields = self.user_fields.clone();
        let insensitive = self.case_insensitive_matching;
        let (typed, folded, name_folds) =
            (typed.to_owned(), typed.to_lowercase(), username::folds(typed));
        let found = run.browser.cx.store.read(move |sql| {
            let has = |field| fields.contains(&field);
            let (by_name, by_mail, by_upn) = (has(UserField::Username), has(UserField::Email), has(UserField::Upn));
            // Each part has an index of its own. The engine folds letters of ASCII only; the whole
            // name decides below.
            let rows = sql.query(
                "SELECT id, username, name, email, attributes, username_fold, email_fold FROM users WHERE id IN ( \
                 SELECT id FROM users WHERE $1 = 1 AND username_fold IN ($6, $7) UNION SELECT id FROM users WHERE $2 = 1 AND email_fold = $4 \
                 UNION SELECT id FROM users WHERE $3 = 1 AND upn_fold IN ($4, $5)) ORDER BY id LIMIT 50",
                params![by_name, by_mail, by_upn, folded.clone(), typed.to_ascii_lowercase(), &name_folds[0], &name_folds[1]],
            )?;
            let (mut found, mut found_by_name) = (None, false);
            for row in rows {
                let user = PendingUser { pk: Some(row.get(0)?), username: row.get(1)?, name: row.get(2)?, email: row.get(3)?, backend: None };
                let attributes: Value = row.get(4)?;
                let (name_fold, mail_fold): (String, String) = (row.get(5)?, row.get(6)?);
                let upn = attributes.get("upn").and_then(Value::as_str).unwrap_or_default();
                let fits = if insensitive {
                    by_name && name_folds.contains(&name_fold) || by_mail && mail_fold == folded || by_upn && upn.to_lowercase() == folded
                } else {
                    by_name && user.username == typed || by_mail && user.email == typed || by_upn && upn == typed
                };
                // Of names that are written alike in two ways, the one that was typed.
                let named = by_name && name_folds.contains(&name_fold);
                if fits && (found.is_none() || found_by_name && named && user.username == typed) {
                    (found, found_by_name) = (Some(user), named);
                }
            }
            Ok::<_, FlowError>(found)
        });
        found.await
    }

    async fn identify(&self, run: &mut Run, answer: &Answer) -> Result<Step, FlowError> {
        let typed = match answer.text("uid_field") {
            Ok(typed) => typed,
            Err(problem) => return Ok(Step::invalid("uid_field", problem)),
        };
        if typed.len() > LONGEST_NAME {
            let text = format!("Ensure this field has no more than {LONGEST_NAME} characters.");
            return Ok(Step::invalid("uid_field", Problem::new("max_length", text)));
        }
        if let Some(refused) = self.is_person(run, answer).await {
            return Ok(refused);
        }
        let failed = || Step::Invalid(FieldErrors::object(Problem::new("invalid", FAILED)));
        run.plan.context.remove(key::PENDING_USER_IDENTIFIER);
        // What somebody else has proved in this run is not this person's.
        for proof in [
            key::PASSKEY,
            key::CERTIFIED,
            key::CERTIFICATE,
            key::AUTH_METHOD,
            key::AUTH_METHOD_ARGS,
            key::USER_BACKEND,
        ] {
            run.plan.context.remove(proof);
        }
        if !self.show_matched_user {
            run.plan.context.insert(key::PENDING_USER_IDENTIFIER.to_owned(), typed.clone().into());
        }
        let found = self.find(run, &typed).await?;
        let is_known = found.is_some();
        let mut user = found.unwrap_or_else(|| PendingUser {
            pk: None,
            username: typed.clone(),
            name: String::new(),
            email: typed.clone(),
            backend: None,
        });
        run.plan.set_pending_user(&user);
        if !is_known {
            run.named_nobody(&typed);
        }
        // A password on the same page is checked for a name that nobody has, too: against nothing,
        // in the same time.
        if let Some(stage) = self.password_stage(run) {
            let backends = stage.backends.clone();
            let password = answer.raw_text("password").unwrap_or_default();
            return Ok(match authenticate::check(run, &user, &backends, &password).await? {
                Login::Proved { backend } => {
                    user.backend = Some(backend.value().to_owned());
                    run.plan.set_pending_user(&user);
                    Step::Done
                }
                Login::Throttled(wait) => authenticate::throttled(run, "password", wait),
                Login::Failed => failed(),
            });
        }
        if !is_known && !self.pretend_user_exists {
            run.lowers_reputation(&typed).await;
            return Ok(failed());
        }
        if self.also_asks_password(run) && answer.get("password").is_some() {
            run.hand_on(answer.clone());
        }
        Ok(Step::Done)
    }
}

impl Stage for IdentificationStage {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<IdentificationChallenge>()];
    const ONLY_ASKS: bool = true;

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let step = self.skipped(run).or_else(|| self.only_way(run));
        Ok(step.unwrap_or_else(|| Step::show(self.ask(run))))
    }

    async fn answer(&self, run: &mut Run, (): &mut (), answer: &Answer) -> Result<Step, FlowError> {
        if let Some(step) = self.skipped(run) {
            return Ok(step);
        }
        if self.enable_remember_me {
            run.remember_name(answer.get("remember").and(answer.str("uid_field")));
        }
        let shown = answer.get("passkey").filter(|shown| shown.as_str() != Some(""));
        if let Some(shown) = shown.filter(|_| self.takes_passkey(run)) {
            return self.identify_by_passkey(run, shown).await;
        }
        self.identify(run, answer).await
    }

    fn sentence(&self) -> Sentence {
        let by = |field: &UserField| match field {
            UserField::Email => "e-mail",
            UserField::Username => "username",
            UserField::Upn => "UPN",
        };
        let by: Vec<&str> = self.user_fields.iter().map(by).collect();
        let text = if self.password_stage.is_some() {
            "Ask who it is, and the password"
        } else {
            "Ask who it is"
        };
        Sentence::new(text)
            .note(match by.as_slice() {
                [] => "by a source only".to_owned(),
                by => format!("by {}", by.join(" or ")),
            })
            .note_if(self.passwordless_flow.is_some(), "passkeys offered")
            .note_if(self.enrollment_flow.is_some(), "sign-up offered")
            .note_if(self.recovery_flow.is_some(), "recovery offered")
    }
}

/// The question of a captcha service, as clients of the original find it in that of the name.
#[derive(Debug, Clone, Serialize)]
struct AskedCaptcha {
    pending_user: String,
    pending_user_avatar: String,
    component: &'static str,
    #[serde(flatten)]
    question: CaptchaChallenge,
}

/// The field knows any stage; only these ask a captcha service.
fn as_captcha(stage: Ref<dyn AnyStage>) -> Ref<CaptchaStage> {
    Ref::new(stage.key())
}

/// User name, and the password where this stage or the next one asks for it.
#[derive(Debug, Clone, Serialize)]
struct IdentificationChallenge {
    user_fields: Vec<&'static str>,
    password_fields: bool,
    allow_show_password: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_pre: Option<String>,
    flow_designation: &'static str,
    captcha_stage: Option<AskedCaptcha>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enroll_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passwordless_url: Option<String>,
    primary_action: &'static str,
    sources: Vec<source::Button>,
    show_source_labels: bool,
    enable_remember_me: bool,
    /// Asks for the password of the next stage, too.
    #[serde(skip)]
    also_password: bool,
    #[serde(skip)]
    recovery_of_brand: Option<String>,
    /// The name that an application expects.
    #[serde(skip)]
    hinted: Option<String>,
    /// The name that is kept on the device.
    #[serde(skip)]
    remembered: Option<String>,
    /// Where the page asks what a passkey in the field of the name has to sign.
    #[serde(skip)]
    passkey_url: Option<String>,
}

impl Page for IdentificationChallenge {
    const COMPONENT: &'static str = "ak-stage-identification";
    const TEMPLATE: &'static str = include_str!("identification.html");

    fn remembers(&self) -> Vec<&str> {
        vec!["uid_field"]
    }

    fn scripts_from(&self) -> Vec<String> {
        self.captcha_stage.as_ref().map(|asked| asked.question.origins()).unwrap_or_default()
    }

    fn view(&self, scene: &Scene) -> Value {
        let title = match scene.title_unless_plain() {
            None if self.flow_designation == "authentication" => scene.t("sign-in"),
            title => title.unwrap_or(&scene.title).to_owned(),
        };
        let labels = self.user_fields.iter().map(|field| match *field {
            "email" => scene.t("email-label"),
            "username" => scene.t("username-label"),
            _ => scene.t("upn-label"),
        });
        let either = |one: String, other: String| {
            scene.say("either", &[("one", one.into()), ("other", other.into())])
        };
        let only_mail = self.user_fields == ["email"];
        let typed = scene.typed.get("uid_field").filter(|typed| !typed.is_empty());
        let mut errors = scene.errors.form.clone();
        let mut of_password = scene.errors.fields.get("password").cloned().unwrap_or_default();
        let refused = scene.language.of(password::INVALID);
        // Whether the name or the password was wrong is not told.
        if self.also_password && of_password.contains(&refused) {
            of_password.clear();
            errors = vec![scene.t("error-name-and-password")];
        }
        json!({
            "title": title, "subtitle": scene.purpose, "errors": errors,
            "user_label": labels.reduce(either).unwrap_or_default(),
            "user_type": if only_mail { "email" } else { "text" },
            "user_autocomplete": if only_mail { "email" } else { "username" },
            "passkey_url": self.passkey_url,
            "user": typed.or(self.hinted.as_ref()).or(self.remembered.as_ref()),
            "user_field": {"id": "uid", "errors": passkey::errors(scene, "uid_field")},
            "password": self.password_fields || self.also_password,
            "password_field": {"id": "password", "errors": of_password},
            "remember_me": self.enable_remember_me,
            "remembered": typed.is_none() && self.hinted.is_none() && self.remembered.is_some(),
            "action": scene.language.of(self.primary_action),
            "recovery_url": self.recovery_url.as_ref().or(self.recovery_of_brand.as_ref()),
            "enroll_url": self.enroll_url, "passwordless_url": self.passwordless_url,
            "sources": self.sources.iter().map(|button| button.view(scene, self.show_source_labels)).collect::<Vec<_>>(),
            "captcha": self.captcha_stage.as_ref().map(|asked| &asked.question),
        })
    }

    fn samples() -> Vec<Self> {
        let url = |flow: &str| Some(format!("/if/flow/{flow}/"));
        let full = Self {
            user_fields: vec!["email", "username"],
            password_fields: true,
            allow_show_password: true,
            application_pre: Some("Flask SSO App".to_owned()),
            flow_designation: "authentication",
            captcha_stage: Some(AskedCaptcha {
                pending_user: String::new(),
                pending_user_avatar: NOBODY.to_owned(),
                component: CaptchaChallenge::COMPONENT,
                question: CaptchaChallenge::samples().remove(0),
            }),
            enroll_url: url("enroll"),
            recovery_url: url("recovery"),
            passwordless_url: url("passwordless"),
            primary_action: "Log in",
            sources: vec![source::Button {
                name: "Example ID".to_owned(),
                icon: Some("/static/dist/assets/images/user_default.png".to_owned()),
                to: "/source/saml/example/".to_owned(),
            }],
            show_source_labels: true,
            enable_remember_me: true,
            also_password: false,
            recovery_of_brand: None,
            hinted: None,
            remembered: Some("uma".to_owned()),
            passkey_url: Some("/api/v3/countersign/flows/login/passkey/".to_owned()),
        };
        let bare = Self {
            password_fields: false,
            application_pre: None,
            enroll_url: None,
            recovery_url: None,
            passwordless_url: None,
            captcha_stage: None,
            sources: Vec::new(),
            enable_remember_me: false,
            also_password: true,
            recovery_of_brand: url("recovery"),
            hinted: None,
            remembered: None,
            passkey_url: None,
            ..full.clone()
        };
        let sources = Self { user_fields: Vec::new(), password_fields: false, ..full.clone() };
        vec![full, bare, sources]
    }
}
