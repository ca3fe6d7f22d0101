//! Dialogues of the system for files. They run beside the window, which never waits for one.

use rfd::{AsyncFileDialog, FileHandle};
use std::future::Future;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// What a chosen file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be opened.
    Open,
    /// The data of a model.
    Data,
    /// The calibration data of a model.
    Calibration,
    /// Where something is saved.
    Save,
}

/// A dialogue that is open.
pub(super) struct Dialog {
    purpose: Purpose,
    answer: Receiver<Option<PathBuf>>,
}

impl Dialog {
    /// Asks for a file to open.
    pub fn file(ctx: &eframe::egui::Context) -> Self {
        let dialog = AsyncFileDialog::new().add_filter(
            "experiment, sweep, model, network, recording, counts, results",
            &["toml", "onnx", "nir", "npz", "h5", "json"],
        );
        Self::start(ctx, Purpose::Open, dialog.pick_file())
    }

    /// Asks for a folder to open.
    pub fn folder(ctx: &eframe::egui::Context) -> Self {
        Self::start(ctx, Purpose::Open, AsyncFileDialog::new().pick_folder())
    }

    /// Asks for a file of any kind.
    pub fn any(ctx: &eframe::egui::Context, purpose: Purpose) -> Self {
        Self::start(ctx, purpose, AsyncFileDialog::new().pick_file())
    }

    /// Asks where to save.
    pub fn save(ctx: &eframe::egui::Context, name: &str) -> Self {
        let dialog = AsyncFileDialog::new().set_file_name(name);
        Self::start(ctx, Purpose::Save, dialog.save_file())
    }

    fn start(
        ctx: &eframe::egui::Context,
        purpose: Purpose,
        chosen: impl Future<Output = Option<FileHandle>> + Send + 'static,
    ) -> Self {
        let (answers, answer) = channel();
        let ctx = ctx.clone();
        // Without a thread the sender is gone, which is heard as no answer.
        let _ = std::thread::Builder::new()
            .name("dialogue".into())
            .spawn(move || {
                let chosen = pollster::block_on(chosen);
                // The window may be closed by now.
                let _ = answers.send(chosen.map(|file| file.path().to_owned()));
                ctx.request_repaint();
            });
        Dialog { purpose, answer }
    }

    /// The answer once it is there: what the file is for, and the file unless there is none.
    pub fn answer(&self) -> Option<(Purpose, Option<PathBuf>)> {
        match self.answer.try_recv() {
            Ok(file) => Some((self.purpose, file)),
            Err(TryRecvError::Disconnected) => Some((self.purpose, None)),
            Err(TryRecvError::Empty) => None,
        }
    }
}
