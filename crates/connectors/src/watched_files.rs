//! [`WatchedFiles`]: the files of a folder, and those that appear there later, without end.
//!
//! All files are one split, in the order in which they are found: those found at once by their names. A
//! file is read when it is first seen, as it is then; what is written to it later is not.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use millstream_types::Result;

use crate::connector::{Attachment, Source, SourceEvent};
use crate::files::list_any;
use crate::http_inlet::Inlets;
use crate::socket::Line;

/// Opens files to be read one after the other.
pub type OpenFiles = Box<dyn Fn(Vec<PathBuf>) -> Result<Box<dyn Source>> + Send>;

/// The files of a folder, or of a pattern.
pub struct WatchedFiles {
    path: String,
    pattern: Option<String>,
    interval: Duration,
    open: OpenFiles,
    seen: HashSet<PathBuf>,
    reading: Option<Box<dyn Source>>,
    hold: Arc<Line>,
}

impl WatchedFiles {
    /// Looks for new files at every interval.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn new(
        path: &str,
        pattern: Option<&str>,
        interval: Duration,
        open: OpenFiles,
    ) -> Result<Self> {
        list_any(path, pattern)?;
        Ok(Self {
            path: path.to_owned(),
            pattern: pattern.map(str::to_owned),
            interval,
            open,
            seen: HashSet::new(),
            reading: None,
            hold: Arc::default(),
        })
    }
}

impl Source for WatchedFiles {
    fn split_names(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn is_bounded(&self) -> bool {
        false
    }

    fn attach(&mut self, _: &Arc<Inlets>, _observes: bool) -> Result<Option<Attachment>> {
        Ok(Some(Attachment::of_line(Arc::clone(&self.hold))))
    }

    fn next(&mut self) -> Result<Option<SourceEvent>> {
        loop {
            if let Some(reading) = &mut self.reading {
                match reading.next()? {
                    Some(SourceEvent::Rows { piece, .. }) => {
                        return Ok(Some(SourceEvent::Rows { split: 0, piece }));
                    }
                    Some(SourceEvent::EndOfSplit(_)) => continue,
                    None => self.reading = None,
                }
            }
            let mut files = list_any(&self.path, self.pattern.as_deref())?;
            // A link may come before what it leads to.
            files.retain(|file| !self.seen.contains(file) && file.exists());
            if files.is_empty() {
                self.hold.wait(self.interval)?;
                continue;
            }
            self.seen.extend(files.iter().cloned());
            self.reading = Some((self.open)(files)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};
    use millstream_formats::Format;

    use super::*;
    use crate::text_files::TextFiles;

    fn rows(source: &mut WatchedFiles) -> usize {
        let Some(SourceEvent::Rows { split: 0, piece }) = source.next().unwrap() else {
            panic!("no rows of the only split");
        };
        let mut rows = 0;
        let mut count = |decoded: millstream_formats::Decoded| {
            rows += decoded.rows.num_rows();
            Ok(())
        };
        piece.decode(&mut count).unwrap();
        rows
    }

    #[test]
    fn each_file_is_read_once_and_new_ones_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            std::fs::write(folder.path().join(".new"), text).unwrap();
            std::fs::rename(folder.path().join(".new"), folder.path().join(name)).unwrap();
        };
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let open = move |files| -> Result<Box<dyn Source>> {
            let decoder =
                Format::from_options("csv", &Default::default())?.decoder(&schema, &[0])?;
            Ok(Box::new(TextFiles::new(files, decoder.unwrap(), false)))
        };
        let path = folder.path().display().to_string();
        let interval = Duration::from_millis(1);
        let missing =
            WatchedFiles::new(&format!("{path}/x"), None, interval, Box::new(open.clone()));
        assert!(missing.is_err());
        let mut source = WatchedFiles::new(&path, None, interval, Box::new(open)).unwrap();
        let hold = source.attach(&Arc::default(), false).unwrap();
        put("b", "1\n2\n");
        assert_eq!(rows(&mut source), 2);
        put("a", "3\n");
        put("c", "");
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(folder.path().join(to), folder.path().join(name)).unwrap();
        };
        link("nothing", "dangling");
        link(".", "cycle");
        assert_eq!(rows(&mut source), 1);
        put("d", "4\n5\n6");
        assert_eq!(rows(&mut source), 3);
        // Whoever waits for more hears that nobody wants it.
        drop(hold);
        assert!(source.next().is_err());
    }
}
