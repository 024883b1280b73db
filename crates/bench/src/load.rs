//! Many connections at once, and what each answer took.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::BenchError;
use crate::report::Row;
use crate::server::Started;

/// Lets every client repeat the work until the time is over or the work answers `false`: nothing
/// left to do.
///
/// # Errors
/// The first thing that went wrong.
pub(crate) async fn drive<C, W>(
    name: &'static str,
    server: &Started,
    time: Duration,
    clients: Vec<C>,
    work: W,
) -> Result<Row, BenchError>
where
    C: 'static,
    W: AsyncFn(&mut C) -> Result<bool, BenchError> + 'static,
{
    let work = Rc::new(work);
    let times = Rc::new(RefCell::new(Vec::new()));
    let (begin, cpu) = (Instant::now(), server.cpu());
    let mut tasks = Vec::new();
    for mut client in clients {
        let (work, times) = (work.clone(), times.clone());
        tasks.push(tokio::task::spawn_local(async move {
            while begin.elapsed() < time {
                let start = Instant::now();
                if !work(&mut client).await? {
                    break;
                }
                times.borrow_mut().push(start.elapsed());
            }
            Ok::<_, BenchError>(())
        }));
    }
    for task in tasks {
        task.await.map_err(|error| BenchError::Answer {
            operation: name,
            problem: error.to_string(),
        })??;
    }
    let (elapsed, cpu) = (begin.elapsed(), server.cpu().saturating_sub(cpu));
    let mut times = times.take();
    times.sort_unstable();
    let at = |percent: usize| {
        times.get(times.len() * percent / 100).or(times.last()).copied().unwrap_or_default()
    };
    Ok(Row {
        name,
        count: times.len(),
        per_second: times.len() as f64 / elapsed.as_secs_f64(),
        median: at(50),
        p95: at(95),
        p99: at(99),
        cpu: cpu.checked_div(u32::try_from(times.len()).unwrap_or(1)).unwrap_or_default(),
        against: None,
    })
}
