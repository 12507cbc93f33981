//! The dial plan: the one of the laboratory in which the traces were recorded.

use super::parts::{ChannelKey, Device, Id, State, Target};
use super::{Exchange, NewChannel, OWN_NUMBER, QUEUE, ROOM};
use std::time::Duration;

/// What a number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Direct,
    Group,
    Queue,
    LocalGroup,
    Recorded,
    Internal,
    FromQueue,
    Outside,
    Conference,
}

fn entry(context: &str, exten: &str) -> Option<Entry> {
    let internal = exten.len() == 4 && exten.starts_with("600");
    match context {
        "from-trunk" => match exten.get(exten.len().saturating_sub(4)..)? {
            "5000" => Some(Entry::Direct),
            "5001" => Some(Entry::Group),
            "5002" => Some(Entry::Queue),
            "5004" => Some(Entry::LocalGroup),
            "5005" => Some(Entry::Recorded),
            "5006" => Some(Entry::Conference),
            _ => None,
        },
        "from-internal" if internal => Some(Entry::Internal),
        "from-internal" if exten == ROOM => Some(Entry::Conference),
        "from-internal" if exten.starts_with('9') && exten.len() > 2 => Some(Entry::Outside),
        "from-queue" if internal => Some(Entry::FromQueue),
        _ => None,
    }
}

/// True if the dial plan knows that number in that context.
pub(crate) fn extension_exists(context: &str, exten: &str) -> bool {
    entry(context, exten).is_some()
}

impl Exchange {
    /// A call from outside. `None` if the PBX does not know the number: it refuses before a channel exists.
    pub(crate) fn call_in(&mut self, caller: Id, withheld: bool, dialed: &str) -> Option<ChannelKey> {
        entry("from-trunk", dialed)?;
        let name = self.pjsip_name("trunk");
        let new = NewChannel {
            name,
            caller,
            withheld,
            context: "from-trunk".to_owned(),
            exten: dialed.to_owned(),
            runs_plan: true,
            ..NewChannel::default()
        };
        let key = self.new_channel(Device::Trunk, State::Ring, new);
        self.set_var(key, "SIPDOMAIN", "127.0.0.1");
        self.run_plan(key);
        Some(key)
    }

    /// A telephone dials.
    pub(crate) fn call_from(&mut self, phone: &str, dialed: &str) -> Option<ChannelKey> {
        entry("from-internal", dialed)?;
        let caller = Id::new(phone, &self.phones.get(phone)?.name);
        let name = self.pjsip_name(phone);
        let new = NewChannel {
            name,
            caller,
            context: "from-internal".to_owned(),
            exten: dialed.to_owned(),
            runs_plan: true,
            ..NewChannel::default()
        };
        let key = self.new_channel(Device::Phone(phone.to_owned()), State::Ring, new);
        self.set_var(key, "SIPDOMAIN", "127.0.0.1");
        self.run_plan(key);
        Some(key)
    }

    /// Runs the dial plan of the channel from its extension on, up to the first application that waits.
    pub(super) fn run_plan(&mut self, key: ChannelKey) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.runs_plan = true;
        let (context, exten, unique) = (channel.context.clone(), channel.exten.clone(), channel.uniqueid.clone());
        let phone = |number: &str| Target::Phone(number.to_owned());
        match entry(&context, &exten) {
            Some(Entry::Direct) => {
                self.step(key, 1, "NoOp", "direct");
                self.step(key, 2, "Set", &format!("CDR(userfield)=rec-{unique}.wav"));
                self.dial(key, 3, vec![phone("6001")], 15, "");
            }
            Some(Entry::Group) => {
                self.step(key, 1, "NoOp", "ring group");
                self.dial(key, 2, vec![phone("6001"), phone("6002"), phone("6003")], 15, "");
            }
            Some(Entry::Queue) => {
                self.step(key, 1, "Answer", "");
                self.set_state(key, State::Up);
                self.step(key, 2, "Queue", &format!("{QUEUE},tT,,,20"));
                self.join_queue(key);
            }
            Some(Entry::LocalGroup) => {
                self.step(key, 1, "NoOp", "follow-me through Local, the FreePBX way");
                let local = |exten: &str| Target::Local { exten: exten.to_owned(), context: "from-queue".to_owned() };
                self.dial(key, 2, vec![local("6001"), local("6002")], 15, "");
            }
            Some(Entry::Recorded) => {
                self.step(key, 1, "Answer", "");
                self.set_state(key, State::Up);
                let file = format!("/tmp/rec-{unique}.wav");
                self.step(key, 2, "MixMonitor", &file);
                self.start_recording(key, &file);
                self.dial(key, 3, vec![phone("6001")], 15, ",tTkK");
            }
            Some(Entry::Internal) => self.dial(key, 1, vec![phone(&exten)], 15, ",tTkK"),
            Some(Entry::FromQueue) => self.dial(key, 1, vec![phone(&exten)], 12, ""),
            Some(Entry::Outside) => {
                self.step(key, 1, "NoOp", "outside line");
                self.step(key, 2, "Set", &format!("CALLERID(num)={OWN_NUMBER}"));
                let name = self.channels.get(&key).map(|channel| channel.caller.name.clone()).unwrap_or_default();
                self.set_caller(key, &Id::new(OWN_NUMBER, &name));
                self.dial(key, 3, vec![Target::Trunk(exten.split_at(1).1.to_owned())], 20, ",tT");
            }
            Some(Entry::Conference) => self.join_conference(key),
            None => self.end_plan(key, 3, None),
        }
    }

    pub(super) fn dial(&mut self, key: ChannelKey, priority: u32, targets: Vec<Target>, seconds: u64, options: &str) {
        let all: Vec<String> = targets.iter().map(Target::dialed).collect();
        let data = format!("{},{seconds}{options}", all.join("&"));
        self.step_unless_moved(key, priority, &data);
        let wait = self.ring_time.unwrap_or(Duration::from_secs(seconds));
        self.start_dial(key, targets, wait, data);
    }

    /// `Newexten` of `Dial`. A channel that a blind transfer put there has told it already, with the data of the dial
    /// before: so the recorded Asterisks do.
    fn step_unless_moved(&mut self, key: ChannelKey, priority: u32, data: &str) {
        let moved = self.channels.get_mut(&key).and_then(|channel| channel.variables.remove("simulator:moved"));
        if moved.is_some() {
            if let Some(channel) = self.channels.get_mut(&key) {
                channel.priority = priority;
                data.clone_into(&mut channel.data);
            }
        } else {
            self.step(key, priority, "Dial", data);
        }
    }

    /// `MixMonitor` begins.
    pub(crate) fn start_recording(&mut self, key: ChannelKey, file: &str) {
        self.set_var(key, "MIXMONITOR_FILENAME", file);
        self.tell("MixMonitorStart", key);
    }
}
