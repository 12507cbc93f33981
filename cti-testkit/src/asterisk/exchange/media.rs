//! Digits, recordings and variables that an AMI client asks for.

use super::Exchange;
use super::hangup::Who;
use super::parts::ChannelKey;

/// AMI `Hangup`.
pub(crate) fn hangup_by_ami(exchange: &mut Exchange, key: ChannelKey) {
    exchange.hang_up(key, Who::Ami);
}

impl Exchange {
    pub(crate) fn put_variable(&mut self, key: ChannelKey, variable: &str, value: &str) {
        self.set_var(key, variable, value);
    }

    pub(crate) fn tell_stop_recording(&mut self, key: ChannelKey) {
        self.tell("MixMonitorStop", key);
    }

    pub(crate) fn tell_mute(&mut self, key: ChannelKey, direction: &str, state: &str) {
        let packet = self.about("MixMonitorMute", "call", key).with("Direction", direction).with("State", state);
        self.emit(packet);
    }

    pub(crate) fn tell_digit_sent(&mut self, key: ChannelKey, digit: &str) {
        for event in ["DTMFBegin", "DTMFEnd"] {
            let mut packet = self.about(event, "dtmf", key).with("Digit", digit);
            if event == "DTMFEnd" {
                packet = packet.with("DurationMs", "100");
            }
            self.emit(packet.with("Direction", "Sent"));
        }
    }
}
