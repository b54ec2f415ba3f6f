//! Values that a model keeps in other files of its folder (ONNX's external data).

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::error::Problem;
use super::proto::TensorProto;

/// The files beside a model, none of which is outside its folder.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The model's folder; none for a model that is no file.
    folder: Option<PathBuf>,
    /// Lengths of the files that were read.
    lengths: RefCell<HashMap<PathBuf, u64>>,
}

impl Beside {
    /// The files beside the model in the file `model`.
    pub(super) fn of(model: &Path) -> Self {
        let folder = model.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self { folder: Some(folder.into()), ..Self::default() }
    }

    /// Bytes of all files that were read, each counted once.
    pub(super) fn bytes(&self) -> u64 {
        self.lengths.borrow().values().copied().fold(0, u64::saturating_add)
    }

    /// The `wanted` bytes of a tensor's values. Takes no memory before they are known to be there.
    pub(super) fn read(&self, tensor: &TensorProto, wanted: u64) -> Problem<Vec<u8>> {
        let Place { location, offset, length } = Place::of(tensor)?;
        if let Some(length) = length.filter(|length| *length != wanted) {
            return Err(format!(
                "takes {length} bytes of {location:?}, which does not fit dimensions {:?}: {wanted} bytes",
                tensor.dims
            ));
        }
        let path = self.path(location)?;
        let unreadable = |error: std::io::Error| format!("cannot read its values in {location:?}: {error}");
        let mut file = File::open(&path).map_err(unreadable)?;
        let len = file.metadata().map_err(unreadable)?.len();
        if offset.checked_add(wanted).is_none_or(|end| end > len) {
            return Err(format!(
                "its values are bytes {offset} to {} of {location:?}, which has {len}: the file is cut off or of \
                 another model",
                offset.saturating_add(wanted)
            ));
        }
        self.lengths.borrow_mut().insert(path, len);
        file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
        let mut bytes = vec![0; usize::try_from(wanted).map_err(|_| "is larger than memory")?];
        file.read_exact(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// The file that a model calls `location`, links resolved.
    pub(super) fn path(&self, location: &str) -> Problem<PathBuf> {
        let Some(folder) = &self.folder else {
            return Err(format!(
                "its values are in another file, {location:?}, which can only be found beside a model that is a file"
            ));
        };
        let leaves = || {
            format!(
                "its values are in {location:?}, outside the folder of the model: nothing is read there; put the file \
                 beside the model and save it again"
            )
        };
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if location.is_empty() || !Path::new(location).components().all(plain) {
            return Err(leaves());
        }
        let missing = |error: std::io::Error| {
            format!(
                "its values are in {location:?}, which cannot be read beside the model ({error}): keep the files of a \
                 model in one folder, under their own names"
            )
        };
        let home = folder.canonicalize().map_err(missing)?;
        let path = home.join(location).canonicalize().map_err(missing)?;
        if !path.starts_with(&home) {
            return Err(leaves());
        }
        match fs::metadata(&path).map_err(missing)?.is_file() {
            true => Ok(path),
            false => Err(format!("its values are in {location:?}, which is no file")),
        }
    }
}

/// Where the values of a tensor are.
struct Place<'tensor> {
    location: &'tensor str,
    offset: u64,
    /// Their bytes; as many as the tensor needs if nothing is said.
    length: Option<u64>,
}

impl<'tensor> Place<'tensor> {
    fn of(tensor: &'tensor TensorProto) -> Problem<Self> {
        let entry = |key: &str| {
            let mut values = tensor.external_data.iter().filter(|entry| entry.key == key);
            match (values.next(), values.next()) {
                (_, Some(_)) => Err(format!("says twice which {key} its values in another file have")),
                (entry, None) => Ok(entry.map(|entry| entry.value.as_str())),
            }
        };
        let number = |key: &str| {
            let parsed = entry(key)?.map(|text| {
                text.parse::<u64>().map_err(|_| {
                    format!("the {key} {text:?} of its values in another file is no number of bytes")
                })
            });
            parsed.transpose()
        };
        let location = entry("location")?
            .ok_or("its values are in another file, but the model does not say in which")?;
        Ok(Self { location, offset: number("offset")?.unwrap_or(0), length: number("length")? })
    }
}
