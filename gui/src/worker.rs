//! Runs beside the window: files are opened, samples recorded and experiments run on a thread of
//! their own, which reports by messages.

use crate::message;
use crate::sweep::{self, SweepResults};
use anyhow::Context as _;
use spikewatt::conversion::Health;
use spikewatt::counts::EventCounts;
use spikewatt::energy::Catalogue;
use spikewatt::experiment::{self, Experiment, Progress};
use spikewatt::explore::{ConvertedSubject, Record, Subject, Trace};
use spikewatt::formats::{FileKind, kind_of};
use spikewatt::manifest::counts_file;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// One sample in so many is counted first, so that prices are there while the run goes on.
const PREVIEW: usize = 16;

/// What the thread is asked to do.
#[derive(Debug, Clone)]
pub enum Job {
    /// Open a file, record one of its samples and, for an experiment, run it on all. A sweep is
    /// read and leaves what is open as it is.
    Open(PathBuf, usize),
    /// Run an experiment that is in no file of its own, and record one of its samples.
    Run(Box<Experiment>, usize),
    /// Record another sample of what is open.
    Record(usize),
    /// Run a sample again for the potentials of some of its rows.
    Trace(usize, Vec<u32>),
}

/// Counts of many samples and all that pricing them takes.
pub use spikewatt::experiment::Counted as Run;

/// Potentials of some rows of a sample.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The sample.
    pub sample: usize,
    /// The rows that were asked for.
    pub rows: Vec<u32>,
    /// Their potentials, or why there are none.
    pub found: Result<Vec<Trace>, String>,
}

/// What the thread says.
#[derive(Debug)]
pub enum Message {
    /// What was open is not any more.
    Closed,
    /// Something is open: its file, if it has one, and how many samples it has.
    Opened(Option<PathBuf>, usize),
    /// A sweep is read: its file and its results.
    Sweep(PathBuf, Box<SweepResults>),
    /// How well each population stands for its layer of the original.
    Health(Vec<Health>),
    /// A sample is recorded.
    Recorded(Box<Record>),
    /// Potentials are recorded.
    Traced(Traces),
    /// So many of all samples are counted, a first look while the run goes on.
    Preview(Box<EventCounts>, usize),
    /// How far the work is.
    Progress(Progress),
    /// All samples are counted.
    Counted(Box<Run>),
    /// Something went wrong.
    Failed(String),
    /// The job was stopped on request.
    Stopped,
    /// The job is over.
    Idle,
}

/// The thread, as the window sees it.
pub struct Worker {
    jobs: Sender<(u64, Job, Vec<PathBuf>)>,
    messages: Receiver<(u64, Message)>,
    /// Number of the job whose messages count; a job with another number is to stop.
    wanted: Arc<AtomicU64>,
    last: u64,
    /// Folders with files of results that have moved.
    look_in: Vec<PathBuf>,
}

impl Worker {
    /// Starts the thread. `wake` is called after each message.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let (jobs, incoming) = channel();
        let (outgoing, messages) = channel();
        let wanted = Arc::new(AtomicU64::new(0));
        let shared = wanted.clone();
        std::thread::Builder::new()
            .name("worker".into())
            .spawn(move || work(&incoming, &outgoing, &shared, &wake))?;
        Ok(Worker {
            jobs,
            messages,
            wanted,
            last: 0,
            look_in: Vec::new(),
        })
    }

    /// Names folders with files that results were made from and that have moved since.
    pub fn look_in(&mut self, folders: Vec<PathBuf>) {
        self.look_in = folders;
    }

    /// Asks for a job; one that is running is stopped.
    pub fn ask(&mut self, job: Job) {
        self.last += 1;
        self.wanted.store(self.last, Ordering::Relaxed);
        // The thread ends only with the window.
        let _ = self.jobs.send((self.last, job, self.look_in.clone()));
    }

    /// Stops the running job.
    pub fn stop(&mut self) {
        self.wanted.store(u64::MAX, Ordering::Relaxed);
    }

    /// Messages of the last job that have arrived.
    pub fn messages(&self) -> Vec<Message> {
        let arrived = self.messages.try_iter();
        arrived
            .filter(|(job, _)| *job == self.last)
            .map(|(_, message)| message)
            .collect()
    }
}

