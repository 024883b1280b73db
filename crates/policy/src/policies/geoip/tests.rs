use super::*;
use crate::host::{Answer, Question};
use crate::subject::Subject;
use crate::testing::{Scripted, judge};
use countersign_model::{FieldValue as _, Fields as _};

fn policy() -> GeoIpPolicy {
    GeoIpPolicy {
        name: "p".to_owned(),
        execution_logging: false,
        asns: Vec::new(),
        countries: Vec::new(),
        check_history_distance: false,
        history_max_distance_km: 100,
        distance_tolerance_km: 50,
        history_login_count: 5,
        check_impossible_travel: false,
        impossible_tolerance_km: 100,
    }
}

fn countries(codes: &[&str]) -> Vec<Listed<Countries>> {
    let field = GeoIpPolicy::META.field("countries").unwrap();
    codes.iter().map(|code| Listed::parse(&json!(code), field).unwrap()).collect()
}

const OXFORD: (f64, f64) = (51.75, -1.25);

/// Places, and how many seconds ago somebody signed in there.
type Logins = &'static [(Option<(f64, f64)>, i64)];

/// Somebody in Oxford, who signed in before at these places, so many seconds ago.
fn oxford(logins: Logins) -> Scripted {
    Scripted::new(move |question| {
        match question {
        Question::Place => Ok(Answer::Fields(
            json!({"geoip": {"country": "GB", "lat": OXFORD.0, "long": OXFORD.1}, "asn": {"asn": 5607}})
                .as_object()
                .unwrap()
                .clone(),
        )),
        Question::PreviousLogins { user: 7, .. } => Ok(Answer::Rows(
            logins
                .iter()
                .map(|(place, ago)| {
                    let geo = place.map(|(lat, long)| json!({"lat": lat, "long": long}));
                    json!({"geo": geo, "seconds_ago": ago}).as_object().unwrap().clone()
                })
                .collect(),
        )),
        _ => panic!("{question:?}"),
    }
    })
}

async fn ask(policy: &GeoIpPolicy, host: &Scripted) -> Result<Verdict, PolicyError> {
    let user = Subject { pk: 7, ..Subject::default() };
    judge(policy, host, Some(&user), Occasion::Application(None)).await
}

#[tokio::test]
async fn networks_and_countries_are_each_enough() {
    let (asn, country) = (
        "Client IP is not part of an allowed autonomous system.",
        "Client IP is not in an allowed country.",
    );
    for (asns, codes, passing, messages) in [
        (vec![], vec![], true, vec![]),
        (vec![1, 5607], vec![], true, vec![]),
        (vec![1], vec![], false, vec![asn]),
        (vec![], vec!["DE", "GB"], true, vec![]),
        (vec![], vec!["DE"], false, vec![country]),
        (vec![1], vec!["GB"], true, vec![asn]),
        (vec![5607], vec!["DE"], true, vec![country]),
        (vec![1], vec!["DE"], false, vec![asn, country]),
    ] {
        let policy = GeoIpPolicy { asns, countries: countries(&codes), ..policy() };
        let verdict = ask(&policy, &oxford(&[])).await.unwrap();
        assert_eq!(
            (verdict.passing, verdict.messages),
            (passing, messages.into_iter().map(str::to_owned).collect()),
            "{policy:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_known_fails_and_says_which_file_is_missing() {
    let no_file = || Scripted::new(|_| Ok(Answer::Fields(Map::new())));
    let unknown = || {
        Scripted::new(|_| {
            Ok(Answer::Fields(json!({"geoip": null, "asn": null}).as_object().unwrap().clone()))
        })
    };
    let by_asn = GeoIpPolicy { asns: vec![1], ..policy() };
    let by_country = GeoIpPolicy { countries: countries(&["GB"]), ..policy() };
    let by_history = GeoIpPolicy { check_history_distance: true, ..policy() };
    let text = async |policy, host: Scripted| ask(policy, &host).await.unwrap_err().to_string();
    assert_eq!(text(&by_asn, unknown()).await, "GeoIP: client IP not found in ASN database.");
    assert_eq!(text(&by_country, unknown()).await, "GeoIP: client IP not found in City database.");
    let missing = text(&by_asn, no_file()).await;
    assert!(missing.contains("AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__ASN"), "{missing}");
    for policy in [&by_country, &by_history] {
        let missing = text(policy, no_file()).await;
        assert!(missing.contains("AUTHENTIK_EVENTS__CONTEXT_PROCESSORS__GEOIP"), "{missing}");
    }
    let elsewhere = ask(&by_history, &unknown()).await.unwrap();
    assert_eq!((elsewhere.passing, elsewhere.messages.len()), (false, 0));
}

#[tokio::test]
async fn who_is_too_far_from_the_last_sign_ins_is_refused() {
    const LONDON: Option<(f64, f64)> = Some((51.5, -0.12));
    const PARIS: Option<(f64, f64)> = Some((48.85, 2.35));
    const SYDNEY: Option<(f64, f64)> = Some((-33.87, 151.21));
    let far = "Distance from previous authentication is larger than threshold.";
    let fast = "Distance is further than possible.";
    let near = GeoIpPolicy { check_history_distance: true, ..policy() };
    let slow = GeoIpPolicy { check_impossible_travel: true, ..policy() };
    let wide = GeoIpPolicy { history_max_distance_km: 400, ..near.clone() };
    let cases: [(&GeoIpPolicy, Logins, Result<bool, &str>); 10] = [
        (&near, &[], Ok(true)),
        (&near, &[(LONDON, 60)], Ok(true)),
        (&near, &[(LONDON, 60), (PARIS, 90)], Err(far)),
        (&wide, &[(LONDON, 60), (PARIS, 90)], Ok(true)),
        (&slow, &[(PARIS, 60)], Ok(true)),
        (&slow, &[(SYDNEY, 10 * 3600)], Err(fast)),
        (&slow, &[(SYDNEY, 17 * 3600)], Ok(true)),
        (&slow, &[(LONDON, 60), (SYDNEY, 3600)], Err(fast)),
        // Of sign-ins whose place nobody knows nothing can be said.
        (&near, &[(None, 60)], Ok(false)),
        (&near, &[(None, 60), (LONDON, 90)], Ok(true)),
    ];
    for (policy, logins, said) in cases {
        let verdict = ask(policy, &oxford(logins)).await.unwrap();
        let expected = match said {
            Ok(passing) => (passing, Vec::new()),
            Err(text) => (false, vec![text.to_owned()]),
        };
        assert_eq!((verdict.passing, verdict.messages), expected, "{logins:?} {policy:?}");
    }
}

#[tokio::test]
async fn who_tries_it_out_says_where_it_is_to_be() {
    let context = json!({"geoip": {"country": "DE"}});
    let policy = GeoIpPolicy { countries: countries(&["DE"]), ..policy() };
    let occasion = Occasion::Test(context.as_object().unwrap());
    assert!(judge(&policy, &oxford(&[]), None, occasion).await.unwrap().passing);
}

#[test]
fn countries_are_those_of_the_standard() {
    assert_eq!(Countries::choices().len(), 249);
    let field = GeoIpPolicy::META.field("countries").unwrap();
    assert!(Vec::<Listed<Countries>>::parse(&json!(["GB", "XX"]), field).is_err());
}
