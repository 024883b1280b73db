//! What a run says of each object, on the page of its task.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::{NoteLevel, Run, Work as _};
use countersign_ldap::Dn;
use countersign_model::Clock;
use url::Url;

use super::{Done, Regular};
use crate::rows::Sort;

/// Lines about objects; the task keeps a few more for what is said at the end.
const MOST_LINES: usize = 180;

/// The report of one run.
pub(crate) struct Report {
    run: Run,
    clock: Arc<dyn Clock>,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    lines: usize,
    unsaid: usize,
    /// How often something was done, by sort and deed.
    deeds: BTreeMap<(&'static str, &'static str), u64>,
    seen: u64,
    expected: u64,
    /// Something could not be copied, or is elsewhere: the listing is no proof of what is gone.
    incomplete: bool,
}

impl Report {
    pub(crate) fn new(run: Run, clock: Arc<dyn Clock>) -> Report {
        Report { run, clock, counted: Mutex::default() }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.run.is_cancelled()
    }

    /// As many objects as there probably are.
    pub(crate) fn expect(&self, objects: u64) {
        self.with(|counted| counted.expected = objects);
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.with(|counted| !counted.incomplete)
    }

    pub(crate) fn say(&self, level: NoteLevel, text: &str) {
        self.run.note(level, self.clock.now(), Regular::NAME, text);
    }

    pub(crate) fn done(&self, sort: Sort, name: &str, done: &Done) {
        let (deed, text) = match done {
            Done::Made => ("made", Some(format!("{name}: made"))),
            Done::Changed(what) => ("changed", Some(format!("{name}: changed ({what})"))),
            Done::Same => ("unchanged", None),
            Done::Deleted => ("deleted", Some(format!("{name}: deleted"))),
            Done::Moved(what) => ("moved", Some(format!("{name}: {what}"))),
            Done::Unsaid => return,
            Done::Left(why) => ("left", Some(format!("{name}: left as it is: {why}"))),
        };
        self.count(sort, deed);
        let level =
            if matches!(done, Done::Left(_)) { NoteLevel::Warning } else { NoteLevel::Info };
        if let Some(text) = text {
            self.line(level, &format!("{} {text}", sort.one()));
        }
    }

    /// An object was seen that could not be copied.
    pub(crate) fn failed(&self, sort: Sort, name: &str, why: &str) {
        self.count(sort, "failed");
        self.with(|counted| counted.incomplete = true);
        self.line(NoteLevel::Warning, &format!("{} {name}: not copied: {why}", sort.one()));
    }

    /// The directory says that another server has more. The partitions of Active Directory beside
    /// the one with people are not missed.
    pub(crate) fn reference(&self, to: &str) {
        let path = Url::parse(to).map(|url| url.path().trim_start_matches('/').to_owned());
        let first = path.ok().and_then(|path| {
            let dn = Dn::parse(&path.replace("%20", " "))?;
            dn.key().split(',').next().map(str::to_lowercase)
        });
        let beside = ["dc=domaindnszones", "dc=forestdnszones", "cn=configuration", "cn=schema"];
        if first.is_some_and(|first| beside.contains(&first.as_str())) {
            return;
        }
        self.with(|counted| counted.incomplete = true);
        let to: String = to.chars().filter(|c| !c.is_control()).take(200).collect();
        self.line(
            NoteLevel::Warning,
            &format!("A part of the directory is elsewhere and was not read: {to}"),
        );
    }

    /// So many objects were looked at.
    pub(crate) fn saw(&self, objects: usize) {
        let (seen, expected) = self.with(|counted| {
            counted.seen += objects as u64;
            (counted.seen, counted.expected.max(counted.seen))
        });
        self.run.progress(seen, expected);
    }

    /// What was done, in all.
    pub(crate) fn summary(&self) {
        let (deeds, unsaid) = self.with(|counted| (counted.deeds.clone(), counted.unsaid));
        for sort in [Sort::User, Sort::Group] {
            let of = deeds.iter().filter(|((of, _), _)| *of == sort.all());
            let parts: Vec<String> =
                of.map(|((_, deed), count)| format!("{count} {deed}")).collect();
            if !parts.is_empty() {
                self.say(NoteLevel::Info, &format!("{}: {}", sort.all(), parts.join(", ")));
            }
        }
        if unsaid > 0 {
            self.say(
                NoteLevel::Info,
                &format!("{unsaid} lines more are not kept; each write is an event."),
            );
        }
    }

    fn count(&self, sort: Sort, deed: &'static str) {
        self.with(|counted| *counted.deeds.entry((sort.all(), deed)).or_default() += 1);
    }

    fn line(&self, level: NoteLevel, text: &str) {
        let said = self.with(|counted| {
            let fits = counted.lines < MOST_LINES;
            if fits {
                counted.lines += 1;
            } else {
                counted.unsaid += 1;
            }
            fits
        });
        if said {
            self.say(level, text);
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counted) -> T) -> T {
        change(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
