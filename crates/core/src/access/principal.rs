//! Objects of the configuration that act by an account of their own.

use countersign_model::{ObjectId, Snapshot};

use super::Permission;

/// A permission that is held globally or on one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    pub permission: Permission,
    pub object: Option<ObjectId>,
}

impl Given {
    pub const fn global(permission: Permission) -> Given {
        Given { permission, object: None }
    }

    pub const fn on(permission: Permission, object: ObjectId) -> Given {
        Given { permission, object: Some(object) }
    }
}

/// An object with an account for what acts in its name elsewhere. What that account holds is not
/// stored: it follows from the object, so that it is never more or less than it gives now.
pub trait Principal: Send + Sync {
    /// What the account of this object, which is called `id`, holds.
    fn gives(&self, id: ObjectId, snapshot: &Snapshot) -> Vec<Given>;
}
