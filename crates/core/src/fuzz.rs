//! Headers of proxies that nobody thought of.

use std::net::{IpAddr, SocketAddr};

use countersign_model::Cidr;
use countersign_testing::{Fuzz, header_lines};
use http::Request;

use crate::request::{FORWARDED, RequestInfo, straighten};

/// Nobody but a trusted proxy says where a request is from or what it is for; and of a chain of
/// addresses the client's is the first from the right that is no such proxy.
#[test]
fn fuzz_core_forwarded() {
    let trusted: Vec<Cidr> =
        ["127.0.0.0/8", "10.0.0.0/8", "::1/128"].into_iter().filter_map(Cidr::parse).collect();
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    let check = |bytes: &[u8]| {
        let Some(sent) = header_lines(bytes) else { return false };
        for peer in ["127.0.0.1:1", "203.0.113.7:1"] {
            let peer: SocketAddr = peer.parse().unwrap();
            let mut headers = sent.clone();
            straighten(&mut headers, Some(peer), &trusted);
            let chain = headers.get_all("x-forwarded-for");
            assert!(chain.iter().count() <= 1);
            let client =
                chain.iter().next().map(|one| one.to_str().unwrap().parse::<IpAddr>().unwrap());
            let mut request = Request::new(());
            *request.headers_mut() = headers.clone();
            let (parts, ()) = request.into_parts();
            let info =
                RequestInfo::read(&parts, String::new(), Some(peer), is_trusted(peer.ip()), None);
            assert!(info.host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b)));
            if !is_trusted(peer.ip()) {
                assert!(FORWARDED.iter().all(|name| !headers.contains_key(*name)));
                assert_eq!((info.client_ip, info.scheme), (peer.ip(), "http"));
                continue;
            }
            assert_eq!(info.client_ip, client.unwrap_or(peer.ip()).to_canonical());
            // Said here once more, of chains without names, ports and brackets.
            let all = sent.get_all("x-forwarded-for").iter().map(|one| one.to_str().ok());
            let all: Option<Vec<&str>> = all.collect();
            let all = all.map(|all| all.join(","));
            let all = all
                .iter()
                .flat_map(|all| all.split(','))
                .map(|one| one.trim().parse::<IpAddr>().map(|ip| ip.to_canonical()));
            let Ok(all) = all.collect::<Result<Vec<_>, _>>() else { continue };
            let expected =
                all.iter().rev().copied().find(|ip| !is_trusted(*ip)).or(all.first().copied());
            if !all.is_empty() {
                assert_eq!(client.map(|ip| ip.to_canonical()), expected);
            }
        }
        true
    };
    Fuzz::new("core.forwarded", 30_000)
        .seeds([
            "Host: id.test\nX-Forwarded-For: 192.0.2.1, 10.0.0.1\nX-Forwarded-Proto: https\nX-Forwarded-Host: id.example",
            "Host: id.test:9000\nX-Forwarded-For: 192.0.2.1\nX-Forwarded-For: 198.51.100.2, 10.1.1.1, 127.0.0.1\nX-Real-IP: 192.0.2.9",
            "Forwarded: for=192.0.2.1\nX-Forwarded-For: 2001:db8::1, [::1]:44, ::ffff:10.0.0.1\nX-Forwarded-Scheme: https",
        ])
        .words([
            "\nX-Forwarded-For: ", "\nX-Real-IP: 192.0.2.7", "\nX-Forwarded-Host: evil.test", "\nX_Forwarded_For: 192.0.2.7", "\nX-Original-URL: /",
            "\nTraceparent: 00", ",", " ", "127.0.0.1", "10.0.0.1", "192.0.2.1", "::1", "::ffff:", "[", "]", ":", "%", "unknown", "_hidden", "0",
        ])
        .longest(2_000)
        .run(check);
}
