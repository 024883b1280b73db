//! A bind, and a search, that an administrator tries out at a provider: by a connection within the
//! program, answered by what answers those of the network, and by nothing that is remembered. It
//! counts as any sign-in does, failures too; what was typed is kept nowhere.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::Response;
use bytes::BytesMut;
use countersign_core::{Access, ApiError, Call, Operation, Permission, Shutdown, json, with};
use countersign_flow::FlowError;
use countersign_listener::{Conn, Protocol as _};
use countersign_model::{FieldErrors, Fields as _, Problem, Ref, Secret};
use countersign_rest::object_schema;
use http::{Method, StatusCode};
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapDerefAliases, LdapFilter, LdapMsg, LdapOp, LdapResult,
    LdapSearchRequest, LdapSearchScope,
};
use rustls::ServerConfig;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::codec::Decoder as _;
use uuid::Uuid;

use crate::binds::{self, Bound, Ended, Refused};
use crate::connection::Answering;
use crate::dn::escape;
use crate::home::{Attempt, Home, Trouble};
use crate::ldap::{Ldap, Local, LocalLook};
use crate::provider::{LdapProvider, Served};
use crate::search::Query;
use crate::tree::Sight;
use crate::wire::{LARGEST, write};

/// So many entries are shown.
const SHOWN: i32 = 20;
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that wait between the two ends.
const HELD: usize = 64 * 1024;

pub(crate) fn operation(ldap: &Arc<Ldap>) -> Operation {
    Operation::new(
        Method::POST,
        "countersign/ldap/{id}/test/",
        "countersign_ldap_test_create",
        Access::on(Permission::change(LdapProvider::META)),
        with(ldap, test),
    )
    .summary("Bind and search as if a client did, and say why it went so")
    .request("LDAPTestRequest")
    .response("LDAPTest")
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let answer = [("code", "integer"), ("result", "string"), ("message", "string")];
    vec![
        (
            "LDAPTestRequest",
            object_schema(&[
                ("username", "string"),
                ("password", "string"),
                ("base?", "string"),
                ("scope?", "string"),
                ("filter?", "string"),
            ]),
        ),
        (
            "LDAPTest",
            object_schema(&[
                ("dn", "string"),
                ("bind", "#LDAPTestAnswer"),
                ("search", "#LDAPTestAnswer?"),
                ("entries", "[#LDAPTestEntry]"),
                ("run", "uuid?"),
            ]),
        ),
        ("LDAPTestAnswer", object_schema(&answer)),
        (
            "LDAPTestEntry",
            object_schema(&[("dn", "string"), ("attributes", "[#LDAPTestAttribute]")]),
        ),
        ("LDAPTestAttribute", object_schema(&[("name", "string"), ("values", "[string]")])),
    ]
}

/// This server with one provider, which notes the run of a bind.
#[derive(Clone)]
struct Trying {
    local: Local,
    served: Arc<[Served]>,
    run: Arc<Mutex<Option<Uuid>>>,
}

impl Trying {
    fn index(&self) -> &crate::index::Index {
        &self.local.ldap.index
    }

    async fn catch_up(&self) -> Result<(), Trouble> {
        let caught = self.index().catch_up(&self.local.cx, &self.served).await;
        Ok(caught.map_err(FlowError::from)?)
    }
}

impl Home for Trying {
    type Provided = Served;
    type Bound = Bound;
    type Look = LocalLook;

    fn served(&self) -> Arc<[Served]> {
        self.served.clone()
    }

    fn outpost(&self) -> String {
        self.local.outpost()
    }

    fn mark(&self) -> Vec<u8> {
        self.local.mark()
    }

    fn room(&self) -> &Arc<Semaphore> {
        self.local.room()
    }

    fn tls(&self) -> Result<Arc<ServerConfig>, String> {
        Err("Nothing is encrypted within the program.".to_owned())
    }

