//! Recorded calls: the bytes that an AMI client received from a real Asterisk.

/// A recorded session.
///
/// ```
/// let bytes = b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nMessage: Authentication accepted\r\n\r\nEvent: Hangup\r\nCause: 16\r\n\r\n";
/// let trace = cti_testkit::trace::Trace::new(bytes);
/// assert_eq!(trace.banner(), Some("Asterisk Call Manager/11.0.0".into()));
/// let packets = trace.packets();
/// assert_eq!(packets[1].event(), Some("Hangup"));
/// assert_eq!(packets[1].get("Cause"), Some("16"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    bytes: &'a [u8],
}

/// One packet of a recorded session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracePacket {
    headers: Vec<(String, String)>,
}

impl TracePacket {
    /// Reads the lines of a packet; what is not UTF-8 is replaced.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let headers = text.lines().filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            Some((key.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()))
        });
        Self { headers: headers.collect() }
    }

    /// The first value of a header.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// The name of the event, if this is one: the first header decides.
    pub fn event(&self) -> Option<&str> {
        self.first_if("Event")
    }

    /// What the response says, if this is one.
    pub fn response(&self) -> Option<&str> {
        self.first_if("Response")
    }

    fn first_if(&self, wanted: &str) -> Option<&str> {
        self.headers.first().filter(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    }

    /// Every header, in order.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
}

impl<'a> Trace<'a> {
    /// Takes the bytes as they were received.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The first line, if it greets.
    pub fn banner(&self) -> Option<String> {
        let (line, _) = self.split_banner();
        line.map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
    }

    fn split_banner(&self) -> (Option<&'a [u8]>, &'a [u8]) {
        let end = self.bytes.iter().position(|&byte| byte == b'\n').map_or(self.bytes.len(), |at| at + 1);
        let (line, rest) = self.bytes.split_at(end);
        if line.starts_with(b"Asterisk Call Manager/") { (Some(line), rest) } else { (None, self.bytes) }
    }

    /// Every packet, without the greeting.
    pub fn packets(&self) -> Vec<TracePacket> {
        let mut rest = self.split_banner().1;
        let mut packets = Vec::new();
        while !rest.is_empty() {
            let (packet, after) = split_packet(rest);
            let packet = TracePacket::parse(packet);
            if !packet.headers.is_empty() {
                packets.push(packet);
            }
            rest = after;
        }
        packets
    }

    /// The bytes after the answer to the login, without the goodbye at the end.
    pub fn after_login(&self) -> &'a [u8] {
        let mut rest = self.split_banner().1;
        if TracePacket::parse(split_packet(rest).0).response().is_some() {
            rest = split_packet(rest).1;
        }
        let goodbye = b"Response: Goodbye";
        let end = rest.windows(goodbye.len()).rposition(|window| window == goodbye).unwrap_or(rest.len());
        &rest[..end]
    }
}

/// Splits at the first empty line.
fn split_packet(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = b"\r\n\r\n";
    match bytes.windows(end.len()).position(|window| window == end) {
        Some(at) => (&bytes[..at + 2], &bytes[at + end.len()..]),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_and_the_goodbye_are_no_events() {
        let bytes =
            b"Asterisk Call Manager/5.0.4\r\nResponse: Success\r\n\r\nEvent: A\r\n\r\nResponse: Goodbye\r\n\r\n";
        assert_eq!(Trace::new(bytes).after_login(), b"Event: A\r\n\r\n");
        assert_eq!(Trace::new(b"").after_login(), b"");
    }
}
