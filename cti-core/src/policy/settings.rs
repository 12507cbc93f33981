//! The settings, as they stand in a configuration file.
//!
//! The doc comments are the help of the machine-readable schema; `x-help-ja` is the same in Japanese.

use super::exceptions::{AgentPolicy, CrmPolicy, QueuePolicy};
use crate::call::{Direction, Withheld};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Everything an operator decides about pops and logs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Which calls concern the CRM at all.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "CRM連携の対象とする通話。")))]
    pub scope: Scope,
    /// When the agent sees who is calling.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "着信ポップアップの表示。")))]
    pub pop: PopPolicy,
    /// What a pop opens, by how many customers match.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "該当する顧客の件数ごとに、何を開くか。")))]
    pub matches: MatchPolicy,
    /// What is written to the call history.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "通話履歴への記録。")))]
    pub log: LogPolicy,
    /// What is otherwise for one telephone, by its extension.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "内線ごとの例外設定(キーは内線番号)。")))]
    pub agents: BTreeMap<String, AgentPolicy>,
    /// What is otherwise for the calls of one queue, by its name.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "キューごとの例外設定(キーはキュー名)。")))]
    pub queues: BTreeMap<String, QueuePolicy>,
    /// What is otherwise for one CRM, by its name.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "CRMごとの例外設定(キーはCRMの名前)。")))]
    pub crms: BTreeMap<String, CrmPolicy>,
}

/// Which calls concern the CRM at all. Numbers are compared by what they mean, however they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Calls between extensions count too. It wins over `watched`. Default: no.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "内線どうしの通話も連携する。watched より優先。")))]
    pub internal: bool,
    /// The numbers called (DIDs) or extensions that count. Default: all.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "連携対象の電話番号または内線番号。")))]
    pub watched: Watched,
    /// Numbers of the system itself, such as monitoring and whispering: never a customer. Default: `9999`.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "モニタリングやささやきなどのシステム番号。")))]
    pub system_numbers: BTreeSet<String>,
    /// Calls from system numbers pop too. Default: no.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "システム番号からの着信も連携する。")))]
    pub system_calls: bool,
    /// Callers who never pop and are never logged. Default: nobody.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "連携しない発信者番号(ブロックリスト)。")))]
    pub blocked: BTreeSet<String>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            internal: false,
            watched: Watched::All,
            system_numbers: BTreeSet::from(["9999".to_owned()]),
            system_calls: false,
            blocked: BTreeSet::new(),
        }
    }
}

/// A choice among numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// Every number.
    #[default]
    All,
    /// These.
    Only(BTreeSet<String>),
    /// Every number but these.
    AllExcept(BTreeSet<String>),
}

/// When the agent sees who is calling, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PopPolicy {
    /// Calls from outside. Default: when it rings.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "外線着信時の表示タイミング。")))]
    pub inbound: PopTiming,
    /// Calls to the outside; `on_ring` is when the far end is dialled. Default: when it is dialled.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "外線発信時の表示タイミング。")))]
    pub outbound: PopTiming,
    /// Calls between extensions, where they count at all. Default: when it rings.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "内線通話の表示タイミング。")))]
    pub internal: PopTiming,
    /// The pop waits so long after its moment, in milliseconds; a call that ends first does not pop. Default: 0.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "表示までの待機時間(ミリ秒)。")))]
    pub delay_ms: u64,
    /// Callers without a number pop too. Default: yes.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "非通知の着信も表示する。")))]
    pub withheld: bool,
    /// What stands in place of the number of a withheld caller.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "非通知時の表示名(理由ごと)。")))]
    pub withheld_labels: WithheldLabels,
    /// How large it is; hidden means that nothing is shown. Default: standard.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "画面サイズ。hidden は非表示。")))]
    pub size: PopSize,
    /// After so many seconds it goes away by itself; 0 is never. Default: 0.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "表示時間(秒)。0 は消さない。")))]
    pub seconds: u64,
    /// Answer and hang-up buttons are shown; without, these commands are refused. Default: yes.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "通話・切断ボタンを表示する。")))]
    pub call_control: bool,
    /// The other side's number is copied to the clipboard, in that form. Default: never.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "相手番号をクリップボードにコピーする形式。")))]
    pub copy_number: CopyNumber,
    /// How long a look-up may take, in milliseconds; then the pop comes without it. Default: 5000.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "顧客検索の制限時間(ミリ秒)。")))]
    pub look_up_timeout_ms: u64,
    /// How many spellings of a number one look-up may try. Default: 12.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "一回の検索で試す番号表記の数。")))]
    pub spellings: usize,
    /// How long a CRM may take to be told of an event while the call goes on, in milliseconds. Default: 30000.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "通話中のCRM通知の制限時間(ミリ秒)。")))]
    pub notice_timeout_ms: u64,
}

impl Default for PopPolicy {
    fn default() -> Self {
        Self {
            inbound: PopTiming::OnRing,
            outbound: PopTiming::OnRing,
            internal: PopTiming::OnRing,
            delay_ms: 0,
            withheld: true,
            withheld_labels: WithheldLabels::default(),
            size: PopSize::Standard,
            seconds: 0,
            call_control: true,
            copy_number: CopyNumber::Never,
            look_up_timeout_ms: 5_000,
            spellings: 12,
            notice_timeout_ms: 30_000,
        }
    }
}

