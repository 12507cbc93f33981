//! From a number as it stands in a record to its identity and all its spellings, beside the library of numbering plans
//! alone (parse, and format to E.164), on the eight spellings of the survey. What the first call costs is shown apart.

use cti_bench::timing::{self, Contender};
use cti_core::number::{Canonical, Number, NumberingPlan, spellings, warm_up};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use std::time::Instant;

/// How many spellings a look-up may try.
const BUDGET: usize = 12;

const NUMBERS: [(&str, Region, &str); 8] = [
    ("JP", Region::JP, "03-1234-5678"),
    ("JP", Region::JP, "+81 90 1234 5678"),
    ("US", Region::US, "(212) 555-0100"),
    ("US", Region::US, "+1 212 555 0100"),
    ("GB", Region::GB, "020 7183 8750"),
    ("GB", Region::GB, "+44 20 7183 8750"),
    ("DE", Region::DE, "030 123456"),
    ("DE", Region::DE, "+49 30 123456"),
];

fn by_library(text: &str, region: Region) -> String {
    let number = PHONE_NUMBER_UTIL.parse(text, Some(region)).expect("a number");
    number.format_as(PhoneNumberFormat::E164).into_owned()
}

fn main() {
    let plan = |country| NumberingPlan::of_country(country).expect("a country");
    let begun = Instant::now();
    warm_up(&NumberingPlan::japan());
    let warm = begun.elapsed();
    let begun = Instant::now();
    spellings(&Number::new("+442071838750").expect("a number"), &NumberingPlan::japan(), BUDGET);
    println!(
        "`warm_up` took {:.1} ms; the first look-up after it {:.1} µs\n",
        warm.as_secs_f64() * 1e3,
        begun.elapsed().as_secs_f64() * 1e6
    );

    let numbers: Vec<(Number, NumberingPlan, Region)> = NUMBERS
        .iter()
        .map(|&(country, region, text)| (Number::new(text).expect("a number"), plan(country), region))
        .collect();
    for (number, plan, region) in &numbers {
        let ours = Canonical::of(number.as_str(), plan).expect("a number");
        assert_eq!(ours.as_str(), by_library(number.as_str(), *region));
    }
    let at_home: Vec<_> = numbers.iter().take(4).collect();
    let abroad: Vec<_> = numbers.iter().skip(4).collect();
    let japan = NumberingPlan::japan();
    let library = |numbers: &[&(Number, NumberingPlan, Region)]| -> usize {
        numbers.iter().map(|(number, _, region)| by_library(number.as_str(), *region).len()).sum()
    };
    let ours = |numbers: &[&(Number, NumberingPlan, Region)]| -> usize {
        numbers.iter().map(|(number, plan, _)| spellings(number, plan, BUDGET).len()).sum()
    };
    let all: Vec<_> = numbers.iter().collect();
    let mut contenders = [
        Contender::new("the library alone: parse, format to E.164; eight numbers", || library(&all)),
        Contender::new("ours: identity and spellings; the same eight", || ours(&all)),
        Contender::new("the library alone; the four of Japan and North America", || library(&at_home)),
        Contender::new("ours; the same four", || ours(&at_home)),
        Contender::new("the library alone; the four of Britain and Germany", || library(&abroad)),
        Contender::new("ours; the same four, by the plan of their country", || ours(&abroad)),
        Contender::new("ours; the same four, from Japan", || {
            abroad.iter().map(|(number, ..)| spellings(number, &japan, BUDGET).len()).sum::<usize>()
        }),
    ];
    timing::run(&mut contenders);
    timing::print(&contenders);
    let ratio = contenders[1].nanoseconds() / contenders[0].nanoseconds();
    println!("\nours takes {ratio:.2} times the library on all eight (goal: 1.2 at most)");
}
