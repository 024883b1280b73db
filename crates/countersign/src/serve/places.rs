//! Room for connections: how many there may be, how many one address may keep waiting, and which leaves when there is no
//! room. What is not yet a request costs a client nothing, so it is bounded before its first byte.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_model::subscriber;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// How many connections (and bodies on their way) each address has that are not yet a complete request.
#[derive(Debug)]
pub struct Waiting {
    most: usize,
    of: Mutex<HashMap<IpAddr, usize>>,
}

/// One of them, counted until it is dropped.
#[derive(Debug)]
pub struct Turn(Option<(Arc<Waiting>, IpAddr)>);

impl Waiting {
    /// `most` for one address; 0 sets no limit.
    pub fn new(most: usize) -> Arc<Waiting> {
        Arc::new(Waiting { most, of: Mutex::default() })
    }

    /// Counts one more for an address, if it has not too many already. Nobody counts for a proxy, behind which all are.
    pub fn enter(self: &Arc<Waiting>, address: Option<IpAddr>) -> Option<Turn> {
        let Some(address) = address.map(subscriber).filter(|_| self.most > 0) else { return Some(Turn(None)) };
        let mut of = lock(&self.of);
        let count = of.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Turn(Some((self.clone(), address))))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some((waiting, address)) = self.0.take() else { return };
        let mut of = lock(&waiting.of);
        if let Some(count) = of.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                of.remove(&address);
            }
        }
    }
}

/// The room of a listener.
#[derive(Debug)]
pub struct Room {
    most: usize,
    /// For the first request, and for the next one.
    patience: Duration,
    held: Mutex<Held>,
    /// A place was left, or could be.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    places: HashMap<u64, Connection>,
    /// Those without a request in work, by the time since when.
    idle: BTreeSet<(Instant, u64)>,
    /// How many were asked to leave and are still there.
    leaving: usize,
    following: u64,
}

#[derive(Debug)]
struct Connection {
    doing: Doing,
    asked: bool,
    leave: Arc<Notify>,
}

#[derive(Debug)]
enum Doing {
    /// Nothing, since then; the turn is that of a connection that never asked for anything.
    Idle(Instant, #[expect(dead_code, reason = "counts until it is dropped")] Option<Turn>),
    /// So many requests.
    Working(usize),
    /// It is no longer ours to understand.
    Upgraded,
}

/// A place in the room, left when it is dropped.
#[derive(Debug)]
pub struct Place {
    room: Arc<Room>,
    number: u64,
    leave: Arc<Notify>,
}

/// A request in work on a connection, until its answer was handed over whole.
#[derive(Debug)]
pub struct Work(Arc<Place>);

impl Room {
    pub fn new(most: usize, patience: Duration) -> Arc<Room> {
        Arc::new(Room { most: most.max(1), patience, held: Mutex::default(), changed: Notify::new() })
    }

    /// Waits until there is room, for which the connection that is idle the longest has to leave.
    pub async fn make(&self) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let (there, leaving) = {
                let held = lock(&self.held);
                (held.places.len(), held.leaving)
            };
            if there < self.most {
                return;
            }
            if there - leaving >= self.most {
                self.shrink();
            }
            changed.await;
        }
    }

    /// Sends one idle connection away, if there is one.
    pub fn shrink(&self) {
        let mut held = lock(&self.held);
        let held = &mut *held;
        if let Some((_, number)) = held.idle.pop_first()
            && let Some(connection) = held.places.get_mut(&number)
        {
            connection.asked = true;
            held.leaving += 1;
            connection.leave.notify_one();
        }
    }

    /// Takes a place for a connection that has said nothing yet.
    pub fn enter(self: &Arc<Room>, turn: Turn) -> Arc<Place> {
        let mut held = lock(&self.held);
        let (number, now, leave) = (held.following, Instant::now(), Arc::new(Notify::new()));
        held.following += 1;
        held.places.insert(number, Connection { doing: Doing::Idle(now, Some(turn)), asked: false, leave: leave.clone() });
        held.idle.insert((now, number));
        Arc::new(Place { room: self.clone(), number, leave })
    }
}

impl Place {
    /// Begins the time for the first request, after a TLS handshake.
    pub fn greeted(&self) {
        let mut held = lock(&self.room.held);
        let held = &mut *held;
        if let Some(Connection { doing: Doing::Idle(since, _), asked: false, .. }) = held.places.get_mut(&self.number) {
            held.idle.remove(&(*since, self.number));
            *since = Instant::now();
            held.idle.insert((*since, self.number));
        }
    }

    /// The head of a request is there.
    pub fn work(self: &Arc<Place>) -> Work {
        let mut held = lock(&self.room.held);
        let held = &mut *held;
        if let Some(connection) = held.places.get_mut(&self.number) {
            match &mut connection.doing {
                Doing::Working(requests) => *requests += 1,
                Doing::Upgraded => {}
                Doing::Idle(since, _) => {
                    held.idle.remove(&(*since, self.number));
                    connection.doing = Doing::Working(1);
                    // Asked to leave at this moment: it stays, and somebody else has to be found.
                    if std::mem::take(&mut connection.asked) {
                        held.leaving -= 1;
                        self.room.changed.notify_waiters();
                    }
                }
            }
        }
        Work(self.clone())
    }

