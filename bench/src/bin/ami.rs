//! AMI: ours, the floors and two other libraries on the same traffic in one run. `cargo xtask bench ami`
//!
//! `ami [--megabytes N] [--runs N] [contender …]` prints a Markdown table; every run is a process of its own.

use asterisk_rs_ami::{AmiClient, AmiCodec, AmiEvent};
use bytes::BytesMut;
use chrono::{DateTime, Utc};
use cti_bench::child::{self, Outcome};
use cti_bench::floor;
use cti_bench::replay::{self, LAST, Pace};
use cti_bench::table::{self, Row};
use cti_bench::traffic::Traffic;
use cti_pbx_asterisk::ami::{Client, Decoder, Frame, Incoming, Message, Options};
use cti_pbx_asterisk::model::{CallModel, Sides};
use futures_util::StreamExt;
use std::hint::black_box;
use std::time::{Duration, Instant};
use tokio_util::codec::Decoder as _;

/// As much as a client reads at once.
const CHUNK: usize = 64 * 1024;

type InMemory = fn(&mut Traffic, u64) -> Outcome;

enum How {
    InMemory(InMemory),
    /// Off a socket, to a subscriber that counts.
    OffSocket(fn(u16) -> Outcome),
    /// The same, of 2,000 events a second; the subscriber takes nothing for 5 s.
    Stalled(fn(u16) -> Outcome),
}

/// Name, title, what it is compared with, how it runs.
const CONTENDERS: &[(&str, &str, &str, How)] = &[
    ("floor-ends", "**floor**: message ends in memory (memmem)", "", How::InMemory(floor_ends)),
    ("floor-lines", "**floor**: every line end, first colon of each line (memchr)", "", How::InMemory(floor_lines)),
    ("ours-kinds", "**ours**: decode, kind of each event", "", How::InMemory(ours_kinds)),
    (
        "ours-fields",
        "**ours**: decode, every key and value as a slice",
        "floor-lines rs-parse",
        How::InMemory(ours_fields),
    ),
    ("rs-parse", "asterisk-rs-ami 0.8: frame to header list", "", How::InMemory(rs_parse)),
    ("ours-model", "**ours**: decode + call model", "", How::InMemory(ours_model)),
    ("floor-socket", "**floor**: off the socket, count message ends", "", How::OffSocket(floor_socket)),
    ("ours-client", "**ours**: client, all events", "rs-client manager-client", How::OffSocket(ours_client)),
    ("rs-client", "asterisk-rs-ami 0.8: client, ring of 1,024", "", How::OffSocket(rs_client)),
    ("manager-client", "asterisk-manager 2.1: client, ring of 1,024", "", How::OffSocket(manager_client)),
    ("ours-stalled", "**ours**: client, 2,000 events/s, subscriber stalls 5 s", "", How::Stalled(ours_stalled)),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut megabytes, mut runs, mut chosen) = (200, 3, Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let mut number = || rest.next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        match word.as_str() {
            "--child" => return run_child(rest.next().expect("a name"), rest.next().expect("a number")),
            "--megabytes" => megabytes = number(),
            "--runs" => runs = number(),
            name => chosen.push(name.to_owned()),
        }
    }
    compare(megabytes, runs, &chosen);
}

/// All contenders take turns, so that a busy moment of the machine hits all.
fn compare(megabytes: u64, runs: u64, chosen: &[String]) {
    let rounds = Traffic::recorded().rounds(megabytes);
    let contenders: Vec<_> = CONTENDERS
        .iter()
        .filter(|(name, ..)| chosen.is_empty() || chosen.iter().any(|wanted| wanted == name))
        .collect();
    let mut outcomes: Vec<Vec<Outcome>> = vec![Vec::new(); contenders.len()];
    for run in 0..runs {
        for ((name, _, _, how), outcomes) in contenders.iter().zip(&mut outcomes) {
            eprintln!("run {} of {runs}: {name}", run + 1);
            let number = match how {
                How::InMemory(_) => rounds,
                How::OffSocket(_) => replay::serve(Pace { rounds, events_a_second: None }).into(),
                How::Stalled(_) => replay::serve(Pace { rounds: 4, events_a_second: Some(2000) }).into(),
            };
            outcomes.push(child::run(&["--child".into(), (*name).into(), number.to_string()]));
        }
    }
    let medians: Vec<Outcome> = outcomes.iter().map(|runs| child::median(runs.clone())).collect();
    let speed_of = |wanted: &str| {
        contenders.iter().position(|(name, ..)| *name == wanted).map(|at| medians[at].megabytes_a_second())
    };
    let rows: Vec<Row> = contenders
        .iter()
        .zip(outcomes)
        .zip(&medians)
        .map(|(((_, title, against, _), runs), median)| {
            let ratios: Vec<String> = against
                .split_whitespace()
                .filter_map(|name| Some(format!("{:.2} × {name}", median.megabytes_a_second() / speed_of(name)?)))
                .collect();
            Row { title, ratio: ratios.join(", "), median: median.clone(), runs }
        })
        .collect();
    println!("{megabytes} MB a run, median of {runs} runs\n");
    table::print(&rows);
}

