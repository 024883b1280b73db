//! A browser and its plan during one request: what stages work with.

use std::sync::Arc;

use countersign_accounts::{end_session, end_sessions_of, start_session};
use countersign_catalogue::{Application, sign_out};
use countersign_core::{Identity, RequestInfo, Visitor};
use countersign_directory::{Attempt, Owner, Place, TooMany};
use countersign_events::{Event, emit, model_reference};
use countersign_model::{Entry, Kind, Ref};
use countersign_policy::{Decision, Subject};
use countersign_sources::{Refusal, Unsettled};
use countersign_store::{ActorUser, StoreError, Tx, sha256};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::browser::{BROWSER_SESSION, Browser, NewSession};
use crate::context::FlowContext;
use crate::destination::ApplicationHint;
use crate::error::FlowError;
use crate::headless::Client;
use crate::kinds::{Flow, FlowStageBinding};
use crate::origin;
use crate::plan::{PendingUser, Plan, Planned, Proved, key};
use crate::stages::{authenticate, invitation};
use crate::web;

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotIn {
    /// There is no such account, it is deactivated, or what let somebody in was used already.
    #[error("No user found, the flow has no account to sign in.")]
    Nobody,
    #[error(transparent)]
    Source(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unsettled> for NotIn {
    fn from(unsettled: Unsettled) -> NotIn {
        match unsettled {
            Unsettled::Refused(why) => NotIn::Source(why),
            Unsettled::Store(error) => NotIn::Store(error),
        }
    }
}

pub struct Run {
    pub(crate) browser: Browser,
    pub(crate) plan: Plan,
    pub(crate) application_hint: Option<ApplicationHint>,
    /// The plan's pending user as policies see one; kept in step by [`Run::refresh`].
    pending: Option<Subject>,
    /// What it is like now, for what was proved of it.
    as_it_is: Option<Proved>,
    /// Seconds after which the same may be asked again, for the answer's `Retry-After`.
    pub(crate) retry_after: Option<i64>,
    /// Other requests may find the plan, too.
    pub(crate) is_kept: bool,
    /// The answer for the next step, see [`Run::hand_on`].
    pub(crate) handed_on: Option<Answer>,
}

impl Run {
    pub(crate) fn new(
        browser: Browser,
        plan: Plan,
        application_hint: Option<ApplicationHint>,
    ) -> Self {
        Self {
            browser,
            plan,
            application_hint,
            pending: None,
            as_it_is: None,
            retry_after: None,
            is_kept: false,
            handed_on: None,
        }
    }

    pub fn cx(&self) -> &FlowContext {
        &self.browser.cx
    }

    pub fn request(&self) -> &RequestInfo {
        &self.browser.request
    }

    /// The browser as it is now: signed in, if the flow signed somebody in.
    pub fn visitor(&self) -> &Visitor {
        &self.browser.visitor
    }

    /// What the flow has found out so far; the keys are in [`crate::key`].
    pub fn context(&self) -> &Map<String, Value> {
        &self.plan.context
    }

    /// The person who is signed in.
    ///
    /// # Errors
    /// When nobody is.
    pub fn user(&self) -> Result<&Arc<Identity>, FlowError> {
        let user = self.browser.visitor.user.as_ref();
        user.ok_or_else(|| FlowError::broken("Nobody is signed in."))
    }

    /// Ends the browser's session, if it has one.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn sign_out(&mut self) -> Result<(), StoreError> {
        if self.browser.visitor.user.is_none() {
            return Ok(());
        }
        let hash = self.browser.visitor.key_hash();
        let browser = self.browser.headless.is_none();
        let work = move |tx: &mut Tx<'_>| -> Result<Option<Uuid>, StoreError> {
            let session = sign_out::end(tx, hash, browser)?;
            emit(tx, Event::new("logout", "authentik.events.signals", json!({})))?;
            Ok(session)
        };
        let session = self.commit(self.browser.actor(), "signed out", work).await?;
        self.note_ended(session);
        self.browser.signed_out();
        Ok(())
    }

    /// What the browser says of its session to pages of applications.
    pub fn set_session_state(&mut self, state: &str) {
        self.browser.set_session_state(Some(state));
    }

    /// Sessions were ended: where the flow leads goes by the page that notifies applications.
    pub fn note_ended(&mut self, sessions: impl IntoIterator<Item = Uuid>) {
        for session in sessions {
            self.plan.note_ended(session);
        }
    }

    /// Signs an account in under a fresh key.
    ///
    /// # Errors
    /// Why it is not signed in, or when the engine fails.
    pub(crate) async fn sign_in(&mut self, pk: i64, session: NewSession) -> Result<(), NotIn> {
        let browser = &self.browser;
        let (fresh, old) = (browser.cx.entropy.token(32), browser.visitor.key_hash());
        let (request, data) = (browser.request.clone(), session.data.clone());
        let life = if session.seconds > 0 { session.seconds } else { BROWSER_SESSION };
        let limits = browser.cx.settings.sessions;
        let (terminate, event) = (session.terminate_others, self.login_event());
        // Where nobody has a browser, nobody opens an address.
        let opened = browser.headless.is_none();
        let origin = opened.then(|| browser.cx.origin(&browser.request));
        let (invited, arrival) = (self.plan.invitation, self.plan.arrival.clone());
        let (policies, flows) = (browser.cx.policies().clone(), browser.cx.flows());
        let work = move |tx: &mut Tx<'_>| {
            let Some(user) = countersign_accounts::identity(tx, pk)?.filter(|user| user.is_active)
            else {
                return Ok::<_, NotIn>(None);
            };
            if let Some(invited) = invited
                && !invitation::spend(tx, invited)?
            {
                return Ok(None);
            }
            if terminate {
                end_sessions_of(tx, pk, Some(old))?;
            }
            if start_session(tx, pk, &fresh, (life, limits), &request, &data)?.is_none() {
                end_session(tx, old)?;
                return Ok(None);
            }
            let hash = sha256(&fresh);
            // Nobody signs in by an identity that is somebody else's by now, or with the groups
            // that they had before.
            if let Some(arrival) = &arrival {
                arrival.settle(tx, pk)?;
                arrival.note_session(tx, pk, hash)?;
            }
            let deps = flows.deps();
            // Whoever proves again who they are stays signed in to applications.
            sign_out::continued(tx, old, hash, pk)?;
            deps.continued.iter().try_for_each(|goes_on| goes_on(tx, pk, old, hash))?;
            end_session(tx, old)?;
            if let Some(origin) = origin.as_ref().filter(|_| user.is_superuser()) {
                origin::note(tx, origin)?;
            }
            policies.signed_in(&user.username, request.client_ip).apply(tx)?;
            let event = Event::new("login", "authentik.events.signals", event.clone());
            emit(tx, event.by_self(user.as_actor()))?;
            Ok(Some(fresh.clone()))
        };
        let signed_in = self.commit(self.browser.actor(), "signed in", work).await?;
        let Some(key) = signed_in else { return Err(NotIn::Nobody) };
        if self.browser.signed_in(pk, &key, session).await? { Ok(()) } else { Err(NotIn::Nobody) }
    }

    /// Asks for a turn to check something that proves who somebody is.
    ///
    /// # Errors
    /// [`TooMany`]: it must not be looked at, right or wrong.
    pub(crate) async fn attempt(&self, owner: Owner<'_>) -> Result<Attempt, TooMany> {
        let browser = &self.browser;
        let place = match &browser.headless {
            Some(Client::Gateway { address, device }) => {
                Place::Gateway { address: *address, device: device.as_deref() }
            }
            Some(Client::Own(_) | Client::Trial { .. }) | None => {
                let address = browser.request.client_ip;
                Place::Own { address, browser: &browser.visitor.browser }
            }
        };
        Attempt::begin(&browser.cx, owner, place).await
    }

    /// Whether the step after this one is of that kind, and a page can ask for both at once.
    /// Clients of the API are shown one challenge at a time.
    pub fn next_is<S: Kind>(&self) -> bool {
        let next = self.plan.steps.get(1).map(|step| &step.stage);
        let Some(Planned::Bound { stage, .. }) = next else { return false };
        let entry = self.browser.snapshot.member(*stage).filter(|_| self.browser.is_page);
        entry.is_some_and(|entry| entry.cast::<S>().is_some())
    }

    /// Answers the next step, too, if the current one is done with this answer and the policies of
    /// the next want it. Its refusal is shown on the page of the current one. The answer lives as
    /// long as the request; it is never in the plan.
    pub fn hand_on(&mut self, answer: Answer) {
        self.handed_on = Some(answer);
    }

    /// Keeps the name on the device, or forgets the one that is kept; on pages only.
    pub(crate) fn remember_name(&mut self, name: Option<&str>) {
        let name = name.map(str::trim).filter(|name| !name.is_empty() && name.len() <= 254);
        if self.browser.is_page {
            self.browser.remember_name(name);
        }
    }

    /// The path of the brand's recovery flow.
    pub(crate) fn recovery_path(&self) -> Option<String> {
        let flow = self.browser.brand_flow("flow_recovery")?;
        Some(web::flow_url(&self.browser.snapshot.get(flow)?.slug, &[]))
    }

    pub(crate) fn flow(&self) -> Option<&Flow> {
        self.browser.snapshot.get(self.plan.flow)
    }

    pub(crate) fn slug(&self) -> String {
        self.flow().map(|flow| flow.slug.to_string()).unwrap_or_default()
    }

    pub(crate) fn current_binding(&self) -> Option<Ref<FlowStageBinding>> {
        match &self.plan.current()?.stage {
            Planned::Bound { binding, .. } => Some(*binding),
            Planned::InPlan(_) => None,
        }
    }

    /// The stage whose turn it is, where it is one of the graph.
    pub(crate) fn current_stage(&self) -> Option<Arc<Entry>> {
        match &self.plan.current()?.stage {
            Planned::Bound { stage, .. } => self.browser.snapshot.member(*stage).cloned(),
            Planned::InPlan(_) => None,
        }
    }

    /// Name and model of the current stage, for the recording.
    pub(crate) fn current_name(&self) -> (String, String) {
        match (self.plan.current().map(|step| &step.stage), self.current_stage()) {
            (Some(Planned::InPlan(stage)), _) => (stage.handler.clone(), "in_plan".to_owned()),
            (_, Some(entry)) => {
                let name = entry
                    .object
                    .value("name")
                    .and_then(|name| name.as_str().map(str::to_owned))
                    .unwrap_or_default();
                (name, entry.meta().model.to_owned())
            }
            _ => Default::default(),
        }
    }

    /// Reads the pending account where the plan names another one than before.
    pub(crate) async fn refresh(&mut self) -> Result<(), StoreError> {
        let Some(user) = self.plan.pending_user() else {
            (self.pending, self.as_it_is) = (None, None);
            return Ok(());
        };
        if self.pending.as_ref().is_some_and(|known| {
            known.pk == user.pk.unwrap_or_default() && known.username == user.username
        }) {
            return Ok(());
        }
        // Read also where there is nobody: a name that nobody has takes as long as one that
        // somebody has.
        let pk = user.pk.unwrap_or_default();
        let read =
            self.browser.cx.store.read(move |sql| countersign_accounts::identity(sql, pk)).await?;
        self.as_it_is = read.as_ref().map(Proved::of);
        self.pending = match user.pk {
            Some(pk) => read.map(|identity| Subject::of(&identity, self.browser.cx.uid(pk))),
            None => Some(Subject {
                username: user.username,
                name: user.name,
                email: user.email,
                ..Subject::default()
            }),
        };
        Ok(())
    }

    /// A stage has written the account: it is read anew.
    pub(crate) fn account_written(&mut self) {
        self.pending = None;
        self.plan.proved_of = None;
    }

    /// Whether what was proved of the account in this plan still counts. As of the last
    /// [`Run::refresh`].
    pub(crate) fn still_proved(&mut self) -> bool {
        self.as_it_is.as_ref().is_none_or(|now| self.plan.still_proved(now))
    }

    /// The plan is about an account that was deleted. As of the last [`Run::refresh`].
    pub(crate) fn pending_is_gone(&self) -> bool {
        self.pending.is_none() && self.plan.pending_user().is_some_and(|user| user.pk.is_some())
    }

    pub(crate) fn pending_or_session_user(&self) -> Option<Subject> {
        self.pending.clone().or_else(|| self.browser.subject.clone())
    }

    /// Who gives consent: the person signed in, else the one who is about to be.
    pub(crate) fn session_or_pending_user(&self) -> Option<i64> {
        self.browser.user_pk().or_else(|| self.plan.pending_user().and_then(|user| user.pk))
    }

    /// The name shown for the account the flow is about.
    pub(crate) fn shown_user(&self) -> String {
        if let Some(typed) = self.plan.text(key::PENDING_USER_IDENTIFIER) {
            return typed.to_owned();
        }
        let pending = self.plan.pending_user().map(|user| user.username);
        pending
            .or_else(|| self.browser.visitor.user.as_ref().map(|user| user.username.clone()))
            .unwrap_or_default()
    }

    pub(crate) fn shown_avatar(&self) -> String {
        let name = self.shown_user();
        if name.is_empty() {
            return self.browser.cx.url("/static/dist/assets/images/user_default.png");
        }
        match &self.browser.visitor.user {
            Some(user) if user.username == name => {
                countersign_directory::avatar(&self.browser.cx, user)
            }
            // From what was typed alone: the picture must not tell whether the account exists.
            _ => countersign_directory::initials(&name, &name),
        }
    }

    pub(crate) async fn username_is_taken(&self, name: &str) -> Result<bool, FlowError> {
        let own = self.pending_or_session_user().map(|user| user.pk);
        authenticate::is_taken(self, name, own).await
    }

    /// Nobody has that name. Who goes on to a password with it fails there.
    pub(crate) fn named_nobody(&self, typed: &str) {
        tracing::info!(client_ip = %self.browser.request.client_ip, length = typed.len(), "somebody named an account that does not exist");
    }

    /// A failed sign-in, as an event of the account it was tried for.
    /// `more`: what the event says beside.
    pub(crate) async fn login_failed(
        &self,
        user: &PendingUser,
        reason: &str,
        more: &[(&str, &str)],
    ) {
        let about = user.pk.map(|pk| ActorUser {
            pk,
            username: user.username.clone(),
            email: user.email.clone(),
        });
        let mut context = json!({"username": user.username, "password": "********************", "reason": reason});
        let stage = self.current_stage().map(|entry| {
            let (meta, (name, _)) = (entry.meta(), self.current_name());
            model_reference(meta.app(), meta.model_name(), &entry.id.key.to_string(), &name)
        });
        if let Some(map) = context.as_object_mut() {
            map.extend(stage.map(|stage| ("stage".to_owned(), stage)));
            map.extend(self.tried_by());
            map.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
            map.extend(
                self.application_hint
                    .as_ref()
                    .map(|hint| ("application_slug".to_owned(), hint.slug.as_str().into())),
            );
        }
        let event = Event::new("login_failed", "authentik.events.signals", context).about(about);
        event.write(&self.browser.cx, self.browser.actor()).await;
        self.lowers_reputation(&user.username).await;
    }

    /// Somebody failed to sign in by that name, whether anybody has it or not.
    pub(crate) async fn lowers_reputation(&self, name: &str) {
        let (cx, request) = (&self.browser.cx, &self.browser.request);
        let change = cx.shared().deps.policies.failed_to_sign_in(name, request.client_ip);
        let work = move |tx: &mut Tx<'_>| change.apply(tx);
        if let Err(error) = cx.store.write(self.browser.actor(), "failed sign-in", work).await {
            tracing::warn!(%error, "a failed sign-in was not counted for reputation");
        }
    }

    /// What the event of a sign-in carries.
    pub(crate) fn login_event(&self) -> Value {
        let mut context = Map::new();
        for name in [key::SOURCE, key::AUTH_METHOD, key::AUTH_METHOD_ARGS, key::OUTPOST] {
            if let Some(value) = self.plan.context.get(name) {
                context.insert(name.to_owned(), value.clone());
            }
        }
        context.extend(self.tried_by());
        Value::Object(context)
    }

    /// The administrator who tries a sign-in out: what events say beside the account.
    fn tried_by(&self) -> Option<(String, Value)> {
        match &self.browser.headless {
            Some(Client::Trial { tester: Some(tester), .. }) => {
                Some(("tried_by".to_owned(), tester.to_json()))
            }
            _ => None,
        }
    }

    /// Keeps what policies answered.
    pub(crate) fn note_policies(&mut self, about: &str, decision: &Decision) {
        let now = self.browser.cx.clock.now().0;
        self.plan.recording.policies(now, about, decision);
    }

    /// What the flow is to lead to: said by whoever made the plan, or by where the person wants to
    /// get.
    fn application(&self) -> Option<Uuid> {
        let said = self.plan.context.get(key::APPLICATION);
        let said = said.and_then(|said| said.get("pk")?.as_str());
        let hinted = || {
            let slug = &self.application_hint.as_ref()?.slug;
            let (found, _) = self.browser.snapshot.find::<Application>("slug", slug)?;
            found.key().uuid()
        };
        said.and_then(|pk| Uuid::parse_str(pk).ok()).or_else(hinted)
    }

    /// Keeps what happened at the current stage.
    pub(crate) fn note(&mut self, outcome: &str, detail: Value) {
        let (name, model) = self.current_name();
        let now = self.browser.cx.clock.now().0;
        self.plan.recording.stage(now, &name, &model, outcome, detail);
        self.plan.recording.user = self.session_or_pending_user().or(self.plan.recording.user);
        self.plan.recording.known |=
            self.browser.user_pk().is_some() || self.plan.proved_account().is_some();
        self.plan.recording.application = self.application().or(self.plan.recording.application);
    }
}
