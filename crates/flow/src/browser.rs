//! One browser during one request: who is signed in, under which brand, and which cookies the
//! answer carries.

use std::sync::Arc;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use countersign_core::{
    Identity, Permission, RequestInfo, Rights, SessionData, Visitor, cookies, cookies::csrf_cookie,
    cookies::csrf_token, cookies::session_cookie,
};
use countersign_directory::SystemSettings;
use countersign_model::{Key, ObjectId, Ref, Snapshot, Space};
use countersign_pages::{Frame, Link, Page, Scene, response as page_response};
use countersign_policy::recording::Recorder;
use countersign_policy::{Host, Occasion, PolicyRequest, Subject};
use countersign_store::{Actor, StoreError, params, sha256};
use countersign_words::{Language, Wishes};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::context::FlowContext;
use crate::headless::Client;
use crate::kinds::Flow;
use crate::plan::PendingUser;

const NAME_COOKIE: &str = "countersign_name";
const FACTOR_COOKIE: &str = "authentik_mfa";
const SESSION_STATE_COOKIE: &str = "countersign_session_state";
/// How long a session without a set duration lasts on the server, in seconds.
pub(crate) const BROWSER_SESSION: i64 = 86_400;

/// A session about to be made.
pub(crate) struct NewSession {
    /// Zero or less: as long as the browser.
    pub(crate) seconds: i64,
    pub(crate) terminate_others: bool,
    pub(crate) data: SessionData,
}

pub(crate) struct Browser {
    pub(crate) cx: FlowContext,
    pub(crate) request: RequestInfo,
    pub(crate) visitor: Visitor,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) subject: Option<Subject>,
    /// Another site may have made this request: what changes something is asked first.
    pub(crate) unasked: bool,
    /// Pages are drawn for it: one may ask for what several stages want.
    pub(crate) is_page: bool,
    /// Somebody wants to see what would be shown: expressions change nothing.
    pub(crate) is_trial: bool,
    /// There is no browser: a protocol answers in the name of somebody, see [`crate::headless`].
    pub(crate) headless: Option<Client>,
    /// The name that is kept on the device, see [`Browser::remember_name`].
    pub(crate) remembered_name: Option<String>,
    /// What the browser says of a second factor, see [`Browser::remember_factor`].
    pub(crate) remembered_factor: Option<String>,
    cookies: Vec<HeaderValue>,
    /// Pages of applications watch the session, which is another one once somebody signs in or out.
    has_session_state: bool,
    /// The session ended in this request: unless a plan goes on, the cookie goes.
    logged_out: bool,
    /// The key the browser came with, after signing in or out gave it another.
    former: Option<[u8; 32]>,
}

/// The `ui_locales` of an address, or of the one that it leads to (`next`): a client asks for a
/// language once, and the sign-in it has to wait for is in it, too.
fn asked_languages(query: &str) -> Option<String> {
    let value = |query: &str, name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    };
    value(query, "ui_locales").or_else(|| {
        let next = value(query, "next")?;
        value(next.split_once('?')?.1, "ui_locales")
    })
}

/// The language that somebody chose: `settings.locale` of a person or a brand.
pub(crate) fn stored_language(attributes: &Map<String, Value>) -> Option<&str> {
    attributes.get("settings")?.get("locale")?.as_str()
}

/// The picture that brands and clients have by default.
const BACKGROUND: &str = "/static/dist/assets/images/flow_background.jpg";

impl Browser {
    pub(crate) fn new(cx: &FlowContext, request: &RequestInfo, visitor: &Visitor) -> Self {
        let subject = visitor.user.as_deref().map(|user| Subject::of(user, cx.uid(user.pk)));
        Self {
            cx: cx.clone(),
            request: request.clone(),
            visitor: visitor.clone(),
            snapshot: cx.snapshot(),
            subject,
            unasked: false,
            is_page: false,
            is_trial: false,
            headless: None,
            remembered_name: None,
            remembered_factor: None,
            cookies: Vec::new(),
            has_session_state: false,
            logged_out: false,
            former: None,
        }
    }

    pub(crate) fn actor(&self) -> Actor {
        self.cx.actor(&self.visitor.caller(), &self.request)
    }

    pub(crate) fn user_pk(&self) -> Option<i64> {
        self.visitor.user.as_ref().map(|user| user.pk)
    }

