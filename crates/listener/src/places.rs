//! Room for connections: how many there may be, how many one address may keep waiting, and which
//! leaves when there is no room. What is not yet a request costs a client nothing, so it is bounded
//! before its first byte.

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

/// How many connections (and bodies on their way) each address has that are not yet a complete
/// request.
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

    /// Counts one more for an address, if it has not too many already. Nobody counts for a proxy,
    /// behind which all are.
    pub fn enter(self: &Arc<Waiting>, address: Option<IpAddr>) -> Option<Turn> {
        let Some(address) = address.map(subscriber).filter(|_| self.most > 0) else {
            return Some(Turn(None));
        };
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

/// Time from the last thing its client did in which a connection is not asked to leave: who just
/// came speaks first.
const MOMENT: Duration = Duration::from_millis(250);

/// The room of a listener.
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    /// For the first request, and for the next one.
    patience: Duration,
    /// For the next part of an answer to be taken.
    stall: Duration,
    held: Mutex<Held>,
    /// A place was left, or could be.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    places: HashMap<u64, Connection>,
    /// Those that wait for their client and not for us, by the time since when: they can make room.
    waiting: BTreeSet<(Instant, u64)>,
    /// How many were asked to leave and are still there.
    leaving: usize,
    following: u64,
}

#[derive(Debug)]
struct Connection {
    doing: Doing,
    /// Since when it waits for its client.
    since: Option<Instant>,
    /// Its client does not take what was written.
    blocked: bool,
    asked: bool,
    leave: Arc<Notify>,
}

#[derive(Debug)]
enum Doing {
    /// Nothing; the turn is that of a connection that never asked for anything.
    Idle(#[expect(dead_code, reason = "counts until it is dropped")] Option<Turn>),
    /// Requests, each with the time since when a part of its answer is ready and the client does
    /// not take it.
    Working(HashMap<u64, Option<Instant>>),
    /// It is no longer ours to understand.
    Upgraded,
    /// It is being closed.
    Ending,
}

/// A place in the room, left when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<Room>,
    number: u64,
    leave: Arc<Notify>,
}

/// A request in work on a connection, until its answer was handed over whole.
#[derive(Debug)]
pub(crate) struct Work {
    place: Arc<Place>,
    number: u64,
    offered: bool,
}

impl Held {
    /// Sends away the connection that has waited for its client the longest, if there is one.
    fn shrink(&mut self) {
        if let Some((_, number)) = self.waiting.pop_first()
            && let Some(connection) = self.places.get_mut(&number)
        {
            connection.asked = true;
            self.leaving += 1;
            connection.leave.notify_one();
        }
    }
}

impl Room {
    pub(crate) fn new(most: usize, patience: Duration, stall: Duration) -> Arc<Room> {
        Arc::new(Room {
            most: most.max(1),
            patience,
            stall,
            held: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Waits until there is room, for which the connection that has waited for its client the
    /// longest has to leave.
    pub(crate) async fn make(&self) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let mut soonest = None;
            {
                let mut held = lock(&self.held);
                if held.places.len() < self.most {
                    return;
                }
                if held.places.len() - held.leaving >= self.most {
                    soonest = held
                        .waiting
                        .first()
                        .map(|(since, _)| *since + MOMENT)
                        .filter(|end| *end > Instant::now());
                    if soonest.is_none() {
                        held.shrink();
                    }
                }
            }
            match soonest {
                None => changed.await,
                Some(end) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(end) => {}
                },
            }
        }
    }

    /// Sends one connection away that waits for its client, if there is one.
    pub(crate) fn shrink(&self) {
        lock(&self.held).shrink();
    }

    /// Takes a place for a connection that has said nothing yet.
    pub(crate) fn enter(self: &Arc<Room>, turn: Turn) -> Arc<Place> {
        let mut held = lock(&self.held);
        let (number, now, leave) = (held.following, Instant::now(), Arc::new(Notify::new()));
        held.following += 1;
        held.places.insert(
            number,
            Connection {
                doing: Doing::Idle(Some(turn)),
                since: Some(now),
                blocked: false,
                asked: false,
                leave: leave.clone(),
            },
        );
        held.waiting.insert((now, number));
        Arc::new(Place { room: self.clone(), number, leave })
    }

