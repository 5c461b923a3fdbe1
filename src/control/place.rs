//! Where commands may write: a plain file name, in the folder that the caller named or below it.

use std::path::{Component, Path, PathBuf};

/// The folder for files of a `.control` block, if there is one.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The folder.
    pub folder: Option<PathBuf>,
    /// Files that must stay as they are: the netlist and what it includes.
    pub keep: Vec<PathBuf>,
}

impl Place {
    /// The path of the file that a command names.
    ///
    /// # Errors
    /// In words, if it lies elsewhere.
    pub fn file(&self, name: &str) -> Result<PathBuf, String> {
        let Some(folder) = &self.folder else {
            return Err(format!("'{name}' is not written: no folder for results was named; give one with -o"));
        };
        let given = Path::new(name);
        let plain = |c: Component<'_>| match c {
            Component::Normal(part) => !part.to_string_lossy().starts_with('.'),
            Component::CurDir => true,
            _ => false,
        };
        let refuse = || Err(format!("'{name}' is not written: a netlist writes only to the folder of its results"));
        if name.is_empty() || !given.components().all(plain) {
            return refuse();
        }
        let path = folder.join(given);
        let parent = path.parent().unwrap_or(folder);
        let (Ok(parent), Ok(root)) = (parent.canonicalize(), folder.canonicalize()) else {
            return Err(format!("'{name}' is not written: its folder is not there"));
        };
        let is_link = path.symlink_metadata().is_ok_and(|m| m.file_type().is_symlink());
        if !parent.starts_with(&root) || is_link || path.is_dir() {
            return refuse();
        }
        let same = |other: &PathBuf| matches!((other.canonicalize(), path.canonicalize()), (Ok(a), Ok(b)) if a == b);
        if self.keep.iter().any(same) {
            return Err(format!("'{name}' is not written: it is part of the netlist"));
        }
        Ok(path)
    }
}
