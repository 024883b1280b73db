//! The address of this server as it may stand in a mail.
//!
//! Where the setting `base_url` is missing, addresses follow the request, and whoever asks for a
//! mail to somebody else writes the request: its host would lead the reader to a server of the
//! asker's, with the link's key. A host is therefore taken from a request only if an administrator
//! has named it (the domain of a brand) or uses it (where one signed in last).

use countersign_catalogue::Brand;
use countersign_core::{ADDRESS, RequestInfo};
use countersign_store::{StoreError, Tx};

use crate::context::FlowContext;

/// What a link in a mail begins with; `None` while nobody has said it.
///
/// # Errors
/// When the engine fails.
pub(crate) async fn for_mail(
    cx: &FlowContext,
    request: &RequestInfo,
) -> Result<Option<String>, StoreError> {
    let known = cx.store.look_up(|sql| sql.fact(ADDRESS));
    let (known, asked) = (known.await?, cx.origin(request));
    if cx.settings.base_url.is_some() {
        return Ok(Some(asked));
    }
    // The scheme of a request says nothing either, where an administrator uses another.
    let used = known.as_deref().and_then(|known| known.split_once("://"));
    let is_used = used.is_some_and(|(_, host)| host.eq_ignore_ascii_case(&request.host));
    let named = cx.snapshot().list::<Brand>().any(|(_, brand)| names(&brand.domain, &request.host));
    Ok(if named && !is_used { Some(asked) } else { known })
}

/// An administrator signs in here.
///
/// # Errors
/// When the engine fails.
pub(crate) fn note(tx: &mut Tx<'_>, origin: &str) -> Result<(), StoreError> {
    if tx.fact(ADDRESS)?.as_deref() == Some(origin) {
        return Ok(());
    }
    tx.put_fact(ADDRESS, origin)
}

/// Whether a brand's domain is this host. Others below the domain, and other ports, may be somebody
/// else's.
fn names(domain: &str, host: &str) -> bool {
    !domain.is_empty() && domain.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_whole() {
        for (domain, host, named) in [
            ("example.org", "example.org", true),
            ("Example.org", "EXAMPLE.org", true),
            ("example.org", "blog.example.org", false),
            ("example.org", "example.org:8081", false),
            ("example.org:9000", "example.org:9000", true),
            ("example.org", "evil-example.org", false),
            ("example.org", "example.org.evil.test", false),
            ("example.org", "example.org:evil", false),
            ("authentik-default", "evil.test", false),
            ("", "evil.test", false),
        ] {
            assert_eq!(names(domain, host), named, "{domain} {host}");
        }
    }
}
