//! What tests of single policies begin with.

use std::sync::Mutex;

use countersign_model::{Clock, Snapshot, Timestamp};
use countersign_python::Interpreter;

use crate::host::{Answer, BoxFuture, Host, HostError, Question};
use crate::policies::Policy;
use crate::request::{Occasion, PolicyRequest};
use crate::subject::Subject;
use crate::verdict::{PolicyError, Verdict};

/// Stands at 1970-01-01.
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

type Script = Box<dyn Fn(&Question) -> Result<Answer, HostError> + Send + Sync>;

/// Answers as a test says, and remembers what it was asked.
pub(crate) struct Scripted {
    script: Script,
    asked: Mutex<Vec<Question>>,
}

impl Scripted {
    pub(crate) fn new(
        script: impl Fn(&Question) -> Result<Answer, HostError> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted { script: Box::new(script), asked: Mutex::default() }
    }

    pub(crate) fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Host for Scripted {
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Answer, HostError>> {
        let answer = (self.script)(&question);
        self.asked.lock().unwrap().push(question);
        Box::pin(std::future::ready(answer))
    }

    fn interpreter(&self) -> Option<&Interpreter> {
        None
    }
}

/// The answer of the policy that is called "p".
pub(crate) async fn judge(
    policy: &dyn Policy,
    host: &dyn Host,
    user: Option<&Subject>,
    occasion: Occasion<'_>,
) -> Result<Verdict, PolicyError> {
    let snapshot = Snapshot::default();
    let request = PolicyRequest {
        snapshot: &snapshot,
        clock: &Still,
        host,
        user,
        occasion,
        target: None,
        name: "p",
    };
    policy.judge(&request).await
}