    async fn bind(
        &self,
        attempt: Attempt<'_, Served>,
    ) -> Result<Result<Arc<Bound>, Refused>, Trouble> {
        self.catch_up().await?;
        let Ldap { flows, .. } = &*self.local.ldap;
        let before = self.index().read().version;
        let came = binds::came((flows, &self.local.cx), before, &attempt).await?;
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = came.run;
        Ok(came.outcome)
    }

    async fn still(&self, bound: &Bound) -> Result<Result<(Served, Sight), Ended>, Trouble> {
        self.catch_up().await?;
        let within = (&self.local.ldap.flows, &self.local.cx);
        Ok(bound.still(within, self.index(), &self.served).await?)
    }

    async fn look(
        &self,
        served: &Served,
        sight: Sight,
        query: Option<&Query>,
    ) -> Result<LocalLook, Trouble> {
        self.local.look(served, sight, query).await
    }

    async fn leave(&self, bound: Arc<Bound>) {
        self.local.leave(bound).await;
    }
}

/// What is to be tried.
struct Tried {
    username: String,
    password: Secret,
    search: Option<Search>,
}

struct Search {
    /// That of the provider, where nothing is said.
    base: Option<String>,
    scope: LdapSearchScope,
    filter: LdapFilter,
}

impl Tried {
    fn read(mut given: Map<String, Value>) -> Result<Tried, ApiError> {
        let mut errors = FieldErrors::new();
        let mut texts = ["username", "password", "base", "scope", "filter"].map(|name| match given
            .remove(name)
        {
            Some(Value::String(text)) => Some(text).filter(|text| !text.is_empty()),
            None | Some(Value::Null) => None,
            Some(_) => {
                errors.add(name, Problem::new("invalid", "Not a valid string."));
                None
            }
        });
        let [username, password, base, scope, filter] = &mut texts;
        for (name, value) in [("username", &username), ("password", &password)] {
            if value.is_none() {
                errors.add(name, Problem::required());
            }
        }
        let scope = match scope.as_deref() {
            Some("base") => Some(LdapSearchScope::Base),
            Some("one") => Some(LdapSearchScope::OneLevel),
            None | Some("sub") => Some(LdapSearchScope::Subtree),
            Some(_) => {
                errors.add("scope", Problem::new("invalid", "Choose base, one or sub."));
                None
            }
        };
        let filter = filter.as_deref().map(ldap3_proto::parse_ldap_filter_str);
        if matches!(filter, Some(Err(_))) {
            let text = "This is no filter (RFC 4515), as (uid=ada).";
            errors.add("filter", Problem::new("invalid", text));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let search = filter.and_then(Result::ok).zip(scope);
        Ok(Tried {
            username: username.take().unwrap_or_default(),
            password: Secret::new(password.take().unwrap_or_default()),
            search: search.map(|(filter, scope)| Search { base: base.take(), scope, filter }),
        })
    }
}

async fn test(ldap: Arc<Ldap>, call: Call) -> Result<Response, ApiError> {
    let tried = Tried::read(call.object()?)?;
    let entry = call.entry()?;
    let reference = Ref::<LdapProvider>::new(entry.id.key);
    let missing = || ApiError::not_found("LDAPProvider");
    let provider = entry.cast::<LdapProvider>().ok_or_else(missing)?;
    let Some(served) = Served::of(&call.snapshot, reference, provider) else {
        let mut errors = FieldErrors::new();
        let text = "No application uses this provider, so nobody gets in.";
        errors.add("username", Problem::new("invalid", text));
        return Err(errors.into());
    };
    // As it is written by most clients; who writes a name of their own gets it.
    let dn = if tried.username.contains('=') {
        tried.username.clone()
    } else {
        format!("cn={},ou=users,{}", escape(&tried.username), provider.base_dn)
    };
    let home = Trying {
        local: Local { ldap: ldap.clone(), cx: call.cx.clone() },
        served: [served].into(),
        run: Arc::default(),
    };
    let run = home.run.clone();
    let (client, server) = tokio::io::duplex(HELD);
    let (_stop, shutdown) = Shutdown::channel();
    let peer = SocketAddr::new(call.request.client_ip, 0);
    let conn = Conn::inside(Box::new(server), peer, &shutdown);
    let answering = Answering(home);
    let asks =
        timeout(PATIENCE, ask(client, (&dn, &tried.password), tried.search, &provider.base_dn));
    let ((), asked) = tokio::join!(answering.serve(conn, shutdown), asks);
    if ldap.served(&call.cx).is_empty() {
        // Nobody else needs the directory in memory.
        ldap.index.clear();
    }
    let broken = || ApiError::detail(StatusCode::GATEWAY_TIMEOUT, "It was not answered in time.");
    let Told { bind, search, entries } = asked.ok().flatten().ok_or_else(broken)?;
    let run = *run.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = json!({
        "dn": dn,
        "bind": said(&bind),
        "search": search.as_ref().map(said),
        "entries": entries,
        "run": run,
    });
    Ok(json(StatusCode::OK, &answer))
}

/// What was answered.
struct Told {
    bind: LdapResult,
    search: Option<LdapResult>,
    entries: Vec<Value>,
}

/// A client: it binds, searches where it could, and goes. `None` where the connection ended.
async fn ask(
    mut stream: DuplexStream,
    (dn, password): (&str, &Secret),
    search: Option<Search>,
    base: &str,
) -> Option<Told> {
    let mut buffer = BytesMut::new();
    let cred = LdapBindCred::Simple(password.expose().to_owned());
    let bind = LdapOp::BindRequest(LdapBindRequest { version: 3, dn: dn.to_owned(), cred });
    send(&mut stream, 1, bind).await?;
    let LdapOp::BindResponse(answer) = next(&mut stream, &mut buffer).await? else { return None };
    let mut told = Told { bind: answer.res, search: None, entries: Vec::new() };
    if let (Some(Search { base: other, scope, filter }), 0) =
        (search, told.bind.code.clone() as i64)
    {
        let request = LdapSearchRequest {
            base: other.unwrap_or_else(|| base.to_owned()),
            scope,
            aliases: LdapDerefAliases::Never,
            sizelimit: SHOWN,
            timelimit: 10,
            typesonly: false,
            filter,
            attrs: Vec::new(),
        };
        send(&mut stream, 2, LdapOp::SearchRequest(request)).await?;
        loop {
            match next(&mut stream, &mut buffer).await? {
                LdapOp::SearchResultEntry(entry) => {
                    let attributes = entry.attributes.iter().map(|attribute| {
                        let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
                        let values: Vec<_> = attribute.vals.iter().map(text).collect();
                        json!({"name": attribute.atype, "values": values})
                    });
                    let attributes: Vec<_> = attributes.collect();
                    told.entries.push(json!({"dn": entry.dn, "attributes": attributes}));
                }
                LdapOp::SearchResultDone(result) => {
                    told.search = Some(result);
                    break;
                }
                _ => return None,
            }
        }
    }
    send(&mut stream, 3, LdapOp::UnbindRequest).await?;
    Some(told)
}

async fn send(stream: &mut DuplexStream, id: i32, op: LdapOp) -> Option<()> {
    let mut bytes = BytesMut::new();
    write(id, op, Vec::new(), &mut bytes);
    stream.write_all(&bytes).await.ok()
}

async fn next(stream: &mut DuplexStream, buffer: &mut BytesMut) -> Option<LdapOp> {
    let mut codec = LdapCodec::new(Some(LARGEST), None);
    loop {
        if let Some(LdapMsg { op, .. }) = codec.decode(buffer).ok()? {
            return Some(op);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn said(result: &LdapResult) -> Value {
    let code = result.code.clone();
    json!({"result": name(&result.code), "code": code as i64, "message": result.message})
}

/// As RFC 4511 writes it (appendix A).
fn name(code: &ldap3_proto::proto::LdapResultCode) -> String {
    let text = match code {
        ldap3_proto::proto::LdapResultCode::InsufficentAccessRights => {
            "InsufficientAccessRights".to_owned()
        }
        other => format!("{other:?}"),
    };
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
