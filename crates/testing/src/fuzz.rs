//! Input that nobody thought of: what a parser takes is changed at random, and a check says of each
//! what has to hold. Deterministic by its seed; no instrumentation, so that it is a test as any other.
//!
//! `COUNTERSIGN_FUZZ_STEPS` and `COUNTERSIGN_FUZZ_SEED` are for longer runs with other numbers
//! (`cargo xtask fuzz`).

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};

/// A case that takes longer is a fault, whatever comes of it: a thousand times what any should.
const SLOWEST: Duration = Duration::from_secs(2);
/// A case that takes as long does not end.
const HANGS: Duration = Duration::from_mins(1);
/// What was accepted and is changed further, beside the seeds.
const KEPT: usize = 200;
/// How often a failing input is made smaller.
const SHRINKS: u32 = 4_000;

/// One parser with what it takes.
pub struct Fuzz {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    steps: u64,
    longest: usize,
    slowest: Duration,
}

impl Fuzz {
    /// `steps` are tried with the suite: about two seconds.
    #[must_use]
    pub fn new(name: &'static str, steps: u64) -> Fuzz {
        let (seeds, words) = (Vec::new(), Vec::new());
        Fuzz { name, seeds, words, steps, longest: 16 * 1024, slowest: SLOWEST }
    }

    /// Inputs that are accepted.
    #[must_use]
    pub fn seeds<S: Into<Vec<u8>>>(mut self, seeds: impl IntoIterator<Item = S>) -> Fuzz {
        self.seeds.extend(seeds.into_iter().map(Into::into));
        self
    }

