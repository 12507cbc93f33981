//! Which actions are as much as a shell on the PBX, whatever they are called.

use super::action::Action;

/// Actions that run commands, or change or show the configuration.
const DANGEROUS: &[(&str, &str)] = &[
    ("Command", "it runs commands of Asterisk, which can run any programme"),
    ("ModuleLoad", "it loads, unloads or reloads parts of Asterisk"),
    ("Reload", "it loads the configuration anew"),
    ("UpdateConfig", "it writes configuration files"),
    ("CreateConfig", "it writes configuration files"),
    ("AppendConfig", "it writes configuration files"),
    ("GetConfig", "it shows configuration files with their secrets"),
    ("GetConfigJSON", "it shows configuration files with their secrets"),
    ("DialplanExtensionAdd", "it changes the dial plan, which can run any programme"),
    ("DialplanExtensionRemove", "it changes the dial plan"),
    ("DBPut", "it changes Asterisk's own database"),
    ("DBDel", "it changes Asterisk's own database"),
    ("DBDelTree", "it changes Asterisk's own database"),
];

/// Functions of the dial plan that run programmes, read files or fetch from the network.
const FUNCTIONS: &[&str] =
    &["SHELL(", "EVAL(", "FILE(", "CURL(", "DB(", "DB_DELETE(", "ODBC", "REALTIME", "SYSINFO(", "ENV("];

impl Action {
    /// Why this action is refused unless [`Options::allow`](super::Options::allow) names it: it runs commands, or changes
    /// or shows the configuration of the PBX. `None` for all others.
    ///
    /// ```
    /// use cti_pbx_asterisk::ami::Action;
    /// assert!(Action::command("core restart now").danger().is_some());
    /// assert!(Action::new("Originate").header("Application", "System").danger().is_some());
    /// assert!(Action::hangup("PJSIP/6001-00000001", 16).danger().is_none());
    /// ```
    pub fn danger(&self) -> Option<&'static str> {
        if let Some((_, why)) = DANGEROUS.iter().find(|(name, _)| self.name().eq_ignore_ascii_case(name)) {
            return Some(why);
        }
        if self.name().eq_ignore_ascii_case("Originate") && self.has("Application") {
            return Some("an application of the dial plan can run any programme");
        }
        if self.name().eq_ignore_ascii_case("MixMonitor") && self.has("Command") {
            return Some("its Command is run when the recording ends");
        }
        let variables = self.values("Variable").chain(self.values("Variables"));
        let mut names = variables.flat_map(|list| list.split([',', '|'])).filter_map(|part| part.split('=').next());
        names.any(calls_a_function).then_some("it calls a function that can run programmes or read files")
    }

    fn has(&self, key: &str) -> bool {
        self.values(key).next().is_some()
    }
}

fn calls_a_function(name: &str) -> bool {
    let name = name.trim_start_matches([' ', '_', '$', '{']).to_ascii_uppercase();
    FUNCTIONS.iter().any(|function| name.starts_with(function))
}
