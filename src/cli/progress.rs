//! Progress on standard error, and Ctrl-C.

use crate::experiment::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// A bar that follows an experiment; invisible when quiet or when standard error is no terminal.
pub(super) struct Meter {
    bar: ProgressBar,
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
        Meter { bar }
    }

    pub(super) fn observe(&self, progress: Progress) -> ControlFlow<()> {
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
