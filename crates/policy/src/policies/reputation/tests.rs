use std::sync::Arc;

use countersign_store::Sql;
use countersign_testing::{NoAudit, TestClock, World, database};

use super::*;
use crate::access::Engine;
use crate::host::{Answer, Question};
use crate::request::Occasion;
use crate::subject::Subject;
use crate::testing::{Scripted, judge};

fn policy(check_ip: bool, check_username: bool) -> ReputationPolicy {
    ReputationPolicy {
        name: "p".to_owned(),
        execution_logging: false,
        check_ip,
        check_username,
        threshold: -2,
    }
}

#[tokio::test]
async fn it_passes_for_a_bad_reputation() {
    let user = Subject { username: "uma".to_owned(), ..Subject::default() };
    let occasion = Occasion::Application(None);
    for (score, passing) in [(5, false), (0, false), (-1, false), (-2, true), (-5, true)] {
        let host = Scripted::new(move |_| Ok(Answer::Value(score.into())));
        let verdict = judge(&policy(true, true), &host, Some(&user), occasion).await.unwrap();
        assert_eq!(verdict.passing, passing, "{score}");
    }
    for (ip, username, asked) in [
        (true, true, Question::Reputation { username: Some("uma".to_owned()), address: true }),
        (true, false, Question::Reputation { username: None, address: true }),
        (false, true, Question::Reputation { username: Some("uma".to_owned()), address: false }),
    ] {
        let host = Scripted::new(|_| Ok(Answer::Value(0.into())));
        judge(&policy(ip, username), &host, Some(&user), occasion).await.unwrap();
        assert_eq!(host.asked(), [asked]);
    }
}

/// Where a name failed and signed in, one after the other; the sum of its scores.
struct Scores {
    world: World,
    engine: Engine,
}

impl Scores {
    fn new() -> Scores {
        let engine = Engine::for_tests(Arc::default(), Arc::default());
        Scores {
            world: World::new(Vec::new(), TestClock::at(1000), Arc::new(NoAudit), database),
            engine: engine.forgetting_reputation_after(60),
        }
    }

    async fn fails(&self, name: &str, address: &str) {
        let change = self.engine.failed_to_sign_in(name, address.parse().unwrap());
        self.world.write(move |tx| change.apply(tx)).await;
    }

    async fn signs_in(&self, name: &str, address: &str) {
        let change = self.engine.signed_in(name, address.parse().unwrap());
        self.world.write(move |tx| change.apply(tx)).await;
    }

    async fn sum(&self, name: Option<&str>, address: Option<&str>) -> i64 {
        let (name, now) = (name.map(str::to_owned), self.world.cx.clock.now());
        let address = address.map(|address| address.parse().unwrap());
        let read = move |sql: &mut Sql<'_>| sum(sql, name.as_deref(), address, now);
        self.world.cx.store.read(read).await.unwrap()
    }
}

#[tokio::test]
async fn scores_add_up_by_name_and_by_address() {
    let scores = Scores::new();
    for (name, address) in [("uma", "192.0.2.1"), ("uma", "192.0.2.1"), ("uma", "192.0.2.2")] {
        scores.fails(name, address).await;
    }
    scores.fails("nobody", "192.0.2.1").await;
    scores.signs_in("ada", "192.0.2.2").await;
    assert_eq!(scores.sum(Some("uma"), None).await, -3);
    assert_eq!(scores.sum(None, Some("192.0.2.1")).await, -3);
    assert_eq!(scores.sum(None, Some("192.0.2.2")).await, 0);
    assert_eq!(scores.sum(Some("uma"), Some("192.0.2.1")).await, -4, "each row counts once");
    assert_eq!(scores.sum(Some("somebody"), Some("192.0.2.9")).await, 0);
    assert_eq!(scores.sum(None, None).await, 0);
}

#[tokio::test]
async fn a_score_stays_between_the_limits_and_is_forgotten_after_a_while() {
    let scores = Scores::new();
    for _ in 0..7 {
        scores.fails("uma", "192.0.2.1").await;
    }
    assert_eq!(scores.sum(Some("uma"), None).await, -5);
    for _ in 0..12 {
        scores.signs_in("uma", "192.0.2.1").await;
    }
    assert_eq!(scores.sum(Some("uma"), None).await, 5);
    scores.world.clock.advance(59);
    assert_eq!(scores.sum(Some("uma"), None).await, 5);
    scores.world.clock.advance(1);
    assert_eq!(scores.sum(Some("uma"), None).await, 0);
    scores.fails("uma", "192.0.2.1").await;
    assert_eq!(scores.sum(Some("uma"), None).await, -1, "it begins anew");
}

/// What anybody makes the server write is bounded.
#[tokio::test]
async fn a_network_makes_so_many_scores_and_no_more() {
    let scores = Scores::new();
    let changes: Vec<Change> = (0..1005)
        .map(|n| format!("name {n}"))
        .map(|name| scores.engine.failed_to_sign_in(&name, "2001:db8::1".parse().unwrap()))
        .collect();
    scores.world.write(move |tx| changes.iter().try_for_each(|change| change.apply(tx))).await;
    scores.fails(&"x".repeat(5000), "2001:db8::ffff").await;
    assert_eq!(scores.sum(None, Some("2001:db8::1")).await, -1000);
    assert_eq!(scores.sum(None, Some("2001:db8::ffff")).await, 0, "it is of the same network");
    scores.fails("name 7", "2001:db8::1").await;
    assert_eq!(scores.sum(Some("name 7"), None).await, -2, "known ones go on");
    scores.fails(&"x".repeat(5000), "2001:db8:1::1").await;
    assert_eq!(scores.sum(Some(&"x".repeat(150)), None).await, -1);
}
