//! Passing requests on, to servers that answer, and to those that do not.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

#[expect(clippy::disallowed_methods, reason = "ends with the test")]
fn beside(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

fn upstreams(patience: Patience) -> Upstreams {
    Outbound::new(Rules::default()).upstreams(patience)
}

/// Short times, where it is the time that is meant to end.
const SHORT: Duration = Duration::from_millis(300);

fn get(path: &str) -> Request<Body> {
    let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
    let uri = format!("http://app.test{path}");
    Request::builder().uri(uri).header("host", "app.test").body(body).unwrap()
}

async fn send(
    upstreams: &Upstreams,
    place: &str,
    trust: &Trust,
    request: Request<Body>,
) -> Result<(StatusCode, String), UpstreamError> {
    let upstream = upstreams.at(&Place::read(place).unwrap(), trust)?;
    let response = upstream.send(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

/// A server that does with each connection what it is told; `nth` counts them.
async fn raw<F>(serve: impl Fn(TcpStream, usize) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    beside(async move {
        let mut nth = 0;
        while let Ok((stream, _)) = listener.accept().await {
            nth += 1;
            beside(serve(stream, nth));
        }
    });
    place
}

/// Reads the head of a request.
async fn head(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => seen.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(seen).unwrap()
}

/// Says by which version it was asked, and for which host.
async fn say(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let host = request.uri().authority().map(ToString::to_string);
    let named = request.headers().get("host").map(|host| host.to_str().unwrap().to_owned());
    let text = format!("{:?} {host:?} {named:?}", request.version());
    Ok(Response::new(Full::new(Bytes::from(text))))
}

/// A server that encrypts, with a certificate for `name` that it made itself.
async fn encrypted(name: &str, protocols: &[&str]) -> (u16, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let der = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    beside(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            beside(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(say)).await;
                }
            });
        }
    });
    (port, der.to_vec())
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it_over_tls() {
    let (port, der) = encrypted("localhost", &["h2", "http/1.1"]).await;
    let (old, old_der) = encrypted("localhost", &["http/1.1"]).await;
    let upstreams = upstreams(Patience::default());
    let own = Trust::Machine(Some(der));
    let place = format!("https://localhost:{port}");
    let (_, text) = send(&upstreams, &place, &own, get("/")).await.unwrap();
    // The host that it is asked for is the application's, wherever it is said.
    assert_eq!(text, r#"HTTP/2.0 Some("app.test") Some("app.test")"#);
    let place = format!("https://localhost:{old}");
    let own = Trust::Machine(Some(old_der));
    let (_, text) = send(&upstreams, &place, &own, get("/")).await.unwrap();
    assert_eq!(text, r#"HTTP/1.1 None Some("app.test")"#);
}

#[tokio::test]
async fn a_server_proves_who_it_is_unless_nobody_asks() {
    let (port, der) = encrypted("localhost", &[]).await;
    let (_, foreign) = encrypted("localhost", &[]).await;
    let upstreams = upstreams(Patience::default());
    let place = format!("https://localhost:{port}");
    for trust in [Trust::Machine(None), Trust::Machine(Some(foreign))] {
        let refused = send(&upstreams, &place, &trust, get("/")).await.unwrap_err();
        assert!(matches!(refused, UpstreamError::Tls(_)), "{refused}");
    }
    let by_number = format!("https://127.0.0.1:{port}");
    let own = Trust::Machine(Some(der));
    let refused = send(&upstreams, &by_number, &own, get("/")).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Tls(_)), "another name: {refused}");
    assert!(send(&upstreams, &place, &own, get("/")).await.is_ok());
    assert!(send(&upstreams, &by_number, &Trust::Anybody, get("/")).await.is_ok());
    // It does not speak TLS at all.
    let plain = raw(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let place = plain.replace("http:", "https:");
    let refused = send(&upstreams, &place, &Trust::Anybody, get("/")).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Tls(_)), "{refused}");
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let trust = Trust::Machine(None);
    let silent = raw(|mut stream, _| async move {
        head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let closing = raw(|mut stream, _| async move {
        head(&mut stream).await;
    })
    .await;
    let babbling = raw(|mut stream, _| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"220 smtp.test ESMTP\r\n").await;
    })
    .await;
    let boastful = raw(|mut stream, _| async move {
        head(&mut stream).await;
        let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "a".repeat(1_000_000));
        let _ = stream.write_all(long.as_bytes()).await;
    })
    .await;
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port())
    };
    let hasty = upstreams(Patience { answer: SHORT, ..Patience::default() });
    let slow = send(&hasty, &silent, &trust, get("/")).await.unwrap_err();
    assert_eq!((slow.code(), slow.status().as_u16()), ("upstream.slow", 504));
    let upstreams = upstreams(Patience::default());
    for (place, code, status) in [
        (closing.as_str(), "upstream.closed", 502),
        (&babbling, "upstream.nonsense", 502),
        (&boastful, "upstream.nonsense", 502),
        (&nobody, "upstream.refused", 502),
        ("http://169.254.169.254", "upstream.forbidden", 502),
        ("http://nobody.invalid", "upstream.unknown", 502),
    ] {
        let error = send(&upstreams, place, &trust, get("/")).await.unwrap_err();
        assert_eq!((error.code(), error.status().as_u16()), (code, status), "{place}: {error}");
    }
}

