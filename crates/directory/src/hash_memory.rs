//! The memory that passwords are hashed in: 19 MiB each, taken from the system once for as many
//! hashes as run at a time, and given back when nobody has signed in for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::Block;

/// As long is kept what nobody uses.
pub(crate) const KEPT: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(crate) struct HashMemory(Mutex<State>);

#[derive(Default)]
struct State {
    idle: Vec<Vec<Block>>,
    uses: u64,
    watched: bool,
}

impl HashMemory {
    /// Does something with at least as many blocks as it says it needs.
    pub(crate) fn with<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let mut memory = self.change(|state| state.idle.pop()).unwrap_or_default();
        if memory.len() < blocks {
            // Not grown: nothing in it is worth a copy.
            memory = vec![Block::default(); blocks];
        }
        let outcome = work(memory.get_mut(..blocks).unwrap_or_default());
        self.change(|state| {
            state.uses += 1;
            state.idle.push(memory);
        });
        outcome
    }

    /// Gives the memory back once it has not been used for so long. Inside of the runtime.
    pub(crate) fn give_back_after(memory: &Arc<HashMemory>, quiet: Duration) {
        if memory.change(|state| std::mem::replace(&mut state.watched, true)) {
            return;
        }
        let memory = memory.clone();
        tokio::spawn(async move {
            let mut seen = None;
            loop {
                let idle = memory.change(|state| {
                    let unused = seen.replace(state.uses) == Some(state.uses);
                    state.watched = !unused;
                    unused.then(|| std::mem::take(&mut state.idle))
                });
                if idle.is_some() {
                    return;
                }
                tokio::time::sleep(quiet).await;
            }
        });
    }

    fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle(memory: &HashMemory) -> usize {
        memory.change(|state| state.idle.iter().map(Vec::len).sum())
    }

    async fn until_given_back(memory: &HashMemory) {
        for _ in 0..1000 {
            if idle(memory) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the memory is still held");
    }

    #[tokio::test]
    async fn memory_of_hashes_is_used_again_and_given_back() {
        let (memory, quiet) = (Arc::new(HashMemory::default()), Duration::from_millis(50));
        for _ in 0..2 {
            for _ in 0..3 {
                memory.with(8, |blocks| assert_eq!(blocks.len(), 8));
            }
            assert_eq!(idle(&memory), 8, "one after the other need it once");
            HashMemory::give_back_after(&memory, quiet);
            HashMemory::give_back_after(&memory, quiet);
            until_given_back(&memory).await;
        }
    }
}
