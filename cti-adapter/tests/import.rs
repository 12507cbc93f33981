//! The folder of Zoho's old adapter becomes a configuration.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use std::os::unix::fs::PermissionsExt;
use support::{Folder, run_to_end};

/// The old folder, and where the new configuration is to stand.
fn old(folder: &Folder) -> (String, String) {
    let root = folder.file("zti/ztiadapter");
    for (path, text) in [
        ("conf/zti.properties", "# token\nauthtoken=0123456789abcdef\npoll.interval=5\n"),
        (
            "teleadapters/asterisk14/conf/asterisk14.properties",
            "asterisk.server=192.0.2.7\nasterisk.manager.username=cti\nasterisk.manager.password=p\\u00e4ss \"1\"\n\
             asterisk.port=5038\nasterisk.context=phones\n",
        ),
        (
            "teleadapters/avaya/conf/avaya.properties",
            "avaya.server=aes.example.com\navaya.manager.username=ctiuser\navaya.manager.password=hunter2\n",
        ),
    ] {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    (text(folder.file("zti")), text(folder.file("cti.toml")))
}

#[tokio::test]
async fn what_still_has_a_meaning_is_written_and_the_rest_is_told() {
    let folder = Folder::new();
    let (zti, config) = old(&folder);
    let run = run_to_end(&["run", "--import", &zti, "--config", &config]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let written: toml::Table = std::fs::read_to_string(&config).unwrap().parse().unwrap();
    let pbx = &written["pbx"][0];
    assert_eq!((pbx["kind"].as_str(), pbx["host"].as_str()), (Some("asterisk"), Some("192.0.2.7")));
    assert_eq!((pbx["user"].as_str(), pbx["port"].as_integer()), (Some("cti"), Some(5038)));
    let avaya = &written["pbx"][1];
    assert_eq!((avaya["host"].as_str(), avaya["user"].as_str()), (Some("aes.example.com"), Some("ctiuser")));
    assert_eq!(written["crm"][0]["kind"].as_str(), Some("zoho"));
    let secret = pbx["secret"]["file"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(secret).unwrap(), "päss \"1\"");
    for file in [secret, &config] {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for told in ["authtoken has no meaning today", "poll.interval", "asterisk.context", "login zoho", "[[groups]]"] {
        assert!(run.out.contains(told), "{told}: {}", run.out);
    }
    for hidden in ["0123456789abcdef", "hunter2", "päss"] {
        let config = std::fs::read_to_string(&config).unwrap();
        assert!(!run.out.contains(hidden) && !run.complaints.contains(hidden) && !config.contains(hidden), "{hidden}");
    }
    // Nothing is ever overwritten.
    let again = run_to_end(&["run", "--import", &zti, "--config", &config]).await;
    assert!(again.code == Some(1) && again.complaints.contains("exists"), "{again:?}");
}

#[tokio::test]
async fn a_folder_that_is_none_of_ztis_is_refused() {
    let folder = Folder::new();
    let (config, empty) = (folder.file("cti.toml"), folder.file("."));
    let run = run_to_end(&["run", "--import", empty.to_str().unwrap(), "--config", config.to_str().unwrap()]).await;
    assert!(run.code == Some(1) && run.complaints.contains("ztiadapter"), "{run:?}");
    assert!(!config.exists());
}

/// What was written is what the adapter reads, but for what the person must still do.
#[tokio::test]
async fn the_written_configuration_is_read_by_the_doctor() {
    let folder = Folder::new();
    let (zti, config) = old(&folder);
    std::fs::remove_dir_all(folder.file("zti/ztiadapter/teleadapters/avaya")).unwrap();
    assert_eq!(run_to_end(&["run", "--import", &zti, "--config", &config]).await.code, Some(0));
    std::fs::write(folder.file("zoho-client.secret"), "secret").unwrap();
    let dial = run_to_end(&["dial", "--config", &config, "--user", "sato", "0312345678"]).await;
    // The file has no mistake: what is missing is the group.
    assert!(dial.complaints.contains("no telephony group") || dial.complaints.contains("groups"), "{dial:?}");
    assert!(!dial.complaints.contains("mistake"), "{dial:?}");
}
