//! The part of the API: the original's list of system tasks, and ours of queue and schedule.

mod schedule;
mod system_tasks;
mod tasks;

use countersign_core::{Access, Operation, TableResource};
use countersign_rest::{object_schema, table};
use serde_json::Value;

/// The original's name for what is kept of a run, by which permissions name it.
const APP: &str = "authentik_events";
const MODEL: &str = "systemtask";

fn view() -> Access {
    Access::permission(APP, "view", MODEL)
}

fn run() -> Access {
    Access::Permission(format!("{APP}.run_task"))
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