fn work(
    jobs: &Receiver<(u64, Job, Vec<PathBuf>)>,
    out: &Sender<(u64, Message)>,
    wanted: &AtomicU64,
    wake: &(dyn Fn() + Sync),
) {
    let mut subject: Option<Subject> = None;
    while let Ok((number, job, look_in)) = jobs.recv() {
        let out = std::sync::Mutex::new(out.clone());
        let say = |message| {
            if let Ok(out) = out.lock() {
                // Nobody listens once the window is closed.
                let _ = out.send((number, message));
            }
            wake();
        };
        let stopped = || wanted.load(Ordering::Relaxed) != number;
        let observer = |progress| {
            say(Message::Progress(progress));
            if stopped() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        // A bug in the work must not take the window along.
        let work =
            std::panic::AssertUnwindSafe(|| perform(job, &look_in, &mut subject, &say, &observer));
        match std::panic::catch_unwind(work) {
            Ok(Err(_)) if stopped() => say(Message::Stopped),
            Ok(Err(error)) => say(Message::Failed(message::text(&error))),
            Ok(Ok(())) => {}
            Err(_) => say(Message::Failed(
                "the work ended in a bug of this program; please report it".into(),
            )),
        }
        say(Message::Idle);
    }
}

fn perform(
    job: Job,
    look_in: &[PathBuf],
    subject: &mut Option<Subject>,
    say: &dyn Fn(Message),
    observer: experiment::Observer,
) -> anyhow::Result<()> {
    match job {
        Job::Record(sample) => {
            let subject = subject.as_ref().context("nothing is open")?;
            say(Message::Recorded(Box::new(
                subject.record(sample, observer)?,
            )));
        }
        Job::Trace(sample, rows) => {
            let subject = subject.as_ref().context("nothing is open")?;
            let found = subject.traces(sample, &rows, observer);
            say(Message::Traced(Traces {
                sample,
                rows,
                found: found.map_err(|error| error.to_string()),
            }));
        }
        Job::Open(path, _) if sweep::is_one(&path)? => {
            let results = sweep::open(&path)?;
            say(Message::Sweep(path, Box::new(results)));
        }
        Job::Open(path, sample) => {
            *subject = None;
            say(Message::Closed);
            let (experiment, counted) = match saved(&path, look_in)? {
                Some(run) => {
                    say(Message::Counted(Box::new(run)));
                    (None, true)
                }
                None => (Experiment::load(&path, &[]).ok(), false),
            };
            let opened = subject.insert(Subject::open_with(&path, look_in, observer)?);
            say(Message::Opened(Some(path), opened.samples()));
            let experiment = experiment.filter(|_| !counted);
            show(opened, sample, experiment.as_ref(), say, observer)?;
        }
        Job::Run(experiment, sample) => {
            *subject = None;
            say(Message::Closed);
            let opened = subject.insert(Subject::experiment((*experiment).clone(), observer)?);
            say(Message::Opened(None, opened.samples()));
            show(opened, sample, Some(&experiment), say, observer)?;
        }
    }
    Ok(())
}

/// Records a sample, counts all samples of an experiment unless that is done, and examines its
/// conversion.
fn show(
    subject: &Subject,
    sample: usize,
    experiment: Option<&Experiment>,
    say: &dyn Fn(Message),
    observer: experiment::Observer,
) -> anyhow::Result<()> {
    let record = match subject {
        Subject::Counts(_) => None,
        _ => Some(subject.record(sample, observer)?),
    };
    if let Some(record) = record {
        say(Message::Recorded(Box::new(record)));
    }
    match (subject, experiment) {
        (Subject::Recording(_), _) | (_, None) => {}
        (Subject::Experiment(converted), Some(_)) => {
            let of = subject.samples();
            let few = of / PREVIEW;
            if few > 0 {
                let counts = converted.first(few, observer)?;
                say(Message::Preview(Box::new(counts), of));
            }
            say(Message::Counted(Box::new(count(converted, observer)?)));
        }
        (_, Some(experiment)) => {
            let run = experiment::run(experiment, &Catalogue::shipped()?, observer)?;
            say(Message::Counted(Box::new(run.into())));
        }
    }
    if let Subject::Counts(reason) = subject {
        anyhow::bail!("{reason}");
    }
    if observer(Progress::Calibrating).is_continue() {
        say(Message::Health(subject.health()?));
    }
    Ok(())
}

/// The counts of a finished result.
fn saved(path: &Path, look_in: &[PathBuf]) -> anyhow::Result<Option<Run>> {
    Ok(match kind_of(path)? {
        FileKind::SavedCounts | FileKind::ResultFolder => {
            Some(Run::load(&counts_file(path, look_in)?)?)
        }
        _ => None,
    })
}

fn count(converted: &ConvertedSubject, observer: experiment::Observer) -> anyhow::Result<Run> {
    let run = converted.simulate(&Catalogue::shipped()?, observer)?;
    Ok(Run {
        counts: run.counts,
        others: run.others,
        dense: run.dense,
        context: run.context,
    })
}
