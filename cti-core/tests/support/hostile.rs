//! Hostile values: what has broken other products, and anything else.

/// Pieces that mean something to one receiver or another.
const PIECES: [&str; 64] = [
    "\"",
    "'",
    "`",
    "&",
    "&amp;",
    "&#39",
    "|",
    "=",
    ";",
    "?",
    "#",
    "/",
    "\\",
    "\\\"",
    "%",
    "%41",
    "%0d%0a",
    "%00",
    "%u0041",
    "\r\n",
    "\n",
    "\r\nX-Evil: 1\r\n\r\n",
    "\0",
    "../",
    "..",
    ".",
    "..\\",
    "-x",
    "--",
    "--config=/etc",
    "/s",
    "@evil",
    "://",
    "{APW}",
    "{{",
    "}}",
    "{",
    "}",
    "MD5(",
    "MD5({APW})",
    ")",
    "(",
    ",",
    "+",
    " ",
    "\t",
    "@",
    ":",
    "$(id)",
    "`id`",
    "%PATH%",
    "^&",
    "</p>",
    "<script>",
    "<!--",
    "-->",
    "]]>",
    "\u{feff}",
    "\u{202e}",
    "\u{2028}",
    "\u{7f}",
    "\u{85}",
    "\u{fffd}",
    "田中 😀",
];

/// How many values each target takes.
pub(crate) fn cases() -> u64 {
    number("CTI_CASES").unwrap_or(20_000)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// A source of hostile values.
pub(crate) struct Hostile(fastrand::Rng);

impl Hostile {
    /// Each stream gives other values.
    pub(crate) fn new(stream: u64) -> Self {
        Self(fastrand::Rng::with_seed(number("CTI_SEED").unwrap_or(0x5eed).wrapping_mul(1_000).wrapping_add(stream)))
    }

    /// The next value: pieces, ASCII, bytes read as Latin-1, any characters, and mixtures, mostly short.
    pub(crate) fn next(&mut self) -> String {
        let pieces = self.0.usize(0..6);
        let only_ascii = self.0.u8(0..3) == 0;
        (0..pieces).fold(String::new(), |mut value, _| {
            match self.0.u8(0..if only_ascii { 2 } else { 5 }) {
                0 => (0..self.0.usize(1..8)).for_each(|_| value.push(char::from(self.0.u8(b' '..=b'~')))),
                1 if only_ascii => value
                    .push_str(&PIECES[self.0.usize(..PIECES.len())].replace(|c: char| !(' '..='~').contains(&c), "")),
                1 | 2 => value.push_str(PIECES[self.0.usize(..PIECES.len())]),
                3 => (0..self.0.usize(1..4)).for_each(|_| value.push(char::from(self.0.u8(..)))),
                _ => (0..self.0.usize(1..4)).for_each(|_| value.push(self.0.char(..))),
            }
            value
        })
    }
}
