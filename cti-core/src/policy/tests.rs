use super::*;
use crate::call::{
    CallEvent, CallFact, CallId, CallRecord, Direction, Disposition, EventId, FactKind, OpenCall, Party, Withheld,
};
use crate::crm::{Match, Matches};
use crate::number::{Number, NumberingPlan};
use std::collections::BTreeSet;

fn event(direction: Direction, caller: Party, fact: CallFact) -> CallEvent {
    let call = CallId::new("main", "1.1");
    CallEvent {
        id: EventId::of(&call, "x"),
        call,
        seq: 1,
        at: chrono::Utc::now(),
        fact,
        direction,
        caller,
        dialed: Number::new("0312345000"),
    }
}

fn taro() -> Party {
    Party::known("0901234567", "Taro")
}

fn ringing(direction: Direction, caller: Party) -> CallEvent {
    event(direction, caller, CallFact::Ringing { extension: "6001".into() })
}

fn answered(caller: Party) -> CallEvent {
    event(Direction::Inbound, caller, CallFact::Answered { extension: "6001".into() })
}

fn rules(change: impl FnOnce(&mut Policy)) -> Rules {
    let mut policy = Policy::default();
    change(&mut policy);
    Rules::new(&policy, &NumberingPlan::japan())
}

fn set<const N: usize>(numbers: [&str; N]) -> BTreeSet<String> {
    numbers.map(str::to_owned).into()
}

fn pops(rules: &Rules, event: &CallEvent) -> Option<(bool, &'static str)> {
    rules.pop(event, None).map(|decision| (decision.yes, decision.rule))
}

#[test]
fn each_rule_decides_and_is_named() {
    let default = rules(|_| {});
    let inbound = ringing(Direction::Inbound, taro());
    assert_eq!(pops(&default, &inbound), Some((true, "pop.inbound")));
    assert_eq!(pops(&default, &ringing(Direction::Internal, taro())), Some((false, "scope.internal")));
    let monitor = ringing(Direction::Inbound, Party::known("9999", ""));
    assert_eq!(pops(&default, &monitor), Some((false, "scope.system_numbers")));
    assert_eq!(pops(&rules(|policy| policy.scope.system_calls = true), &monitor), Some((true, "pop.inbound")));
    let blocked = rules(|policy| policy.scope.blocked = set(["+81 3-9876-5432"]));
    let nuisance = ringing(Direction::Inbound, Party::known("0398765432", ""));
    assert_eq!(pops(&blocked, &nuisance), Some((false, "scope.blocked")));
    assert_eq!(pops(&blocked, &inbound), Some((true, "pop.inbound")));
    assert_eq!(pops(&rules(|policy| policy.pop.size = PopSize::Hidden), &inbound), Some((false, "pop.size")));
    assert_eq!(pops(&rules(|policy| policy.pop.inbound = PopTiming::Never), &inbound), Some((false, "pop.inbound")));
    let hidden = ringing(Direction::Inbound, Party::withheld(Withheld::RejectedByUser));
    assert_eq!(pops(&rules(|policy| policy.pop.withheld = false), &hidden), Some((false, "pop.withheld")));
    assert_eq!(pops(&default, &hidden), Some((true, "pop.inbound")));
}

#[test]
fn watched_numbers_are_compared_by_what_they_mean() {
    let inbound = ringing(Direction::Inbound, taro());
    for (watched, yes) in [
        (Watched::Only(set(["+81 3-1234-5000"])), true),
        (Watched::Only(set(["６００１"])), true),
        (Watched::Only(set(["0399999999"])), false),
        (Watched::AllExcept(set(["03 1234 5000"])), false),
        (Watched::AllExcept(set(["0399999999"])), true),
        (Watched::All, true),
    ] {
        let rules = rules(|policy| policy.scope.watched = watched.clone());
        let expected = if yes { (true, "pop.inbound") } else { (false, "scope.watched") };
        assert_eq!(pops(&rules, &inbound), Some(expected), "{watched:?}");
        assert_eq!(rules.notice(&inbound, None).yes, yes);
    }
}

#[test]
fn an_internal_call_to_a_watched_extension_does_not_pop() {
    let watched = rules(|policy| policy.scope.watched = Watched::Only(set(["6001"])));
    assert_eq!(pops(&watched, &ringing(Direction::Internal, taro())), Some((false, "scope.internal")));
    let both = rules(|policy| {
        policy.scope.watched = Watched::Only(set(["6001"]));
        policy.scope.internal = true;
    });
    assert_eq!(pops(&both, &ringing(Direction::Internal, taro())), Some((true, "pop.internal")));
}

