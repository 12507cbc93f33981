//! The live channels of an old Asterisk.

use super::ending::Ended;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The `Uniqueid` that Asterisk gave the structure of a channel.
pub(super) type Native = Arc<str>;

/// The most channels that are kept; beyond that the oldest is forgotten.
const MAX: usize = 200_000;

/// `ChannelState`: it calls; it rings; it is connected.
pub(super) const RING: i64 = 4;
pub(super) const RINGING: i64 = 5;
pub(super) const UP: i64 = 6;

/// The telephone, line or Local half: what moves in a masquerade.
#[derive(Default)]
pub(super) struct Device {
    /// The unique id under which the model knows it: the one it was born with.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) state: i64,
    pub(super) number: String,
    pub(super) caller_name: String,
    /// An empty channel of a masquerade, of which nothing is told.
    pub(super) shell: bool,
    /// Since when it is kept back.
    pub(super) unborn: Option<DateTime<Utc>>,
    /// The number and name that it showed then.
    pub(super) born_as: (String, String),
    /// What waits for its birth: event and headers.
    pub(super) waiting: Vec<Waiting>,
    /// Its birth was seen.
    pub(super) seen_born: bool,
    /// It was in the state of one that calls.
    pub(super) calls: bool,
    /// Who dialled it, and for whom in the end.
    pub(super) dialer: Option<Native>,
    pub(super) root: Option<Native>,
    /// The queue said that it rang in vain.
    pub(super) rang_in_vain: bool,
    /// How the dial to it ended, as far as it was told.
    pub(super) ended: Ended,
    /// It holds, and whether that is only concluded from music or from what it does.
    pub(super) holds: Option<Sign>,
}

/// What is told of a channel once it is born.
pub(super) struct Waiting {
    pub(super) at: DateTime<Utc>,
    pub(super) event: &'static str,
    pub(super) headers: Vec<(String, String)>,
}

/// From what a hold is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The PBX said so.
    Told,
    /// The other side hears music.
    Music,
    /// It asks somebody else.
    Consults,
}

/// The structure: its place in the dial plan, in a talk, in a queue.
#[derive(Default)]
pub(super) struct Place {
    pub(super) context: String,
    pub(super) exten: String,
    pub(super) application: String,
    /// The data of its last `Dial`.
    pub(super) dials: String,
    pub(super) partner: Option<Native>,
    pub(super) bridge: u64,
    /// With whom it talked last.
    pub(super) talked_with: Option<Native>,
    /// Its talk was interrupted: what it does next tells why.
    pub(super) interrupted: bool,
    /// A transfer of it was told already.
    pub(super) announced: bool,
    /// Its party has hung up, as far as was told.
    pub(super) gone: bool,
    /// It was left alone in its last talk by one who asks somebody else.
    pub(super) waits: bool,
    pub(super) queue: Option<String>,
    pub(super) parked: bool,
    /// Who was called for it.
    pub(super) legs: Vec<Native>,
}

/// One channel.
#[derive(Default)]
pub(super) struct Channel {
    pub(super) device: Device,
    pub(super) place: Place,
    order: u64,
}

impl Channel {
    pub(super) fn new(uid: &str, name: &str) -> Self {
        let mut channel = Self::default();
        uid.clone_into(&mut channel.device.id);
        channel.device.name = local_name(name);
        channel
    }

    pub(super) fn is_local(&self) -> bool {
        self.device.name.starts_with("Local/")
    }
}

/// 1.4 ends the halves of a Local channel in `,1` and `,2`; today it is `;`.
pub(super) fn local_name(name: &str) -> String {
    match name.strip_prefix("Local/").and_then(|rest| rest.rsplit_once(',')) {
        Some((front, half)) => format!("Local/{front};{half}"),
        None => name.to_owned(),
    }
}

/// `SIP/6001-b7a0c8e8` → `SIP/6001`.
pub(super) fn device_of(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(front, _)| front)
}

/// All live channels, by unique id and by name.
#[derive(Default)]
pub(super) struct Table {
    by_id: HashMap<Native, Channel>,
    by_name: HashMap<String, Native>,
    order: BTreeMap<u64, Native>,
    count: u64,
}

impl Table {
    pub(super) fn get(&self, uid: &str) -> Option<&Channel> {
        self.by_id.get(uid)
    }

    pub(super) fn get_mut(&mut self, uid: &str) -> Option<&mut Channel> {
        self.by_id.get_mut(uid)
    }

    pub(super) fn uid(&self, uid: &str) -> Option<Native> {
        self.by_id.get_key_value(uid).map(|(uid, _)| uid.clone())
    }

    pub(super) fn named(&self, name: &str) -> Option<Native> {
        self.by_name.get(&local_name(name)).cloned()
    }

    pub(super) fn insert(&mut self, uid: &str, mut channel: Channel) -> Native {
        while self.by_id.len() >= MAX
            && let Some((_, oldest)) = self.order.first_key_value()
        {
            let oldest = oldest.clone();
            self.remove(&oldest);
        }
        self.remove(uid);
        let uid: Native = uid.into();
        self.count += 1;
        channel.order = self.count;
        self.order.insert(self.count, uid.clone());
        self.by_name.insert(channel.device.name.clone(), uid.clone());
        self.by_id.insert(uid.clone(), channel);
        uid
    }

    pub(super) fn rename(&mut self, uid: &Native, name: &str) {
        let Some(channel) = self.by_id.get_mut(uid) else { return };
        if self.by_name.get(&channel.device.name) == Some(uid) {
            self.by_name.remove(&channel.device.name);
        }
        channel.device.name = local_name(name);
        self.by_name.insert(channel.device.name.clone(), uid.clone());
    }

    pub(super) fn remove(&mut self, uid: &str) -> Option<Channel> {
        let (uid, channel) = self.by_id.remove_entry(uid)?;
        self.order.remove(&channel.order);
        if self.by_name.get(&channel.device.name) == Some(&uid) {
            self.by_name.remove(&channel.device.name);
        }
        if let Some(root) = channel.device.root.as_ref().and_then(|root| self.by_id.get_mut(root)) {
            root.place.legs.retain(|leg| *leg != uid);
        }
        Some(channel)
    }

    /// Puts the device of each into the place of the other, names included.
    pub(super) fn swap_devices(&mut self, one: &Native, other: &Native) {
        let Some(mut taken) = self.by_id.remove(one) else { return };
        if let Some(rest) = self.by_id.get_mut(other) {
            std::mem::swap(&mut taken.device, &mut rest.device);
            self.by_name.insert(rest.device.name.clone(), other.clone());
        }
        self.by_name.insert(taken.device.name.clone(), one.clone());
        self.by_id.insert(one.clone(), taken);
    }

    /// Newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = (&Native, &Channel)> {
        self.order.values().rev().filter_map(|uid| self.by_id.get_key_value(uid))
    }

    /// The other half of a Local channel.
    pub(super) fn other_half(&self, uid: &str) -> Option<Native> {
        let name = &self.get(uid)?.device.name;
        let other = match name.strip_prefix("Local/")?.rsplit_once(';')? {
            (front, "1") => format!("Local/{front};2"),
            (front, "2") => format!("Local/{front};1"),
            _ => return None,
        };
        self.named(&other)
    }
}
