//! The directory: binds and searches over connections that are kept.

use std::time::Duration;

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapDerefAliases, LdapFilter, LdapMsg, LdapOp, LdapResultCode,
    LdapSearchRequest, LdapSearchScope,
};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::codec::{Decoder as _, Encoder as _};

use super::{HASH, World, flow, with};
use crate::BenchError;
use crate::data::{PASSWORD, username};
use crate::report::Row;

const CACHED: &str = "DC=cached,DC=bench";
const DIRECT: &str = "DC=direct,DC=bench";
/// As many bind in turn, and are searched for.
const PEOPLE: u64 = 16;
const PAGE: i64 = 1_000;
/// An answer is no larger.
const LARGEST: usize = 16 * 1024 * 1024;
const NAMES: [&str; 4] =
    ["LDAP bind, cached", "LDAP bind, direct", "LDAP search by uid", "LDAP enumeration by pages"];

impl World<'_> {
    pub(super) async fn directory(&self) -> Result<Vec<Row>, BenchError> {
        let [cached, direct, search, enumeration] = NAMES;
        if !NAMES.iter().any(|name| self.wants(name)) {
            return Ok(Vec::new());
        }
        let mut api = self.administrator().await?;
        let invalidation = flow(&mut api, "default-invalidation-flow").await?;
        let authentication = flow(&mut api, "default-authentication-flow").await?;
        let flows =
            json!({"authorization_flow": authentication, "invalidation_flow": invalidation});
        for (name, base, mode) in
            [("Bench cached", CACHED, "cached"), ("Bench direct", DIRECT, "direct")]
        {
            let own = json!({"base_dn": base, "bind_mode": mode, "search_mode": mode});
            self.provide(&mut api, "ldap", name, &with(&flows, own)).await?;
        }
        let mut rows = vec![self.binds(cached, CACHED).await?];
        rows.push(self.binds(direct, DIRECT).await?.against(HASH, 1.0));
        let mut searching = self.connections().await?;
        for connection in &mut searching {
            connection.bind("akadmin", CACHED).await?;
        }
        let mut uids = Vec::new();
        if let Some(first) = searching.first_mut() {
            for number in 0..PEOPLE.min(self.size.users) {
                let found = first.search("cn", &username(number), None).await?;
                uids.extend(found.uids);
            }
        }
        let (turn, all) = (std::cell::Cell::new(0_usize), self.size.users);
        let work = async move |connection: &mut Connection| {
            turn.set(turn.get() + 1);
            let uid = uids.get(turn.get() % uids.len().max(1)).map_or("", String::as_str);
            let found = connection.search("uid", uid, None).await?;
            // The person, and the group of their own.
            if found.entries == 2 {
                Ok(true)
            } else {
                Err(wrong(format!("{} for {uid}", found.entries)))
            }
        };
        rows.push(self.drive(search, searching, work).await?);
        let mut searching = self.connections().await?;
        for connection in &mut searching {
            connection.bind("akadmin", CACHED).await?;
        }
        let work = async move |connection: &mut Connection| {
            let (mut entries, mut cookie) = (0, Some(Vec::new()));
            while let Some(next) = cookie {
                let found = connection.search("objectClass", "user", Some(next)).await?;
                (entries, cookie) = (entries + found.entries, found.cookie);
            }
            if entries >= all { Ok(true) } else { Err(wrong(format!("{entries} entries"))) }
        };
        rows.push(self.drive(enumeration, searching, work).await?);
        Ok(rows)
    }

    /// Some people in turn. Each has bound before, which is what a cache is for.
    async fn binds(&self, name: &'static str, base: &'static str) -> Result<Row, BenchError> {
        let mut connections = self.connections().await?;
        let people = PEOPLE.min(self.size.users.max(1));
        if let Some(first) = connections.first_mut() {
            for number in 0..people {
                first.bind(&username(number), base).await?;
            }
        }
        let turn = std::cell::Cell::new(0);
        let work = async move |connection: &mut Connection| {
            turn.set(turn.get() + 1);
            connection.bind(&username(turn.get() % people), base).await.map(|()| true)
        };
        self.drive(name, connections, work).await
    }

    async fn connections(&self) -> Result<Vec<Connection>, BenchError> {
        let mut connections = Vec::new();
        for _ in 0..self.options.clients {
            connections.push(Connection::open(&self.options.ldap).await?);
        }
        Ok(connections)
    }
}