fn run_child(name: &str, number: &str) {
    let number: u64 = number.parse().expect("a number");
    let port = || u16::try_from(number).expect("a port");
    let (.., how) = CONTENDERS.iter().find(|(known, ..)| *known == name).expect("a contender");
    let mut outcome = match how {
        How::InMemory(run) => run(&mut Traffic::recorded(), number),
        How::OffSocket(run) | How::Stalled(run) => run(port()),
    };
    // Last, since it takes memory.
    let traffic = Traffic::recorded();
    outcome.bytes = (outcome.events + outcome.lost) * traffic.bytes.len() as u64 / traffic.events;
    outcome.print();
}

/// Times `work` on every round of the traffic; it returns how many events it saw.
fn timed(traffic: &mut Traffic, rounds: u64, mut work: impl FnMut(&[u8]) -> u64) -> Outcome {
    let (mut taken, mut events) = (Duration::ZERO, 0);
    for round in 0..rounds {
        traffic.rename(round);
        let begun = Instant::now();
        events += work(&traffic.bytes);
        taken += begun.elapsed();
    }
    let lost = (traffic.events * rounds).saturating_sub(events);
    Outcome::of_this_process(events, lost, taken)
}

fn floor_ends(traffic: &mut Traffic, rounds: u64) -> Outcome {
    timed(traffic, rounds, floor::count_ends)
}

fn floor_lines(traffic: &mut Traffic, rounds: u64) -> Outcome {
    let events = traffic.events;
    timed(traffic, rounds, |bytes| {
        black_box(floor::count_colons(bytes));
        events
    })
}

fn decode(traffic: &mut Traffic, rounds: u64, mut look: impl FnMut(&Message)) -> Outcome {
    let mut decoder = Decoder::new();
    timed(traffic, rounds, |bytes| {
        let mut events = 0;
        for chunk in bytes.chunks(CHUNK) {
            decoder.push(chunk);
            while let Some(frame) = decoder.next_frame() {
                if let Frame::Message(message) = frame {
                    look(&message);
                    events += 1;
                }
            }
        }
        events
    })
}

fn ours_kinds(traffic: &mut Traffic, rounds: u64) -> Outcome {
    decode(traffic, rounds, |message| {
        black_box(message.event());
    })
}

fn ours_fields(traffic: &mut Traffic, rounds: u64) -> Outcome {
    decode(traffic, rounds, |message| {
        for (key, value) in message.headers() {
            black_box((key, value));
        }
    })
}

fn rs_parse(traffic: &mut Traffic, rounds: u64) -> Outcome {
    let mut codec = AmiCodec::new();
    let mut buffer = BytesMut::from(&b"Asterisk Call Manager/11.0.0\r\n"[..]);
    timed(traffic, rounds, |bytes| {
        let mut events = 0;
        for chunk in bytes.chunks(CHUNK) {
            buffer.extend_from_slice(chunk);
            while let Some(message) = codec.decode(&mut buffer).expect("good traffic") {
                black_box(&message.headers);
                events += 1;
            }
        }
        events
    })
}