/// What listens on this machine for other programs is not opened to who names an application.
#[tokio::test]
async fn this_program_s_own_listeners_are_no_applications() {
    let place = raw(|mut stream, _| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
    })
    .await;
    let port: u16 = place.rsplit(':').next().unwrap().parse().unwrap();
    let trust = Trust::Machine(None);
    for (own, named, is_own) in [
        ("127.0.0.1", "127.0.0.1", true),
        ("0.0.0.0", "127.0.0.1", true),
        ("0.0.0.0", "localhost", true),
        ("::", "[::ffff:127.0.0.1]", true),
        ("127.0.0.1", "[::ffff:127.0.0.1]", true),
        ("127.0.0.2", "127.0.0.1", false),
    ] {
        let own = vec![SocketAddr::new(own.parse().unwrap(), port)];
        let rules = Rules { own, ..Rules::default() };
        let upstreams = Outbound::new(rules).upstreams(Patience::default());
        let place = format!("http://{named}:{port}");
        let sent = send(&upstreams, &place, &trust, get("/")).await;
        let refused = sent.err().map(|error| error.code());
        assert_eq!(refused, is_own.then_some("upstream.own"), "{named} {is_own}");
    }
    let elsewhere = vec![SocketAddr::from(([127, 0, 0, 1], port.wrapping_add(1)))];
    let rules = Rules { own: elsewhere, ..Rules::default() };
    let upstreams = Outbound::new(rules).upstreams(Patience::default());
    assert!(send(&upstreams, &place, &trust, get("/")).await.is_ok(), "another port");
}

#[tokio::test]
async fn a_request_that_met_a_closing_connection_is_sent_once_more() {
    let place = raw(|mut stream, nth| async move {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{nth}");
        // The first connection takes a second request, and closes instead of answering it.
        for _ in 0..if nth == 1 { 1 } else { 9 } {
            head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        head(&mut stream).await;
    })
    .await;
    let (upstreams, trust) = (upstreams(Patience::default()), Trust::Machine(None));
    let send = async |method: Method| {
        let mut request = get("/");
        *request.method_mut() = method;
        send(&upstreams, &place, &trust, request).await.map(|(_, text)| text)
    };
    assert_eq!(send(Method::GET).await.as_deref(), Ok("1"));
    assert_eq!(send(Method::GET).await.as_deref(), Ok("2"), "asked once more");
}

#[tokio::test]
async fn what_may_do_something_is_never_sent_twice() {
    let place = raw(|mut stream, _| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        head(&mut stream).await;
    })
    .await;
    let (upstreams, trust) = (upstreams(Patience::default()), Trust::Machine(None));
    assert!(send(&upstreams, &place, &trust, get("/")).await.is_ok());
    let mut post = get("/");
    *post.method_mut() = Method::POST;
    assert_eq!(send(&upstreams, &place, &trust, post).await, Err(UpstreamError::Closed));
}

