//! Numbers of accounts and groups on Unix machines that were given: they outlive who had them.

use countersign_catalogue::Provider;
use countersign_model::{Ref, Table};

/// A number that was given at a provider.
#[derive(Debug, Clone, Table)]
#[table(name = "ldap_number")]
pub(crate) struct GivenNumber {
    #[column(key, sql = "provider_id")]
    provider: Ref<dyn Provider>,
    #[column(key)]
    space: String,
    #[column(key)]
    holder: String,
    #[column(key)]
    computed: i64,
    number: i64,
}