#[test]
fn pop_on_answer_waits_for_the_answer_in_each_direction() {
    let late = rules(|policy| policy.pop.inbound = PopTiming::OnAnswer);
    assert_eq!(pops(&late, &ringing(Direction::Inbound, taro())), None);
    assert_eq!(pops(&late, &answered(taro())), Some((true, "pop.inbound")));
    let dialing = event(Direction::Outbound, taro(), CallFact::Dialing { extension: "6001".into(), number: None });
    assert_eq!(pops(&late, &dialing), Some((true, "pop.outbound")), "the other direction is as it was");
    let silent = rules(|policy| policy.pop.outbound = PopTiming::Never);
    assert_eq!(pops(&silent, &dialing), Some((false, "pop.outbound")));
}

#[test]
fn one_telephone_or_one_queue_can_be_otherwise() {
    let inbound = ringing(Direction::Inbound, taro());
    let own = |agent: AgentPolicy| rules(|policy| policy.agents = [("6001".to_owned(), agent)].into());
    let late = own(AgentPolicy { inbound: Some(PopTiming::OnAnswer), ..AgentPolicy::default() });
    assert_eq!(pops(&late, &inbound), None);
    assert_eq!(pops(&late, &answered(taro())), Some((true, "agents.inbound")));
    let blocked = own(AgentPolicy { blocked: set(["090-123-4567"]), ..AgentPolicy::default() });
    assert_eq!(pops(&blocked, &inbound), Some((false, "agents.blocked")));
    let other = event(Direction::Inbound, taro(), CallFact::Ringing { extension: "6002".into() });
    assert_eq!(pops(&blocked, &other), Some((true, "pop.inbound")));
    let silent = QueuePolicy { pop: false, log: false };
    let queue = rules(|policy| policy.queues = [("sales".to_owned(), silent)].into());
    assert_eq!(queue.pop(&inbound, Some("sales")).map(|decision| decision.rule), Some("queues.pop"));
    assert!(queue.pop(&inbound, Some("support")).is_some_and(|decision| decision.yes));
    let record = CallRecord { queue: Some("sales".to_owned()), ..record(Disposition::Missed) };
    assert_eq!(queue.log(&record).rule, "queues.log");
}

#[test]
fn an_explanation_names_every_rule_up_to_the_one_that_decided() {
    let never = rules(|policy| policy.scope.watched = Watched::Only(set(["0399999999"])));
    let explained = never.explain(&ringing(Direction::Inbound, taro()), None);
    assert_eq!(explained.passed, ["scope.internal", "scope.system_numbers", "scope.blocked"]);
    assert_eq!(explained.decided, Decision { yes: false, rule: "scope.watched" });
    assert_eq!(explained.decided.words(Language::English), "the number called is not watched (scope.watched)");
    assert!(explained.decided.words(Language::Japanese).starts_with("着信番号が連携対象ではありません"));
    let early = rules(|policy| policy.pop.inbound = PopTiming::OnAnswer);
    assert_eq!(early.explain(&ringing(Direction::Inbound, taro()), None).decided.rule, "pop.inbound");
}

#[test]
fn every_rule_has_words_in_both_languages() {
    let all = [
        (ringing(Direction::Internal, taro()), rules(|_| {})),
        (ringing(Direction::Inbound, Party::known("9999", "")), rules(|_| {})),
        (ringing(Direction::Inbound, taro()), rules(|policy| policy.scope.blocked = set(["0901234567"]))),
        (ringing(Direction::Inbound, taro()), rules(|policy| policy.pop.size = PopSize::Hidden)),
        (ringing(Direction::Inbound, taro()), rules(|_| {})),
        (event(Direction::Inbound, taro(), CallFact::Started), rules(|_| {})),
    ];
    for (event, rules) in all {
        let decided = rules.explain(&event, None).decided;
        for language in [Language::English, Language::Japanese] {
            let words = decided.words(language);
            assert!(!words.starts_with([' ', '(']) && words.contains(decided.rule), "{words}");
        }
    }
}

#[test]
fn a_crm_without_a_choice_is_told_of_everything_and_one_with_an_empty_choice_of_nothing() {
    let chosen = |events| rules(|policy| drop(policy.crms.insert("kintone".to_owned(), CrmPolicy { events })));
    let tells = |rules: &Rules, crm: &str| rules.tells(crm, FactKind::Ended).yes;
    assert!(tells(&chosen(None), "kintone") && tells(&rules(|_| {}), "kintone"));
    let nothing = chosen(Some(BTreeSet::new()));
    assert!(!tells(&nothing, "kintone") && tells(&nothing, "zoho"), "each has its own");
    let words = nothing.tells("kintone", FactKind::Ended).words(Language::English);
    assert_eq!(words, "this CRM is not told of such events (crms.events)");
}

fn record(disposition: Disposition) -> CallRecord {
    let open = OpenCall::begin(&ringing(Direction::Inbound, taro()));
    open.finish(chrono::Utc::now(), disposition, "no answer")
}

