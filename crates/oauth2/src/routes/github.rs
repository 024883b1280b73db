//! What clients ask that know GitHub's addresses and no others: who somebody is, and in which
//! teams. Groups are teams, and the brand is their organization.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use countersign_catalogue::Brand;
use countersign_core::{Membership, RequestInfo, brand_for};
use serde_json::{Map, Value, json};

use super::http::{self, Answer};
use super::userinfo::{Sent, opened, presented, refused};
use crate::service::{Internal, Person, Service};
use crate::wire::BearerError;
use crate::wire::scope::{READ_ORG, USER_EMAIL};

/// `GET /user`.
pub(super) async fn user(service: &Service, request: &RequestInfo, headers: &HeaderMap) -> Answer {
    told(service, request, headers, USER_EMAIL, |person| described(&person)).await
}

/// `GET /user/teams`.
pub(super) async fn teams(service: &Service, request: &RequestInfo, headers: &HeaderMap) -> Answer {
    let snapshot = service.cx.snapshot();
    let brand = brand_for(&snapshot, &request.host);
    let brand = brand.and_then(|id| snapshot.entry(id)?.cast::<Brand>());
    let title = brand.map(|brand| brand.branding_title.clone()).unwrap_or_default();
    told(service, request, headers, READ_ORG, |person| {
        let direct = person.identity.groups.iter().filter(|group| group.direct);
        direct.map(|group| team(group, &title)).collect()
    })
    .await
}

async fn told(
    service: &Service,
    request: &RequestInfo,
    headers: &HeaderMap,
    scope: &str,
    tell: impl FnOnce(Person) -> Value,
) -> Answer {
    let found: Result<Result<_, BearerError>, Internal> =
        match presented(request, headers, &Bytes::new()) {
            Ok(presented) => {
                let proofs = http::proofs(headers);
                let sent = Sent { presented, method: &Method::GET, proofs };
                opened(service, request, &sent, scope, &mut None).await
            }
            Err(error) => Ok(Err(error)),
        };
    match found {
        Ok(Ok((_, person))) => http::private_json(StatusCode::OK, &tell(person)),
        Ok(Err(error)) => refused(error),
        Err(error) => http::internal(&error),
    }
}

/// An object with these members, and with empty texts and zeros for what nobody knows here.
fn object(known: Value, empty: &[&str], zero: &[&str]) -> Value {
    let mut all = Map::new();
    all.extend(empty.iter().map(|name| ((*name).to_owned(), Value::from(""))));
    all.extend(zero.iter().map(|name| ((*name).to_owned(), Value::from(0))));
    if let Value::Object(known) = known {
        all.extend(known);
    }
    all.into()
}

fn described(person: &Person) -> Value {
    let user = &person.identity;
    let joined = user.date_joined.iso();
    let known = json!({
        "login": user.username, "id": user.pk, "name": user.name, "email": user.email,
        "type": "User", "site_admin": false, "hireable": false, "two_factor_authentication": true,
        "created_at": joined, "updated_at": joined,
        "plan": {"name": "None", "space": 0, "private_repos": 0, "collaborators": 0},
    });
    let empty = [
        "node_id",
        "avatar_url",
        "gravatar_id",
        "url",
        "html_url",
        "followers_url",
        "following_url",
        "gists_url",
        "starred_url",
        "subscriptions_url",
        "organizations_url",
        "repos_url",
        "events_url",
        "received_events_url",
        "company",
        "blog",
        "location",
        "bio",
    ];
    let zero = [
        "public_repos",
        "public_gists",
        "followers",
        "following",
        "private_gists",
        "total_private_repos",
        "owned_private_repos",
        "disk_usage",
        "collaborators",
    ];
    object(known, &empty, &zero)
}

fn team(group: &Membership, title: &str) -> Value {
    let organization = object(
        json!({
            "login": slug(title), "name": title, "id": 1, "is_verified": true,
            "has_organization_projects": true, "has_repository_projects": true,
            "type": "Organization",
        }),
        &[
            "node_id",
            "url",
            "repos_url",
            "events_url",
            "hooks_url",
            "issues_url",
            "members_url",
            "public_members_url",
            "avatar_url",
            "description",
            "company",
            "blog",
            "location",
            "email",
            "html_url",
            "created_at",
            "updated_at",
        ],
        &["public_repos", "public_gists", "followers", "following"],
    );
    // The first five digits of the number that the key is, as at the original.
    let digits: String = group.uuid.as_u128().to_string().chars().take(5).collect();
    object(
        json!({
            "id": digits.parse::<i64>().unwrap_or(0), "name": group.name,
            "slug": slug(&group.name), "parent": null, "organization": organization,
        }),
        &[
            "node_id",
            "url",
            "html_url",
            "description",
            "privacy",
            "permission",
            "members_url",
            "repositories_url",
            "created_at",
            "updated_at",
        ],
        &["members_count", "repos_count"],
    )
}

/// Lower-case letters, digits and underscores, with a dash between words.
fn slug(name: &str) -> String {
    let stays = |c: &char| c.is_ascii_alphanumeric() || "_- ".contains(*c);
    let words: String = name.to_lowercase().chars().filter(stays).collect();
    words.split([' ', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_slugs() {
        for (name, expected) in [
            ("authentik Admins", "authentik-admins"),
            ("  R & D (Berlin) ", "r-d-berlin"),
            ("R&D a_b-c", "rd-a_b-c"),
            ("Žluť", "lu"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }
}
