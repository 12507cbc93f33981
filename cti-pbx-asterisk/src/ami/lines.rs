//! Where the lines of a message begin and end, and where their keys end: the one rule, once for a whole message and
//! once for a message that is still coming.

use wide::u8x16;

/// What ends the lines of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// CR LF, as Asterisk writes it.
    CrLf,
    /// LF alone, as some proxies do.
    Lf,
}

/// Where a line ends, and where the next one starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) end: usize,
    pub(super) next: usize,
    pub(super) ending: Ending,
}

/// Finds the end of the line that begins at `start`; nothing before `from` needs a look. In a packet of CRLF lines a
/// bare LF ends none.
pub(super) fn next_line(raw: &[u8], start: usize, from: usize, ending: Option<Ending>) -> Option<Line> {
    let mut from = from;
    loop {
        let feed = from + memchr::memchr(b'\n', &raw[from..])?;
        match ending_at(raw, start, feed) {
            Ending::CrLf => return Some(Line { end: feed - 1, next: feed + 1, ending: Ending::CrLf }),
            Ending::Lf if ending == Some(Ending::CrLf) => from = feed + 1,
            Ending::Lf => return Some(Line { end: feed, next: feed + 1, ending: Ending::Lf }),
        }
    }
}

fn ending_at(raw: &[u8], start: usize, feed: usize) -> Ending {
    if feed > start && raw[feed - 1] == b'\r' { Ending::CrLf } else { Ending::Lf }
}

/// Key and value of a line that has a colon. One blank after it is dropped.
pub(super) fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let value = &line[colon + 1..];
    Some((&line[..colon], value.strip_prefix(b" ").unwrap_or(value)))
}

/// The longest message whose lines can be told: positions are kept in 32 bits, since an index of them may be kept.
pub(super) const MAX_MESSAGE: usize = u32::MAX as usize;
const NO_COLON: u32 = u32::MAX;

/// One line of a message, by positions. Without a colon the key is empty and all is value.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderAt {
    start: u32,
    colon: u32,
    end: u32,
}

impl HeaderAt {
    /// The key, and the value without the one blank before it.
    pub(super) fn split(self, raw: &[u8]) -> (&[u8], &[u8]) {
        let (start, colon, end) = (self.start as usize, self.colon as usize, self.end as usize);
        if self.colon == NO_COLON {
            return (&[], &raw[start..end]);
        }
        let value = &raw[colon + 1..end];
        (&raw[start..colon], value.strip_prefix(b" ").unwrap_or(value))
    }
}

/// The bytes that are looked at in one go.
const BLOCK: usize = 64;

/// The lines of a message that is there as a whole; empty ones are left out. The first line decides what ends a line.
#[derive(Debug, Clone)]
pub(super) struct HeaderLines<'a> {
    raw: &'a [u8],
    /// Where the block begins that `feeds` and `colons` tell of.
    block: usize,
    /// Where the next block begins.
    next_block: usize,
    /// Line feeds of the block that were not used yet, a bit each.
    feeds: u64,
    /// Colons of the block behind the last line feed that was used.
    colons: u64,
    start: usize,
    colon: u32,
    ending: Option<Ending>,
}

impl<'a> HeaderLines<'a> {
    /// `raw` has at most [`MAX_MESSAGE`] bytes.
    pub(super) fn new(raw: &'a [u8]) -> Self {
        Self { raw, block: 0, next_block: 0, feeds: 0, colons: 0, start: 0, colon: NO_COLON, ending: None }
    }

    /// Looks at the next block; false at the end.
    #[inline]
    fn look(&mut self) -> bool {
        self.note_colon(self.colons);
        let Some(rest) = self.raw.get(self.next_block..).filter(|rest| !rest.is_empty()) else { return false };
        self.block = self.next_block;
        self.next_block += BLOCK;
        (self.feeds, self.colons) = match rest.first_chunk::<BLOCK>() {
            Some(block) => marks(block),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                marks(&block)
            }
        };
        true
    }

    /// The first of these colons is the colon of the current line, if that has none yet.
    fn note_colon(&mut self, colons: u64) {
        if self.colon == NO_COLON && colons != 0 {
            self.colon = (self.block + colons.trailing_zeros() as usize) as u32;
        }
    }

    /// What came up to `end`, as a line.
    fn take(&mut self, end: usize, next: usize) -> HeaderAt {
        let colon = std::mem::replace(&mut self.colon, NO_COLON);
        let line = HeaderAt { start: self.start as u32, colon, end: end as u32 };
        self.start = next;
        line
    }
}

impl Iterator for HeaderLines<'_> {
    type Item = HeaderAt;

    #[inline]
    fn next(&mut self) -> Option<HeaderAt> {
        loop {
            while self.feeds != 0 {
                let bit = self.feeds.trailing_zeros();
                if self.colons.trailing_zeros() < bit {
                    self.note_colon(self.colons);
                    self.colons &= u64::MAX << bit;
                }
                self.feeds &= self.feeds - 1;
                let feed = self.block + bit as usize;
                let ending = ending_at(self.raw, self.start, feed);
                if ending == Ending::Lf && self.ending == Some(Ending::CrLf) {
                    continue; // it belongs to the value
                }
                let line = self.take(feed - usize::from(ending == Ending::CrLf), feed + 1);
                if line.end > line.start {
                    self.ending.get_or_insert(ending);
                    return Some(line);
                }
            }
            if !self.look() {
                let rest = self.take(self.raw.len(), self.raw.len());
                return (rest.end > rest.start).then_some(rest);
            }
        }
    }
}

/// Where the line feeds and the colons are, a bit each.
#[inline]
fn marks(block: &[u8; BLOCK]) -> (u64, u64) {
    let (mut feeds, mut colons) = (0, 0);
    let (parts, _) = block.as_chunks::<16>();
    for (place, part) in parts.iter().enumerate() {
        let part = u8x16::new(*part);
        feeds |= u64::from(part.simd_eq(u8x16::splat(b'\n')).to_bitmask()) << (16 * place);
        colons |= u64::from(part.simd_eq(u8x16::splat(b':')).to_bitmask()) << (16 * place);
    }
    (feeds, colons)
}
