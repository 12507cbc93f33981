//! A set of event names that is asked for every event.

use std::sync::Arc;

/// Names of events; case does not matter.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// By length, since most names differ in it.
    by_length: Arc<[Vec<Box<[u8]>>]>,
}

impl Names {
    pub(super) fn contains(&self, name: &[u8]) -> bool {
        let same_length = self.by_length.get(name.len());
        same_length.is_some_and(|names| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }
}

impl<T: AsRef<str>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut by_length: Vec<Vec<Box<[u8]>>> = Vec::new();
        for name in names {
            let name = name.as_ref().as_bytes();
            if by_length.len() <= name.len() {
                by_length.resize(name.len() + 1, Vec::new());
            }
            by_length[name.len()].push(name.into());
        }
        Self { by_length: by_length.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whatever_its_case_and_no_other() {
        let names: Names = ["Hangup", "Newchannel", "Hold"].into_iter().collect();
        assert!(names.contains(b"hangup") && names.contains(b"NEWCHANNEL") && names.contains(b"Hold"));
        for other in [&b""[..], b"Hang", b"Hangup ", b"Hangap", b"SomethingMuchLonger\xff"] {
            assert!(!names.contains(other));
        }
        assert!(!Names::default().contains(b"Hangup"));
    }
}
