//! Progress on standard error, and Ctrl-C.

use crate::experiment::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C and SIGTERM end the work at the next sample instead of in the middle of a write;
/// a second one ends it at once.
pub(super) fn catch_interrupts() {
    // Without a handler the system's default remains, which also ends the program.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    });
}

/// Whether somebody pressed Ctrl-C.
pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A bar that follows an experiment, or lines where standard error is no terminal; nothing when quiet.
pub(super) struct Meter {
    bar: ProgressBar,
    lines: Option<Mutex<Lines>>,
}

/// When the next line of a log is due.
struct Lines {
    stage: &'static str,
    tenth: usize,
    begun: Instant,
    last: Instant,
}

impl Lines {
    /// Lines closer together tell nothing.
    const LEAST: Duration = Duration::from_secs(2);
    /// Silence longer than this worries.
    const MOST: Duration = Duration::from_secs(30);

    fn new(now: Instant) -> Self {
        Lines {
            stage: "",
            tenth: 0,
            begun: now,
            last: now,
        }
    }

    /// The line that is due, if one is: at the begin of a stage, every tenth of it, or after half a
    /// minute.
    fn due(
        &mut self,
        stage: &'static str,
        part: Option<(usize, usize)>,
        now: Instant,
    ) -> Option<String> {
        let tenth = part.map_or(0, |(done, of)| 10 * done / of.max(1));
        if stage != self.stage {
            (self.stage, self.tenth, self.begun) = (stage, 0, now);
        } else if tenth <= self.tenth && now - self.last < Self::MOST {
            return None;
        }
        if now - self.last < Self::LEAST {
            return None;
        }
        (self.tenth, self.last) = (tenth, now);
        Some(match part {
            Some((done, of)) if done > 0 => {
                let spent = (now - self.begun).as_secs_f64();
                let left = spent * (of - done) as f64 / done as f64;
                let share = 100 * done / of.max(1);
                format!("{stage}: {done} of {of} samples ({share} %), {left:.0} s left")
            }
            _ => stage.to_owned(),
        })
    }
}

impl Meter {
    pub(super) fn new(quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style =
            ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len} samples, {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        let logged = !quiet && !std::io::stderr().is_terminal();
        let lines = logged.then(|| Mutex::new(Lines::new(Instant::now())));
        Meter { bar, lines }
    }

    pub(super) fn observe(&self, progress: Progress) -> ControlFlow<()> {
        if let Some(Ok(mut lines)) = self.lines.as_ref().map(Mutex::lock) {
            let (stage, part) = match progress {
                Progress::Calibrating => ("calibrating", None),
                Progress::RunningOriginal => ("running the original", None),
                Progress::Simulating { done, of } => ("simulating spikes", Some((done, of))),
            };
            if let Some(line) = lines.due(stage, part, Instant::now()) {
                super::talk(&line);
            }
        }
        match progress {
            Progress::Calibrating => self.bar.set_message("calibrating"),
            Progress::RunningOriginal => self.bar.set_message("running the original"),
            Progress::Simulating { done, of } => {
                self.bar.set_message("simulating spikes");
                self.bar.set_length(of as u64);
                self.bar.set_position(done as u64);
            }
        }
        if interrupted() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_lines_of_a_log() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut lines = Lines::new(start);
        let of = 1000;
        assert_eq!(lines.due("calibrating", None, at(0)), None);
        assert_eq!(
            lines
                .due("simulating spikes", Some((0, of)), at(5))
                .as_deref(),
            Some("simulating spikes")
        );
        assert_eq!(lines.due("simulating spikes", Some((50, of)), at(10)), None);
        assert_eq!(
            lines
                .due("simulating spikes", Some((100, of)), at(15))
                .as_deref(),
            Some("simulating spikes: 100 of 1000 samples (10 %), 90 s left")
        );
        assert_eq!(
            lines.due("simulating spikes", Some((200, of)), at(16)),
            None
        );
        assert!(
            lines
                .due("simulating spikes", Some((210, of)), at(18))
                .is_some()
        );
        assert_eq!(
            lines.due("simulating spikes", Some((220, of)), at(40)),
            None
        );
        assert!(
            lines
                .due("simulating spikes", Some((230, of)), at(48))
                .is_some()
        );
    }
}