    /// Whether who is signed in holds a permission globally.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        let user = self.visitor.user.as_deref();
        user.is_some_and(|user| Rights::of(user, &self.snapshot).hold(permission))
    }

    /// Whether who is signed in holds a permission on an object.
    pub(crate) fn may_on(&self, permission: Permission, object: ObjectId) -> bool {
        let user = self.visitor.user.as_deref();
        user.is_some_and(|user| Rights::of(user, &self.snapshot).on(permission, object))
    }

    pub(crate) fn is_superuser(&self) -> bool {
        self.visitor.user.as_ref().is_some_and(|user| user.is_superuser())
    }

    /// Whether errors may be shown in full.
    pub(crate) fn sees_errors(&self) -> bool {
        let brand = self.cx.brand_attributes(&self.request);
        let debug = |user: &Identity| {
            user.merged_attributes(&brand).get("goauthentik.io/user/debug").and_then(Value::as_bool)
        };
        self.is_superuser() || self.visitor.user.as_deref().and_then(debug) == Some(true)
    }

    /// The person signed in, as a plan's pending user.
    pub(crate) fn pending(&self) -> Option<PendingUser> {
        self.visitor.user.as_ref().map(|user| PendingUser {
            pk: Some(user.pk),
            username: user.username.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            backend: self
                .visitor
                .session
                .as_ref()
                .map(|_| "authentik.core.auth.InbuiltBackend".to_owned()),
        })
    }

    /// Reads the signed-in account again after it was written.
    pub(crate) async fn reload(&mut self) -> Result<(), StoreError> {
        if let Some(pk) = self.user_pk() {
            let user =
                self.cx.store.look_up(move |sql| countersign_accounts::identity(sql, pk)).await?;
            self.become_user(user);
        }
        Ok(())
    }

    fn become_user(&mut self, user: Option<Identity>) {
        self.subject = user.as_ref().map(|user| Subject::of(user, self.cx.uid(user.pk)));
        self.visitor.user = user.map(Arc::new);
    }

    /// Takes the configuration anew, after an edit made by a stage.
    pub(crate) fn renew_snapshot(&mut self) {
        self.snapshot = self.cx.snapshot();
    }

    // Brand.

    fn brand(&self) -> Option<Map<String, Value>> {
        let reference = self.cx.brand_reference(&self.request)?;
        let key = Uuid::parse_str(reference.get("pk")?.as_str()?).ok()?;
        Some(self.snapshot.entry(ObjectId::new(Space("brand"), Key::Uuid(key)))?.object.values())
    }

    fn brand_text(&self, field: &str) -> String {
        let brand = self.brand();
        brand
            .as_ref()
            .and_then(|brand| brand.get(field))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn brand_title(&self) -> String {
        let title = self.brand_text("branding_title");
        if title.is_empty() { "Countersign".to_owned() } else { title }
    }

    pub(crate) fn brand_flow(&self, field: &str) -> Option<Ref<Flow>> {
        let brand = self.brand()?;
        let key = Uuid::parse_str(brand.get(field)?.as_str()?).ok()?;
        let flow = Ref::<Flow>::new(Key::Uuid(key));
        self.snapshot.get(flow).map(|_| flow)
    }

    /// The slug of the application that external users are led to.
    pub(crate) fn default_application(&self) -> Option<String> {
        let id = countersign_core::brand_for(&self.snapshot, &self.request.host)?;
        let application =
            self.snapshot.entry(id)?.cast::<countersign_catalogue::Brand>()?.default_application?;
        self.snapshot.get(application).map(|application| application.slug.to_string())
    }

    /// The picture behind a flow, as clients of the executor show it.
    pub(crate) fn background(&self, flow: &Flow) -> String {
        self.cx.url(self.chosen_background(flow).as_deref().unwrap_or(BACKGROUND))
    }

    /// The one that somebody chose for the flow, else for the brand: the original's own stands for
    /// none.
    pub(crate) fn chosen_background(&self, flow: &Flow) -> Option<String> {
        let brand = || self.brand_text("branding_default_flow_background");
        let own = flow.background.as_deref().filter(|own| !own.is_empty());
        let chosen = own.map_or_else(brand, str::to_owned);
        Some(chosen).filter(|chosen| !chosen.is_empty() && chosen != BACKGROUND)
    }

    /// What its pages are written in.
    pub(crate) fn language(&self) -> Language {
        let brand = self.cx.brand_attributes(&self.request);
        let user = self.visitor.user.as_deref();
        let own = user.map(|user| user.merged_attributes(&Map::new()));
        let asked = asked_languages(&self.request.query);
        Wishes {
            request: asked.as_deref(),
            person: own.as_ref().and_then(stored_language),
            brand: stored_language(&brand),
            browser: &self.request.accept_language,
        }
        .language()
    }

    /// What surrounds every page.
    pub(crate) fn frame(&self) -> Frame {
        let title = self.brand_title();
        // A brand nobody has named yet bears the original's name.
        let title = if title == "authentik" { "Countersign" } else { &title };
        let frame = Frame::new(title).below(&self.cx.settings.base_path);
        let mut frame = frame.in_language(self.language());
        let logo = self.brand_text("branding_logo");
        // The original's own pictures stand for "none chosen": the mark is drawn instead.
        if !logo.is_empty() && !logo.starts_with("/static/dist/assets/icons/") {
            frame.logo = Some(logo);
        }
        let favicon = self.brand_text("branding_favicon");
        if !favicon.is_empty() && !favicon.starts_with("/static/dist/assets/icons/") {
            frame.favicon = favicon;
        }
        if !self.brand_text("branding_custom_css").is_empty() {
            frame.custom_css = Some("/static/brand.css".to_owned());
        }
        frame.links = self.footer_links();
        frame
    }

    /// A page that belongs to no flow.
    pub(crate) fn page(&self, status: StatusCode, page: &impl Page) -> Response {
        page_response(status, &self.frame(), &Scene::default(), page)
    }

    fn footer_links(&self) -> Vec<Link> {
        let of_brand = self.brand().and_then(|brand| {
            brand.get("attributes")?.pointer("/settings/footer_links")?.as_array().cloned()
        });
        let mut links = SystemSettings::of(&self.snapshot).footer_links.links().to_vec();
        links.extend(of_brand.unwrap_or_default());
        let text = |link: &Value, name: &str| {
            link.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let safe = |href: &str| {
            let begins = ["/", "https://", "http://", "mailto:", "tel:"];
            href.is_empty() || begins.iter().any(|start| href.starts_with(start))
        };
        links
            .iter()
            .map(|link| Link { name: text(link, "name"), href: text(link, "href") })
            .filter(|link| safe(&link.href))
            .collect()
    }

    pub(crate) fn custom_css(&self) -> String {
        self.brand_text("branding_custom_css")
    }

    /// What answers the questions of policies.
    pub(crate) fn host(&self) -> impl Host + 'static {
        let seen = self.headless.as_ref().map(|client| client.as_looked_at(&self.request));
        let seen = seen.as_ref().unwrap_or(&self.request);
        let host = self.cx.policies().host(&self.cx, Some(seen));
        Recorder::new(if self.is_trial { host.trial() } else { host })
    }

    /// A question to policies or mappings.
    pub(crate) fn asking<'a>(
        &'a self,
        host: &'a dyn Host,
        user: Option<&'a Subject>,
        occasion: Occasion<'a>,
    ) -> PolicyRequest<'a> {
        PolicyRequest {
            snapshot: &self.snapshot,
            clock: &*self.cx.clock,
            host,
            user,
            occasion,
            target: None,
            name: "",
        }
    }

    // Session.

    /// A session of the account began under this key. `false` when it is over already.
    pub(crate) async fn signed_in(
        &mut self,
        pk: i64,
        key: &str,
        session: NewSession,
    ) -> Result<bool, StoreError> {
        let hash = sha256(key);
        let read = self.cx.store.look_up(move |sql| {
            // Another request may have begun it, and it may have been ended since.
            let lives = sql.query_one(
                "SELECT 1 FROM session WHERE key_hash = $1 AND user_id = $2",
                params![hash, pk],
            )?;
            if lives.is_none() { Ok(None) } else { countersign_accounts::identity(sql, pk) }
        });
        let Some(user) = read.await? else { return Ok(false) };
        let uid = self.cx.uid(pk);
        // An outpost keeps what has no end for ever, and no window of its closes.
        let as_long = self.request.outpost.map(|_| BROWSER_SESSION);
        let max_age = (session.seconds > 0).then_some(session.seconds).or(as_long);
        self.cookies.clear();
        self.cookies.extend(session_cookie(&self.cx, &self.request, key, Some(&uid), max_age));
        self.cookies.extend(csrf_cookie(&self.cx, &self.request).1);
        self.former.get_or_insert(self.visitor.key_hash());
        self.forget_session_state();
        let mut browser = std::mem::take(&mut self.visitor.browser);
        browser.remember(pk, &*self.cx.entropy);
        self.cookies.extend(browser.cookie(&self.cx, &self.request));
        let nobody = Visitor::nobody(key.to_owned());
        self.visitor = Visitor { session: Some(session.data), browser, ..nobody };
        self.logged_out = false;
        self.become_user(Some(user));
        Ok(true)
    }

    /// Puts a cookie on the answer.
    pub(crate) fn give(&mut self, cookie: Option<HeaderValue>) {
        self.cookies.extend(cookie);
    }

    /// The session ended.
    pub(crate) fn signed_out(&mut self) {
        self.former.get_or_insert(self.visitor.key_hash());
        self.forget_session_state();
        let browser = std::mem::take(&mut self.visitor.browser);
        self.visitor =
            Visitor { fresh: true, browser, ..Visitor::nobody(self.cx.entropy.token(32)) };
        self.subject = None;
        self.logged_out = true;
    }

    fn forget_session_state(&mut self) {
        if self.has_session_state {
            self.set_session_state(None);
        }
    }

    /// What pages of applications compare in a frame of this server (OpenID Connect Session
    /// Management 1.0): script reads it, and frames on other sites. `None` takes it away.
    pub(crate) fn set_session_state(&mut self, state: Option<&str>) {
        let value = state.unwrap_or_default().to_owned();
        let cookie = Cookie::build((SESSION_STATE_COOKIE, value)).path(self.cx.url("/"));
        let cookie = match state {
            Some(_) => cookie,
            None => cookie.max_age(cookie::time::Duration::ZERO),
        };
        let cookie = if self.request.secure() {
            cookie.secure(true).same_site(SameSite::None)
        } else {
            cookie.same_site(SameSite::Lax)
        };
        self.cookies.extend(HeaderValue::from_str(&cookie.build().to_string()));
    }

    /// Gives a browser that is not signed in another key.
    pub(crate) fn renew_key(&mut self) {
        self.former.get_or_insert(self.visitor.key_hash());
        self.visitor = Visitor { fresh: true, ..Visitor::nobody(self.cx.entropy.token(32)) };
    }

    pub(crate) fn key_changed(&self) -> bool {
        self.former.is_some()
    }

    pub(crate) fn former_key(&self) -> Option<[u8; 32]> {
        self.former
    }

    /// The CSRF token for forms on the page being made; a browser without one is given one.
    pub(crate) fn csrf(&mut self, headers: &HeaderMap) -> String {
        if let Some(token) = csrf_token(headers).filter(|_| self.cookies.is_empty()) {
            return token;
        }
        let (token, cookie) = csrf_cookie(&self.cx, &self.request);
        self.cookies.extend(cookie);
        token
    }

    /// Keeps or forgets the name that the sign-in page offers next time. It proves nothing and is
    /// only shown back.
    pub(crate) fn remember_name(&mut self, name: Option<&str>) {
        let (value, seconds) =
            name.map_or((String::new(), 0), |name| (URL_SAFE_NO_PAD.encode(name), 365 * 86_400));
        let secure = if self.request.secure() { "; Secure" } else { "" };
        let path = self.cx.url("/if/flow/");
        let cookie = format!(
            "{NAME_COOKIE}={value}; HttpOnly; SameSite=Lax; Path={path}; Max-Age={seconds}{secure}"
        );
        self.cookies.extend(HeaderValue::from_str(&cookie));
    }

    /// The name kept by [`Browser::remember_name`].
    pub(crate) fn remembered_name(headers: &HeaderMap) -> Option<String> {
        let cookies =
            headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let value = cookies
            .flat_map(|text| text.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(NAME_COOKIE)?.strip_prefix('='))?;
        let name = String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
        (!name.is_empty() && name.len() <= 254).then_some(name)
    }

    /// Lets the browser show for so many seconds that its owner proved to have a second factor.
    pub(crate) fn remember_factor(&mut self, proof: &str, seconds: i64) {
        let cookie = Cookie::build((FACTOR_COOKIE, proof))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.request.secure())
            .max_age(cookie::time::Duration::seconds(seconds));
        self.cookies.extend(HeaderValue::from_str(&cookie.build().to_string()));
    }

    /// Takes over what the browser sent with this request.
    pub(crate) fn with_headers(mut self, headers: &HeaderMap) -> Browser {
        self.remembered_factor = cookies::value(headers, FACTOR_COOKIE);
        self.has_session_state = cookies::value(headers, SESSION_STATE_COOKIE).is_some();
        self
    }

    /// Puts the cookies of this request on its answer. `continues`: a plan waits under the
    /// browser's key.
    pub(crate) fn with_cookies(&self, mut response: Response, continues: bool) -> Response {
        let mut cookies = self.cookies.clone();
        if self.logged_out && !continues {
            cookies.extend(self.cleared_cookie());
        } else {
            cookies.extend(self.visitor.cookie(&self.cx, &self.request));
        }
        for cookie in cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    fn cleared_cookie(&self) -> Option<HeaderValue> {
        let same_site =
            if self.request.secure() { "SameSite=None; Secure" } else { "SameSite=Lax" };
        let domain = self
            .cx
            .settings
            .cookie_domain
            .as_ref()
            .map(|domain| format!("; Domain={domain}"))
            .unwrap_or_default();
        HeaderValue::from_str(&format!(
            "authentik_session=; HttpOnly; {same_site}; Path={}{domain}; Max-Age=0",
            self.cx.url("/")
        ))
        .ok()
    }
}
