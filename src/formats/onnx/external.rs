//! Tensor data in files beside the model.

use rten_onnx::onnx::TensorProto;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// The folder that a model's data files must lie in; none for a model without a file.
pub(super) struct Folder(pub(super) Option<PathBuf>);

impl Folder {
    /// The bytes of a tensor stored outside the model.
    ///
    /// # Errors
    /// The end of a sentence that begins with the tensor.
    pub(super) fn read(&self, proto: &TensorProto) -> Result<Vec<u8>, String> {
        let entry = |wanted: &str| {
            proto
                .external_data
                .iter()
                .find(|entry| entry.key.as_deref() == Some(wanted))
                .and_then(|entry| entry.value.as_deref())
        };
        let number = |wanted: &str| -> Result<Option<u64>, String> {
            entry(wanted)
                .map(|text| text.parse())
                .transpose()
                .map_err(|_| format!("states a {wanted} that is no number"))
        };
        let location = entry("location").ok_or("names no file for its data")?;
        let path = self.inside(location)?;
        let failed = |error: std::io::Error| {
            format!("stores its data in \"{location}\": {error}; keep that file beside the model")
        };
        let mut file = File::open(&path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let offset = number("offset")?.unwrap_or(0);
        let rest = size.checked_sub(offset);
        let length = match (number("length")?, rest) {
            (Some(length), Some(rest)) if length <= rest => length,
            (None, Some(rest)) => rest,
            _ => {
                return Err(format!(
                    "reaches beyond the end of \"{location}\", which has {size} bytes; the file is cut short or from another export"
                ));
            }
        };
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// The path of `location`, which may not leave the folder, not even through a link.
    fn inside(&self, location: &str) -> Result<PathBuf, String> {
        let Some(folder) = &self.0 else {
            return Err(format!(
                "stores its data in \"{location}\"; load the model from its file"
            ));
        };
        let outside = || {
            format!(
                "stores its data in \"{location}\", outside the folder of the model; that is refused"
            )
        };
        let plain = Path::new(location)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain {
            return Err(outside());
        }
        let failed = |error: std::io::Error| {
            format!("stores its data in \"{location}\": {error}; keep that file beside the model")
        };
        let folder = folder.canonicalize().map_err(failed)?;
        let path = folder.join(location).canonicalize().map_err(failed)?;
        if path.starts_with(&folder) {
            Ok(path)
        } else {
            Err(outside())
        }
    }
}
