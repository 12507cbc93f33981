//! Versions of Asterisk.

/// The version of Asterisk that is played.
///
/// Up to 11 the telephones are those of `chan_sip` (`SIP/6001`), from 16 on those of `chan_pjsip` (`PJSIP/6001`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Asterisk 1.4, AMI 1.0.
    V1_4,
    /// Asterisk 1.8, AMI 1.1.
    V1_8,
    /// Asterisk 11, AMI 1.3.
    V11,
    /// Asterisk 16, AMI 5.0.4.
    V16,
    /// Asterisk 22, AMI 11.0.0.
    V22,
}

impl Version {
    /// True before Asterisk 12: the vocabulary of `Link`, `Bridge`, `Dial` and `Masquerade`.
    pub fn is_old(self) -> bool {
        self <= Self::V11
    }

    /// The number in the banner.
    pub fn ami(self) -> &'static str {
        match self {
            Self::V1_4 => "1.0",
            Self::V1_8 => "1.1",
            Self::V11 => "1.3",
            Self::V16 => "5.0.4",
            Self::V22 => "11.0.0",
        }
    }

    /// The number of Asterisk itself.
    pub fn asterisk(self) -> &'static str {
        match self {
            Self::V1_4 => "1.4.21",
            Self::V1_8 => "1.8.32",
            Self::V11 => "11.25.3",
            Self::V16 => "16.28.0",
            Self::V22 => "22.10.1",
        }
    }

    /// The technology of the telephones' channels.
    pub fn technology(self) -> &'static str {
        if self.is_old() { "SIP" } else { "PJSIP" }
    }
}
