//! A folder of its own for a test.

use std::fs;
use std::path::PathBuf;

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    /// An empty folder; `name` tells apart the tests of one program.
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("neurospice-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
    /// Puts a file there.
    pub fn put(&self, name: &str, text: &str) -> &Self {
        fs::write(self.0.join(name), text).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