    /// Pieces that mean something to the parser.
    #[must_use]
    pub fn words<S: Into<Vec<u8>>>(mut self, words: impl IntoIterator<Item = S>) -> Fuzz {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Bytes of the largest input, where 16 KiB are too few or too many.
    #[must_use]
    pub fn longest(mut self, bytes: usize) -> Fuzz {
        self.longest = bytes;
        self
    }

    /// Tries every seed, which has to be accepted, and then what becomes of them. `check` says
    /// whether an input was accepted, and panics when something does not hold.
    ///
    /// # Panics
    /// Something does not hold: with the smallest input found for which it does not.
    pub fn run(self, check: impl Fn(&[u8]) -> bool) {
        let told = setting("COUNTERSIGN_FUZZ_STEPS");
        let steps = told.unwrap_or(self.steps);
        let seed = setting("COUNTERSIGN_FUZZ_SEED").unwrap_or(1);
        let watch = Watch::begin(self.name, self.slowest);
        for input in &self.seeds {
            match watch.case(input, &check) {
                Ok(accepted) => {
                    assert!(accepted, "{}: a seed is refused: {}", self.name, input.escape_ascii());
                }
                Err(why) => self.fail(&watch, &check, input, &why, "a seed"),
            }
        }
        let (mut dice, mut kept) = (Dice(seed), self.seeds.clone());
        let (mut accepted, begun, mut said) = (0_u64, now(), now());
        for step in 0..steps {
            let input = self.changed(&mut dice, &kept);
            match watch.case(&input, &check) {
                Ok(true) => {
                    accepted += 1;
                    if kept.len() < self.seeds.len() + KEPT {
                        kept.push(input);
                    } else if dice.one_in(8) {
                        let place = self.seeds.len() + dice.below(KEPT);
                        kept[place] = input;
                    }
                }
                Ok(false) => {}
                Err(why) => {
                    let place = format!("step {step} of seed {seed}");
                    self.fail(&watch, &check, &input, &why, &place);
                }
            }
            if told.is_some() && said.elapsed() > Duration::from_secs(2) {
                said = now();
                self.say(step + 1, steps, accepted, begun, seed);
            }
        }
        if told.is_some() {
            self.say(steps, steps, accepted, begun, seed);
        }
        assert!(steps < 1_000 || accepted > 0, "{}: whatever is changed is refused", self.name);
    }

    fn say(&self, step: u64, steps: u64, accepted: u64, begun: Instant, seed: u64) {
        let rate = step as f64 / begun.elapsed().as_secs_f64().max(0.001);
        let share = 100.0 * accepted as f64 / step.max(1) as f64;
        eprintln!(
            "{}: {step} of {steps} steps of seed {seed}, {rate:.0} a second, {share:.1} % accepted",
            self.name
        );
    }

    fn fail(
        &self,
        watch: &Watch,
        check: &dyn Fn(&[u8]) -> bool,
        input: &[u8],
        why: &str,
        place: &str,
    ) -> ! {
        let (smallest, why) = smallest(watch, check, input, why);
        panic!(
            "{} at {place}: {why}\n\nthe smallest input found ({} bytes):\n{}",
            self.name,
            smallest.len(),
            smallest.escape_ascii()
        );
    }

    /// One of what was accepted, changed one time or several.
    fn changed(&self, dice: &mut Dice, kept: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = dice.of(kept).cloned().unwrap_or_default();
        loop {
            self.change(dice, kept, &mut bytes);
            bytes.truncate(self.longest);
            if dice.one_in(2) {
                return bytes;
            }
        }
    }

    fn change(&self, dice: &mut Dice, kept: &[Vec<u8>], bytes: &mut Vec<u8>) {
        let at = dice.below(bytes.len() + 1);
        let end = at + dice.short(bytes.len() - at);
        match dice.below(12) {
            // A bit, or an octet, is another.
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(dice.below(256)).unwrap();
                }
            }
            // Something is missing, there once more, or often.
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].to_vec();
                let place = dice.below(bytes.len() + 1);
                bytes.splice(place..place, piece);
            }
            5 => {
                let piece = bytes[at..end].to_vec();
                let times = dice.short(4_000).min(self.longest / piece.len().max(1));
                bytes.splice(at..at, piece.repeat(times));
            }
            // Something is elsewhere.
            6 => {
                let piece: Vec<u8> = bytes.drain(at..end).collect();
                let place = dice.below(bytes.len() + 1);
                bytes.splice(place..place, piece);
            }
            // A piece of another input comes in, or its rest.
            7 => {
                let other = dice.of(kept).map_or(&[][..], Vec::as_slice);
                let from = dice.below(other.len() + 1);
                let to = from + dice.short(other.len() - from);
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            8 => {
                let other = dice.of(kept).map_or(&[][..], Vec::as_slice);
                bytes.truncate(at);
                bytes.extend(&other[dice.below(other.len() + 1)..]);
            }
            // A word stands somewhere, or in the place of something.
            9 => {
                let word = dice.of(&self.words).cloned().unwrap_or_default();
                bytes.splice(at..at, word);
            }
            10 => {
                let word = dice.of(&self.words).cloned().unwrap_or_default();
                bytes.splice(at..end, word);
            }
            // What may be a length says something else.
            _ => {
                let value = match dice.below(4) {
                    0 => bytes.len() as u64,
                    1 => 1 << dice.below(33),
                    2 => (1 << dice.below(33)) - 1,
                    _ => dice.next() >> dice.below(64),
                };
                let value = value.to_be_bytes();
                let width = 1 << dice.below(3);
                for (place, byte) in bytes.iter_mut().skip(at).zip(&value[8 - width..]) {
                    *place = *byte;
                }
            }
        }
    }
}

/// Headers as they are sent, one a line; `None` where one is none.
#[must_use]
pub fn header_lines(bytes: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?);
    }
    Some(headers)
}

/// Takes away whatever may be missing, and makes letters of what may be one.
fn smallest(
    watch: &Watch,
    check: &dyn Fn(&[u8]) -> bool,
    input: &[u8],
    why: &str,
) -> (Vec<u8>, String) {
    let (mut best, mut reason) = (input.to_vec(), why.to_owned());
    let (mut left, begun) = (SHRINKS, now());
    let mut fails = |candidate: &[u8]| {
        left = left.saturating_sub(1);
        let over = left == 0 || begun.elapsed() > Duration::from_secs(20);
        if over { None } else { watch.case(candidate, check).err() }
    };
    let mut size = best.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < best.len() {
            let mut candidate = best.clone();
            candidate.drain(at..(at + size).min(best.len()));
            match fails(&candidate) {
                Some(why) => (best, reason) = (candidate, why),
                None => at += size,
            }
        }
        size /= 2;
    }
    for at in 0..best.len() {
        let mut candidate = best.clone();
        candidate[at] = b'a';
        if candidate != best
            && let Some(why) = fails(&candidate)
        {
            (best, reason) = (candidate, why);
        }
    }
    (best, reason)
}

