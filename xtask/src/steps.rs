//! Runs named steps, each as soon as what it needs is done, and says how long each took.
//!
//! Steps that do not depend on each other run at the same time: downloads beside compilers. Every step is given its
//! own thread; the compilers share the cores as the operating system sees fit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::command::Stop;
use crate::output::say;

/// How a step that did not fail ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It did its work.
    Made,
    /// Nothing had changed since it last ran.
    Fresh,
    /// There was nothing to do, and why.
    Skipped(String),
}

/// What to do with the other steps when one fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// Stop them: the result is not usable anyway (`build`, `run`).
    StopAll,
    /// Run all that does not need the failed one, so that every failure is seen in one go (`test`).
    GoOn,
}

type Work<'a> = Box<dyn FnOnce() -> Result<Done> + Send + 'a>;

/// One step of a plan.
pub(crate) struct Step<'a> {
    name: &'static str,
    needs: &'static [&'static str],
    after: &'static [&'static str],
    work: Work<'a>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(name: &'static str, work: impl FnOnce() -> Result<Done> + Send + 'a) -> Self {
        Self { name, needs: &[], after: &[], work: Box::new(work) }
    }

    /// Steps without whose success this one cannot run.
    pub(crate) fn needs(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    /// Steps that must be over first, however they ended: so that tests that measure time have the machine to themselves.
    pub(crate) fn after(self, after: &'static [&'static str]) -> Self {
        Self { after, ..self }
    }
}

/// A list of steps in which every step names only steps before it, so that there is no cycle.
pub(crate) struct Plan<'a> {
    steps: Vec<Step<'a>>,
}

#[derive(Clone, Debug)]
enum State {
    Waiting,
    Over { took: Duration, result: Result<Done, String> },
}

/// One run of a plan, seen by all its threads.
struct Round<'a> {
    names: Vec<&'static str>,
    states: Mutex<Vec<State>>,
    changed: Condvar,
    on_failure: OnFailure,
    stop: &'a Stop,
}

