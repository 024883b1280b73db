//! What a flow does, it does once, whatever happens between its two stores.

use crate::world::{Browser, World};
use countersign_store::{Owner, StoreError, params};

const LOGIN: &str = "/if/flow/default-authentication-flow/";

/// How many sessions and sign-ins there are.
async fn sign_ins(world: &World) -> (i64, i64) {
    let read = world.cx.store.read(|sql| {
        let mut count = |statement: &str| -> Result<i64, StoreError> {
            sql.query_one(statement, params![])?.unwrap().get(0)
        };
        let sessions = count("SELECT COUNT(*) FROM session")?;
        Ok::<_, StoreError>((sessions, count("SELECT COUNT(*) FROM event WHERE action = 'login'")?))
    });
    read.await.unwrap()
}

/// A browser that has proved its password, before it is signed in.
async fn proved(world: &World) -> Browser<'_> {
    let mut browser = world.browser();
    browser.get(LOGIN).await;
    let fields = [("uid_field", "akadmin"), ("password", "Throwaway-Pw-1")];
    assert_eq!(browser.post_form(LOGIN, &fields).await.location(), LOGIN);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_answer_one_login_make_one_session() {
    let world = World::set_up().await;
    for round in 1..=8 {
        let mut one = proved(&world).await;
        let mut two = world.at_another_process();
        two.cookies.clone_from(&one.cookies);
        tokio::join!(one.get(LOGIN), two.get(LOGIN));
        assert_eq!(sign_ins(&world).await, (round, round));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_session_and_plan_loses_nothing() {
    let world = World::set_up().await;
    let mut browser = proved(&world).await;
    let (name, before) = (world.plan_of(&browser), browser.cookies.clone());
    let ephemeral = world.cx.store.ephemeral();
    let plan = ephemeral.get("flow_plan", &name).await.unwrap().unwrap().bytes;
    assert_eq!(browser.get(LOGIN).await.location(), "/");
    let signed_in = browser.cookies["authentik_session"].clone();
    assert_eq!(sign_ins(&world).await, (1, 1));

    // The process died after it wrote the session: its answer never came, and the plan is where it
    // was.
    let owner = Owner::client("127.0.0.1".parse().unwrap());
    ephemeral.put("flow_plan", &name, plan.clone(), 3600, owner).await.unwrap();
    let mut again = world.at_another_process();
    again.cookies.clone_from(&before);
    assert_eq!(again.get(LOGIN).await.location(), "/");
    assert_eq!(again.cookies["authentik_session"], signed_in);
    assert_eq!(sign_ins(&world).await, (1, 1));

    // A session that was ended since is not given again.
    browser.get("/flows/-/default/invalidation/").await;
    browser.get("/if/flow/default-invalidation-flow/").await;
    assert_eq!(sign_ins(&world).await, (0, 1));
    ephemeral.put("flow_plan", &name, plan, 3600, owner).await.unwrap();
    let mut late = world.browser();
    late.cookies.clone_from(&before);
    let refused = late.get(LOGIN).await;
    assert!(refused.text.contains("You can’t sign in"), "{}", refused.text);
    assert_ne!(late.cookies.get("authentik_session"), Some(&signed_in));
    assert_eq!(sign_ins(&world).await, (0, 1));
}
