//! One connection: requests come one after the other, and each is answered before the next.

mod searches;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use countersign_core::Shutdown;
use countersign_listener::{Conn, Protocol};
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapBindResponse, LdapCompareRequest, LdapExtendedRequest,
    LdapExtendedResponse, LdapOp, LdapResult, LdapResultCode as Code,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use crate::binds::{Ended, Refused};
use crate::dn::Dn;
use crate::filter::{Filter, Truth};
use crate::home::{Attempt, Bound as _, Home, Look as _, Provided as _, Trouble, who};
use crate::tree::{START_TLS, Sight, WHO_AM_I};
use crate::wire::{Broken, Frame, Op, Request, SMALL, disconnection, next, result, write};
use searches::Paged;

/// How long a connection may ask for nothing, once somebody is bound. Clients have pools.
const IDLE: Duration = Duration::from_mins(15);
/// And while nobody is, or in the middle of a message.
const IDLE_ANONYMOUS: Duration = Duration::from_mins(1);
/// What is still taken in, and thrown away, from a client that is told why its connection ends: a
/// connection that is closed over unread bytes is reset, and the client never hears the reason.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 256 * 1024;

/// Answers connections by what a home knows.
#[derive(Clone)]
pub struct Answering<H>(pub H);

impl<H: Home> Protocol for Answering<H> {
    async fn serve(&self, conn: Conn, stop: Shutdown) {
        let peer = conn.peer.ip().to_canonical();
        let mut connection = Connection {
            home: &self.0,
            conn,
            stop,
            peer,
            buffer: BytesMut::new(),
            room: None,
            bound: None,
            mark: self.0.mark(),
            paged: VecDeque::new(),
            number: 0,
            half_closed: false,
        };
        // A client that is gone needs no answer.
        let _ = connection.run().await;
        connection.unbind().await;
    }
}

struct Connection<'a, H: Home> {
    home: &'a H,
    conn: Conn,
    stop: Shutdown,
    peer: IpAddr,
    buffer: BytesMut,
    /// For a message that is larger than every connection may have.
    room: Option<OwnedSemaphorePermit>,
    bound: Option<Arc<H::Bound>>,
    /// Begins the cookies of this connection: those of others are none here.
    mark: Vec<u8>,
    paged: VecDeque<Paged>,
    number: u64,
    /// The client sends nothing more. What it has asked for is answered.
    half_closed: bool,
}

/// Whether a connection goes on.
type Goes = std::io::Result<bool>;

