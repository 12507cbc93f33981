//! The table, in Markdown.

use crate::child::Outcome;

/// One row: what ran, what it is compared with, and what all its runs showed.
pub struct Row {
    pub title: &'static str,
    pub ratio: String,
    pub median: Outcome,
    pub runs: Vec<Outcome>,
}

/// Prints the rows.
pub fn print(rows: &[Row]) {
    println!("| what | MB/s | events/s | ratio | lost (each run) | peak RSS MiB | CPU s per 100 MB |");
    println!("| --- | ---: | ---: | --- | --- | ---: | ---: |");
    for Row { title, ratio, median, runs } in rows {
        let lost: Vec<String> = runs.iter().map(|run| run.lost.to_string()).collect();
        let rss = runs.iter().map(|run| run.rss_kib).max().unwrap_or_default();
        println!(
            "| {title} | {:.0} | {} | {ratio} | {} | {:.1} | {:.2} |",
            median.megabytes_a_second(),
            thousands(median.events_a_second()),
            lost.join(", "),
            rss as f64 / 1024.0,
            median.cpu_seconds / (median.bytes as f64 / 1e8),
        );
    }
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
