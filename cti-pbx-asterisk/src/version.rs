//! Which AMI speaks, as its greeting says, and what it cannot do.

use cti_core::pbx::PbxCapabilities;

/// The version of the manager interface: 1.0 is Asterisk 1.4, 1.1 is 1.6 and 1.8, 1.3 is 11, 2 is 12 and 13, 5 is 16, 11 is 22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AmiVersion(u32, u32);

impl AmiVersion {
    /// Asterisk 1.6: `Atxfer` (1.6.1), `Getvar` of `DEVICE_STATE`; 1.8: `MuteAudio`.
    const SIX: Self = Self(1, 1);
    /// Asterisk 11: `MixMonitor`.
    const ELEVEN: Self = Self(1, 3);
    /// Asterisk 12: `BlindTransfer`; `Park` with `TimeoutChannel`. `CancelAtxfer` came with 13.18.
    const TWELVE: Self = Self(2, 0);

    /// Reads `Asterisk Call Manager/5.0.4`; vendors write other words before the number.
    pub(crate) fn of_banner(banner: &str) -> Option<Self> {
        let (_, numbers) = banner.trim().rsplit_once('/')?;
        let mut numbers = numbers.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
        Some(Self(numbers.next()??, numbers.next().flatten().unwrap_or(0)))
    }

    /// The first two numbers.
    pub(crate) fn numbers(self) -> (u32, u32) {
        (self.0, self.1)
    }
}

/// What can be done over AMI of that version; of an unknown one, everything that any can. Picking up and holding cannot:
/// the telephone does that itself.
pub(crate) fn capabilities(version: Option<AmiVersion>) -> PbxCapabilities {
    let since = |first: AmiVersion| version.is_none_or(|version| version >= first);
    PbxCapabilities {
        inbound: true,
        outbound: true,
        internal: true,
        queues: true,
        hold_events: true,
        agent_events: true,
        resync: true,
        dial: true,
        answer: false,
        hang_up: true,
        hold: false,
        blind_transfer: true,
        attended_transfer: since(AmiVersion::SIX),
        cancel_transfer: since(AmiVersion::TWELVE),
        redirect: true,
        send_digits: true,
        set_agent_state: true,
        park: true,
        record: true,
        mute: since(AmiVersion::SIX),
        device_state: since(AmiVersion::SIX),
    }
}

/// Whether there is `BlindTransfer`, and `Park` as it is today.
pub(crate) fn is_modern(version: Option<AmiVersion>) -> bool {
    version.is_none_or(|version| version >= AmiVersion::TWELVE)
}

/// Whether there is the action `MixMonitor`; before it, `Monitor` records.
pub(crate) fn has_mix_monitor(version: Option<AmiVersion>) -> bool {
    version.is_none_or(|version| version >= AmiVersion::ELEVEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(banner: &str) -> Option<AmiVersion> {
        AmiVersion::of_banner(banner)
    }

    #[test]
    fn greetings() {
        assert_eq!(of("Asterisk Call Manager/1.0"), Some(AmiVersion(1, 0)));
        assert_eq!(of("Asterisk Call Manager/2.10.6"), Some(AmiVersion(2, 10)));
        assert_eq!(of("Something Else/11\r\n"), Some(AmiVersion(11, 0)));
        assert_eq!(of("Asterisk Call Manager"), None);
        assert_eq!(of("Asterisk Call Manager/x.y"), None);
    }

    #[test]
    fn what_a_version_lacks_is_no_capability() {
        let can = |banner| {
            let can = capabilities(of(banner));
            [can.attended_transfer, can.cancel_transfer, can.mute, can.device_state]
        };
        assert_eq!(can("Asterisk Call Manager/1.0"), [false; 4], "Asterisk 1.4");
        assert_eq!(can("Asterisk Call Manager/1.1"), [true, false, true, true], "Asterisk 1.8");
        assert_eq!(can("Asterisk Call Manager/11.0.0"), [true; 4], "Asterisk 22");
        assert_eq!(can(""), [true; 4], "nobody has said");
        assert!(!capabilities(None).answer && !capabilities(None).hold);
    }
}