impl<H: Home> Connection<'_, H> {
    async fn run(&mut self) -> std::io::Result<()> {
        loop {
            let request = match self.request().await? {
                Ok(Some(request)) => request,
                Ok(None) => return Ok(()),
                Err((code, text)) => {
                    let notice = disconnection(code, text);
                    self.conn.stream.write_all(&notice).await?;
                    return self.close().await;
                }
            };
            if !self.answer(request).await? {
                return self.close().await;
            }
        }
    }

    /// Closes the connection so that what was said last arrives.
    async fn close(&mut self) -> std::io::Result<()> {
        self.conn.stream.shutdown().await?;
        let mut rest = (&mut self.conn.stream).take(LINGER_BYTES);
        let mut nowhere = tokio::io::sink();
        match timeout(LINGER, tokio::io::copy(&mut rest, &mut nowhere)).await {
            Ok(read) => read.map(drop),
            Err(_) => Ok(()),
        }
    }

    /// The next request; `None` when the client is gone, else why the connection ends.
    async fn request(&mut self) -> std::io::Result<Result<Option<Request>, (Code, &'static str)>> {
        // The one before was answered: what it took is free again, whatever came behind it.
        if self.room.take().is_some() {
            self.buffer = BytesMut::from(&*self.buffer);
        }
        loop {
            match next(&mut self.buffer) {
                Ok(Some(request)) => return Ok(Ok(Some(request))),
                Ok(None) => {}
                Err(broken) => return Ok(Err(refused(broken))),
            }
            if self.half_closed {
                return Ok(Ok(None));
            }
            let most = match self.may_take() {
                Ok(most) => most,
                Err(refused) => return Ok(Err(refused)),
            };
            // What was begun is finished soon.
            let patient = self.bound.is_some() && self.buffer.is_empty();
            let idle = if patient { IDLE } else { IDLE_ANONYMOUS };
            let mut coming = (&mut self.conn.stream).take(most as u64);
            tokio::select! {
                read = timeout(idle, coming.read_buf(&mut self.buffer)) => match read {
                    Ok(Ok(0)) => return Ok(Ok(None)),
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Ok(Err((Code::Unavailable, "The connection was idle for too long."))),
                },
                () = self.stop.requested() => {
                    return Ok(Err((Code::Unavailable, "The server stops.")));
                }
            }
        }
    }

    /// How many bytes more are taken in now: those of one message, and of a large one only from
    /// somebody who is bound, while there is room for it beside those of all others.
    fn may_take(&mut self) -> Result<usize, (Code, &'static str)> {
        let length = match Frame::first(&self.buffer) {
            Ok(Frame::Part(length)) => length,
            Ok(Frame::Head | Frame::Whole(_)) => SMALL,
            Err(broken) => return Err(refused(broken)),
        };
        if length > SMALL && self.room.is_none() {
            if self.bound.is_none() {
                let text = "The message is larger than 16 KiB: bind first.";
                return Err((Code::ProtocolError, text));
            }
            let room = u32::try_from(length).unwrap_or(u32::MAX);
            match self.home.room().clone().try_acquire_many_owned(room) {
                Ok(room) => self.room = Some(room),
                Err(_) => {
                    let text = "Too many large requests are being read. Ask again in a moment.";
                    return Err((Code::Busy, text));
                }
            }
        }
        Ok(length.max(SMALL).saturating_sub(self.buffer.len()).max(1))
    }

    /// Nobody is bound any more, and what the bind began ends with it.
    async fn unbind(&mut self) {
        self.paged.clear();
        let Some(bound) = self.bound.take() else { return };
        self.home.leave(bound).await;
    }

    async fn answer(&mut self, request: Request) -> Goes {
        let begun = Instant::now();
        let Request { id, op, paging, critical } = request;
        let name = name(&op);
        let goes = match op {
            _ if critical.is_some() && !matches!(op, Op::Other(LdapOp::UnbindRequest)) => {
                let text = format!("The control {} is not known.", critical.unwrap_or_default());
                let code = Code::UnavailableCriticalExtension;
                self.refuse(id, &op, result(code, text)).await
            }
            Op::Search { request, filter } => self.search(id, request, filter, paging).await,
            Op::Other(LdapOp::BindRequest(request)) => self.bind(id, request).await,
            Op::Other(LdapOp::UnbindRequest) => Ok(false),
            // What was asked for has been answered.
            Op::Other(LdapOp::AbandonRequest(_)) => Ok(true),
            Op::Other(LdapOp::CompareRequest(request)) => self.compare(id, request).await,
            Op::Other(LdapOp::ExtendedRequest(request)) => self.extended(id, request).await,
            Op::Other(
                LdapOp::AddRequest(_)
                | LdapOp::ModifyRequest(_)
                | LdapOp::DelRequest(_)
                | LdapOp::ModifyDNRequest(_),
            ) => {
                let text = "This directory is changed at the server’s own interface.";
                self.refuse(id, &op, result(Code::InsufficentAccessRights, text)).await
            }
            // What only servers say.
            Op::Other(_) => {
                let notice = disconnection(Code::ProtocolError, "This is no request.");
                self.conn.stream.write_all(&notice).await?;
                Ok(false)
            }
        };
        metrics::histogram!(
            "authentik_outpost_ldap_request_duration_seconds",
            "outpost_name" => self.home.outpost(), "type" => name, "app" => self.app(),
        )
        .record(begun.elapsed().as_secs_f64());
        goes
    }

    fn app(&self) -> String {
        self.bound.as_ref().map_or_else(String::new, |bound| bound.provided().slug().to_owned())
    }

    async fn send(&mut self, id: i32, op: LdapOp, controls: Vec<LdapControl>) -> Goes {
        let mut bytes = BytesMut::new();
        write(id, op, controls, &mut bytes);
        self.conn.stream.write_all(&bytes).await?;
        self.conn.stream.flush().await?;
        Ok(true)
    }

    /// Answers a request with the result that it has.
    async fn refuse(&mut self, id: i32, op: &Op, result: LdapResult) -> Goes {
        let answer = match op {
            Op::Search { .. } => LdapOp::SearchResultDone(result),
            Op::Other(LdapOp::BindRequest(_)) => bind_response(result),
            Op::Other(LdapOp::AddRequest(_)) => LdapOp::AddResponse(result),
            Op::Other(LdapOp::ModifyRequest(_)) => LdapOp::ModifyResponse(result),
            Op::Other(LdapOp::DelRequest(_)) => LdapOp::DelResponse(result),
            Op::Other(LdapOp::ModifyDNRequest(_)) => LdapOp::ModifyDNResponse(result),
            Op::Other(LdapOp::CompareRequest(_)) => LdapOp::CompareResult(result),
            Op::Other(LdapOp::ExtendedRequest(_)) => extended_response(result, None, None),
            Op::Other(_) => return Ok(true),
        };
        self.send(id, answer, Vec::new()).await
    }

    fn rejected(&self, reason: &'static str, kind: &'static str, why: &str) {
        metrics::counter!(
            "authentik_outpost_ldap_requests_rejected_total",
            "outpost_name" => self.home.outpost(), "type" => kind, "reason" => reason, "app" => self.app(),
        )
        .increment(1);
        tracing::info!(client_ip = %self.peer, reason, "LDAP {kind} refused: {why}");
    }

    async fn bind(&mut self, id: i32, request: LdapBindRequest) -> Goes {
        // Nobody is bound until this has gone well (RFC 4513, 4).
        self.unbind().await;
        let outcome = self.bound_by(&request).await;
        let result = match outcome {
            Ok(Ok(bound)) => {
                tracing::info!(client_ip = %self.peer, provider = bound.provided().name(), user = bound.user(), "LDAP bind accepted");
                self.bound = Some(bound);
                self.conn.established();
                result(Code::Success, "")
            }
            Ok(Err(refused)) => {
                self.rejected(refused.reason, "bind", &refused.message);
                result(refused.code, refused.message)
            }
            Err(error) => self.broken(&error, "bind"),
        };
        self.send(id, bind_response(result), Vec::new()).await
    }

    /// What is said where something is away or breaks. An event tells of what broke.
    fn broken(&self, error: &Trouble, kind: &'static str) -> LdapResult {
        tracing::warn!(%error, client_ip = %self.peer, "an LDAP {kind} was not answered");
        if matches!(error, Trouble::Away(_)) {
            result(Code::Unavailable, "The server cannot answer for the moment.")
        } else {
            result(Code::OperationsError, "Something went wrong at the server.")
        }
    }

    async fn bound_by(
        &mut self,
        request: &LdapBindRequest,
    ) -> Result<Result<Arc<H::Bound>, Refused>, Trouble> {
        let refused = |code, reason, text: &str| Ok(Err(Refused::new(code, reason, text)));
        if request.version != 3 {
            let text = "Only version 3 of LDAP is spoken.";
            return refused(Code::InappropriateAuthentication, "version", text);
        }
        let LdapBindCred::Simple(password) = &request.cred else {
            let text = "Only simple binds are taken, with a name and a password.";
            return refused(Code::InappropriateAuthentication, "method", text);
        };
        let Some(dn) = Dn::parse(&request.dn) else {
            return refused(Code::InvalidDNSyntax, "dn", "The name is no distinguished name.");
        };
        if dn.is_empty() {
            let text = "Nobody finds anything here without a name and a password.";
            return refused(Code::InsufficentAccessRights, "anonymous_bind", text);
        }
        let all = self.home.served();
        let Some((served, name)) = who(&all, &dn) else {
            let text = "The name lies at no provider that this server answers for, or has no cn.";
            return refused(Code::InsufficentAccessRights, "no_provider", text);
        };
        // An empty password proves nothing (RFC 4513, 5.1.2).
        if password.is_empty() {
            let text = "The password is empty.";
            return refused(Code::InvalidCredentials, "invalid_credentials", text);
        }
        let attempt = Attempt { served, dn: &request.dn, name: &name, password, peer: self.peer };
        self.home.bind(attempt).await
    }

    /// Who is bound, as of now; else what is said.
    async fn seen(&mut self) -> Result<(H::Provided, Sight), LdapResult> {
        let denied = |text: &str| Err(result(Code::InsufficentAccessRights, text));
        let Some(bound) = self.bound.clone() else {
            return denied("Bind first, with a name and a password.");
        };
        match self.home.still(&bound).await {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(ended)) => {
                drop(bound);
                self.unbind().await;
                denied(match ended {
                    Ended::Session => "The session has ended: bind again.",
                    Ended::Access => "The application is not open to you any more.",
                })
            }
            Err(error) => Err(self.broken(&error, "search")),
        }
    }

    async fn compare(&mut self, id: i32, request: LdapCompareRequest) -> Goes {
        let (served, sight) = match self.seen().await {
            Ok(seen) => seen,
            Err(refused) => return self.send(id, LdapOp::CompareResult(refused), vec![]).await,
        };
        let code = match (Dn::parse(&request.dn), Filter::equality(&request.atype, &request.val)) {
            (None, _) => Code::InvalidDNSyntax,
            (_, None) => Code::UndefinedAttributeType,
            (Some(dn), Some(filter)) => match self.home.look(&served, sight, None).await {
                Ok(look) => look.with(|view| match view.entry(&dn) {
                    None => Code::NoSuchObject,
                    Some(entry) if filter.decide(&entry) == Truth::True => Code::CompareTrue,
                    Some(_) => Code::CompareFalse,
                }),
                Err(error) => self.broken(&error, "compare").code,
            },
        };
        self.send(id, LdapOp::CompareResult(result(code, "")), Vec::new()).await
    }

    async fn extended(&mut self, id: i32, request: LdapExtendedRequest) -> Goes {
        match request.name.as_str() {
            WHO_AM_I => {
                let dn = self.bound.as_ref().map(|bound| format!("dn:{}", bound.dn()));
                let who = dn.unwrap_or_default().into_bytes();
                let answer = extended_response(result(Code::Success, ""), None, Some(who));
                self.send(id, answer, Vec::new()).await
            }
            START_TLS => self.start_tls(id).await,
            _ => {
                let refused = result(Code::ProtocolError, "This operation is not known.");
                self.send(id, extended_response(refused, None, None), Vec::new()).await
            }
        }
    }

    /// RFC 4511, 4.14.
    async fn start_tls(&mut self, id: i32) -> Goes {
        let name = || Some(START_TLS.to_owned());
        if self.conn.secure {
            let text = "The connection is encrypted already.";
            let refused = result(Code::ProtocolError, text);
            return self.send(id, extended_response(refused, name(), None), Vec::new()).await;
        }
        // What came in clear behind it may be somebody else's.
        if !self.buffer.is_empty() {
            let text = "Nothing may follow before the connection is encrypted.";
            let refused = result(Code::OperationsError, text);
            self.send(id, extended_response(refused, name(), None), Vec::new()).await?;
            return Ok(false);
        }
        let answer = extended_response(result(Code::Success, ""), name(), None);
        self.send(id, answer, Vec::new()).await?;
        // Who was bound in clear proves it again.
        self.unbind().await;
        let clear = std::mem::replace(&mut self.conn.stream, Box::new(tokio::io::empty()));
        let Ok(tls) = self.home.tls() else { return Ok(false) };
        let tls = TlsAcceptor::from(tls).accept(clear);
        let Ok(Ok(tls)) = timeout(IDLE_ANONYMOUS, tls).await else { return Ok(false) };
        self.conn.stream = Box::new(tls);
        self.conn.secure = true;
        Ok(true)
    }
}