impl Round<'_> {
    fn lock(&self) -> MutexGuard<'_, Vec<State>> {
        // The list is replaced entry by entry; a panic elsewhere leaves it whole.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for what the step needs, runs it, and tells the others.
    fn carry_out(&self, index: usize, step: Step<'_>) {
        // A panic must not leave others waiting for this step for ever.
        let over = catch_unwind(AssertUnwindSafe(|| self.run_step(step)))
            .unwrap_or_else(|_| State::Over { took: Duration::ZERO, result: Err("panicked".to_owned()) });
        self.lock()[index] = over;
        self.changed.notify_all();
    }

    fn run_step(&self, step: Step<'_>) -> State {
        let not_run = |reason: String| State::Over { took: Duration::ZERO, result: Err(reason) };
        if let Some(missing) = self.wait_for(&step) {
            return not_run(format!("not run: it needs `{missing}`"));
        }
        if self.stop.raised() {
            return not_run("not started".to_owned());
        }
        say(&format!("{:>11} : starts", step.name));
        let started = Instant::now();
        let result = (step.work)().map_err(|error| format!("{error:#}"));
        let took = started.elapsed();
        match &result {
            Ok(done) => say(&format!("{:>11} : {} after {}", step.name, word_for(done), seconds(took))),
            Err(error) => say(&format!("{:>11} : FAILED after {}: {error}", step.name, seconds(took))),
        }
        if result.is_err() && self.on_failure == OnFailure::StopAll {
            self.stop.raise_for_failure();
        }
        State::Over { took, result }
    }

    /// Waits until all that the step waits for is over; names what it needs and will not get.
    fn wait_for(&self, step: &Step<'_>) -> Option<&'static str> {
        let mut states = self.lock();
        loop {
            let state_of = |name: &str| self.names.iter().position(|known| *known == name).map(|at| &states[at]);
            let failed = |name: &&&str| matches!(state_of(name), Some(State::Over { result: Err(_), .. }));
            if let Some(missing) = step.needs.iter().find(failed) {
                return Some(missing);
            }
            let waiting = |name: &str| matches!(state_of(name), Some(State::Waiting));
            if !step.needs.iter().chain(step.after).any(|name| waiting(name)) {
                return None;
            }
            states = self.changed.wait(states).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<'a> Plan<'a> {
    /// An error when a step names one that is not before it.
    pub(crate) fn new(steps: Vec<Step<'a>>) -> Result<Self> {
        for (index, step) in steps.iter().enumerate() {
            for name in step.needs.iter().chain(step.after) {
                if !steps[..index].iter().any(|earlier| earlier.name == *name) {
                    bail!("step `{}` waits for `{name}`, which is not before it", step.name);
                }
            }
        }
        Ok(Self { steps })
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.steps.iter().map(|step| step.name).collect()
    }

    /// Keeps one step and what it needs.
    pub(crate) fn only(mut self, name: &str) -> Result<Self> {
        if !self.steps.iter().any(|step| step.name == name) {
            bail!("there is no step `{name}`; the steps are: {}", self.names().join(", "));
        }
        let mut wanted = vec![name];
        for step in self.steps.iter().rev() {
            if wanted.contains(&step.name) {
                wanted.extend(step.needs);
            }
        }
        self.steps.retain(|step| wanted.contains(&step.name));
        for step in &mut self.steps {
            step.after = &[];
        }
        Ok(self)
    }

    /// Runs all steps, prints the table, and fails when one of them failed.
    pub(crate) fn run(self, title: &str, on_failure: OnFailure, stop: &Stop) -> Result<()> {
        let started = Instant::now();
        let states = Mutex::new(vec![State::Waiting; self.steps.len()]);
        let round = Round { names: self.names(), states, changed: Condvar::new(), on_failure, stop };
        std::thread::scope(|scope| {
            for (index, step) in self.steps.into_iter().enumerate() {
                let round = &round;
                scope.spawn(move || round.carry_out(index, step));
            }
        });
        let Round { names, states, .. } = round;
        let states = states.into_inner().unwrap_or_else(PoisonError::into_inner);
        say(&table(title, &names, &states, started.elapsed()));
        let failed = failed_names(&names, &states);
        if stop.by_signal() {
            bail!("interrupted");
        }
        if !failed.is_empty() {
            bail!("{title} failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

fn failed_names(names: &[&'static str], states: &[State]) -> Vec<&'static str> {
    let is_failed = |state: &State| matches!(state, State::Over { result: Err(_), .. } | State::Waiting);
    names.iter().zip(states).filter(|(_, state)| is_failed(state)).map(|(name, _)| *name).collect()
}

fn table(title: &str, names: &[&str], states: &[State], total: Duration) -> String {
    let mut lines = vec![String::new(), format!("{:>11}   {:>9}  result", "step", "time")];
    for (name, state) in names.iter().zip(states) {
        let (took, result) = match state {
            State::Waiting => (String::new(), "did not end".to_owned()),
            State::Over { took, result: Ok(done) } => (seconds(*took), word_for(done)),
            State::Over { took, result: Err(error) } => (seconds(*took), format!("FAILED: {error}")),
        };
        lines.push(format!("{name:>11}   {took:>9}  {result}"));
    }
    lines.push(format!("{title:>11}   {:>9}  in all", seconds(total)));
    lines.join("\n")
}

fn word_for(done: &Done) -> String {
    match done {
        Done::Made => "done".to_owned(),
        Done::Fresh => "fresh".to_owned(),
        Done::Skipped(why) => format!("skipped: {why}"),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Log = Mutex<Vec<&'static str>>;

    /// A step that writes its name down.
    fn noted<'a>(log: &'a Log, name: &'static str) -> Step<'a> {
        Step::new(name, move || {
            log.lock().expect("no panic").push(name);
            Ok(Done::Made)
        })
    }

    #[test]
    fn a_step_runs_after_all_that_it_needs() {
        let log = Log::default();
        let plan = Plan::new(vec![
            noted(&log, "first"),
            noted(&log, "second").needs(&["first"]),
            noted(&log, "third").needs(&["first"]).after(&["second"]),
        ]);
        plan.expect("ordered").run("test", OnFailure::StopAll, &Stop::default()).expect("all pass");
        assert_eq!(*log.lock().expect("no panic"), ["first", "second", "third"]);
    }

    #[test]
    fn a_failure_keeps_only_those_that_need_it_from_running_and_is_named() {
        let log = Log::default();
        let plan = Plan::new(vec![
            Step::new("broken", || bail!("no luck")),
            noted(&log, "dependent").needs(&["broken"]),
            noted(&log, "later").after(&["broken", "dependent"]),
        ]);
        let stop = Stop::default();
        let error = plan.expect("ordered").run("test", OnFailure::GoOn, &stop).expect_err("one is broken");
        assert_eq!(error.to_string(), "test failed: broken, dependent");
        assert_eq!(*log.lock().expect("no panic"), ["later"]);
        assert!(!stop.raised());
    }

    #[test]
    fn a_failed_build_stops_what_still_runs() {
        let stop = Stop::default();
        let plan = Plan::new(vec![
            Step::new("broken", || bail!("no luck")),
            Step::new("never", || Ok(Done::Made)).after(&["broken"]),
        ]);
        let error = plan.expect("ordered").run("build", OnFailure::StopAll, &stop).expect_err("one is broken");
        assert_eq!(error.to_string(), "build failed: broken, never");
        assert!(stop.raised());
    }

    #[test]
    fn one_step_is_picked_with_what_it_needs() {
        let done = || Ok(Done::Fresh);
        let steps = vec![
            Step::new("a", done),
            Step::new("b", done).needs(&["a"]),
            Step::new("c", done),
            Step::new("d", done).needs(&["b"]).after(&["c"]),
            Step::new("e", done).needs(&["d"]),
        ];
        assert_eq!(Plan::new(steps).expect("ordered").only("d").expect("known").names(), ["a", "b", "d"]);
    }

    #[test]
    fn a_plan_out_of_order_or_an_unknown_step_is_refused() {
        let done = || Ok(Done::Fresh);
        assert!(Plan::new(vec![Step::new("a", done).needs(&["b"]), Step::new("b", done)]).is_err());
        let error = Plan::new(vec![Step::new("a", done)]).expect("ordered").only("z").err().expect("unknown");
        assert_eq!(error.to_string(), "there is no step `z`; the steps are: a");
    }
}
