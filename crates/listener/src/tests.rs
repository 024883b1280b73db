//! Protocols other than HTTP over the same listeners.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const LONG: Duration = Duration::from_secs(20);

/// Repeats what it hears, and says goodbye when the program stops.
#[derive(Clone)]
struct Echo;

impl Protocol for Echo {
    async fn serve(&self, mut conn: Conn, mut stop: Shutdown) {
        let mut buffer = [0; 64];
        loop {
            let read = tokio::select! {
                read = conn.stream.read(&mut buffer) => read.unwrap_or(0),
                () = stop.requested() => {
                    let _ = conn.stream.write_all(b"bye").await;
                    return;
                }
            };
            if read == 0 || conn.stream.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            conn.established();
        }
    }
}

impl Datagrams for Echo {
    async fn answer(&self, datagram: Vec<u8>, _: SocketAddr) -> Option<Vec<u8>> {
        (datagram != b"quiet").then_some(datagram)
    }
}

fn listener(name: &'static str) -> Listener {
    let address = ([127, 0, 0, 1], 0).into();
    Listener { name, setting: "listen.test", address, tls: None }
}

fn bounds(patience: Duration) -> Bounds {
    let (waiting, trusted) = (Waiting::new(5), [].into());
    Bounds { connections: 10, patience, keep_alive: patience, waiting, trusted }
}

/// Runs a service as the supervisor does; it is stopped by the sender.
fn run(service: &Service) -> (tokio::sync::watch::Sender<bool>, JoinSet<Result<(), String>>) {
    let (stop, shutdown) = Shutdown::channel();
    let clock = countersign_testing::TestClock::ticking();
    let world = countersign_testing::World::new(
        Vec::new(),
        clock,
        Arc::new(countersign_testing::NoAudit),
        countersign_testing::embedded,
    );
    let mut running = JoinSet::new();
    running.spawn((service.run)(world.cx.clone(), shutdown));
    (stop, running)
}

#[tokio::test]
async fn a_protocol_of_its_own_is_served_and_says_goodbye() {
    let bound = listener("echo").bind().await.unwrap();
    let address = bound.address;
    let (stop, mut running) = run(&bound.serve(Echo, bounds(LONG), LONG));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    stop.send(true).unwrap();
    let mut rest = Vec::new();
    timeout(LONG, client.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, b"bye");
    assert_eq!(running.join_next().await.unwrap().unwrap(), Ok(()));
}

#[tokio::test]
async fn who_does_not_say_who_he_is_is_closed_and_who_is_known_stays() {
    let bound = listener("echo").bind().await.unwrap();
    let address = bound.address;
    let (stop, mut running) = run(&bound.serve(Echo, bounds(Duration::from_secs(1)), LONG));
    let mut known = TcpStream::connect(address).await.unwrap();
    known.write_all(b"x").await.unwrap();
    known.read_u8().await.unwrap();
    let mut silent = TcpStream::connect(address).await.unwrap();
    let end = timeout(LONG, silent.read_to_end(&mut Vec::new())).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0, "the silent one is closed");
    known.write_all(b"y").await.unwrap();
    assert_eq!(known.read_u8().await.unwrap(), b'y');
    stop.send(true).unwrap();
    assert_eq!(running.join_next().await.unwrap().unwrap(), Ok(()));
}

#[tokio::test]
async fn datagrams_are_answered_each_by_itself() {
    let bound = listener("datagrams").bind_udp().await.unwrap();
    let address = bound.address;
    let (stop, mut running) = run(&bound.serve(Echo));
    let client = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    for datagram in ["quiet", "one"] {
        client.send_to(datagram.as_bytes(), address).await.unwrap();
    }
    let mut heard = [0; 64];
    let (length, from) = timeout(LONG, client.recv_from(&mut heard)).await.unwrap().unwrap();
    assert_eq!((&heard[..length], from), (&b"one"[..], address));
    stop.send(true).unwrap();
    assert_eq!(running.join_next().await.unwrap().unwrap(), Ok(()));
}

#[tokio::test]
async fn a_taken_address_is_refused_with_a_way_out() {
    let first = listener("first").bind().await.unwrap();
    let again = Listener { address: first.address, ..listener("second") };
    let problem = again.bind().await.map(|_| ()).unwrap_err();
    assert!(problem.starts_with("listen.test: ") && problem.contains("COUNTERSIGN_LISTEN__TEST="));
}