impl PopPolicy {
    /// How long a look-up may take.
    pub fn look_up_timeout(&self) -> Duration {
        Duration::from_millis(self.look_up_timeout_ms)
    }

    /// How long a CRM may take to be told of an event.
    pub fn notice_timeout(&self) -> Duration {
        Duration::from_millis(self.notice_timeout_ms)
    }

    /// How long a pop waits after its moment.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PopTiming {
    /// Not at all.
    Never,
    /// When the phone rings (outbound: when the far end is dialled).
    OnRing,
    /// When somebody answers.
    OnAnswer,
}

/// How large a pop is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PopSize {
    /// Nothing is shown.
    Hidden,
    /// As usual.
    #[default]
    Standard,
    /// Large.
    Large,
}

/// The form in which a number is copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CopyNumber {
    /// Not at all.
    #[default]
    Never,
    /// As it came.
    AsItCame,
    /// `+81312345678`, where that is known.
    E164,
    /// As it is dialled inside the country, where that is known.
    National,
}

/// What stands in place of a number that is not shown, by the reason. Empty: words of the page's language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct WithheldLabels {
    /// For every reason that has no label of its own.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "個別の指定がない場合の表示名。")))]
    pub any: String,
    /// The caller asked for it (184).
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "発信者の意思による非通知(184)。")))]
    pub rejected_by_user: String,
    /// A public telephone.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "公衆電話。")))]
    pub payphone: String,
    /// The network could not pass a number on.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "表示圏外。")))]
    pub unavailable: String,
    /// The service between the networks carries no numbers.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "サービス競合。")))]
    pub service_conflict: String,
    /// Nobody said why.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "理由不明。")))]
    pub unknown: String,
}

impl WithheldLabels {
    /// The label for that reason; `None` if there is none.
    pub fn of(&self, reason: Withheld) -> Option<&str> {
        let own = match reason {
            Withheld::RejectedByUser => &self.rejected_by_user,
            Withheld::Payphone => &self.payphone,
            Withheld::Unavailable => &self.unavailable,
            Withheld::ServiceConflict => &self.service_conflict,
            Withheld::Unknown => &self.unknown,
        };
        [own, &self.any].into_iter().find(|label| !label.is_empty()).map(String::as_str)
    }

    /// Each with its key.
    pub(super) fn all(&self) -> [(&'static str, &str); 6] {
        [
            ("any", &self.any),
            ("rejected_by_user", &self.rejected_by_user),
            ("payphone", &self.payphone),
            ("unavailable", &self.unavailable),
            ("service_conflict", &self.service_conflict),
            ("unknown", &self.unknown),
        ]
    }
}

/// What a pop opens, by how many customers match, for each kind of call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct MatchPolicy {
    /// Calls from outside.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "外線着信。")))]
    pub inbound: MatchRules,
    /// Calls to the outside.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "外線発信。")))]
    pub outbound: MatchRules,
    /// Calls between extensions.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "内線通話。")))]
    pub internal: MatchRules,
}

impl MatchPolicy {
    /// The rules for that kind of call.
    pub fn of(&self, direction: Direction) -> MatchRules {
        match direction {
            Direction::Inbound => self.inbound,
            Direction::Outbound => self.outbound,
            Direction::Internal => self.internal,
        }
    }
}

/// What is opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct MatchRules {
    /// Nobody is known. Default: what the CRM offers, such as a new record.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "該当なしの場合。")))]
    pub none: Opens,
    /// One customer matches. Default: the record.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "一件の場合。")))]
    pub one: Opens,
    /// Several match. Default: what the CRM offers, such as a list.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "複数件の場合。")))]
    pub many: OpensOfMany,
}

/// What is opened for nobody or for one customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Opens {
    /// What the CRM offers.
    #[default]
    Offered,
    /// Nothing: the pop is shown without a link.
    Nothing,
}

/// What is opened for several customers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OpensOfMany {
    /// What the CRM offers, such as a list.
    #[default]
    Offered,
    /// The best match.
    First,
    /// Nothing: the agent chooses from the pop.
    Nothing,
}

/// What is written to the call history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LogPolicy {
    /// Calls that nobody answered are written too. Default: yes.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "応答のなかった通話も記録する。")))]
    pub unanswered: bool,
    /// An unknown caller becomes a customer. Default: no.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "未登録の発信者を顧客として登録する。")))]
    pub create_unknown: bool,
    /// Whose record the call is written to if several match. Default: nobody's.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "複数件該当した場合の記録先。")))]
    pub several: LogSeveral,
    /// The entry is begun when the call is answered and completed at its end, in CRMs that can change what was written:
    /// agents can write their notes into it while they talk. Default: no, calls are written when they are over.
    #[cfg_attr(feature = "schema", schemars(extend("x-help-ja" = "応答時に記録を作成し、通話終了時に完成させる。")))]
    pub at_answer: bool,
}

impl Default for LogPolicy {
    fn default() -> Self {
        Self { unanswered: true, create_unknown: false, several: LogSeveral::Nobody, at_answer: false }
    }
}

/// Whose record a call is written to if several match. Never to all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogSeveral {
    /// Nobody's: the call stands in the history with its number alone.
    #[default]
    Nobody,
    /// The best match's.
    First,
}