thread_local! {
    /// Panics of a case are for the harness, which says the last one of them.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The case that runs, and since when.
type Running = Option<(Instant, Vec<u8>)>;

/// Looks at cases: what panics, what takes too long, and what does not end at all.
struct Watch {
    name: &'static str,
    slowest: Duration,
    running: Arc<Mutex<Running>>,
}

impl Watch {
    fn begin(name: &'static str, slowest: Duration) -> Watch {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if QUIET.get() {
                    SAID.replace(info.to_string());
                } else {
                    before(info);
                }
            }));
        });
        let running = Arc::new(Mutex::new(Running::None));
        let watched = Arc::downgrade(&running);
        std::thread::spawn(move || {
            while let Some(running) = watched.upgrade() {
                let since = running.lock().unwrap().clone();
                if let Some((since, input)) = since
                    && since.elapsed() > HANGS
                {
                    eprintln!("{name}: this does not end:\n{}", input.escape_ascii());
                    std::process::abort();
                }
                drop(running);
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        Watch { name, slowest, running }
    }

    /// Whether the input is accepted.
    ///
    /// # Errors
    /// What does not hold.
    fn case(&self, input: &[u8], check: &dyn Fn(&[u8]) -> bool) -> Result<bool, String> {
        // A busy machine makes one try slow, and not three.
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let begun = now();
            *self.running.lock().unwrap() = Some((begun, input.to_vec()));
            QUIET.set(true);
            let outcome = catch_unwind(AssertUnwindSafe(|| check(input)));
            QUIET.set(false);
            *self.running.lock().unwrap() = None;
            let Ok(accepted) = outcome else { return Err(SAID.take()) };
            fastest = fastest.min(begun.elapsed());
            if fastest < self.slowest {
                return Ok(accepted);
            }
        }
        Err(format!("{} takes {} ms", self.name, fastest.as_millis()))
    }
}

/// Numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// 0 where there is nothing below.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }

    /// Up to `most`, and mostly little.
    fn short(&mut self, most: usize) -> usize {
        let bits = u32::try_from(self.below(13)).unwrap();
        self.below(2_usize.pow(bits).min(most) + 1)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(all.len());
        all.get(at)
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a case takes is what is asked here")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment how long to try")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(target: Fuzz, check: impl Fn(&[u8]) -> bool) -> String {
        let outcome = catch_unwind(AssertUnwindSafe(|| target.run(check)));
        *outcome.unwrap_err().downcast::<String>().unwrap()
    }

    fn digits() -> Fuzz {
        Fuzz::new("digits", 5_000).seeds(["12", "345"]).words(["=", "00"])
    }

    #[test]
    fn what_does_not_hold_is_said_with_the_smallest_input() {
        let check = |bytes: &[u8]| {
            assert!(!bytes.contains(&b'='), "no such letter");
            true
        };
        let text = said(digits(), check);
        assert!(text.contains("no such letter") && text.contains("(1 bytes):\n="), "{text}");
        assert_eq!(said(digits(), check), text, "it is the same each time");
    }

    #[test]
    fn a_target_that_could_not_fail_is_a_fault() {
        assert!(said(digits(), |_| false).contains("a seed is refused"));
        let seen = Cell::new(0);
        let text = said(digits(), |_| seen.replace(seen.get() + 1) < 2);
        assert!(text.contains("whatever is changed is refused"), "{text}");
    }

    #[test]
    fn what_takes_long_is_a_fault() {
        let slow = Fuzz { slowest: Duration::from_millis(20), ..digits() };
        let text = said(slow, |bytes| {
            if bytes.len() > 30 {
                std::thread::sleep(Duration::from_millis(21));
            }
            true
        });
        assert!(text.contains("digits takes 2") && text.contains("(31 bytes)"), "{text}");
    }
}
