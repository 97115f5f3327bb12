//! Which files a path means, and how their bytes are read.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use millstream_types::{Error, Result};

/// Standard input or output.
pub const STANDARD: &str = "-";

/// The files that a path, folder or pattern means, sorted by name. Names that start with `.` or `_`
/// are hidden.
///
/// # Errors
/// When there is none, or a folder cannot be read.
pub fn list(path: &str, pattern: Option<&str>) -> Result<Vec<PathBuf>> {
    let files = list_any(path, pattern)?;
    if files.is_empty() {
        return Err(Error::options(
            format!("'{path}' has no files to read"),
            "names that start with . or _ are hidden",
        ));
    }
    Ok(files)
}

/// As [`list`], of a folder that may be empty.
///
/// # Errors
/// When there is no such folder, or it cannot be read.
pub fn list_any(path: &str, pattern: Option<&str>) -> Result<Vec<PathBuf>> {
    let pattern = match pattern {
        Some(text) => Some(fancy_regex::Regex::new(text).map_err(|error| {
            Error::options(
                format!("'source.path.regex-pattern' is no regular expression: {error}"),
                "it must match the whole path of a file",
            )
        })?),
        None => None,
    };
    let mut files = Vec::new();
    let plain = Path::new(path.strip_prefix("file://").unwrap_or(path));
    if plain.exists() {
        walk(plain, true, &mut Vec::new(), &mut files)?;
    } else if path.contains(['*', '?', '[']) {
        let found = glob::glob(path).map_err(|error| {
            Error::options(
                format!("'{path}' is no pattern: {error}"),
                "* stands for any text in a name",
            )
        })?;
        for entry in found {
            let entry = entry.map_err(|error| {
                let path = error.path().to_path_buf();
                Error::io("cannot read", path, error.into())
            })?;
            walk(&entry, false, &mut Vec::new(), &mut files)?;
        }
    } else {
        return Err(Error::io(
            "cannot open",
            plain,
            std::io::Error::other("no such file or folder"),
        ));
    }
    if let Some(pattern) = pattern {
        files.retain(|file| {
            let text = file.to_string_lossy();
            pattern.find(&text).is_ok_and(|found| found.is_some_and(|found| found.as_str() == text))
        });
    }
    files.sort();
    Ok(files)
}

/// Adds the files below a path. `above` are the folders that it is in, without links: what links to one of
/// them has nothing that is not read already.
fn walk(
    path: &Path,
    named: bool,
    above: &mut Vec<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let hidden = name.is_some_and(|name| name.starts_with(['.', '_']));
    if hidden && !named {
        return Ok(());
    }
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let failed = |error| Error::io("cannot read", path, error);
    let real = std::fs::canonicalize(path).map_err(failed)?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        walk(&entry.map_err(failed)?.path(), false, above, files)?;
    }
    above.pop();
    Ok(())
}

/// Opens a file for reading, through its decompressor where its name ends in `.gz` or `.zst`.
///
/// # Errors
/// When it cannot be opened.
pub fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    let failed = |error| Error::io("cannot open", path, error);
    let file = File::open(path).map_err(failed)?;
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        Some("zst") => Box::new(zstd::Decoder::new(file).map_err(failed)?),
        _ => Box::new(file),
    })
}

/// Whether a file has to be unpacked to be read.
pub fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz" || extension == "zst")
}

/// The format that a file's name ends in, with or without a compression behind it.
pub fn format_of(path: &str) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").or_else(|| lower.strip_suffix(".zst")).unwrap_or(&lower);
    match plain.rsplit('.').next()? {
        "json" | "jsonl" | "ndjson" => Some("json"),
        "csv" => Some("csv"),
        "parquet" | "pq" => Some("parquet"),
        _ => None,
    }
}

/// The first bytes of a file, up to its last whole line.
///
/// # Errors
/// When it cannot be read.
pub fn sample(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut reader = open(path)?.take(most as u64);
    reader.read_to_end(&mut bytes).map_err(|error| Error::io("cannot read", path, error))?;
    if bytes.len() == most {
        let end = memchr::memrchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
        bytes.truncate(end);
    }
    Ok(bytes)
}
