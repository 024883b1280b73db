//! Memory that a busy time needed goes back to the system afterwards.

use std::{hint::black_box, time::Duration};

use countersign_core::{Context, Shutdown};

const EVERY: Duration = Duration::from_secs(5);
/// More than the allocator takes from what it has at hand for small things.
const LARGE: usize = 1024 * 1024;

/// Gives back what was freed. The allocator does so a second after large things are freed, but
/// looks for them only when the next one comes and goes, and a server at rest has none.
pub async fn keep_small(_: Context, mut stop: Shutdown) -> Result<(), String> {
    while stop.sleep(EVERY).await {
        drop(black_box(Vec::<u8>::with_capacity(LARGE)));
    }
    Ok(())
}
