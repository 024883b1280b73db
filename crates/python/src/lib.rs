//! Python expressions: made into programs, run in processes of their own, bounded in processor time,
//! memory and in what they ask.
//!
//! This room knows the language and nothing of what expressions are about: no accounts, no
//! policies, no SQL. What an expression wants of the server is a question with a name, which
//! whoever runs it answers ([`Questions`]).
//!
//! ```text
//! let prepared = prepare("return user.name", &["user"])?;
//! let outcome = interpreter.run(job, 0, &questions).await?;
//! ```

mod local;
mod pool;
mod prepare;
mod protocol;
mod watch;
mod worker;

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

pub use pool::{BoxFuture, Interpreter, Limits, Questions};
pub use prepare::{Prepared, SyntaxError, prepare};
pub use protocol::{Failure, Job, Now, Outcome};

/// What the interpreter's process does: it takes orders from its standard input until that ends.
/// `memory` is how many bytes it may have; it ends when it needs more.
///
/// # Errors
/// When the bounds cannot be set, or the other side is gone.
pub fn serve_stdio(memory: u64) -> io::Result<()> {
    let at_most = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Data, at_most(memory))?;
    // It opens nothing and leaves nothing behind.
    setrlimit(Resource::Nofile, at_most(3))?;
    setrlimit(Resource::Fsize, at_most(0))?;
    setrlimit(Resource::Core, at_most(0))?;
    let watch = watch::Watch::start()?;
    worker::serve(io::stdin().lock(), io::stdout().lock(), Some(&watch))
}
