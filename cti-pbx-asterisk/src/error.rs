//! What Asterisk says when it refuses, as an error of the family.

use crate::ami::Message;
use cti_core::{Error, ErrorKind, Status};

/// One row a known text: what Asterisk's `Message` contains (lower case), what it means, and what a person can do.
const KNOWN: &[(&str, ErrorKind, &str)] = &[
    (
        "authentication failed",
        ErrorKind::Unauthenticated,
        "check the user's section in manager.conf: its name, secret, permit and deny; then `manager reload`",
    ),
    ("authentication required", ErrorKind::Unauthenticated, "log in first"),
    ("permission denied", ErrorKind::PermissionDenied, "grant the class in manager.conf and reload"),
    ("access forbidden", ErrorKind::PermissionDenied, "Asterisk does not run this application for AMI users"),
    ("login already in use", ErrorKind::Conflict, "set allowmultiplelogin=yes or give each client its own user"),
    ("invalid/unknown command", ErrorKind::Unsupported, "this Asterisk is too old, or the module is not loaded"),
    ("missing action", ErrorKind::Protocol, "this is a fault of the client"),
    ("failed to parse message", ErrorKind::Protocol, "this is a fault of the client"),
    ("too many lines", ErrorKind::Protocol, "this is a fault of the client"),
    ("no such channel", ErrorKind::NotFound, "the call has ended meanwhile"),
    ("channel does not exist", ErrorKind::NotFound, "the call has ended meanwhile"),
    ("extension does not exist", ErrorKind::NotFound, "check the number and the context in the dial plan"),
    ("no such queue", ErrorKind::NotFound, "check the name of the queue in queues.conf"),
    ("interface not found", ErrorKind::NotFound, "the extension is no member of a queue"),
    ("not there", ErrorKind::NotFound, "the extension is no member of that queue"),
    ("already there", ErrorKind::Conflict, "the extension is a member of that queue already"),
    ("not found", ErrorKind::NotFound, "check the name"),
    ("shutting down", ErrorKind::Unreachable, "wait until Asterisk is back"),
    ("not specified", ErrorKind::Rejected, "a header is missing"),
    ("originate failed", ErrorKind::Rejected, "the telephone did not answer or cannot be reached"),
    ("not permitted", ErrorKind::Rejected, "Asterisk does not let this channel transfer"),
];

/// The error for a response that is `Error`.
pub(crate) fn refused(action: &str, response: &Message) -> Error {
    let said = printable(&response.get("Message").unwrap_or_default());
    let lower = said.to_lowercase();
    let known = KNOWN.iter().find(|(text, ..)| lower.contains(text));
    let (kind, cure) = known.map_or((ErrorKind::Rejected, ""), |&(_, kind, cure)| (kind, cure));
    let mut text = format!("Asterisk answered \"{said}\"");
    if !cure.is_empty() {
        text = format!("{text}: {cure}");
    }
    let mut error = Error::new(kind, text).with("action", action);
    if kind == ErrorKind::PermissionDenied {
        error = error.with("needs", format!("write = {}", needed_class(action)));
    }
    if lower.contains("login already in use") {
        error = error.status_is(Status::Temporary);
    }
    error
}

/// Which class of `write` in manager.conf allows an action; any one of them is enough since Asterisk 1.6.
pub(crate) fn needed_class(action: &str) -> &'static str {
    match action {
        "Originate" => "originate",
        "Hangup" | "Status" | "StopMixMonitor" | "MixMonitorMute" => "call or system",
        "Redirect" | "Atxfer" | "BlindTransfer" | "CancelAtxfer" | "Setvar" | "Park" | "PlayDTMF" => "call",
        "Getvar" => "call or reporting",
        "CoreShowChannels" | "CoreSettings" | "CoreStatus" => "reporting or system",
        "QueueAdd" | "QueueRemove" | "QueuePause" => "agent",
        "MixMonitor" | "MuteAudio" | "Monitor" | "StopMonitor" => "system",
        "Command" => "command",
        _ => "the class that `manager show command` names",
    }
}

/// Text of the other side, short and without control characters.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The link ended before the answer came.
pub(crate) fn link_lost(reason: &str, sent: bool) -> Error {
    if sent {
        Error::new(ErrorKind::Unreachable, format!("the link to Asterisk ended before the answer came: {reason}"))
            .status_is(Status::OutcomeUnknown)
    } else {
        Error::new(ErrorKind::Unreachable, format!("no link to Asterisk: {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn error(action: &str, said: &str) -> Error {
        refused(action, &Message::parse(Bytes::from(format!("Response: Error\r\nMessage: {said}\r\n"))))
    }

    #[test]
    fn every_known_text_has_its_kind() {
        let table = [
            ("Login", "Authentication failed", ErrorKind::Unauthenticated),
            ("Ping", "Authentication Required", ErrorKind::Unauthenticated),
            ("Originate", "Permission denied", ErrorKind::PermissionDenied),
            ("Originate", "Originate Access Forbidden: app or data blacklisted", ErrorKind::PermissionDenied),
            ("Login", "Login Already In Use", ErrorKind::Conflict),
            (
                "Nonsense",
                "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands.",
                ErrorKind::Unsupported,
            ),
            ("X", "Missing action in request", ErrorKind::Protocol),
            ("X", "Failed to parse message: line too long", ErrorKind::Protocol),
            ("X", "Too many lines in message or allocation failure", ErrorKind::Protocol),
            ("Hangup", "No such channel", ErrorKind::NotFound),
            ("Redirect", "Channel does not exist: x", ErrorKind::NotFound),
            ("Originate", "Extension does not exist.", ErrorKind::NotFound),
            ("QueueAdd", "Unable to add interface to queue: No such queue", ErrorKind::NotFound),
            ("QueuePause", "Interface not found", ErrorKind::NotFound),
            ("QueueRemove", "Unable to remove interface: Not there", ErrorKind::NotFound),
            ("QueueAdd", "Unable to add interface: Already there", ErrorKind::Conflict),
            ("DBGet", "Database entry not found", ErrorKind::NotFound),
            ("Ping", "Asterisk is shutting down", ErrorKind::Unreachable),
            ("Hangup", "No channel specified / Channel not specified", ErrorKind::Rejected),
            ("Originate", "Originate failed", ErrorKind::Rejected),
            ("BlindTransfer", "Transfer not permitted", ErrorKind::Rejected),
            ("Park", "Something nobody foresaw", ErrorKind::Rejected),
        ];
        for (action, said, kind) in table {
            assert_eq!(error(action, said).kind(), kind, "{said}");
        }
    }

    #[test]
    fn temporary_is_what_waiting_cures() {
        assert_eq!(error("Login", "Login Already In Use").status(), Status::Temporary);
        assert_eq!(error("Ping", "Asterisk is shutting down").status(), Status::Temporary);
        assert_eq!(error("Login", "Authentication failed").status(), Status::Permanent);
    }

    #[test]
    fn a_missing_right_is_named() {
        let text = error("Originate", "Permission denied").to_string();
        assert!(text.contains("needs=write = originate"), "{text}");
    }

    #[test]
    fn the_other_sides_words_are_cut_and_cleaned() {
        let text = error("X", &format!("a\u{7}b{}", "x".repeat(5000))).to_string();
        assert!(text.len() < 300 && !text.contains('\u{7}'), "{text}");
    }
}
