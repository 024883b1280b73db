//! Messages: read from bytes within bounds, and written.

use bytes::{Buf as _, Bytes, BytesMut};
use ldap3_lber::common::TagClass;
use ldap3_lber::parse::Parser;
use ldap3_lber::structure::{PL, StructureTag};
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapExtendedResponse, LdapMsg, LdapOp, LdapResult, LdapResultCode, LdapSearchRequest,
};
use tokio_util::codec::Encoder as _;

use crate::filter::{Filter, FilterError};
use crate::tree::{MANAGE_DSA_IT, PAGED};

/// Bytes of the largest message, and of one that is read without asking for room.
pub(crate) const LARGEST: usize = 1024 * 1024;
pub(crate) const SMALL: usize = 16 * 1024;
/// Levels of a message: those of a filter, twice over, and what is around it.
const DEEPEST: usize = 80;
/// RFC 4511, 4.4.1.
const DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: i32,
    pub(crate) op: Op,
    pub(crate) paging: Option<Paging>,
    /// A control that must not be passed over, and is not known.
    pub(crate) critical: Option<String>,
}

/// What is asked.
#[derive(Debug)]
pub(crate) enum Op {
    Search { request: LdapSearchRequest, filter: Result<Filter, FilterError> },
    Other(LdapOp),
}

/// RFC 2696.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    pub(crate) size: usize,
    pub(crate) cookie: Vec<u8>,
}

/// What came cannot be read, and nothing that follows either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("This is no LDAP message (RFC 4511).")]
    Malformed,
    #[error("The message is too large.")]
    TooLarge,
}

/// What of a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Not even how long it is.
    Head,
    /// So many bytes will be all of it.
    Part(usize),
    Whole(usize),
}

impl Frame {
    /// Looks at the first message of a buffer.
    pub(crate) fn first(buffer: &[u8]) -> Result<Frame, Broken> {
        Ok(match length(buffer, LARGEST)? {
            None => Frame::Head,
            Some(length) if buffer.len() < length => Frame::Part(length),
            Some(length) => Frame::Whole(length),
        })
    }
}

/// Takes the next request out of what has come; `None` when it is not whole yet.
pub(crate) fn next(buffer: &mut BytesMut) -> Result<Option<Request>, Broken> {
    let Frame::Whole(length) = Frame::first(buffer)? else { return Ok(None) };
    let bytes = buffer.get(..length).ok_or(Broken::Malformed)?;
    let parsed = Parser::new(DEEPEST).parse(bytes);
    let (_, tag) = parsed.map_err(|_| Broken::Malformed)?;
    buffer.advance(length);
    read(tag).map(Some)
}

/// The length of a whole message, once its head is there. It is known before anything is kept.
pub(crate) fn length(buffer: &[u8], largest: usize) -> Result<Option<usize>, Broken> {
    match buffer {
        [] => Ok(None),
        [0x30] => Ok(None),
        [0x30, short @ 0..=0x7f, ..] => Ok(Some(2 + usize::from(*short))),
        [0x30, head, rest @ ..] => {
            let count = usize::from(head & 0x7f);
            // Neither an open length nor one of more bytes than any message needs.
            if !(1..=8).contains(&count) {
                return Err(Broken::Malformed);
            }
            let Some(digits) = rest.get(..count) else { return Ok(None) };
            let length = digits.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
            let length = usize::try_from(length).map_err(|_| Broken::TooLarge)?;
            if length > largest { Err(Broken::TooLarge) } else { Ok(Some(2 + count + length)) }
        }
        _ => Err(Broken::Malformed),
    }
}

fn read(mut tag: StructureTag) -> Result<Request, Broken> {
    let PL::C(parts) = &mut tag.payload else { return Err(Broken::Malformed) };
    let controls = if parts.len() == 3 { parts.pop() } else { None };
    let (paging, critical) = controls.map_or(Ok((None, None)), |tag| read_controls(&tag))?;
    if !parts.get(1).is_some_and(is_request) {
        return Err(Broken::Malformed);
    }
    let filter = parts.get_mut(1).and_then(take_filter);
    let message = LdapMsg::try_from(tag).map_err(|_| Broken::Malformed)?;
    let op = match (message.op, filter) {
        (LdapOp::SearchRequest(request), Some(tag)) => {
            Op::Search { request, filter: Filter::parse(&tag) }
        }
        (LdapOp::SearchRequest(_), None) => return Err(Broken::Malformed),
        (op, _) => Op::Other(op),
    };
    Ok(Request { id: message.msgid, op, paging, critical })
}

