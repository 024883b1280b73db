//! Directories of others that know the passwords of accounts here.

use countersign_model::Secret;
use countersign_store::StoreError;

use crate::BoxFuture;
use crate::context::Context;

/// A place outside of this server that knows the passwords of some accounts, as a directory they
/// were copied from.
pub trait PasswordPlace: Send + Sync {
    /// The backend of password stages that asks it, as `authentik.sources.ldap.auth.LDAPBackend`.
    fn backend(&self) -> &'static str;

    /// Whether the account is one of the place, and the password its own. What cannot be asked has
    /// not said so.
    fn accepts(
        &self,
        cx: Context,
        account: i64,
        password: Secret,
    ) -> BoxFuture<Result<bool, StoreError>>;

    /// Sets the password there, where the account is one of the place; before it is set here.
    fn set(&self, cx: Context, account: i64, password: Secret) -> BoxFuture<Result<(), String>>;
}

impl Context {
    /// Whether a place of that backend accepts the password for the account.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn accepted_elsewhere(
        &self,
        backend: &str,
        account: i64,
        password: &Secret,
    ) -> Result<bool, StoreError> {
        let all = self.modules().iter().flat_map(|module| &module.password_places);
        for place in all.filter(|place| place.backend() == backend) {
            if place.accepts(self.clone(), account, password.clone()).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sets a password wherever the account came from that wants it.
    ///
    /// # Errors
    /// Why such a place did not take it.
    pub async fn set_password_elsewhere(
        &self,
        account: i64,
        password: &Secret,
    ) -> Result<(), String> {
        for place in self.modules().iter().flat_map(|module| &module.password_places) {
            place.set(self.clone(), account, password.clone()).await?;
        }
        Ok(())
    }
}
