//! Asks a captcha service whether the visitor is a person.

use countersign_model::{FieldErrors, Kind, Problem, Secret};
use countersign_outbound::Request;
use countersign_pages::{Page, PageDef, Scene};
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::answer::Answer;
use crate::error::FlowError;
use crate::plan::key;
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Asks a captcha service whether the visitor is a person.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/captcha",
    model = "authentik_stages_captcha.captchastage",
    title = "Captcha Stage",
    component = "ak-stage-captcha-form"
)]
pub struct CaptchaStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(label = "Public Key", help = "From the service, also called site key.", filter)]
    pub public_key: String,
    #[field(label = "Private Key", help = "From the service, also called secret key.", write_only)]
    pub private_key: Secret,
    #[field(
        label = "Interactive",
        help = "People have to solve something, as with reCAPTCHA v2, hCaptcha or Turnstile.",
        default = false
    )]
    pub interactive: bool,
    #[field(
        label = "Score minimum threshold",
        help = "Answers with a lower score are refused. -1: none is too low.",
        default = 0.5
    )]
    pub score_min_threshold: f64,
    #[field(
        label = "Score maximum threshold",
        help = "Answers with a higher score are refused. -1: none is too high.",
        default = 1.0
    )]
    pub score_max_threshold: f64,
    #[field(
        label = "Error on invalid score",
        help = "Refuses a bad score. Otherwise the flow goes on, and policies find the answer in context[\"captcha\"].",
        default = true
    )]
    pub error_on_invalid_score: bool,
    #[field(
        label = "JS URL",
        help = "The service's script. Pages with this stage run it.",
        group = "Advanced settings",
        default = "https://www.recaptcha.net/recaptcha/api.js"
    )]
    pub js_url: String,
    #[field(
        label = "API URL",
        help = "Where tokens are checked. Networks of your own must be allowed by the setting outbound.allow.",
        group = "Advanced settings",
        default = "https://www.recaptcha.net/recaptcha/api/siteverify"
    )]
    pub api_url: String,
}

/// Longer than any token.
const LONGEST_TOKEN: usize = 8 * 1024;
/// What the original says.
const FAILED: &str = "Failed to validate token";
const INVALID: &str = "Invalid captcha response";
const RETRY: &str = "Invalid captcha response. Retrying may solve this issue.";
/// Refusals that another try may change: of reCAPTCHA, hCaptcha and Turnstile.
const PASSING: [&str; 5] = [
    "missing-input-response",
    "invalid-input-response",
    "timeout-or-duplicate",
    "expired-input-response",
    "already-seen-response",
];

fn invalid(text: &str) -> Problem {
    Problem::new("invalid", text)
}

impl CaptchaStage {
    /// Has the service say whether a token is good; what is wrong, if it is not. Its answer is
    /// left for policies.
    pub(super) async fn check(&self, run: &mut Run, token: &str) -> Option<Problem> {
        if token.is_empty() || token.len() > LONGEST_TOKEN {
            return Some(invalid(RETRY));
        }
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("secret", self.private_key.expose())
            .append_pair("response", token)
            .append_pair("remoteip", &run.request().client_ip.to_string())
            .finish();
        let request = Request::new(Method::POST, self.api_url.clone(), form.into_bytes())
            .header("Content-Type", "application/x-www-form-urlencoded");
        let sent = match request {
            Ok(request) => run.cx().outbound().send(request).await,
            Err(error) => Err(error),
        };
        let answer = match sent {
            Ok(answer) if answer.status.is_success() => {
                serde_json::from_slice::<Value>(&answer.body).ok()
            }
            Ok(answer) => {
                tracing::warn!(stage = self.name, status = %answer.status, "a captcha service refused");
                None
            }
            Err(error) => {
                tracing::warn!(stage = self.name, %error, "a captcha service gave no answer");
                None
            }
        };
        let Some(answer) = answer.filter(Value::is_object) else { return Some(invalid(FAILED)) };
        if self.error_on_invalid_score
            && let Err(text) = self.judge(&answer)
        {
            return Some(invalid(text));
        }
        let stage = run.current_stage().map(|stage| stage.id.key.to_string());
        let found = json!({"response": answer, "stage": {"pk": stage, "name": self.name}});
        run.plan.context.insert(key::CAPTCHA.to_owned(), found);
        None
    }

    /// Whether an answer of the service lets the visitor on.
    fn judge(&self, answer: &Value) -> Result<(), &'static str> {
        if answer.get("success").and_then(Value::as_bool) != Some(true) {
            let codes = answer.get("error-codes").and_then(Value::as_array);
            let passing = |code: &Value| code.as_str().is_some_and(|code| PASSING.contains(&code));
            let may_pass =
                codes.is_some_and(|codes| !codes.is_empty() && codes.iter().all(passing));
            return Err(if may_pass { RETRY } else { INVALID });
        }
        let Some(score) = answer.get("score").and_then(Value::as_f64) else { return Ok(()) };
        let (least, most) = (self.score_min_threshold, self.score_max_threshold);
        if least > -1.0 && score < least || most > -1.0 && score > most {
            return Err(INVALID);
        }
        Ok(())
    }

    /// The question, as pages and clients are asked it.
    pub(super) fn question(&self) -> CaptchaChallenge {
        CaptchaChallenge {
            js_url: self.js_url.clone(),
            site_key: self.public_key.clone(),
            interactive: self.interactive,
        }
    }
}

impl Stage for CaptchaStage {
    type State = ();
    const PAGES: &'static [PageDef] = &[PageDef::of::<CaptchaChallenge>()];
    const ONLY_ASKS: bool = true;

    async fn show(&self, _: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        Ok(Step::show(self.question()))
    }

