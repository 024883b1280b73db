//! The part of the API: the original's list of system tasks, and ours of queue and schedule.

mod schedule;
mod system_tasks;
mod tasks;

use countersign_core::{Access, Operation, Permission, TableResource};
use countersign_model::Fields;
use countersign_rest::{object_schema, table};
use serde_json::Value;

fn view() -> Access {
    Access::global(Permission::view(tasks::Task::META))
}

fn run() -> Access {
    Access::global(Permission::RUN_TASK)
}

pub(crate) fn operations() -> Vec<Operation> {
    let mut all = system_tasks::operations();
    all.extend(tasks::operations());
    all.extend(schedule::operations());
    all
}

pub(crate) fn tables() -> Vec<TableResource> {
    vec![table::<tasks::Task>()]
}

pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        (
            "SystemTask",
            object_schema(&[
                ("uuid", "uuid"),
                ("name", "string"),
                ("full_name", "string"),
                ("uid", "string?"),
                ("description", "string"),
                ("start_timestamp", "time"),
                ("finish_timestamp", "time"),
                ("duration", "number"),
                ("status", "string"),
                ("messages", "[any]"),
                ("expires", "time?"),
                ("expiring", "boolean"),
            ]),
        ),
        (
            "PaginatedSystemTaskList",
            object_schema(&[("pagination", "#Pagination"), ("results", "[#SystemTask]")]),
        ),
        (
            "Schedule",
            object_schema(&[
                ("name", "string"),
                ("description", "string"),
                ("every", "integer"),
                ("next", "time?"),
                ("running", "boolean"),
                ("last", "map?"),
            ]),
        ),
    ]
}
