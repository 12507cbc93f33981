//! From bytes to messages: incremental, bounded, and never confused for long.

use super::lines::{Ending, Line, next_line, split_line};
use super::message::Message;
use super::names::Names;
use bytes::{Buf, BytesMut};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Ends the output of `Action: Command` up to Asterisk 13, with or without a line of its own.
const END_COMMAND: &[u8] = b"--END COMMAND--";
/// The end of a packet of CRLF lines.
static EMPTY_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n\r\n"));
/// What is kept of a line that is being thrown away: enough to see how it ends.
const TAIL: usize = 64;

/// How much a server may send before it is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one line. Asterisk itself has no limit; `Newexten` and `VarSet` reach several KiB.
    pub line: usize,
    /// Headers of one message.
    pub headers: usize,
    /// Bytes of one message.
    pub message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 64 * 1024, headers: 4096, message: 1024 * 1024 }
    }
}

/// What the decoder found.
#[derive(Debug, Clone)]
pub enum Frame {
    /// The line with which the server greets; some proxies send none.
    Banner {
        /// The whole line.
        text: String,
        /// What stands after the last `/`: the version of AMI, not of Asterisk.
        version: String,
    },
    /// A response or an event (or something with neither as its first header).
    Message(Message),
    /// A message beyond the [`Limits`]. It was thrown away; the next one is read as if nothing had been.
    Oversized {
        /// How many bytes it had.
        bytes: usize,
    },
}

/// Cuts a stream of bytes into [`Frame`]s. The same bytes, cut at any place, give the same frames.
///
/// ```
/// use cti_pbx_asterisk::ami::{Decoder, Frame};
/// let mut decoder = Decoder::new();
/// decoder.push(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nMess");
/// assert!(matches!(decoder.next_frame(), Some(Frame::Banner { version, .. }) if version == "11.0.0"));
/// assert!(decoder.next_frame().is_none());
/// decoder.push(b"age: Authentication accepted\r\n\r\n");
/// let Some(Frame::Message(message)) = decoder.next_frame() else { unreachable!() };
/// assert_eq!(message.response().as_deref(), Some("Success"));
/// ```
///
/// The raw text after `Response: Follows` (Asterisk up to 13) becomes one `Output` header a line, as Asterisk 14 and
/// later send it themselves.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    limits: Limits,
    /// Where the current line begins.
    line_start: usize,
    /// Up to here there is no line end.
    scanned: usize,
    packet: Packet,
    greeted: bool,
    /// Up to here the current packet was searched for its end as a whole.
    searched: usize,
    /// Only these events are handed out.
    wanted: Option<Names>,
}

/// The state of the packet that is being read.
#[derive(Debug, Default)]
struct Packet {
    mode: Mode,
    ending: Option<Ending>,
    headers: usize,
    /// Where the raw output of a command begins.
    output_start: Option<usize>,
    /// Bytes that were thrown away.
    dropped: usize,
    /// The beginning of the current line was thrown away.
    mid_line: bool,
}

/// What a search for the end of a whole packet found.
enum Whole {
    Message(Message),
    /// An event that nobody wants was passed over.
    Unwanted,
    /// The end has not come yet.
    Unfinished,
    /// This packet must be read line by line.
    ByLine,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    Headers,
    /// After `Response: Follows`.
    Output,
    /// Beyond a limit: up to the empty line.
    Skip,
    /// Beyond a limit in the output of a command: up to its end marker.
    SkipOutput,
}

