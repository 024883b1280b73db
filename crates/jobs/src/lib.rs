//! Work beside requests: the queue of tasks, the schedule, and the worker that carries them out.
//!
//! Modules declare jobs (`countersign_core::Job`) and ask for runs of them in their transactions.
//! Here each request is a row that any process on the database may take: taking it is one
//! conditional statement, it is held by a lease that must be renewed, and a row whose lease has
//! ended is taken by the next. A schedule is the same with a time: whoever moves the due time on
//! asks for the run, in one transaction.
#![warn(missing_docs)]

mod api;
mod clean;
mod measure;
mod queue;
mod schedule;
#[cfg(test)]
mod tests;
mod worker;

use countersign_core::{Context, Job, Module};

pub use measure::measure;
pub use worker::{Options, STOP_GRACE, worker};

/// The worker's part of the program.
#[must_use]
pub fn module() -> Module {
    Module {
        name: "jobs",
        operations: api::operations(),
        tables: api::tables(),
        schemas: api::schemas(),
        jobs: vec![Job::every(
            "clean_expired_models",
            300,
            "Remove expired objects",
            clean::expired,
        )],
        ..Module::default()
    }
}

/// Every job of every module.
fn jobs(cx: &Context) -> impl Iterator<Item = &Job> {
    cx.modules().iter().flat_map(|module| &module.jobs)
}

fn job<'a>(cx: &'a Context, name: &str) -> Option<&'a Job> {
    jobs(cx).find(|job| job.name == name)
}
