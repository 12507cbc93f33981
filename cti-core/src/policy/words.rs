//! What a rule says, in words.

use super::decide::Decision;

/// A language of explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Japanese.
    Japanese,
}

/// Rule, yes in English and Japanese, no in English and Japanese.
const WORDS: &[(&str, [&str; 4])] = &[
    ("scope.internal", ["", "", "it is a call between extensions", "内線どうしの通話です"]),
    ("scope.system_numbers", ["", "", "it comes from a number of the system", "システム番号からの着信です"]),
    ("scope.blocked", ["", "", "the caller is on the block list", "発信者がブロックリストにあります"]),
    ("scope.watched", ["", "", "the number called is not watched", "着信番号が連携対象ではありません"]),
    ("queues.pop", ["", "", "calls of this queue do not pop", "このキューの着信は表示しません"]),
    ("queues.log", ["", "", "calls of this queue are not logged", "このキューの通話は記録しません"]),
    ("pop.withheld", ["", "", "the caller shows no number", "非通知の着信です"]),
    (
        "agents.blocked",
        ["", "", "the caller is on the block list of this telephone", "この内線のブロックリストにあります"],
    ),
    ("pop.size", ["", "", "pops are hidden", "ポップアップは非表示です"]),
    (
        "pop.inbound",
        [
            "calls from outside pop now",
            "外線着信を表示します",
            "calls from outside never pop",
            "外線着信は表示しません",
        ],
    ),
    (
        "pop.outbound",
        [
            "calls to the outside pop now",
            "外線発信を表示します",
            "calls to the outside never pop",
            "外線発信は表示しません",
        ],
    ),
    (
        "pop.internal",
        ["internal calls pop now", "内線通話を表示します", "internal calls never pop", "内線通話は表示しません"],
    ),
    (
        "agents.inbound",
        [
            "this telephone pops calls from outside now",
            "この内線の外線着信を表示します",
            "this telephone pops no calls from outside now",
            "この内線では今は外線着信を表示しません",
        ],
    ),
    (
        "agents.outbound",
        [
            "this telephone pops calls to the outside now",
            "この内線の外線発信を表示します",
            "this telephone pops no calls to the outside now",
            "この内線では今は外線発信を表示しません",
        ],
    ),
    ("merged", ["", "", "it became part of another call", "別の通話に統合されました"]),
    ("log.unanswered", ["", "", "nobody answered", "応答がありませんでした"]),
    ("log.at_answer", ["", "", "entries are not begun at the answer", "応答時には記録を作成しません"]),
    ("not_answered", ["", "", "nobody has answered yet", "まだ応答がありません"]),
    ("log", ["calls are logged", "通話を記録します", "", ""]),
    ("scope", ["it is in scope", "連携対象です", "", ""]),
    (
        "crms.events",
        [
            "this CRM is told of such events",
            "このCRMに通知するイベントです",
            "this CRM is not told of such events",
            "このCRMには通知しないイベントです",
        ],
    ),
    ("not_a_moment", ["", "", "nothing pops at this moment of a call", "ポップアップを表示する時点ではありません"]),
];

impl Decision {
    /// What it says to a person, with the key of the setting.
    pub fn words(&self, language: Language) -> String {
        let words = WORDS.iter().find(|(rule, _)| *rule == self.rule).map(|(_, words)| words);
        let at = match (self.yes, language) {
            (true, Language::English) => 0,
            (true, Language::Japanese) => 1,
            (false, Language::English) => 2,
            (false, Language::Japanese) => 3,
        };
        let text = words.map_or("", |words| words[at]);
        match language {
            Language::English => format!("{text} ({})", self.rule),
            Language::Japanese => format!("{text}({})", self.rule),
        }
    }
}
