//! Telephones in the hands of a test.

use super::exchange::parts::{Behaviour, Channel, ChannelKey, Device, Phone, State};
use super::exchange::{Exchange, Who};
use super::shared::Shared;
use std::sync::Arc;
use std::time::Duration;

/// A telephone, or the far end of the outside line.
#[derive(Debug, Clone)]
pub struct PhoneHandle {
    shared: Arc<Shared>,
    number: Option<String>,
}

impl PhoneHandle {
    pub(super) fn new(shared: Arc<Shared>, number: Option<&str>) -> Self {
        Self { shared, number: number.map(str::to_owned) }
    }

    fn set(&self, change: impl FnOnce(&mut Phone)) -> &Self {
        self.shared.step(|exchange| match &self.number {
            Some(number) => {
                change(exchange.phones.entry(number.clone()).or_insert_with(|| Phone::new(number)));
            }
            None => change(&mut exchange.trunk),
        });
        self
    }

    // ---- what it does by itself ---------------------------------------------------------------------------------

    /// Is picked up after that time of ringing.
    pub fn answers_after(&self, wait: Duration) -> &Self {
        self.set(|phone| phone.behaviour = Behaviour::AnswersAfter(wait))
    }

    /// Rings until the time is up or the test picks it up. So is every phone in the beginning.
    pub fn rings_out(&self) -> &Self {
        self.set(|phone| phone.behaviour = Behaviour::RingsOut)
    }

    /// Is in use: 486.
    pub fn busy(&self) -> &Self {
        self.set(|phone| phone.behaviour = Behaviour::Busy)
    }

    /// Refuses: 603.
    pub fn rejects(&self) -> &Self {
        self.set(|phone| phone.behaviour = Behaviour::Rejects)
    }

    /// Is not registered.
    pub fn unavailable(&self) -> &Self {
        self.set(|phone| phone.behaviour = Behaviour::Unavailable)
    }

    /// Never says that it rings, and never answers.
    pub fn silent(&self) -> &Self {
        self.set(|phone| phone.behaviour = Behaviour::Silent)
    }

    /// Hangs up that long after it was picked up.
    pub fn hangs_up_after(&self, wait: Duration) -> &Self {
        self.set(|phone| phone.hangs_up_after = Some(wait))
    }

    // ---- what a person does with it now -------------------------------------------------------------------------

    /// Does something with the newest channel of this phone that fits. False if there is none.
    fn with_channel(
        &self,
        wanted: impl Fn(&Channel) -> bool,
        act: impl FnOnce(&mut Exchange, ChannelKey) -> bool,
    ) -> bool {
        self.shared.step(|exchange| {
            let key = match &self.number {
                Some(number) => exchange.phone_channel(number, wanted),
                None => exchange.trunk_channel(wanted),
            };
            key.is_some_and(|key| act(exchange, key))
        })
    }

    /// Picks up the phone that rings. False if it does not ring.
    pub fn answer(&self) -> bool {
        self.with_channel(
            |channel| channel.state == State::Ringing,
            |exchange, key| {
                exchange.answer_leg(key);
                true
            },
        )
    }

    /// Refuses the call that rings: busy.
    pub fn refuse_busy(&self) -> bool {
        self.refuse(Behaviour::Busy)
    }

    /// Refuses the call that rings: the person pressed "reject".
    pub fn reject(&self) -> bool {
        self.refuse(Behaviour::Rejects)
    }

    fn refuse(&self, how: Behaviour) -> bool {
        self.with_channel(
            |channel| channel.state == State::Ringing,
            |exchange, key| {
                exchange.refuse_leg(key, how);
                true
            },
        )
    }

    /// Dials a number. False if the dial plan does not know it or the phone does not exist.
    pub fn dial(&self, number: &str) -> bool {
        let Some(own) = &self.number else { return false };
        self.shared.step(|exchange| exchange.call_from(own, number)).is_some()
    }

    /// Hangs up.
    pub fn hang_up(&self) -> bool {
        self.with_channel(
            |_| true,
            |exchange, key| {
                exchange.hang_up(key, Who::Party);
                true
            },
        )
    }

    /// Puts the other on hold with the key of the phone.
    pub fn hold(&self) -> bool {
        self.set_hold(true)
    }

    /// Takes the other back.
    pub fn unhold(&self) -> bool {
        self.set_hold(false)
    }

    fn set_hold(&self, on: bool) -> bool {
        self.with_channel(
            |channel| channel.state == State::Up,
            |exchange, key| {
                exchange.set_hold(key, on);
                true
            },
        )
    }

    /// Gives the call away without asking.
    pub fn transfer_blind(&self, to: &str) -> bool {
        self.with_channel(
            |channel| channel.state == State::Up,
            |exchange, key| exchange.blind_transfer(key, to, "from-internal"),
        )
    }

    /// Asks another first; hanging up then gives the call away.
    pub fn consult(&self, to: &str) -> bool {
        self.with_channel(
            |channel| channel.state == State::Up,
            |exchange, key| exchange.attended_transfer(key, to, "from-internal"),
        )
    }

    /// Takes the call that rings at another phone. False if none rings.
    pub fn pick_up(&self) -> bool {
        let Some(own) = &self.number else { return false };
        self.shared.step(|exchange| {
            let rings = |channel: &Channel| {
                channel.state == State::Ringing && matches!(&channel.device, Device::Phone(number) if number != own)
            };
            let target = exchange.channels.iter().rev().find(|(_, channel)| rings(channel)).map(|(key, _)| *key);
            target.is_some_and(|target| exchange.pick_up(own, target))
        })
    }

    /// Connects the two calls that this phone has, and takes its leave. False if there are not two.
    pub fn transfer_to_second_call(&self) -> bool {
        let Some(own) = &self.number else { return false };
        self.shared.step(|exchange| exchange.refer_with_replaces(own))
    }

    /// Parks the call; gives the slot.
    pub fn park(&self) -> Option<String> {
        let mut slot = None;
        self.with_channel(
            |channel| channel.state == State::Up,
            |exchange, key| {
                slot = exchange.peer(key).map(|peer| exchange.park(peer));
                true
            },
        );
        slot
    }

    /// Takes a parked call from its slot.
    pub fn retrieve(&self, slot: &str) -> bool {
        let Some(own) = &self.number else { return false };
        self.shared.step(|exchange| exchange.retrieve(own, slot))
    }

    /// Pauses this phone in the queue, or lets it go on, as a supervisor would.
    pub fn pause(&self, paused: bool, reason: &str) -> bool {
        let Some(own) = &self.number else { return false };
        self.shared.step(|exchange| {
            let interface = format!("{}/{own}", exchange.version.technology());
            exchange.pause_member(&interface, paused, reason)
        })
    }

    /// The name of its newest channel: `PJSIP/6001-00000001`.
    pub fn channel(&self) -> Option<String> {
        let mut name = None;
        self.with_channel(
            |_| true,
            |exchange, key| {
                name = exchange.channels.get(&key).map(|channel| channel.name.clone());
                true
            },
        );
        name
    }

    /// True if it rings.
    pub fn is_ringing(&self) -> bool {
        self.has(|channel| channel.state == State::Ringing)
    }

    /// True if it is in a talk.
    pub fn is_talking(&self) -> bool {
        self.has(|channel| channel.state == State::Up && channel.bridge.is_some())
    }

    fn has(&self, wanted: impl Fn(&Channel) -> bool) -> bool {
        let device = self.number.clone().map_or(Device::Trunk, Device::Phone);
        super::lock(&self.shared.exchange).channels.values().any(|channel| channel.device == device && wanted(channel))
    }
}