impl Decoder {
    /// A decoder with the default [`Limits`].
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder with other limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Hands out only events of these names, whatever their case. All others are passed over without a look at their
    /// headers. What is no event is always handed out.
    #[must_use]
    pub fn only_events<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.want(Some(names.into_iter().collect()));
        self
    }

    /// `None`: all events.
    pub(super) fn want(&mut self, names: Option<Names>) {
        self.wanted = names;
    }

    /// Where to put bytes that are read.
    pub(super) fn space(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Takes bytes as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that came and are not part of a complete frame yet.
    pub fn unfinished(&self) -> usize {
        self.buffer.len()
    }

    /// The next complete frame; `None` until more bytes come.
    pub fn next_frame(&mut self) -> Option<Frame> {
        loop {
            match self.whole_packet() {
                Whole::Message(message) => return Some(Frame::Message(message)),
                Whole::Unwanted => continue,
                Whole::Unfinished => return None,
                Whole::ByLine => {}
            }
            let ending = if self.packet.raw_text() { None } else { self.packet.ending };
            let Some(line) = next_line(&self.buffer, self.line_start, self.scanned, ending) else {
                self.scanned = self.buffer.len();
                if self.beyond_limits(self.buffer.len().saturating_sub(1), self.buffer.len()) {
                    self.start_skipping();
                    continue;
                }
                self.drop_partial();
                return None;
            };
            if self.beyond_limits(line.end, line.next) {
                self.start_skipping();
                continue;
            }
            if let Some(frame) = self.take_line(line) {
                return Some(frame);
            }
        }
    }

    /// Most packets are small and of CRLF lines: these end at the first empty line, and no limit can be touched, so that
    /// one search finds their end. All others are read line by line.
    fn whole_packet(&mut self) -> Whole {
        if self.line_start > 0 || self.packet.skipping() {
            return Whole::ByLine;
        }
        let feed = memchr::memchr(b'\n', &self.buffer[self.scanned..]).map(|at| self.scanned + at);
        let Some(feed) = feed.filter(|&feed| self.begins_whole(feed)) else { return Whole::ByLine };
        let from = self.searched.max(feed - 1);
        let end = EMPTY_LINE.find(&self.buffer[from..]).map(|at| from + at + 4);
        if end.unwrap_or(self.buffer.len()) > self.harmless() {
            return Whole::ByLine;
        }
        let Some(end) = end else {
            self.searched = self.buffer.len().saturating_sub(3);
            return Whole::Unfinished;
        };
        self.greeted = true;
        if !self.is_wanted(&self.buffer[..feed - 1]) {
            self.finish(end);
            return Whole::Unwanted;
        }
        let raw = self.buffer.split_to(end - 2).freeze();
        self.finish(2);
        Whole::Message(Message::parse(raw))
    }

    /// The first line ends with CR LF at `feed`, is a header, and not that of a command's raw output.
    fn begins_whole(&self, feed: usize) -> bool {
        let Some((b'\r', line)) = self.buffer[..feed].split_last() else { return false };
        line.starts_with(b"Event:")
            || memchr::memchr(b':', line).is_some() && !is_header(line, "Response", Some("Follows"))
    }

    /// A packet of so many bytes is within all limits: a line has at least three.
    fn harmless(&self) -> usize {
        self.limits.line.min(self.limits.message).min(self.limits.headers.saturating_mul(3))
    }

    fn is_wanted(&self, first_line: &[u8]) -> bool {
        let Some(names) = &self.wanted else { return true };
        match split_line(first_line) {
            Some((key, name)) if key.eq_ignore_ascii_case(b"Event") => names.contains(name),
            _ => true,
        }
    }

    /// `end` is where the text of the current line ends (at least), `next` where its line end ends.
    fn beyond_limits(&self, end: usize, next: usize) -> bool {
        let long_line = end.saturating_sub(self.line_start) > self.limits.line;
        let long_packet = next > self.limits.message || self.packet.headers > self.limits.headers;
        !self.packet.skipping() && (long_line || long_packet)
    }

    /// Throws away what came of this packet before the current line.
    fn start_skipping(&mut self) {
        self.packet.mode = if self.packet.raw_text() { Mode::SkipOutput } else { Mode::Skip };
        self.drop_front(self.line_start);
    }

    fn drop_front(&mut self, count: usize) {
        self.buffer.advance(count);
        self.packet.dropped += count;
        self.line_start = 0;
        self.scanned = 0;
    }

    fn drop_partial(&mut self) {
        if self.packet.skipping() && self.buffer.len() > TAIL {
            self.drop_front(self.buffer.len() - TAIL);
            self.scanned = self.buffer.len();
            self.packet.mid_line = true;
        }
    }

    fn take_line(&mut self, line: Line) -> Option<Frame> {
        let first = self.packet.headers == 0 && !self.packet.skipping();
        if first && line.end == self.line_start {
            self.finish(line.next); // stray empty lines: Asterisk up to 11 sends them after some parking events
            return None;
        }
        if first && self.is_banner(line) {
            return Some(self.banner(line));
        }
        self.greeted = true;
        self.packet.ending.get_or_insert(line.ending);
        match self.packet.mode {
            Mode::Headers => self.header_line(line),
            Mode::Output => self.output_line(line),
            Mode::Skip => self.skipped_line(line, line.end == 0 && !self.packet.mid_line),
            Mode::SkipOutput => self.skipped_line(line, self.buffer[..line.end].ends_with(END_COMMAND)),
        }
    }

    /// The first line of a connection, if it is no header; and Asterisk's own greeting wherever a packet may begin.
    fn is_banner(&self, line: Line) -> bool {
        let text = &self.buffer[self.line_start..line.end];
        !text.contains(&b':') && (!self.greeted || text.starts_with(b"Asterisk Call Manager"))
    }

    fn banner(&mut self, line: Line) -> Frame {
        let text = String::from_utf8_lossy(&self.buffer[self.line_start..line.end]).trim().to_owned();
        let version = text.rsplit_once('/').map_or("", |(_, version)| version).to_owned();
        self.greeted = true;
        self.finish(line.next);
        Frame::Banner { text, version }
    }

    fn header_line(&mut self, line: Line) -> Option<Frame> {
        if line.end == self.line_start {
            let mut raw = self.buffer.split_to(line.next);
            raw.truncate(self.line_start);
            self.finish(0);
            let first = next_line(&raw, 0, 0, None).map_or(0, |first| first.end);
            return self.is_wanted(&raw[..first]).then(|| Frame::Message(Message::parse(raw.freeze())));
        }
        if self.packet.headers == 0 && is_header(&self.buffer[..line.end], "Response", Some("Follows")) {
            self.packet.mode = Mode::Output;
        }
        self.packet.headers += 1;
        self.go_on(line.next);
        None
    }

    fn output_line(&mut self, line: Line) -> Option<Frame> {
        let text = &self.buffer[self.line_start..line.end];
        if self.packet.output_start.is_none() {
            if is_header(text, "Privilege", None) || is_header(text, "ActionID", None) {
                self.go_on(line.next);
                return None;
            }
            self.packet.output_start = Some(self.line_start);
        }
        if !text.ends_with(END_COMMAND) {
            self.go_on(line.next);
            return None;
        }
        let headers_end = self.packet.output_start.unwrap_or(self.line_start);
        let output = &self.buffer[headers_end..line.end - END_COMMAND.len()];
        let message = with_output(&self.buffer[..headers_end], output);
        self.finish(line.next);
        Some(Frame::Message(message))
    }

    fn skipped_line(&mut self, line: Line, is_last: bool) -> Option<Frame> {
        self.packet.mid_line = false;
        self.drop_front(line.next);
        let bytes = self.packet.dropped;
        is_last.then(|| {
            self.finish(0);
            Frame::Oversized { bytes }
        })
    }

    fn go_on(&mut self, next: usize) {
        self.line_start = next;
        self.scanned = next;
    }

    /// Ends the packet, and throws away `count` bytes that belonged to it.
    fn finish(&mut self, count: usize) {
        self.buffer.advance(count);
        self.packet = Packet::default();
        self.searched = 0;
        self.go_on(0);
    }
}

impl Packet {
    fn skipping(&self) -> bool {
        matches!(self.mode, Mode::Skip | Mode::SkipOutput)
    }

    fn raw_text(&self) -> bool {
        matches!(self.mode, Mode::Output | Mode::SkipOutput)
    }
}

fn is_header(line: &[u8], key: &str, value: Option<&str>) -> bool {
    let Some((found, rest)) = split_line(line) else { return false };
    found.eq_ignore_ascii_case(key.as_bytes())
        && value.is_none_or(|value| rest.trim_ascii().eq_ignore_ascii_case(value.as_bytes()))
}

/// The message that Asterisk 14 would have sent.
fn with_output(headers: &[u8], output: &[u8]) -> Message {
    let mut raw = BytesMut::with_capacity(headers.len() + 2 * output.len());
    for line in text_lines(headers) {
        raw.extend_from_slice(line);
        raw.extend_from_slice(b"\r\n");
    }
    for line in text_lines(output) {
        raw.extend_from_slice(b"Output: ");
        raw.extend_from_slice(line);
        raw.extend_from_slice(b"\r\n");
    }
    Message::parse(raw.freeze())
}

fn text_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let count = if text.is_empty() { 0 } else { usize::MAX };
    text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).take(count)
}