/// Why a connection ends that does not speak the protocol.
const fn refused(broken: Broken) -> (Code, &'static str) {
    let text = match broken {
        Broken::Malformed => "This is no LDAP message (RFC 4511).",
        Broken::TooLarge => "The message is larger than 1 MiB.",
    };
    (Code::ProtocolError, text)
}

fn bind_response(res: LdapResult) -> LdapOp {
    LdapOp::BindResponse(LdapBindResponse { res, saslcreds: None })
}

fn extended_response(res: LdapResult, name: Option<String>, value: Option<Vec<u8>>) -> LdapOp {
    LdapOp::ExtendedResponse(LdapExtendedResponse { res, name, value })
}

/// Of an operation, for metrics.
const fn name(op: &Op) -> &'static str {
    match op {
        Op::Search { .. } => "search",
        Op::Other(LdapOp::BindRequest(_)) => "bind",
        Op::Other(LdapOp::UnbindRequest) => "unbind",
        Op::Other(LdapOp::CompareRequest(_)) => "compare",
        Op::Other(LdapOp::ExtendedRequest(_)) => "extended",
        Op::Other(_) => "other",
    }
}

/// Of a result, for metrics.
const fn reason(code: &Code) -> &'static str {
    match code {
        Code::InsufficentAccessRights => "access_denied",
        Code::NoSuchObject => "no_provider",
        Code::ProtocolError | Code::InvalidDNSyntax => "malformed",
        Code::AdminLimitExceeded => "limit",
        _ => "flow_error",
    }
}
