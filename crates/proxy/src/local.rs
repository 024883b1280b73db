//! A proxy inside of this server: what it stands on is the store and the configuration.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use countersign_catalogue::{Application, Brand, CertificateKeyPair, Provider, application};
use countersign_core::{BoxFuture, Caller, Context, Hosts, RequestInfo, Route, Routes, Stack};
use countersign_events::{Event, may_report, shortened};
use countersign_flow::{FlowContext, Flows};
use countersign_model::{Clock, Entropy, Entry, Fields as _, Ref, Revision, Snapshot};
use countersign_oauth2::{AsClient, Brought, InsideError, OAuth2};
use countersign_outbound::Upstreams;
use countersign_store::{StoreError, log_failure};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;

use crate::CALLBACK_PATH;
use crate::address::{Address, Host};
use crate::asked::{ENVOY, Front};
use crate::home::{Begun, Failed, Home, NotBegun, SignedOut};
use crate::identity::{Granted, OUTPOST};
use crate::pass::pass;
use crate::provider::ProxyProvider;
use crate::routes::{self, auth};
use crate::selftest::{Seen, mark};
use crate::session::{self, Remembered, Seeker};
use crate::site::{Settings, Site, Sites};

const EVENTS: &str = "authentik.providers.proxy";

/// An application of the configuration.
#[derive(Debug)]
pub(crate) struct LocalSite {
    pub(crate) site: Site,
    pub(crate) provider: Ref<dyn Provider>,
    pub(crate) application: Ref<Application>,
}

impl Deref for LocalSite {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.site
    }
}

impl LocalSite {
    /// `None` where the provider has no application, or does not know its own host or secret.
    fn of(
        snapshot: &Snapshot,
        provider: Ref<ProxyProvider>,
        own: &ProxyProvider,
        upstreams: &Upstreams,
    ) -> Option<LocalSite> {
        let key = provider.key().int()?;
        let (application, found) = application::of_provider(snapshot, key)?;
        let client = own.as_client(snapshot);
        let scopes = client.mappings(snapshot).map(|mapping| mapping.scope_name.as_str());
        let settings = own.settings(
            found.slug.to_string(),
            scopes.collect::<Vec<_>>().join(" "),
            own.trust(snapshot),
        );
        let site = Site::new(settings, Some(upstreams))?;
        Some(LocalSite { site, provider: provider.cast(), application })
    }
}

impl ProxyProvider {
    /// What a proxy inside of this server is told of it.
    pub(crate) fn settings(
        &self,
        slug: String,
        scopes: String,
        trust: countersign_outbound::Trust,
    ) -> Settings {
        Settings {
            name: self.name.clone(),
            slug,
            outpost: OUTPOST.to_owned(),
            mode: self.mode,
            external_host: self.external_host.to_string(),
            internal_host: self.internal_host.to_string(),
            client_id: self.client_id.clone(),
            cookie_secret: self.cookie_secret.clone(),
            cookie_domain: self.cookie_domain.clone(),
            skip_path_regex: self.skip_path_regex.clone(),
            basic_auth_enabled: self.basic_auth_enabled,
            basic_auth_user_attribute: self.basic_auth_user_attribute.clone(),
            basic_auth_password_attribute: self.basic_auth_password_attribute.clone(),
            intercept_header_auth: self.intercept_header_auth,
            scopes,
            trust,
        }
    }
}

fn sites(snapshot: &Snapshot, upstreams: &Upstreams) -> Sites<LocalSite> {
    let all = snapshot.in_order(ProxyProvider::META);
    let site = |entry: &Entry| {
        let own = entry.share::<ProxyProvider>()?;
        LocalSite::of(snapshot, Ref::new(entry.id.key), &own, upstreams)
    };
    all.filter_map(|entry| site(entry)).collect()
}

/// The certificate of the application at a host, as a browser names it. Where people sign in, the
/// brand's is shown, whichever port an application may have there.
pub fn certificate(snapshot: &Snapshot, name: &str) -> Option<Ref<CertificateKeyPair>> {
    if snapshot.list::<Brand>().any(|(_, brand)| brand.domain.eq_ignore_ascii_case(name)) {
        return None;
    }
    let with = snapshot.list::<ProxyProvider>().filter(|(_, own)| own.certificate.is_some());
    let mut own = with.filter(|(_, own)| {
        own.external().is_some_and(|external| external.host.name().eq_ignore_ascii_case(name))
    });
    own.next().and_then(|(_, own)| own.certificate)
}

