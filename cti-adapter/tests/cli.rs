//! The command line: help, and what `dial` says without dialling.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use support::{Ended, Folder, run_to_end};

/// Nothing listens on that port: a `dial` without `--go` asks nobody.
const CONFIG: &str = r#"
[[pbx]]
name = "main"
kind = "asterisk"
host = "127.0.0.1"
port = 1
transport = "plain"
user = "cti"
secret = "never used"

[[groups]]
name = "Support"
pbx = "main"
owner = "sato"
prefixes = "LOCAL:9;LONGDIS:1000"
default_prefix = { fixed = "LOCAL" }
members = [{ user = "sato", extension = "6001", default = true }]

[[groups]]
name = "Sales"
pbx = "main"
owner = "suzuki"
prefixes = "LOCAL:9;LONGDIS:1000"
default_prefix = "ask_each_time"
members = [{ user = "suzuki", extension = "6002" }, { user = "suzuki", extension = "6003" }]
"#;

async fn dial(args: &[&str]) -> Ended {
    let folder = Folder::new();
    let config = folder.write("cti.toml", CONFIG);
    let all: Vec<&str> = ["dial", "--config", config.to_str().unwrap()].iter().chain(args).copied().collect();
    run_to_end(&all).await
}

#[tokio::test]
async fn help_tells_what_each_command_does_and_takes() {
    for (args, expected) in [
        (&["--help"][..], &["demo", "run", "doctor", "replay", "dial", "--version", "screen pop"][..]),
        (&["demo", "--help"], &["simulated Asterisk", "--listen", "127.0.0.1:8787", "--calls"]),
        (&["run", "--help"], &["--config <FILE>", "SIGTERM", "SIGHUP"]),
        (&["doctor", "--help"], &["--config <FILE>", "--json", "what is wrong"]),
        (&["replay", "--help"], &["--pbx", "asterisk", "standard input", "one JSON object a line"]),
        (&["dial", "--help"], &["--config", "--user", "--extension", "--prefix", "--no-prefix", "--go", "<NUMBER>"]),
    ] {
        let Ended { code, out, complaints } = run_to_end(args).await;
        assert_eq!((code, complaints.as_str()), (Some(0), ""), "{args:?}");
        for word in expected {
            assert!(out.contains(word), "{args:?} has no {word:?}:\n{out}");
        }
    }
    assert!(run_to_end(&["--version"]).await.out.starts_with("cti-adapter 0."));
}

#[tokio::test]
async fn what_is_no_command_is_told_with_what_would_be_one() {
    for (args, expected) in [
        (&["rnu"][..], "rnu"),
        (&[], "Commands:"),
        (&["run"], "--config <FILE>"),
        (&["replay", "--pbx", "avaya"], "[possible values: asterisk]"),
        (&["dial", "--config", "x", "--user", "sato", "--prefix", "L", "--no-prefix", "1"], "cannot be used with"),
    ] {
        let ended = run_to_end(args).await;
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{args:?}: {}", ended.complaints);
        assert!(ended.complaints.contains(expected) && ended.complaints.contains("--help"), "{}", ended.complaints);
    }
}

#[tokio::test]
async fn without_go_the_derivation_is_shown_and_nothing_dialled() {
    let Ended { code, out, complaints } = dial(&["--user", "sato", "03-1234-5678"]).await;
    assert_eq!((code, complaints.as_str()), (Some(0), ""));
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["as_stored", "03-1234-5678"]);
    assert_eq!(lines[1], ["separators_removed", "0312345678"]);
    assert_eq!(lines[2], ["prefix:LOCAL", "90312345678"]);
    assert!(out.contains("main: 6001") && out.contains("90312345678") && !out.contains("picked up"), "{out}");
}

#[tokio::test]
async fn who_has_to_choose_is_told_the_choices() {
    let asked = dial(&["--user", "suzuki", "03-1234-5678"]).await;
    assert_eq!((asked.code, asked.complaints.as_str()), (Some(3), ""));
    for choice in ["nothing was dialled", "--extension 6002", "--extension 6003"] {
        assert!(asked.out.contains(choice), "{}", asked.out);
    }
    let asked = dial(&["--user", "suzuki", "--extension", "6003", "03-1234-5678"]).await;
    assert_eq!(asked.code, Some(3));
    for choice in ["--prefix LOCAL", "--prefix LONGDIS", "--no-prefix"] {
        assert!(asked.out.contains(choice), "{}", asked.out);
    }
    let chosen = dial(&["--user", "suzuki", "--extension", "6003", "--prefix", "LONGDIS", "03-1234-5678"]).await;
    assert_eq!(chosen.code, Some(0));
    assert!(chosen.out.contains("6003") && chosen.out.contains("10000312345678"), "{}", chosen.out);
    let bare = dial(&["--user", "suzuki", "--extension", "6003", "--no-prefix", "03-1234-5678"]).await;
    assert!(bare.out.contains("no_prefix") && bare.out.contains(" 0312345678 "), "{}", bare.out);
}

#[tokio::test]
async fn emergency_numbers_go_out_as_they_are() {
    for number in ["110", "119"] {
        let Ended { code, out, .. } = dial(&["--user", "sato", number]).await;
        assert_eq!(code, Some(0));
        assert!(out.contains("emergency") && out.contains(&format!("then {number} is dialled")), "{out}");
    }
}

#[tokio::test]
async fn who_or_what_cannot_be_dialled_is_said_plainly() {
    for (args, expected) in [
        (&["--user", "nobody", "0312345678"][..], "user=nobody"),
        (&["--user", "sato", "--extension", "6009", "0312345678"], "extensions=6001"),
        (&["--user", "suzuki", "--extension", "6003", "--prefix", "MOON", "0312345678"], "labels=LOCAL LONGDIS"),
        (&["--user", "sato", "see the notes"], "no number"),
        (&["--user", "sato", ""], "empty"),
    ] {
        let ended = dial(args).await;
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{args:?}: {}", ended.complaints);
        assert!(ended.complaints.contains(expected), "{args:?}: {}", ended.complaints);
    }
}