    fn idle_since(&self) -> Option<Instant> {
        match lock(&self.room.held).places.get(&self.number).map(|connection| &connection.doing) {
            Some(Doing::Idle(since, _)) => Some(*since),
            _ => None,
        }
    }

    /// Ends when the connection has to leave: it had its time for a request, or its place is needed.
    pub async fn over(&self) {
        loop {
            let since = self.idle_since();
            let end = since.unwrap_or_else(Instant::now) + self.room.patience;
            if since.is_some() && end <= Instant::now() {
                return;
            }
            tokio::select! {
                () = sleep_until(end) => {}
                () = self.leave.notified() => if self.idle_since().is_some() { return },
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.room.held);
        if let Some(connection) = held.places.remove(&self.number) {
            if let Doing::Idle(since, _) = connection.doing {
                held.idle.remove(&(since, self.number));
            }
            held.leaving -= usize::from(connection.asked);
        }
        drop(held);
        self.room.changed.notify_waiters();
    }
}

impl Work {
    /// The connection goes on as something else than HTTP.
    pub fn upgraded(&self) {
        if let Some(connection) = lock(&self.0.room.held).places.get_mut(&self.0.number) {
            connection.doing = Doing::Upgraded;
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut held = lock(&self.0.room.held);
        let held = &mut *held;
        let Some(connection) = held.places.get_mut(&self.0.number) else { return };
        let Doing::Working(requests) = &mut connection.doing else { return };
        *requests -= 1;
        if *requests == 0 {
            let now = Instant::now();
            connection.doing = Doing::Idle(now, None);
            held.idle.insert((now, self.0.number));
            self.0.room.changed.notify_waiters();
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(600);

    fn nobody() -> Turn {
        Turn(None)
    }

    /// Whether a connection is asked to leave at this moment.
    async fn leaves(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_millis(1), place.over()).await.is_ok()
    }

    #[test]
    fn an_address_waits_so_often_and_no_more() {
        let waiting = Waiting::new(2);
        let address = |text: &str| Some(text.parse().unwrap());
        let one = waiting.enter(address("2001:db8:1:2::1")).unwrap();
        let _two = waiting.enter(address("2001:db8:1:2:ffff::1")).unwrap();
        assert!(waiting.enter(address("2001:db8:1:2::3")).is_none(), "a network of IPv6 is one subscriber");
        assert!(waiting.enter(address("2001:db8:1:3::3")).is_some());
        assert!((0..9).all(|_| waiting.enter(None).is_some()), "whom a proxy does not name counts for nobody");
        drop(one);
        assert!(waiting.enter(address("2001:db8:1:2::3")).is_some());
        let off = Waiting::new(0);
        let turns: Vec<_> = (0..9).map(|_| off.enter(address("192.0.2.1"))).collect();
        assert!(turns.iter().all(Option::is_some), "0 is no limit");
        drop(turns);
        drop(_two);
        assert!(lock(&waiting.of).is_empty(), "nothing is remembered of those who left");
    }

    #[tokio::test]
    async fn a_connection_has_its_time_for_each_request_and_none_while_one_is_in_work() {
        let room = Room::new(10, PATIENCE);
        let (silent, busy) = (room.enter(nobody()), room.enter(nobody()));
        let (first, second) = (busy.work(), busy.work());
        drop(first);
        assert!(!leaves(&silent).await);
        tokio::time::sleep(PATIENCE).await;
        assert!(leaves(&silent).await && !leaves(&busy).await);
        drop(second);
        assert!(!leaves(&busy).await);
        tokio::time::timeout(PATIENCE * 20, busy.over()).await.unwrap();
        let upgraded = room.enter(nobody());
        upgraded.work().upgraded();
        tokio::time::sleep(PATIENCE).await;
        assert!(!leaves(&upgraded).await);
    }

    #[tokio::test]
    async fn who_is_idle_the_longest_leaves_when_there_is_no_room() {
        let room = Room::new(3, LONG);
        let (first, second, third) = (room.enter(nobody()), room.enter(nobody()), room.enter(nobody()));
        let work = first.work();
        drop(second.work());
        let full = || async { tokio::time::timeout(Duration::from_millis(1), room.make()).await.is_err() };
        assert!(full().await, "who is asked to leave has not left yet");
        assert!(leaves(&third).await && !leaves(&first).await && !leaves(&second).await);
        drop(third);
        assert!(!full().await);
        let _fourth = room.enter(nobody()).work();
        assert!(full().await);
        assert!(leaves(&second).await);
        drop(second);
        let _fifth = room.enter(nobody()).work();
        assert!(full().await, "nobody is idle");
        drop(work);
        assert!(full().await);
        assert!(leaves(&first).await, "its answer is out");
    }

    /// Whoever waits counts for its address until its request is there, not longer.
    #[tokio::test]
    async fn a_request_ends_the_turn_of_its_address() {
        let (room, waiting) = (Room::new(3, LONG), Waiting::new(1));
        let address = || Some("192.0.2.1".parse().unwrap());
        let place = room.enter(waiting.enter(address()).unwrap());
        assert!(waiting.enter(address()).is_none());
        let work = place.work();
        assert!(waiting.enter(address()).is_some());
        drop(work);
        assert!(waiting.enter(address()).is_some());
        drop(place);
        assert!(lock(&room.held).places.is_empty() && lock(&room.held).idle.is_empty());
    }
}