/// Whether it is an operation that a client asks for (RFC 4511, 4.1.1). Of any other the library
/// writes a line to the standard output, past the log.
fn is_request(op: &StructureTag) -> bool {
    let known = match op.payload {
        PL::C(_) => matches!(op.id, 0 | 3 | 6 | 8 | 12 | 14 | 23),
        PL::P(_) => matches!(op.id, 2 | 10 | 16),
    };
    known && op.class == TagClass::Application
}

/// The filter of a search, which is read here: the library knows texts only. A simple one takes its
/// place.
fn take_filter(op: &mut StructureTag) -> Option<StructureTag> {
    if op.class != TagClass::Application || op.id != 3 {
        return None;
    }
    let PL::C(parts) = &mut op.payload else { return None };
    let present =
        StructureTag { class: TagClass::Context, id: 7, payload: PL::P(b"objectClass".to_vec()) };
    Some(std::mem::replace(parts.get_mut(6)?, present))
}

fn read_controls(tag: &StructureTag) -> Result<(Option<Paging>, Option<String>), Broken> {
    let (TagClass::Context, 0, PL::C(controls)) = (tag.class, tag.id, &tag.payload) else {
        return Err(Broken::Malformed);
    };
    let (mut paging, mut critical) = (None, None);
    for control in controls {
        let PL::C(parts) = &control.payload else { return Err(Broken::Malformed) };
        let mut parts = parts.iter();
        let Some(PL::P(name)) = parts.next().map(|part| &part.payload) else {
            return Err(Broken::Malformed);
        };
        let name = String::from_utf8_lossy(name).into_owned();
        let (mut must, mut value) = (false, None);
        for part in parts {
            match (part.id, &part.payload) {
                (1, PL::P(truth)) => must = truth.first().is_some_and(|byte| *byte != 0),
                (4, PL::P(bytes)) => value = Some(bytes),
                _ => return Err(Broken::Malformed),
            }
        }
        match name.as_str() {
            PAGED => paging = Some(value.and_then(|v| read_paging(v)).ok_or(Broken::Malformed)?),
            MANAGE_DSA_IT => {}
            _ if must => critical = Some(name),
            _ => {}
        }
    }
    Ok((paging, critical))
}

fn read_paging(value: &[u8]) -> Option<Paging> {
    let (_, tag) = Parser::new(4).parse(value).ok()?;
    let PL::C(parts) = tag.payload else { return None };
    let [size, cookie] = <[StructureTag; 2]>::try_from(parts).ok()?;
    let (PL::P(size), PL::P(cookie)) = (size.payload, cookie.payload) else { return None };
    if size.is_empty() || size.len() > 4 || size.first()? & 0x80 != 0 {
        return None;
    }
    let size = size.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
    Some(Paging { size, cookie })
}

/// Writes an answer.
pub(crate) fn write(id: i32, op: LdapOp, controls: Vec<LdapControl>, into: &mut BytesMut) {
    let message = LdapMsg { msgid: id, op, ctrl: controls };
    // It fails only where memory does.
    let _ = LdapCodec::new(Some(LARGEST), None).encode(message, into);
}

/// A result with its reason.
pub(crate) fn result(code: LdapResultCode, message: impl Into<String>) -> LdapResult {
    LdapResult { code, matcheddn: String::new(), message: message.into(), referral: Vec::new() }
}

/// What is said before a connection is closed.
pub(crate) fn disconnection(code: LdapResultCode, message: &str) -> Bytes {
    let op = LdapOp::ExtendedResponse(LdapExtendedResponse {
        res: result(code, message),
        name: Some(DISCONNECTION.to_owned()),
        value: None,
    });
    let mut bytes = BytesMut::new();
    write(0, op, Vec::new(), &mut bytes);
    bytes.freeze()
}