fn ours_model(traffic: &mut Traffic, rounds: u64) -> Outcome {
    let mut model = CallModel::new("main", Sides::default());
    let at: DateTime<Utc> = DateTime::from_timestamp(1_795_225_000, 0).expect("a time");
    let outcome = decode(traffic, rounds, |message| {
        black_box(model.handle(message, at));
    });
    eprintln!("{} calls open at the end", model.open_calls().len());
    outcome
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Time begins with the first event, and ends with the last.
struct Count {
    begun: Option<Instant>,
    events: u64,
    lost: u64,
}

impl Count {
    fn new() -> Self {
        Self { begun: None, events: 0, lost: 0 }
    }

    fn event(&mut self) {
        self.begun.get_or_insert_with(Instant::now);
        self.events += 1;
    }

    fn seen(self) -> Outcome {
        let taken = self.begun.map(|begun| begun.elapsed()).unwrap_or_default();
        Outcome::of_this_process(self.events, self.lost, taken)
    }
}

fn floor_socket(port: u16) -> Outcome {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("the replay");
    stream.write_all(b"Action: Login\r\nActionID: 1\r\n\r\n").expect("the replay");
    let finder = memchr::memmem::Finder::new(b"\r\n\r\n");
    let (mut buffer, mut kept) = (vec![0; 4 * CHUNK], 0);
    let mut count = Count::new();
    while let Ok(read @ 1..) = stream.read(&mut buffer[kept..]) {
        let filled = kept + read;
        for _ in finder.find_iter(&buffer[..filled]) {
            count.event();
        }
        let last = buffer[..filled].ends_with(format!("Event: {LAST}\r\nPrivilege: system,all\r\n\r\n").as_bytes());
        if last {
            break;
        }
        let keep = if buffer[..filled].ends_with(b"\r\n\r\n") { 0 } else { 3.min(filled) };
        buffer.copy_within(filled - keep..filled, 0);
        kept = keep;
    }
    count.seen()
}

fn options(port: u16) -> Options {
    Options::new("127.0.0.1").port(port).login("cti", "s3cret".to_owned().into())
}

fn ours_client(port: u16) -> Outcome {
    runtime().block_on(async {
        let (_client, mut events) = Client::connect(&options(port)).await.expect("logged in");
        tokio::spawn(async move {
            let mut count = Count::new();
            while let Some(incoming) = events.recv().await {
                match incoming {
                    Incoming::Event { message, .. } => {
                        count.event();
                        if message.is_event(LAST) {
                            break;
                        }
                    }
                    Incoming::Lost { events } => count.lost += events,
                }
            }
            count.seen()
        })
        .await
        .expect("no panic")
    })
}

fn ours_stalled(port: u16) -> Outcome {
    runtime().block_on(async {
        let (_client, mut events) = Client::connect(&options(port)).await.expect("logged in");
        let mut count = Count::new();
        while let Some(incoming) = events.recv().await {
            match incoming {
                Incoming::Event { message, .. } => {
                    count.event();
                    if message.is_event(LAST) {
                        break;
                    }
                    if count.events == 1000 {
                        std::thread::sleep(Duration::from_secs(5));
                    }
                }
                Incoming::Lost { events } => count.lost += events,
            }
        }
        count.seen()
    })
}

fn rs_client(port: u16) -> Outcome {
    use asterisk_rs_core::event::EventReceive;
    runtime().block_on(async {
        let client = AmiClient::builder().host("127.0.0.1").port(port).credentials("cti", "s3cret").build();
        let client = client.await.expect("logged in");
        let mut events = client.subscribe();
        tokio::spawn(async move {
            let mut count = Count::new();
            loop {
                match events.recv().await {
                    EventReceive::Event(event) => {
                        count.event();
                        if is_last_of_rs(&event) {
                            break;
                        }
                    }
                    EventReceive::Lagged(events) => count.lost += events,
                    EventReceive::Closed => break,
                }
            }
            count.seen()
        })
        .await
        .expect("no panic")
    })
}

fn is_last_of_rs(event: &AmiEvent) -> bool {
    matches!(event, AmiEvent::Unknown { event_name, .. } if event_name == LAST)
}

fn manager_client(port: u16) -> Outcome {
    use asterisk_manager::{AmiEvent, Manager, ManagerOptions};
    use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
    runtime().block_on(async {
        let mut manager = Manager::new();
        let mut events = manager.all_events_stream().await;
        let options = ManagerOptions {
            port,
            host: "127.0.0.1".into(),
            username: "cti".into(),
            password: "s3cret".into(),
            events: true,
        };
        manager.connect_and_login(options).await.expect("logged in");
        tokio::spawn(async move {
            let mut count = Count::new();
            while let Some(event) = events.next().await {
                match event {
                    Ok(AmiEvent::InternalConnectionLost { .. }) => break,
                    Ok(event) => {
                        count.event();
                        if matches!(&event, AmiEvent::UnknownEvent { event_type, .. } if event_type == LAST) {
                            break;
                        }
                    }
                    Err(BroadcastStreamRecvError::Lagged(events)) => count.lost += events,
                }
            }
            count.seen()
        })
        .await
        .expect("no panic")
    })
}
