//! A derivation in the words of a person.

use super::{Derivation, DerivationStep};
use serde::{Deserialize, Serialize};

/// The language in which a derivation is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Japanese.
    #[serde(rename = "ja")]
    Japanese,
}

/// The rule, then what it says in English and in Japanese; `{}` is the label of the prefix.
const RULES: [(&str, &str, &str); 13] = [
    ("as_stored", "as it stands in the record", "登録されている番号"),
    ("separators_removed", "without separators", "区切り文字を除去"),
    ("extension_removed", "without separators and extension", "区切り文字と内線番号を除去"),
    ("national", "as it is dialled inside the country", "国内の形式に変換"),
    ("international_prefix", "with the international prefix", "国際プレフィックスを付加"),
    ("caller_id", "behind the wish to show or hide the own number", "発信者番号の通知設定の後を変換"),
    ("prefix", "with the prefix {}", "局番「{}」を付加"),
    ("prefix_present", "the prefix {} is there already", "局番「{}」は付加済み"),
    ("no_prefix", "without a prefix", "局番なし"),
    ("emergency", "an emergency number: dialled as it is", "緊急番号のためそのまま発信"),
    ("service_number", "a service number: dialled as it is", "特番のためそのまま発信"),
    ("feature_code", "a feature code: dialled as it is", "機能番号のためそのまま発信"),
    ("extension", "an extension: dialled as it is", "内線番号のためそのまま発信"),
];
const SHORT: (&str, &str) = ("a short number: dialled as it is", "短い番号のためそのまま発信");

impl DerivationStep {
    /// What the rule did, in the words of a person.
    pub fn told(&self, language: Language) -> String {
        let (rule, label) = self.rule.split_once(':').unwrap_or((&self.rule, ""));
        let known = RULES.iter().find(|(known, ..)| *known == rule).map(|&(_, english, japanese)| (english, japanese));
        let (english, japanese) = known.unwrap_or(SHORT);
        match language {
            Language::English => english,
            Language::Japanese => japanese,
        }
        .replace("{}", label)
    }
}

impl Derivation {
    /// Every step on a line of its own, the number first, for the eyes of the person who dials.
    ///
    /// ```
    /// use cti_core::dial::{Derivation, DerivationStep, Language};
    /// use cti_core::number::Number;
    /// let step = |rule: &str, number: &str| DerivationStep { rule: rule.into(), number: Number::new(number).unwrap() };
    /// let derivation = Derivation {
    ///     extension: "6001".into(),
    ///     dial_string: Number::new("90312345678").unwrap(),
    ///     steps: vec![step("as_stored", "03-1234-5678"), step("separators_removed", "0312345678"), step("prefix:市内", "90312345678")],
    /// };
    /// assert_eq!(derivation.told(Language::Japanese), "\
    /// 03-1234-5678  登録されている番号
    /// 0312345678  区切り文字を除去
    /// 90312345678  局番「市内」を付加");
    /// ```
    pub fn told(&self, language: Language) -> String {
        let line = |step: &DerivationStep| format!("{}  {}", step.number.as_str(), step.told(language));
        self.steps.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Number;

    #[test]
    fn every_rule_is_told_in_both_languages() {
        let rules = [
            "as_stored",
            "separators_removed",
            "extension_removed",
            "national",
            "international_prefix",
            "caller_id",
            "prefix:市内",
            "prefix_present:市内",
            "no_prefix",
            "emergency",
            "service_number",
            "feature_code",
            "extension",
            "short_number",
        ];
        let mut told = std::collections::HashSet::new();
        for rule in rules {
            let step = DerivationStep { rule: rule.to_owned(), number: Number::new("1").unwrap() };
            for language in [Language::English, Language::Japanese] {
                let text = step.told(language);
                assert_eq!(text.contains("市内"), rule.contains("市内"), "{rule}");
                assert!(told.insert(text), "{rule}: told like another one");
            }
        }
    }
}
