//! Short things, timed beside each other: rounds are taken in turn, so that what disturbs the machine disturbs all alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many rounds; each contender shows the one in the middle.
const ROUNDS: usize = 15;
/// How long a round of one contender takes.
const ROUND: Duration = Duration::from_millis(40);

/// Something to be timed.
pub struct Contender<'a> {
    title: String,
    run: Box<dyn FnMut() + 'a>,
    repeats: u32,
    rounds: Vec<f64>,
}

impl<'a> Contender<'a> {
    /// What it does is not optimised away.
    pub fn new<T>(title: impl Into<String>, mut run: impl FnMut() -> T + 'a) -> Self {
        let run = Box::new(move || {
            black_box(run());
        });
        Self { title: title.into(), run, repeats: 1, rounds: Vec::new() }
    }

    fn time(&mut self) -> Duration {
        let begun = Instant::now();
        (0..self.repeats).for_each(|_| (self.run)());
        begun.elapsed()
    }

    /// Finds how often it runs in a round. This warms it up too.
    fn settle(&mut self) {
        while self.time() < ROUND {
            self.repeats *= 2;
        }
    }

    /// Nanoseconds, in the middle of the rounds.
    pub fn nanoseconds(&self) -> f64 {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    }
}

/// Times them all, in turn.
pub fn run(contenders: &mut [Contender<'_>]) {
    contenders.iter_mut().for_each(Contender::settle);
    for _ in 0..ROUNDS {
        for contender in &mut *contenders {
            let taken = contender.time();
            contender.rounds.push(taken.as_nanos() as f64 / f64::from(contender.repeats));
        }
    }
}

/// Prints them, each with its ratio to the first.
pub fn print(contenders: &[Contender<'_>]) {
    println!("| what | ns | ratio |");
    println!("| --- | ---: | ---: |");
    let first = contenders[0].nanoseconds();
    for contender in contenders {
        let nanoseconds = contender.nanoseconds();
        println!("| {} | {nanoseconds:.0} | {:.2} |", contender.title, nanoseconds / first);
    }
}