    /// Something happens on a connection. If it was asked to leave at this moment, it stays, and
    /// another has to be found.
    fn act(&self, number: u64, change: impl FnOnce(&mut Connection)) {
        let mut held = lock(&self.held);
        let held = &mut *held;
        let Some(connection) = held
            .places
            .get_mut(&number)
            .filter(|connection| !matches!(connection.doing, Doing::Ending))
        else {
            return;
        };
        change(connection);
        if let Some(since) = connection.since.take() {
            held.waiting.remove(&(since, number));
        }
        connection.since = match &connection.doing {
            Doing::Idle(_) => Some(Instant::now()),
            Doing::Working(requests) if requests.values().all(Option::is_some) => {
                requests.values().copied().flatten().max()
            }
            Doing::Working(_) | Doing::Upgraded | Doing::Ending => None,
        };
        held.waiting.extend(connection.since.map(|since| (since, number)));
        let asked = std::mem::take(&mut connection.asked);
        held.leaving -= usize::from(asked);
        if asked || connection.since.is_some() {
            self.changed.notify_waiters();
        }
    }
}

impl Place {
    /// In a room of its own, where nothing has to leave: for what comes from within the program.
    pub(crate) fn apart() -> Arc<Place> {
        let room = Room::new(1, Duration::MAX, Duration::MAX);
        Arc::new(Place { room, number: 0, leave: Arc::default() })
    }

    /// Begins the time for the first request, after a TLS handshake.
    pub(crate) fn greeted(&self) {
        self.room.act(self.number, |_| {});
    }

    /// Whether the client takes nothing at this moment of what was written. An answer that was
    /// handed over to its end, and is still in a buffer, has the time of an answer and not that of
    /// an idle connection.
    pub(crate) fn blocked(&self, blocked: bool) {
        self.room.act(self.number, |connection| connection.blocked = blocked);
    }

    /// The head of a request is there.
    pub(crate) fn work(self: &Arc<Place>) -> Work {
        let number = {
            let mut held = lock(&self.room.held);
            held.following += 1;
            held.following
        };
        self.room.act(self.number, |connection| match &mut connection.doing {
            Doing::Working(requests) => {
                requests.insert(number, None);
            }
            Doing::Idle(_) => connection.doing = Doing::Working(HashMap::from([(number, None)])),
            Doing::Upgraded | Doing::Ending => {}
        });
        Work { place: self.clone(), number, offered: false }
    }

    /// When the connection has to leave, as it is now.
    fn end(&self) -> Option<Instant> {
        let held = lock(&self.room.held);
        let connection = held.places.get(&self.number)?;
        match &connection.doing {
            _ if connection.asked => Some(Instant::now()),
            Doing::Idle(_) if connection.blocked => {
                connection.since.map(|since| since + self.room.stall)
            }
            Doing::Idle(_) => connection.since.map(|since| since + self.room.patience),
            Doing::Working(requests) => {
                requests.values().flatten().min().map(|since| *since + self.room.stall)
            }
            Doing::Upgraded | Doing::Ending => None,
        }
    }

    /// What still happens on the connection does not hold its place.
    fn ending(&self) {
        let mut held = lock(&self.room.held);
        let held = &mut *held;
        let Some(connection) = held.places.get_mut(&self.number) else { return };
        connection.doing = Doing::Ending;
        if let Some(since) = connection.since.take() {
            held.waiting.remove(&(since, self.number));
        }
        held.leaving += usize::from(!std::mem::replace(&mut connection.asked, true));
    }

    /// Ends when the connection has to leave: it had its time for a request or for taking an
    /// answer, or its place is needed.
    pub(crate) async fn over(&self) {
        loop {
            let (end, now) = (self.end(), Instant::now());
            if end.is_some_and(|end| end <= now) {
                self.ending();
                return;
            }
            // Whatever begins from now on does not end before that.
            let next = now + self.room.patience.min(self.room.stall);
            tokio::select! {
                () = sleep_until(end.map_or(next, |end| end.min(next))) => {}
                () = self.leave.notified() => {}
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.room.held);
        if let Some(connection) = held.places.remove(&self.number) {
            if let Some(since) = connection.since {
                held.waiting.remove(&(since, self.number));
            }
            held.leaving -= usize::from(connection.asked);
        }
        drop(held);
        self.room.changed.notify_waiters();
    }
}

impl Work {
    /// The connection goes on as something else than HTTP.
    pub(crate) fn upgraded(&self) {
        self.place.room.act(self.place.number, |connection| connection.doing = Doing::Upgraded);
    }

