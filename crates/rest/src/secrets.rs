//! Secrets in answers: in clear for callers who may change the object, which is what API clients
//! rely on; masked for everybody else, and with `?secrets=masked`. A masked secret is had by asking
//! for it ([`Asked`]), which is recorded.

use std::sync::Arc;

use countersign_core::{ApiError, Call, Permission, Query};
use countersign_model::{Entry, FieldMeta, Key, KindMeta, ObjectId, Secret, Snapshot};
use http::StatusCode;
use serde_json::{Map, Value};

/// The declared fields of an object as answers hold them: the one place where secrets leave
/// objects. `may_change`: whether the caller may change that object.
pub(crate) fn answered(
    meta: &'static KindMeta,
    mut values: Map<String, Value>,
    may_change: bool,
    query: &Query,
) -> Map<String, Value> {
    let clear = query.get("secrets") != Some("masked") && may_change;
    let shown = |field: &&FieldMeta| !field.write_only;
    let answer = |field: &FieldMeta| {
        let value = values.remove(field.name).unwrap_or_default();
        (field.name.to_owned(), if clear { value } else { (field.shape)().masked(value) })
    };
    meta.fields.iter().filter(shown).map(answer).collect()
}

/// A request for one secret: `{model, pk, field}`.
#[derive(Debug, Clone)]
pub struct Asked {
    meta: &'static KindMeta,
    id: ObjectId,
    pub field: &'static FieldMeta,
}

impl Asked {
    /// # Errors
    /// 404 for what does not exist or is never shown, 403 for callers who may not change the
    /// object.
    pub fn read(call: &Call) -> Result<Asked, ApiError> {
        let body = call.object()?;
        let text = |name: &str| {
            body.get(name)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .unwrap_or_default()
        };
        let nothing = || ApiError::detail(StatusCode::NOT_FOUND, "Not found.");
        let meta = call.cx.registry().kind(&text("model")).ok_or_else(nothing)?.meta;
        let key = Key::parse(&text("pk"), meta.key);
        let permission = Permission::change(meta);
        let permitted = match key.map(|key| ObjectId::new(meta.space, key)) {
            Some(id) => call.rights().on(permission, id),
            None => call.rights().hold(permission),
        };
        if !permitted {
            return Err(ApiError::no_permission());
        }
        let field = meta
            .field(&text("field"))
            .filter(|field| field.is_secret() && !field.write_only)
            .ok_or_else(nothing)?;
        let id = ObjectId::new(meta.space, key.ok_or_else(nothing)?);
        Ok(Asked { meta, id, field })
    }

    /// The object and its secret.
    ///
    /// # Errors
    /// 404 when the object is gone.
    pub fn find(&self, snapshot: &Snapshot) -> Result<(Arc<Entry>, Secret), ApiError> {
        let entry = snapshot.entry(self.id).filter(|entry| entry.meta().model == self.meta.model);
        let entry = entry.cloned().ok_or_else(|| ApiError::not_found(self.meta.schema))?;
        let secret = entry
            .object
            .value(self.field.name)
            .map(|value| {
                Secret::new(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .unwrap_or_default();
        Ok((entry, secret))
    }
}
