//! The memory that passwords are hashed in: 19 MiB each, taken from the system once for as many
//! hashes as run at a time, and given back when nobody has signed in for a while.

use std::sync::{Mutex, PoisonError};

use argon2::Block;

#[derive(Default)]
pub(crate) struct HashMemory(Mutex<State>);

#[derive(Default)]
struct State {
    idle: Vec<Vec<Block>>,
    /// Since it was last looked whether the memory is needed.
    used: bool,
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
            state.used = true;
            state.idle.push(memory);
        });
        outcome
    }

    /// Gives the memory back if it was not used since this was last called.
    pub(crate) fn trim(&self) {
        // Freed after the lock is: it takes a moment.
        drop(self.change(|state| {
            let unused = !std::mem::take(&mut state.used);
            unused.then(|| std::mem::take(&mut state.idle))
        }));
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

    #[test]
    fn memory_of_hashes_is_used_again_and_given_back() {
        let memory = HashMemory::default();
        for _ in 0..2 {
            for _ in 0..3 {
                memory.with(8, |blocks| assert_eq!(blocks.len(), 8));
            }
            memory.trim();
            assert_eq!(idle(&memory), 8, "it was used; one after the other need it once");
            memory.trim();
            assert_eq!(idle(&memory), 0);
        }
    }
}
