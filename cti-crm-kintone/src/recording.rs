//! Recordings that kintone shall keep itself.

use cti_core::call::Recording;
use cti_core::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Longer recordings stay where they are; an hour of telephone sound is a tenth of it.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// What is done with a recording besides writing its name or address into `recording_urls`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordingFiles {
    folder: Option<PathBuf>,
}

/// A file to upload.
#[derive(Debug)]
pub(crate) struct Sound {
    pub(crate) name: String,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl RecordingFiles {
    /// Nothing: the name or address is enough.
    pub fn stay_where_they_are() -> Self {
        Self::default()
    }

    /// Files below this folder are uploaded into the field of `recording_file` (an attachment field). The names of
    /// files that the PBX tells are taken as paths below it.
    pub fn uploaded_from(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()) }
    }

    /// The sound of a recording, if it is a file that is to be uploaded.
    pub(crate) async fn read(&self, recording: &Recording) -> Result<Option<Sound>> {
        let (Some(folder), Recording::File(name)) = (&self.folder, recording) else { return Ok(None) };
        let (folder, name) = (folder.clone(), name.clone());
        let read = tokio::task::spawn_blocking(move || read_below(&folder, &name)).await;
        read.map_err(|failure| Error::new(ErrorKind::Unexpected, "reading a recording failed").caused_by(failure))?
            .map(Some)
    }
}

/// Reads a file below the folder; nothing in its name leads out of it.
fn read_below(folder: &Path, name: &str) -> Result<Sound> {
    let missing = |error| {
        // It may not be written or copied yet.
        Error::new(ErrorKind::Storage, "the file of the recording cannot be read").caused_by(error)
    };
    let folder = folder.canonicalize().map_err(missing)?;
    let name = Path::new(name);
    // What the PBX names from its own root is below the folder too, or is found by its last part.
    let inside = if name.starts_with(&folder) { name.to_owned() } else { folder.join(relative(name)) };
    let path = inside.canonicalize().map_err(missing)?;
    if !path.starts_with(&folder) {
        return Err(Error::new(ErrorKind::Rejected, "the recording is not in the folder of recordings"));
    }
    if path.metadata().map_err(missing)?.len() > MAX_FILE {
        return Err(Error::new(ErrorKind::Rejected, "the recording is too long to be uploaded"));
    }
    let bytes = std::fs::read(&path).map_err(missing)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Sound { content_type: content_type(&path), name, bytes })
}

fn relative(name: &Path) -> &Path {
    if name.is_absolute() { name.file_name().map_or(name, Path::new) } else { name }
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("wav") => "audio/wav",
        Some("mp3") => "audio/mpeg",
        Some("ogg" | "opus") => "audio/ogg",
        Some("m4a") => "audio/mp4",
        Some("gsm") => "audio/gsm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_files_below_the_folder_are_read() {
        let base = std::env::temp_dir().join(format!("cti-kintone-recordings-{}", std::process::id()));
        let folder = base.join("monitor");
        std::fs::create_dir_all(folder.join("2026")).unwrap();
        std::fs::write(base.join("secret"), "secret").unwrap();
        std::fs::write(folder.join("2026/a.wav"), "RIFF").unwrap();
        std::fs::write(folder.join("b.wav"), "RIFF2").unwrap();
        std::os::unix::fs::symlink(base.join("secret"), folder.join("link.wav")).unwrap();
        let files = RecordingFiles::uploaded_from(&folder);
        let read = async |name: &str| files.read(&Recording::File(name.to_owned())).await;
        let sound = read("2026/a.wav").await.unwrap().unwrap();
        assert_eq!(
            (sound.name.as_str(), sound.content_type, sound.bytes.as_slice()),
            ("a.wav", "audio/wav", b"RIFF".as_slice())
        );
        assert_eq!(read("/var/spool/asterisk/monitor/b.wav").await.unwrap().unwrap().bytes, b"RIFF2");
        assert_eq!(read("../secret").await.unwrap_err().kind(), ErrorKind::Rejected);
        assert_eq!(read("link.wav").await.unwrap_err().kind(), ErrorKind::Rejected);
        let late = read("later.wav").await.unwrap_err();
        assert!(late.is_temporary(), "it may come yet");
        let url = Recording::Url("https://pbx/a.wav".to_owned());
        assert!(files.read(&url).await.unwrap().is_none());
        assert!(RecordingFiles::stay_where_they_are().read(&Recording::File("b.wav".into())).await.unwrap().is_none());
        std::fs::remove_dir_all(base).unwrap();
    }
}