/// The sites of the configuration, made anew when that changes.
pub(crate) struct Known {
    pub(crate) upstreams: Upstreams,
    /// Outposts answer for all of them.
    none: bool,
    made: Mutex<Option<(Revision, Arc<Sites<LocalSite>>)>>,
}

impl Known {
    pub(crate) fn new(upstreams: Upstreams, embedded: bool) -> Known {
        Known { upstreams, none: !embedded, made: Mutex::default() }
    }

    pub(crate) fn sites(&self, snapshot: &Snapshot) -> Arc<Sites<LocalSite>> {
        if self.none {
            return Arc::default();
        }
        let mut known = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((revision, sites)) if *revision == snapshot.revision() => sites.clone(),
            _ => {
                let made = Arc::new(sites(snapshot, &self.upstreams));
                *known = Some((snapshot.revision(), made.clone()));
                made
            }
        }
    }
}

/// What all requests share. One per program; cheap to clone.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) oauth: OAuth2,
    pub(crate) flows: Flows,
    pub(crate) known: Arc<Known>,
    pub(crate) remembered: Remembered,
}

/// The same over the context of the program.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) cx: FlowContext,
    pub(crate) proxy: Proxy,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        log_failure(&error, error.is_passing(), "");
        if error.is_passing() { Failed::Away } else { Failed::Broken }
    }
}

impl Local {
    fn seeker<'a>(&'a self, request: &'a RequestInfo) -> Seeker<'a> {
        let Proxy { oauth, remembered, .. } = &self.proxy;
        Seeker { cx: &self.cx, oauth, remembered, request }
    }

    async fn address(&self) -> Result<String, Failed> {
        self.cx.known_address().await?.ok_or(Failed::NoAddress)
    }
}

impl Home for Local {
    type Site = LocalSite;

    fn sites(&self) -> Arc<Sites<LocalSite>> {
        self.proxy.known.sites(&self.cx.snapshot())
    }

    fn name(&self) -> String {
        OUTPOST.to_owned()
    }

    fn clock(&self) -> &dyn Clock {
        &*self.cx.clock
    }

    fn entropy(&self) -> &dyn Entropy {
        &*self.cx.entropy
    }

    fn upstreams(&self) -> &Upstreams {
        &self.proxy.known.upstreams
    }

    async fn granted(
        &self,
        site: &LocalSite,
        headers: &HeaderMap,
        request: &RequestInfo,
    ) -> Result<Option<Granted>, Failed> {
        Ok(self.seeker(request).granted(site, headers).await?)
    }

    async fn sign_in_at(&self, _: &LocalSite) -> Result<String, Failed> {
        Ok(format!("{}/application/o/authorize/", self.address().await?))
    }

    async fn begin(
        &self,
        site: &LocalSite,
        code: &str,
        verifier: &str,
        request: &RequestInfo,
    ) -> Result<Begun, NotBegun> {
        let cx = &self.cx;
        let inside = self.proxy.oauth.inside(cx.clone(), self.address().await?);
        let cookie = session::cookie_value(cx);
        let (kept, provider) = (cookie.clone(), site.provider);
        let brought = Brought { code, to: &site.callback, verifier };
        let token = inside
            .redeem(provider, brought, request, move |tx, token| {
                session::begin(tx, provider, &kept, token)
            })
            .await;
        match token {
            Ok(token) => {
                let seconds = token.expires.seconds() - cx.clock.now().seconds();
                Ok(Begun { cookie, seconds })
            }
            Err(InsideError::Refused(error)) => {
                tracing::info!(code = error.code(), "a code of a proxy was refused");
                Err(NotBegun::Refused(error.description().to_owned()))
            }
            Err(InsideError::Away) => Err(Failed::Away.into()),
            Err(InsideError::Broken(error)) => {
                log_failure(&error, false, &request.id);
                Err(Failed::Broken.into())
            }
        }
    }