#[test]
fn unanswered_and_merged_calls_follow_the_log_policy() {
    let missed = record(Disposition::Missed);
    assert!(rules(|_| {}).log(&missed).yes);
    assert_eq!(rules(|policy| policy.log.unanswered = false).log(&missed).rule, "log.unanswered");
    assert_eq!(rules(|_| {}).log(&record(Disposition::Merged)).rule, "merged");
    assert_eq!(rules(|policy| policy.scope.blocked = set(["0901234567"])).log(&missed).rule, "scope.blocked");
}

fn matches(count: usize) -> Matches {
    let one = |index: usize| Match {
        object: "contact".to_owned(),
        id: index.to_string(),
        name: None,
        company: None,
        spelled: None,
        url: None,
        fields: Default::default(),
    };
    Matches { found: (0..count).map(one).collect(), more: false }
}

#[test]
fn what_opens_follows_the_number_of_matches_and_the_kind_of_call() {
    let opened = |rules: &Rules, count| rules.opens(Direction::Inbound, &matches(count)).map(|left| left.found.len());
    let default = rules(|_| {});
    assert_eq!([0, 1, 3].map(|count| opened(&default, count)), [Some(0), Some(1), Some(3)]);
    let nothing = rules(|policy| {
        let (none, one, many) = (Opens::Nothing, Opens::Nothing, OpensOfMany::Nothing);
        policy.matches.inbound = MatchRules { none, one, many };
    });
    assert_eq!([0, 1, 3].map(|count| opened(&nothing, count)), [None; 3]);
    assert_eq!(nothing.opens(Direction::Outbound, &matches(1)).map(|left| left.found.len()), Some(1));
    let first = rules(|policy| policy.matches.inbound.many = OpensOfMany::First);
    assert_eq!([0, 1, 3].map(|count| opened(&first, count)), [Some(0), Some(1), Some(1)]);
}

#[test]
fn every_fault_is_told_with_its_key() {
    let mut policy = Policy::default();
    policy.scope.watched = Watched::Only(set(["0312345000", ""]));
    policy.scope.blocked = set(["+81312345000"]);
    policy.pop.look_up_timeout_ms = 0;
    policy.pop.notice_timeout_ms = u64::MAX;
    policy.pop.delay_ms = u64::MAX;
    policy.pop.spellings = 0;
    policy.pop.withheld_labels.payphone = "x".repeat(65);
    policy.agents.insert(" ".to_owned(), AgentPolicy { blocked: set([""]), ..AgentPolicy::default() });
    policy.queues.insert(String::new(), QueuePolicy::default());
    let faults = policy.faults(&NumberingPlan::japan());
    for path in [
        "scope.watched.only",
        "scope.blocked",
        "pop.look_up_timeout_ms",
        "pop.notice_timeout_ms",
        "pop.delay_ms",
        "pop.spellings",
        "pop.withheld_labels.payphone",
        "agents. .blocked",
        "queues",
    ] {
        assert!(faults.iter().any(|fault| fault.path == path), "{path} not in {faults:?}");
    }
    assert_eq!(Policy::default().faults(&NumberingPlan::japan()), []);
}

#[test]
fn each_reason_can_have_its_own_label() {
    let labels =
        WithheldLabels { any: "非通知".to_owned(), payphone: "公衆電話".to_owned(), ..Default::default() };
    assert_eq!(labels.of(Withheld::Payphone), Some("公衆電話"));
    assert_eq!(labels.of(Withheld::RejectedByUser), Some("非通知"));
    assert_eq!(WithheldLabels::default().of(Withheld::Payphone), None);
}

#[test]
fn ten_thousand_exceptions_decide_as_one_does() {
    let many = rules(|policy| {
        for index in 0..10_000 {
            policy.agents.insert(format!("7{index:04}"), AgentPolicy::default());
            policy.queues.insert(format!("queue-{index}"), QueuePolicy::default());
            policy.scope.blocked.insert(format!("0120{index:06}"));
        }
        policy.agents.insert("6001".to_owned(), AgentPolicy { inbound: Some(PopTiming::Never), ..Default::default() });
    });
    let inbound = ringing(Direction::Inbound, taro());
    assert_eq!(pops(&many, &inbound), Some((false, "agents.inbound")));
    assert_eq!(pops(&many, &ringing(Direction::Inbound, Party::known("0120000042", ""))).unwrap().1, "scope.blocked");
}

#[cfg(feature = "schema")]
#[test]
fn every_setting_has_help_in_both_languages_and_a_default() {
    let schema = schema();
    let mut tables = vec![("policy", &schema)];
    let definitions = schema["$defs"].as_object().unwrap();
    tables.extend(definitions.iter().map(|(name, table)| (name.as_str(), table)));
    let mut count = 0;
    for (name, table) in tables {
        for (key, property) in table["properties"].as_object().into_iter().flatten() {
            count += 1;
            for needed in ["description", "x-help-ja", "default"] {
                assert!(property.get(needed).is_some(), "{name}.{key} has no {needed}: {property}");
            }
        }
    }
    assert!(count > 35, "{count} settings");
}
