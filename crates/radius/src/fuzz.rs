//! Datagrams that nobody thought of.

use countersign_model::Secret;
use countersign_testing::Fuzz;

use crate::receive::{Client, Received, receive};
use crate::wire::testing::{is_answer, request, resigned, whole};
use crate::wire::{Code, Packet, kind};

const SHARED: &str = "xyzzy5461";

fn client(name: &'static str, networks: &str, secret: &str, strict: bool) -> Client<&'static str> {
    let (networks, secret) = (networks.into(), Secret::new(secret));
    Client { provider: name, networks, secret, requires_authenticator: strict }
}

/// As it is, with lengths that are right again, and as somebody with the secret would send it: else
/// most changes are refused at the first octet.
#[test]
fn fuzz_radius_packet() {
    let clients = [
        client("here", "192.0.2.0/24", SHARED, false),
        client("beside", "192.0.2.0/24", "another", true),
        client("elsewhere", "198.51.100.0/24", SHARED, false),
    ];
    let mut seeds = vec![
        request(1, SHARED, true, "uma", Some("pw")),
        request(1, SHARED, false, "uma", Some("a password of more than one block")),
        request(1, "another", true, "zoë", Some("pw")),
        request(1, SHARED, true, "uma", None),
        request(12, SHARED, true, "", None),
    ];
    // Of a user to a host (RFC 2865 section 7.1), and with what proxies add.
    seeds.push(hex::decode("010000380f403f9473978057bd83d5cb98f4227a01066e656d6f02120dbe708d93d413ce3196e43f782a0aee0406c0a80110050600000003").unwrap());
    let mut proxied = seeds[0].clone();
    proxied.extend([kind::PROXY_STATE, 5, 1, 2, 3, kind::PROXY_STATE, 3, 9, 79, 4, 1, 1]);
    seeds.push(resigned(&whole(&proxied), SHARED));
    let sent = seeds.clone();
    let looked_at = |bytes: &[u8]| {
        let Ok(packet) = Packet::read(bytes) else {
            let received = receive(&clients, ([192, 0, 2, 7], 1).into(), bytes);
            assert!(matches!(received, Received::Dropped { .. }));
            return false;
        };
        assert!(packet.is_as_it_came(bytes));
        let authentic = clients.iter().any(|one| packet.is_authentic(&one.secret) == Some(true));
        match receive(&clients, ([192, 0, 2, 7], 1).into(), bytes) {
            Received::Dropped { of, .. } => assert_ne!(of, Some(&"elsewhere")),
            Received::Answered(answer) => {
                assert_eq!(packet.code, Code::StatusServer);
                assert!(authentic && is_answer(&answer, &packet, &clients[..2]));
            }
            Received::Asked(asked) => {
                assert_eq!(asked.packet.code, Code::AccessRequest);
                assert_ne!(asked.client.provider, "elsewhere");
                // Who gets an answer has the secret, by a signature or by the password it hid.
                let signed = packet.is_authentic(&asked.client.secret);
                assert!(signed == Some(true) || signed.is_none() && asked.password.is_ok());
                assert!(signed.is_some() || !asked.client.requires_authenticator);
                if let Ok(password) = &asked.password {
                    assert!(!password.expose().contains(char::is_control));
                }
                if let Some(answer) = asked.reply(Code::AccessReject, &[]) {
                    assert!(is_answer(&answer, &packet, &clients[..2]));
                }
            }
        }
        let elsewhere = receive(&clients, ([203, 0, 113, 1], 1).into(), bytes);
        assert!(matches!(elsewhere, Received::Dropped { of: None, .. }));
        true
    };
    let check = |bytes: &[u8]| {
        let plain = looked_at(bytes);
        if let Ok(packet) = Packet::read(bytes) {
            // Nobody who has not the secret signs anything.
            let secret = Secret::new(SHARED);
            let ours = sent.iter().any(|sent| packet.is_as_it_came(sent));
            assert!(ours || packet.is_authentic(&secret) != Some(true));
        }
        let fitted = whole(bytes);
        looked_at(&fitted) | looked_at(&resigned(&fitted, SHARED)) | plain
    };
    Fuzz::new("radius.packet", 30_000)
        .seeds(seeds)
        .words([
            &[80_u8, 18][..],
            &[80, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[2, 18],
            &[33, 255],
            &[33, 2],
            &[79, 2],
            &[1, 5, 117, 109, 97],
        ])
        .longest(5_000)
        .run(check);
}
