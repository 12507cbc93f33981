//! Floors: what any client must at least do with the bytes.

use memchr::{memchr, memchr_iter, memmem};

/// Counts the ends of messages.
pub fn count_ends(bytes: &[u8]) -> u64 {
    memmem::Finder::new(b"\r\n\r\n").find_iter(bytes).count() as u64
}

/// Finds every line end and the first colon of each line; returns how many lines had one.
pub fn count_colons(bytes: &[u8]) -> u64 {
    let (mut start, mut colons) = (0, 0);
    for end in memchr_iter(b'\n', bytes) {
        colons += u64::from(memchr(b':', &bytes[start..end]).is_some());
        start = end + 1;
    }
    colons
}