    async fn sign_out(
        &self,
        site: &LocalSite,
        headers: &HeaderMap,
        request: &RequestInfo,
        asked: bool,
    ) -> Result<SignedOut, Failed> {
        let cx = &self.cx;
        let address = self.address().await?;
        let end = format!("{address}/application/o/{}/end-session/", site.settings.slug);
        let holder = self.seeker(request).holder(site, headers).await?.filter(|_| !asked);
        let Some(holder) = holder else { return Ok(SignedOut { to: end, ended: false }) };
        let inside = self.proxy.oauth.inside(cx.clone(), address);
        let hint = match inside.logout_hint(site.provider, &holder.claims).await {
            Ok(hint) => hint,
            Err(error) => {
                log_failure(&error, false, &request.id);
                return Ok(SignedOut { to: end, ended: false });
            }
        };
        let user = holder.user;
        cx.store
            .write(
                cx.actor(&Caller::nobody(), request),
                "signed out of what is behind proxies",
                move |tx| session::end_all(tx, user),
            )
            .await?;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("id_token_hint", &hint)
            .finish();
        Ok(SignedOut { to: format!("{end}?{query}"), ended: true })
    }

    async fn tested(&self, word: &str, seen: Seen) -> Option<String> {
        mark::note(&self.cx, word, seen).await
    }

    async fn report(
        &self,
        place: &'static str,
        about: &str,
        context: Value,
        request: &RequestInfo,
    ) {
        if may_report(&self.cx, place, about).await {
            let actor = self.cx.actor(&Caller::nobody(), request);
            Event::new("configuration_error", EVENTS, shortened(context))
                .write(&self.cx, actor)
                .await;
        }
    }
}

pub(crate) fn routes(proxy: &Proxy) -> Vec<Route> {
    let proxy = proxy.clone();
    let over = Routes::over(move |cx| Local { cx: proxy.flows.over(cx), proxy: proxy.clone() });
    let at = |path: &str| format!("/outpost.goauthentik.io/{path}");
    vec![
        over.at([], at("ping"), ping),
        over.at([], at("auth/nginx"), nginx),
        over.at([], at("auth/traefik"), forwarded),
        over.at([], at("auth/caddy"), forwarded),
        over.at([], ENVOY, envoy),
        over.at([], format!("{ENVOY}/"), envoy),
        over.at([], format!("{ENVOY}/{{*path}}"), envoy),
        over.at([], at("start"), start),
        over.at([], CALLBACK_PATH, callback),
        over.at([], at("sign_out"), sign_out),
    ]
}

async fn ping() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn nginx(State(local): State<Local>, request: Request) -> Response {
    auth(&local, Front::Nginx, &request.into_parts().0).await
}

async fn forwarded(State(local): State<Local>, request: Request) -> Response {
    auth(&local, Front::Forwarded, &request.into_parts().0).await
}

async fn envoy(State(local): State<Local>, request: Request) -> Response {
    auth(&local, Front::Envoy, &request.into_parts().0).await
}

async fn start(State(local): State<Local>, request: Request) -> Response {
    routes::start(&local, &request.into_parts().0).await
}

async fn callback(State(local): State<Local>, request: Request) -> Response {
    routes::callback(&local, &request.into_parts().0).await
}

async fn sign_out(State(local): State<Local>, request: Request) -> Response {
    routes::sign_out(&local, &request.into_parts().0).await
}

/// The hosts whose requests are passed on.
pub(crate) fn hosts(proxy: &Proxy) -> Hosts {
    let known = proxy.known.clone();
    let has = move |cx: Context, uri: &Uri, headers: &HeaderMap| -> BoxFuture<bool> {
        let host = known.sites(&cx.snapshot()).passed_on(uri, headers);
        Box::pin(async move {
            match host {
                Some(host) => !is_own(&cx, &host).await,
                None => false,
            }
        })
    };
    let proxy = proxy.clone();
    let over = Routes::over(move |cx| Local { cx: proxy.flows.over(cx), proxy: proxy.clone() });
    Hosts::new(has, over.at([], "(hosts of applications)", passed).stack(Stack::Stream))
}

/// Whether a host is this server's own: somebody who named it as an application's would shut
/// everybody out, himself too.
async fn is_own(cx: &Context, host: &Host) -> bool {
    // People sign in there, whoever named it as an application's.
    let snapshot = cx.snapshot();
    if snapshot.list::<Brand>().any(|(_, brand)| host.is_named(&brand.domain)) {
        return true;
    }
    match cx.known_address().await {
        Ok(known) => {
            known.and_then(|known| Address::read(&known)).is_some_and(|own| own.host == *host)
        }
        // While it is not known what is whose, nothing is passed on.
        Err(_) => true,
    }
}

async fn passed(State(local): State<Local>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    pass(&local, parts, body).await
}
