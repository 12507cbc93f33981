//! What a wish to dial costs, for one telephony group and for 10,000 groups of one user each, and of ten.

use cti_bench::timing::{self, Contender};
use cti_core::dial::{Choice, DialPlan, Member, PrefixChoice, TelephonyGroup};
use cti_core::number::{Number, NumberingPlan};

fn plan(groups: usize, users_in_each: usize) -> DialPlan {
    let member = |group: usize, user: usize| Member {
        user: format!("user{}", group * users_in_each + user),
        extension: format!("{}", 100_000 + group * users_in_each + user).into(),
        default: true,
    };
    let group = |at: usize| TelephonyGroup {
        name: format!("group {at}"),
        pbx: format!("pbx{}", at % 10),
        owner: "owner".to_owned(),
        members: (0..users_in_each).map(|user| member(at, user)).collect(),
        prefixes: "LONGDIS:1000;LOCAL:9".parse().expect("a table"),
        default_prefix: PrefixChoice::Fixed("LOCAL".to_owned()),
    };
    DialPlan::new((0..groups).map(group).collect()).expect("a plan")
}

fn main() {
    let numbering = NumberingPlan::japan();
    let number = Number::new("03-1234-5678").expect("a number");
    let sizes = [(1, 1), (100, 10), (10_000, 1), (10_000, 10)];
    let plans: Vec<DialPlan> = sizes.iter().map(|&(groups, users)| plan(groups, users)).collect();
    let contender = |at: usize, in_turn: bool| {
        let ((groups, users), plan, numbering, number) = (sizes[at], &plans[at], &numbering, &number);
        let (count, mut user) = (groups * users, 0);
        let names: Vec<String> = (0..count).map(|user| format!("user{user}")).collect();
        let who = if in_turn { "every user in turn" } else { "one user again" };
        Contender::new(format!("{groups} groups, {count} users; {who}"), move || {
            // Far from each other: what one needs is out of the processor's cache when its turn comes again.
            user = if in_turn { (user + 7_919) % count } else { count / 2 };
            plan.resolve(&names[user], number, &Choice::default(), numbering).expect("dialled")
        })
    };
    let mut contenders: Vec<Contender<'_>> = (0..sizes.len()).map(|at| contender(at, false)).collect();
    contenders.extend((0..sizes.len()).map(|at| contender(at, true)));
    timing::run(&mut contenders);
    timing::print(&contenders);
}
