//! The files of an experiment, where they are when its result is opened.

use crate::experiment::{Context, Experiment};
use crate::files;
use crate::manifest::{Manifest, MissingSource, Sources};
use crate::result::InputEntry;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files behind saved counts.
pub(super) struct Moved {
    sources: Sources,
    /// By path as given.
    known: BTreeMap<String, InputEntry>,
}

impl Moved {
    /// Of the counts in `file`, from the manifest beside them and what they say themselves.
    pub(super) fn new(file: &Path, context: &Context, look_in: &[PathBuf]) -> Self {
        let folder = files::folder_of(file);
        let manifest = Manifest::of_folder(folder);
        let mut known = BTreeMap::new();
        let entry = |role: &str, path: &String, sha256: &String| InputEntry {
            role: role.to_owned(),
            path: path.clone(),
            sha256: sha256.clone(),
        };
        let (model, setup) = (&context.model, &context.setup);
        let own = [
            entry("model", &model.path, &model.sha256),
            entry("data", &setup.data, &setup.data_sha256),
        ];
        let noted = (manifest.iter()).flat_map(|m| m.inputs.iter().chain(&m.origins));
        for entry in noted.cloned().chain(own) {
            known.insert(entry.path.clone(), entry);
        }
        Moved {
            sources: Sources::new(folder, manifest.as_ref(), look_in),
            known,
        }
    }

    /// The experiment with its files where they are.
    ///
    /// # Errors
    /// The first file that is not there, or not as it was.
    pub(super) fn experiment(&self, experiment: &Experiment) -> Result<Experiment, MissingSource> {
        let mut moved = experiment.clone();
        // Labels that lay beside the data need not lie beside them now.
        let labels = self.known.values().find(|entry| entry.role == "labels");
        if let (Experiment::Converted(converted), Some(labels)) = (&mut moved, labels) {
            let stated = &mut converted.data.labels;
            stated.get_or_insert_with(|| PathBuf::from(&labels.path));
        }
        let mut paths = moved.paths_mut();
        let wanted: Vec<InputEntry> = paths.iter().map(|path| self.entry(path)).collect();
        for (path, found) in paths.iter_mut().zip(self.sources.find(&wanted)) {
            **path = found?;
        }
        Ok(moved)
    }

    fn entry(&self, path: &Path) -> InputEntry {
        let quoted = files::tidy(path).display().to_string();
        let unknown = || InputEntry {
            role: "file".to_owned(),
            path: quoted.clone(),
            sha256: String::new(),
        };
        self.known.get(&quoted).cloned().unwrap_or_else(unknown)
    }
}
