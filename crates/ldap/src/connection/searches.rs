//! Searches of a connection: answered in parts, and in pages that later requests ask for.

use std::time::Duration;

use bytes::BytesMut;
use countersign_store::sha256;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{LdapOp, LdapResultCode as Code, LdapSearchRequest, LdapSearchScope};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::{Connection, Goes, reason};
use crate::dn::Dn;
use crate::filter::{Filter, FilterError};
use crate::home::{Bound as _, Home, Look as _, Provided as _};
use crate::ldap::VERSION;
use crate::schema;
use crate::search::{Position, Query};
use crate::tree::{Apart, MOST_NAMED, Selection, Sight, anonymous_root};
use crate::wire::{Frame, Op, Paging, SMALL, next, result, write};

/// How long one search takes at most.
const LONGEST_SEARCH: Duration = Duration::from_mins(1);
/// What is decided, in costs of filters, and how many entries are answered, before others get their
/// turn.
const WORK: usize = 4096;
const AT_ONCE: usize = 64;
/// Searches in pages that a connection may have begun.
const MOST_PAGED: usize = 8;
/// Bytes of a message that abandons another, at most: two numbers, without controls.
const ABANDON: usize = 32;

/// A search that goes on with the next page.
pub(super) struct Paged {
    cookie: Vec<u8>,
    /// Of the query, which the client sends again.
    query: [u8; 32],
    at: Position,
    /// Entries that were answered before.
    sent: usize,
}

struct Limits {
    /// 0: as many as there are.
    entries: usize,
    time: Duration,
}