    async fn answer(&self, run: &mut Run, (): &mut (), answer: &Answer) -> Result<Step, FlowError> {
        let token = match answer.raw_text("token") {
            Ok(token) => token,
            Err(problem) => return Ok(Step::invalid("token", problem)),
        };
        Ok(match self.check(run, &token).await {
            Some(problem) => Step::Invalid(FieldErrors::one("token", problem)),
            None => Step::Done,
        })
    }

    fn sentence(&self) -> Sentence {
        let host = Url::parse(&self.api_url).ok();
        let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
        Sentence::new("Check that it is a person")
            .note(format!("by {host}"))
            .note_if(!self.error_on_invalid_score, "policies decide what a bad answer means")
    }
}

/// What a page loads and shows for a token.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CaptchaChallenge {
    js_url: String,
    site_key: String,
    interactive: bool,
}

impl CaptchaChallenge {
    /// Origins that a page with this question needs: that of the script, and where the scripts of
    /// known services load the rest from.
    pub(super) fn origins(&self) -> Vec<String> {
        let Some(url) = Url::parse(&self.js_url).ok().filter(Url::has_host) else {
            return Vec::new();
        };
        let host = url.host_str().unwrap_or_default();
        let more: &[&str] = match host {
            "www.recaptcha.net" | "recaptcha.net" | "www.google.com" | "recaptcha.google.com" => &[
                "https://www.recaptcha.net",
                "https://www.google.com",
                "https://recaptcha.google.com",
                "https://www.gstatic.com",
                "https://www.gstatic.cn",
            ],
            host if host == "hcaptcha.com" || host.ends_with(".hcaptcha.com") => {
                &["https://hcaptcha.com", "https://*.hcaptcha.com"]
            }
            _ => &[],
        };
        let mut origins = vec![url.origin().ascii_serialization()];
        origins.extend(more.iter().map(|origin| (*origin).to_owned()));
        origins
    }
}

impl Page for CaptchaChallenge {
    const COMPONENT: &'static str = "ak-stage-captcha";
    const TEMPLATE: &'static str = include_str!("page.html");

    fn names_user(&self) -> bool {
        true
    }

    fn scripts_from(&self) -> Vec<String> {
        self.origins()
    }

    fn view(&self, scene: &Scene) -> Value {
        json!({
            "title": scene.title_unless_plain().map_or_else(|| scene.t("are-you-a-person"), str::to_owned),
            "subtitle": scene.purpose,
            "captcha": self,
            "errors": scene.errors.fields.get("token"),
        })
    }

    fn samples() -> Vec<Self> {
        let sample = |interactive| Self {
            js_url: "https://www.recaptcha.net/recaptcha/api.js".to_owned(),
            site_key: "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI".to_owned(),
            interactive,
        };
        vec![sample(true), sample(false)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(least: f64, most: f64) -> CaptchaStage {
        CaptchaStage {
            name: "captcha".to_owned(),
            public_key: "public".to_owned(),
            private_key: Secret::new("private"),
            interactive: false,
            score_min_threshold: least,
            score_max_threshold: most,
            error_on_invalid_score: true,
            js_url: "https://js.example/api.js".to_owned(),
            api_url: "https://api.example/siteverify".to_owned(),
        }
    }

    #[test]
    fn answers_are_judged_as_by_the_original() {
        let refused = |codes: Value| json!({"success": false, "error-codes": codes});
        for (least, most, answer, outcome) in [
            (0.5, 1.0, json!({"success": true}), Ok(())),
            (0.5, 1.0, json!({"success": true, "score": 0.5}), Ok(())),
            (0.5, 1.0, json!({"success": true, "score": 0.4}), Err(INVALID)),
            (0.0, 0.3, json!({"success": true, "score": 0.4}), Err(INVALID)),
            (-1.0, -1.0, json!({"success": true, "score": 7}), Ok(())),
            (0.5, 1.0, json!({"success": "true"}), Err(INVALID)),
            (0.5, 1.0, json!({}), Err(INVALID)),
            (0.5, 1.0, refused(json!(["timeout-or-duplicate"])), Err(RETRY)),
            (0.5, 1.0, refused(json!(["timeout-or-duplicate", "bad-request"])), Err(INVALID)),
            (0.5, 1.0, refused(json!([])), Err(INVALID)),
            (0.5, 1.0, refused(json!(["invalid-input-secret"])), Err(INVALID)),
        ] {
            assert_eq!(stage(least, most).judge(&answer), outcome, "{answer}");
        }
    }

    #[test]
    fn a_page_runs_scripts_of_its_service_and_of_nobody_else() {
        for (js_url, first, count) in [
            ("https://js.example:8443/x/api.js?a=b", "https://js.example:8443", 1),
            ("https://js.hcaptcha.com/1/api.js", "https://js.hcaptcha.com", 3),
            ("https://evilhcaptcha.com/1/api.js", "https://evilhcaptcha.com", 1),
            ("https://challenges.cloudflare.com/v0/api.js", "https://challenges.cloudflare.com", 1),
            ("https://www.recaptcha.net/recaptcha/api.js", "https://www.recaptcha.net", 6),
        ] {
            let challenge = CaptchaChallenge { js_url: js_url.to_owned(), ..sample() };
            let origins = challenge.origins();
            assert_eq!((origins[0].as_str(), origins.len()), (first, count), "{js_url}");
        }
        for none in ["", "javascript:alert(1)", "data:text/javascript,1", "api.js"] {
            let challenge = CaptchaChallenge { js_url: none.to_owned(), ..sample() };
            assert!(challenge.origins().is_empty(), "{none}");
        }
    }

    fn sample() -> CaptchaChallenge {
        CaptchaChallenge::samples().remove(0)
    }
}