#[tokio::test]
async fn a_body_is_sent_as_it_comes_and_nothing_behind_it() {
    let place = raw(|mut stream, _| async move {
        let told = head(&mut stream).await;
        let mut body = vec![0; 4096];
        let mut whole = Vec::new();
        while !whole.ends_with(b"0\r\n\r\n") && !told.contains("Content-Length") {
            let read = stream.read(&mut body).await.unwrap();
            if read == 0 {
                break;
            }
            whole.extend_from_slice(&body[..read]);
        }
        let said = format!("{}{}", told, String::from_utf8(whole).unwrap());
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let trust = Trust::Machine(None);
    let (to, from) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, BodyError>>(1);
    let mut request = get("/").map(|_| Pieces(from).boxed_unsync());
    *request.method_mut() = Method::POST;
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("x-authentik-username"),
        http::HeaderValue::from_static("root"),
    )]);
    let sending = async {
        // Longer than an answer may take, which is counted from their end.
        for piece in ["one", "two", "six", "ten"] {
            to.send(Ok(Frame::data(Bytes::from(piece)))).await.unwrap();
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        to.send(Ok(Frame::trailers(trailers))).await.unwrap();
        drop(to);
    };
    let two_seconds = Patience { answer: Duration::from_secs(2), ..Patience::default() };
    let calm = upstreams(two_seconds);
    let (answer, ()) = tokio::join!(send(&calm, &place, &trust, request), sending);
    let (_, text) = answer.unwrap();
    assert!(text.ends_with("3\r\none\r\n3\r\ntwo\r\n3\r\nsix\r\n3\r\nten\r\n0\r\n\r\n"), "{text}");

    // A client that stops in the middle is at fault itself.
    let (to, from) = tokio::sync::mpsc::channel(1);
    to.send(Ok(Frame::data(Bytes::from("one")))).await.unwrap();
    let mut request = get("/").map(|_| Pieces(from).boxed_unsync());
    *request.method_mut() = Method::POST;
    let hasty = upstreams(Patience { idle: SHORT, ..Patience::default() });
    assert_eq!(send(&hasty, &place, &trust, request).await, Err(UpstreamError::Client));
}

/// Frames as they come.
struct Pieces(tokio::sync::mpsc::Receiver<Result<Frame<Bytes>, BodyError>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.poll_recv(cx)
    }
}

#[tokio::test]
async fn an_answer_that_stops_ends_and_one_of_events_may_wait() {
    let place = raw(|mut stream, _| async move {
        let events = head(&mut stream).await.contains("/events");
        let kind = if events { "text/event-stream" } else { "text/plain" };
        let answer =
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: 2\r\n\r\na");
        let _ = stream.write_all(answer.as_bytes()).await;
        if events {
            tokio::time::sleep(SHORT * 3).await;
            let _ = stream.write_all(b"b").await;
        }
        std::future::pending::<()>().await;
    })
    .await;
    let upstreams = upstreams(Patience { idle: SHORT, ..Patience::default() });
    let upstream = upstreams.at(&Place::read(&place).unwrap(), &Trust::Machine(None)).unwrap();
    let body = async |path: &str| upstream.send(get(path)).await.unwrap().into_body();
    assert!(body("/file").await.collect().await.is_err());
    let events = body("/events").await;
    assert!(events.is_endless());
    assert_eq!(events.collect().await.unwrap().to_bytes(), "ab");
    // It ends with what it was let through by.
    let ended = body("/events").await.until(Box::pin(std::future::ready(())));
    assert!(ended.collect().await.is_err());
}

#[test]
fn a_place_is_a_scheme_a_host_and_a_port() {
    for (text, place) in [
        ("http://App.internal", "http://app.internal:80"),
        ("https://app.internal/path?x", "https://app.internal:443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://192.0.2.7:8080/", "http://192.0.2.7:8080"),
    ] {
        assert_eq!(Place::read(text).map(|place| place.to_string()).as_deref(), Some(place));
    }
    for wrong in ["", "app", "ftp://app", "unix:/run/app", "http://"] {
        assert_eq!(Place::read(wrong), None, "{wrong}");
    }
}