    /// What came before was taken; now there is a next part of the answer for the client to take,
    /// or it waits for us.
    pub(crate) fn offered(&mut self, part: bool) {
        if !part && !self.offered {
            return;
        }
        self.offered = part;
        self.place.room.act(self.place.number, |connection| {
            if let Doing::Working(requests) = &mut connection.doing {
                requests.insert(self.number, part.then(Instant::now));
            }
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.place.room.act(self.place.number, |connection| {
            let Doing::Working(requests) = &mut connection.doing else { return };
            requests.remove(&self.number);
            if requests.is_empty() {
                connection.doing = Doing::Idle(None);
            }
        });
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_mins(10);

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
        let other = waiting.enter(address("2001:db8:1:2:ffff::1")).unwrap();
        assert!(
            waiting.enter(address("2001:db8:1:2::3")).is_none(),
            "a network of IPv6 is one subscriber"
        );
        assert!(waiting.enter(address("2001:db8:1:3::3")).is_some());
        assert!(
            (0..9).all(|_| waiting.enter(None).is_some()),
            "whom a proxy does not name counts for nobody"
        );
        drop(one);
        assert!(waiting.enter(address("2001:db8:1:2::3")).is_some());
        let off = Waiting::new(0);
        let turns: Vec<_> = (0..9).map(|_| off.enter(address("192.0.2.1"))).collect();
        assert!(turns.iter().all(Option::is_some), "0 is no limit");
        drop(turns);
        drop(other);
        assert!(lock(&waiting.of).is_empty(), "nothing is remembered of those who left");
    }

    #[tokio::test]
    async fn a_connection_has_its_time_for_each_request_and_none_while_one_is_in_work() {
        let room = Room::new(10, PATIENCE, LONG);
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
        let room = Room::new(3, LONG, LONG);
        let (first, second, third) =
            (room.enter(nobody()), room.enter(nobody()), room.enter(nobody()));
        let work = first.work();
        drop(second.work());
        let full =
            || async { tokio::time::timeout(MOMENT + MOMENT / 2, room.make()).await.is_err() };
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

    #[tokio::test]
    async fn an_answer_that_nobody_takes_has_its_time() {
        let room = Room::new(10, LONG, PATIENCE * 5);
        let (stalled, taking, ours) =
            (room.enter(nobody()), room.enter(nobody()), room.enter(nobody()));
        let (mut untaken, mut taken, mut prepared) = (stalled.work(), taking.work(), ours.work());
        let _beside = stalled.work();
        untaken.offered(true);
        prepared.offered(true);
        prepared.offered(false);
        tokio::time::sleep(PATIENCE * 3).await;
        taken.offered(true);
        assert!(!leaves(&stalled).await);
        tokio::time::timeout(PATIENCE * 3, stalled.over()).await.unwrap();
        assert!(
            !leaves(&taking).await && !leaves(&ours).await,
            "the next part takes us as long as it takes"
        );
    }

    #[tokio::test]
    async fn who_takes_nothing_makes_room_before_who_just_came() {
        let room = Room::new(3, LONG, LONG);
        let stalled = room.enter(nobody());
        let (mut untaken, beside) = (stalled.work(), stalled.work());
        untaken.offered(true);
        let busy = room.enter(nobody());
        let _work = busy.work();
        let newcomer = room.enter(nobody());
        let make = || tokio::time::timeout(MOMENT + MOMENT / 2, room.make());
        assert!(
            tokio::time::timeout(MOMENT / 2, room.make()).await.is_err()
                && !leaves(&newcomer).await,
            "it has a moment to speak"
        );
        newcomer.greeted();
        drop(beside);
        assert!(make().await.is_err());
        assert!(
            lock(&room.held).places[&stalled.number].asked
                && !leaves(&newcomer).await
                && !leaves(&busy).await
        );
        // It takes something after all: another has to be found.
        untaken.offered(true);
        assert!(!leaves(&stalled).await);
        assert!(make().await.is_err());
        assert!(!leaves(&stalled).await && !leaves(&busy).await && leaves(&newcomer).await);
        drop(newcomer);
        make().await.unwrap();
        drop((untaken, stalled));
        assert_eq!(lock(&room.held).leaving, 0);
    }

    /// Whoever waits counts for its address until its request is there, not longer.
    #[tokio::test]
    async fn a_request_ends_the_turn_of_its_address() {
        let (room, waiting) = (Room::new(3, LONG, LONG), Waiting::new(1));
        let address = || Some("192.0.2.1".parse().unwrap());
        let place = room.enter(waiting.enter(address()).unwrap());
        assert!(waiting.enter(address()).is_none());
        let work = place.work();
        assert!(waiting.enter(address()).is_some());
        drop(work);
        assert!(waiting.enter(address()).is_some());
        drop(place);
        assert!(lock(&room.held).places.is_empty() && lock(&room.held).waiting.is_empty());
    }
}
