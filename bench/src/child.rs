//! Each contender runs in a process of its own, so that its memory is its own.

use std::process::Command;
use std::time::Duration;

/// What one run showed.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub bytes: u64,
    pub events: u64,
    pub lost: u64,
    pub seconds: f64,
    pub rss_kib: u64,
    pub cpu_seconds: f64,
}

impl Outcome {
    /// Completes what was counted with what the operating system says about this process.
    pub fn of_this_process(events: u64, lost: u64, taken: Duration) -> Self {
        Self {
            bytes: 0,
            events,
            lost,
            seconds: taken.as_secs_f64(),
            rss_kib: peak_rss_kib(),
            cpu_seconds: cpu_seconds(),
        }
    }

    /// As a line for the parent.
    pub fn print(&self) {
        let Self { bytes, events, lost, seconds, rss_kib, cpu_seconds } = self;
        println!("{bytes} {events} {lost} {seconds} {rss_kib} {cpu_seconds}");
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut next = || words.next();
        Some(Self {
            bytes: next()?.parse().ok()?,
            events: next()?.parse().ok()?,
            lost: next()?.parse().ok()?,
            seconds: next()?.parse().ok()?,
            rss_kib: next()?.parse().ok()?,
            cpu_seconds: next()?.parse().ok()?,
        })
    }

    pub fn megabytes_a_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }

    pub fn events_a_second(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}

/// Runs this programme again with these words and reads its outcome.
pub fn run(words: &[String]) -> Outcome {
    let program = std::env::current_exe().expect("this programme");
    let output = Command::new(program).args(words).output().expect("a child");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Outcome::parse(&text).unwrap_or_else(|| panic!("{words:?} said {text:?}"))
}

/// The outcome in the middle, by its speed.
pub fn median(mut runs: Vec<Outcome>) -> Outcome {
    runs.sort_by(|a, b| a.megabytes_a_second().total_cmp(&b.megabytes_a_second()));
    runs[runs.len() / 2].clone()
}

fn peak_rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}