fn wrong(problem: String) -> BenchError {
    BenchError::Answer { operation: "LDAP", problem }
}

/// What a search has found.
struct Found {
    entries: u64,
    uids: Vec<String>,
    /// There is more.
    cookie: Option<Vec<u8>>,
}

struct Connection {
    stream: TcpStream,
    codec: LdapCodec,
    buffer: BytesMut,
    last: i32,
}

impl Connection {
    /// It is listened as soon as there is a provider.
    async fn open(address: &str) -> Result<Connection, BenchError> {
        let mut tries = 0;
        let stream = loop {
            match TcpStream::connect(address).await {
                Ok(stream) => break stream,
                Err(_) if tries < 200 => tries += 1,
                Err(error) => return Err(wrong(error.to_string())),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        stream.set_nodelay(true).map_err(|error| wrong(error.to_string()))?;
        let codec = LdapCodec::new(Some(LARGEST), None);
        Ok(Connection { stream, codec, buffer: BytesMut::new(), last: 0 })
    }

    async fn send(&mut self, op: LdapOp, ctrl: Vec<LdapControl>) -> Result<(), BenchError> {
        self.last += 1;
        let (message, mut bytes) = (LdapMsg { msgid: self.last, op, ctrl }, BytesMut::new());
        let failed = |error: std::io::Error| wrong(error.to_string());
        self.codec.encode(message, &mut bytes).map_err(failed)?;
        self.stream.write_all(&bytes).await.map_err(failed)
    }

    async fn next(&mut self) -> Result<LdapMsg, BenchError> {
        let failed = |error: std::io::Error| wrong(error.to_string());
        loop {
            if !self.buffer.is_empty()
                && let Some(message) = self.codec.decode(&mut self.buffer).map_err(failed)?
            {
                return Ok(message);
            }
            if self.stream.read_buf(&mut self.buffer).await.map_err(failed)? == 0 {
                return Err(wrong("the connection was closed".to_owned()));
            }
        }
    }

    async fn bind(&mut self, name: &str, base: &str) -> Result<(), BenchError> {
        let (dn, cred) =
            (format!("cn={name},ou=users,{base}"), LdapBindCred::Simple(PASSWORD.to_owned()));
        self.send(LdapOp::BindRequest(LdapBindRequest { version: 3, dn, cred }), Vec::new())
            .await?;
        match self.next().await?.op {
            LdapOp::BindResponse(answer) if answer.res.code == LdapResultCode::Success => Ok(()),
            other => Err(wrong(format!("{other:?}"))),
        }
    }

    /// By one value of an attribute, below everything; a cookie asks for a page.
    async fn search(
        &mut self,
        attribute: &str,
        value: &str,
        cookie: Option<Vec<u8>>,
    ) -> Result<Found, BenchError> {
        let request = LdapSearchRequest {
            base: CACHED.to_owned(),
            scope: LdapSearchScope::Subtree,
            aliases: LdapDerefAliases::Never,
            sizelimit: 0,
            timelimit: 0,
            typesonly: false,
            filter: LdapFilter::Equality(attribute.to_owned(), value.to_owned()),
            attrs: vec!["uid".to_owned()],
        };
        let paged = cookie.map(|cookie| LdapControl::SimplePagedResults { size: PAGE, cookie });
        self.send(LdapOp::SearchRequest(request), paged.into_iter().collect()).await?;
        let mut found = Found { entries: 0, uids: Vec::new(), cookie: None };
        loop {
            let message = self.next().await?;
            match message.op {
                LdapOp::SearchResultEntry(entry) => {
                    found.entries += 1;
                    let values = entry.attributes.into_iter().flat_map(|one| one.vals);
                    found.uids.extend(values.filter_map(|value| String::from_utf8(value).ok()));
                }
                LdapOp::SearchResultDone(done) if done.code == LdapResultCode::Success => {
                    for control in message.ctrl {
                        if let LdapControl::SimplePagedResults { cookie, .. } = control {
                            found.cookie = Some(cookie).filter(|cookie| !cookie.is_empty());
                        }
                    }
                    return Ok(found);
                }
                other => return Err(wrong(format!("{other:?}"))),
            }
        }
    }
}