impl<H: Home> Connection<'_, H> {
    pub(super) async fn search(
        &mut self,
        id: i32,
        request: LdapSearchRequest,
        filter: Result<Filter, FilterError>,
        paging: Option<Paging>,
    ) -> Goes {
        let done = |this: &mut Self, code, text: &str| {
            this.rejected(reason(&code), "search", text);
            LdapOp::SearchResultDone(result(code, text))
        };
        let filter = match filter {
            Ok(filter) => filter,
            Err(error) => {
                let code = match error {
                    FilterError::Malformed => Code::ProtocolError,
                    FilterError::TooDeep | FilterError::TooLarge => Code::AdminLimitExceeded,
                };
                let answer = done(self, code, &error.to_string());
                return self.send(id, answer, Vec::new()).await;
            }
        };
        let Some(base) = Dn::parse(&request.base) else {
            let answer = done(self, Code::InvalidDNSyntax, "The base is no distinguished name.");
            return self.send(id, answer, Vec::new()).await;
        };
        if request.attrs.len() > MOST_NAMED {
            let text = "The search asks for more than 1024 attributes by name.";
            let answer = done(self, Code::AdminLimitExceeded, text);
            return self.send(id, answer, Vec::new()).await;
        }
        let selection = Selection::new(&request.attrs, request.typesonly);
        if let Some(apart) = self.apart(&base, &request.scope, &filter) {
            // The root has nothing below it that is searched for one level.
            if request.scope != LdapSearchScope::OneLevel {
                self.send(id, LdapOp::SearchResultEntry(apart.answer(&selection)), vec![]).await?;
            }
            let done = LdapOp::SearchResultDone(result(Code::Success, ""));
            return self.send(id, done, Vec::new()).await;
        }
        let (served, sight) = match self.seen().await {
            Ok(seen) => seen,
            Err(refused) => {
                self.rejected(reason(&refused.code), "search", &refused.message);
                return self.send(id, LdapOp::SearchResultDone(refused), Vec::new()).await;
            }
        };
        let tree = served.tree();
        if !base.is_within(&tree.base_dn) && !tree.base_dn.is_within(&base) {
            let text = format!("This server answers below {} to you.", tree.base);
            let answer = done(self, Code::NoSuchObject, &text);
            return self.send(id, answer, Vec::new()).await;
        }
        let query = Query { base, scope: request.scope, filter, selection };
        let limits = Limits {
            entries: usize::try_from(request.sizelimit).unwrap_or(0),
            time: match u64::try_from(request.timelimit) {
                Ok(seconds @ 1..) => Duration::from_secs(seconds).min(LONGEST_SEARCH),
                _ => LONGEST_SEARCH,
            },
        };
        self.find(id, (&served, sight), query, limits, paging).await
    }

    /// An entry outside of every tree: the root of this server, or its schema.
    fn apart(&self, base: &Dn, scope: &LdapSearchScope, filter: &Filter) -> Option<Apart> {
        let is_schema = base.key() == "cn=subschema"
            || *scope == LdapSearchScope::Base && filter.asks_for_class("subSchema");
        if is_schema {
            return Some(Apart { dn: "cn=subschema", values: schema::subschema() });
        }
        base.is_empty().then(|| {
            let values = match &self.bound {
                Some(bound) => bound.provided().tree().root(VERSION),
                None => anonymous_root(),
            };
            Apart { dn: "", values }
        })
    }

    async fn find(
        &mut self,
        id: i32,
        (served, sight): (&H::Provided, Sight),
        query: Query,
        limits: Limits,
        paging: Option<Paging>,
    ) -> Goes {
        let (mut at, mut sent) = (Position::Start, 0);
        let digest = paging.as_ref().map(|_| sha256(&format!("{query:?}"))).unwrap_or_default();
        if let Some(paging) = paging.as_ref().filter(|paging| !paging.cookie.is_empty()) {
            let found = self.paged.iter().position(|paged| paged.cookie == paging.cookie);
            let known = found.and_then(|found| self.paged.remove(found));
            match known.filter(|known| known.query == digest) {
                Some(known) => (at, sent) = (known.at, known.sent),
                None => {
                    let text = "The cookie is of no search that this connection has begun.";
                    let refused = result(Code::UnwillingToPerform, text);
                    return self.send(id, LdapOp::SearchResultDone(refused), Vec::new()).await;
                }
            }
        }
        let deadline = Instant::now() + limits.time;
        let page = paging.as_ref().map_or(usize::MAX, |paging| paging.size);
        let most = if limits.entries == 0 { usize::MAX } else { limits.entries };
        let look = match self.home.look(served, sight, Some(&query)).await {
            Ok(look) => look,
            Err(error) => {
                let broken = self.broken(&error, "search");
                return self.send(id, LdapOp::SearchResultDone(broken), Vec::new()).await;
            }
        };
        let (plan, mut work) = look.with(|view| (view.plan(&query), view.most_work()));
        let cost = query.filter.cost();
        let looks = (WORK / cost).max(1);
        let mut ahead = 0;
        let (mut in_page, mut code, mut text) = (0, Code::Success, "");
        // A page of nothing asks how many there are, or ends the search.
        while at != Position::End && in_page < page {
            let room = (most - sent).min(page - in_page).min(AT_ONCE);
            let mut bytes = BytesMut::new();
            let part = look.with(|view| view.part((&query, &plan), at, room, looks));
            at = part.at;
            work = work.saturating_sub(cost * part.looked);
            in_page += part.found.len();
            sent += part.found.len();
            for entry in part.found {
                write(id, LdapOp::SearchResultEntry(entry), Vec::new(), &mut bytes);
            }
            if !bytes.is_empty() {
                self.conn.stream.write_all(&bytes).await?;
            }
            if part.more && sent >= most {
                (code, text) = (Code::SizeLimitExceeded, "There are more entries than asked for.");
                break;
            }
            if at != Position::End && work == 0 {
                code = Code::AdminLimitExceeded;
                text = "The filter asks too much of too many entries. Ask for less, or below a narrower base.";
                break;
            }
            if at != Position::End && Instant::now() >= deadline {
                (code, text) = (Code::TimeLimitExceeded, "The search took too long.");
                break;
            }
            if self.is_abandoned(id, &mut ahead).await? {
                return Ok(true);
            }
        }
        let mut controls = Vec::new();
        if let Some(paging) = paging {
            let ended = at == Position::End || code != Code::Success || paging.size == 0;
            let cookie = if ended { Vec::new() } else { self.keep(digest, at, sent) };
            controls.push(LdapControl::SimplePagedResults { size: 0, cookie });
        }
        let done = LdapOp::SearchResultDone(result(code, text));
        self.send(id, done, controls).await
    }

    /// Remembers where a search has come to, for its next page.
    fn keep(&mut self, query: [u8; 32], at: Position, sent: usize) -> Vec<u8> {
        self.number += 1;
        let mut cookie = self.mark.clone();
        cookie.extend_from_slice(&self.number.to_be_bytes());
        while self.paged.len() >= MOST_PAGED {
            self.paged.pop_front();
        }
        self.paged.push_back(Paged { cookie: cookie.clone(), query, at, sent });
        cookie
    }

    /// Whether the client has said meanwhile that it does not want the answer. Others get their
    /// turn, too. What else it sends waits as it came: the first `ahead` bytes of it were looked at.
    async fn is_abandoned(&mut self, id: i32, ahead: &mut usize) -> std::io::Result<bool> {
        tokio::task::yield_now().await;
        let most = SMALL.saturating_sub(self.buffer.len());
        if most > 0 && !self.half_closed {
            let mut coming = (&mut self.conn.stream).take(most as u64);
            tokio::select! {
                biased;
                read = coming.read_buf(&mut self.buffer) => {
                    self.half_closed = read? == 0;
                }
                () = std::future::ready(()) => return Ok(false),
            }
        }
        // What is broken is told when it is its turn.
        while let Some(rest) = self.buffer.get(*ahead..)
            && let Ok(Frame::Whole(length)) = Frame::first(rest)
        {
            *ahead += length;
            let Some(frame) = rest.get(..length).filter(|frame| frame.len() <= ABANDON) else {
                continue;
            };
            if let Ok(Some(request)) = next(&mut BytesMut::from(frame))
                && matches!(request.op, Op::Other(LdapOp::AbandonRequest(of)) if of == id)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
