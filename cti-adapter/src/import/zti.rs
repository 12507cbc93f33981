//! What stands in the folder of the old adapter, and what becomes of it.
//!
//! Public pages name one key of `conf/zti.properties` and three of `avaya.properties`. Those of Asterisk and Elastix are not
//! public: theirs are recognised by how they end.

use super::properties;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use toml::Value;

/// The largest file that is read; they are some lines long.
const MAX: u64 = 64 * 1024;

/// Folder of a PBX in `teleadapters`, the name that its section gets, and the kind.
const ADAPTERS: &[(&str, &str, &str)] =
    &[("asterisk14", "asterisk", "asterisk"), ("elastix16", "elastix", "asterisk"), ("avaya", "avaya", "avaya")];

/// What comes of a folder.
#[derive(Debug, Default)]
pub(super) struct Import {
    /// The configuration.
    pub(super) text: String,
    /// Files to be written, and the secret in each.
    pub(super) secrets: Vec<(PathBuf, String)>,
    /// What the person must know or do.
    pub(super) remarks: Vec<String>,
}

/// Reads the folder; secrets are to stand in files in `beside`.
pub(super) fn read(folder: &Path, beside: &Path) -> io::Result<Import> {
    let root = [folder.to_owned(), folder.join("ztiadapter")].into_iter().find(|root| root.join("conf").is_dir());
    let Some(root) = root else {
        let text = format!("{}: there is no folder conf in it: name the folder ztiadapter", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    };
    let mut import = Import::default();
    import.text.push_str("# Written by cti-adapter from the settings of the old ZTI adapter; docs/cti.example.toml shows all there is.\n");
    let mut found = 0;
    for (dir, name, kind) in ADAPTERS {
        let pair = file(&root.join("teleadapters").join(dir).join("conf").join(format!("{dir}.properties")))?;
        if let Some(pairs) = pair {
            import.pbx(name, kind, &pairs, beside);
            found += 1;
        }
    }
    if found == 0 {
        import.remarks.push("no file of a PBX was found in teleadapters: add a [[pbx]] section".to_owned());
    }
    import.zoho(&file(&root.join("conf/zti.properties"))?.unwrap_or_default(), beside);
    Ok(import)
}

fn file(path: &Path) -> io::Result<Option<Vec<(String, String)>>> {
    match std::fs::metadata(path) {
        Ok(data) if data.len() > MAX => {
            Err(io::Error::other(format!("{} is too large for a file of settings", path.display())))
        }
        Ok(_) => Ok(Some(properties::parse(&std::fs::read(path)?))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a key of a PBX means to us.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    Host,
    Port,
    User,
    Secret,
}

/// The three keys of Avaya are known; the others are told by their last word.
fn meaning(kind: &str, key: &str) -> Option<Meaning> {
    if kind == "avaya" {
        return match key {
            "avaya.server" => Some(Meaning::Host),
            "avaya.manager.username" => Some(Meaning::User),
            "avaya.manager.password" => Some(Meaning::Secret),
            _ => None,
        };
    }
    match key.rsplit('.').next()?.to_ascii_lowercase().as_str() {
        "server" | "host" | "hostname" | "ip" | "address" => Some(Meaning::Host),
        "port" => Some(Meaning::Port),
        "username" | "user" | "login" => Some(Meaning::User),
        "password" | "secret" => Some(Meaning::Secret),
        _ => None,
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

impl Import {
    fn pbx(&mut self, name: &str, kind: &str, pairs: &[(String, String)], beside: &Path) {
        let text = &mut self.text;
        let _ = write!(text, "\n[[pbx]]\nname = {}\nkind = {}\n", quoted(name), quoted(kind));
        if kind == "asterisk" {
            text.push_str("transport = \"plain\"   # as the old adapter did; \"tls\" is better\n");
        }
        for (key, value) in pairs {
            match meaning(kind, key) {
                Some(Meaning::Host) => drop(writeln!(text, "host = {}", quoted(value))),
                Some(Meaning::User) => drop(writeln!(text, "user = {}", quoted(value))),
                Some(Meaning::Port) => match value.parse::<u16>() {
                    Ok(port) => drop(writeln!(text, "port = {port}")),
                    Err(_) => self.remarks.push(format!("{name}: {key} is no port and was left out")),
                },
                Some(Meaning::Secret) => {
                    let file = beside.join(format!("{name}.secret"));
                    let _ = writeln!(text, "secret = {{ file = {} }}", quoted(&file.to_string_lossy()));
                    self.secrets.push((file, value.clone()));
                }
                None => self.remarks.push(format!("{name}: {key} has no meaning today and was left out")),
            }
        }
        for (wanted, what) in [(Meaning::Host, "host"), (Meaning::User, "user"), (Meaning::Secret, "secret")] {
            if !pairs.iter().any(|(key, _)| meaning(kind, key) == Some(wanted)) {
                self.remarks.push(format!("{name}: write {what} into its [[pbx]] section: the old file does not say"));
            }
        }
        if kind == "avaya" {
            let text = "avaya: JTAPI and its jar are not needed any more (DMCC is spoken directly), once this version has Avaya";
            self.remarks.push(text.to_owned());
        }
    }

    fn zoho(&mut self, pairs: &[(String, String)], beside: &Path) {
        let path = |name: &str| quoted(&beside.join(name).to_string_lossy());
        let _ = write!(
            self.text,
            "\n[[crm]]\nname = \"zoho\"\nkind = \"zoho\"\ndata_center = \"jp\"   # us eu in au jp cn ca sa uk ae\n\
             client_id = \"1000.REPLACE\"   # Zoho's API console\nclient_secret = {{ file = {} }}\ntoken_file = {}\nagents = []\n\n\
             [outbox]\npath = {}\n",
            path("zoho-client.secret"),
            path("zoho-tokens.json"),
            path("calls.db"),
        );
        for (key, _) in pairs {
            self.remarks.push(match key.as_str() {
                "authtoken" => {
                    "zti.properties: authtoken has no meaning today: Zoho retired these tokens. It was not copied; \
                    run `cti-adapter login zoho`"
                        .to_owned()
                }
                other => format!("zti.properties: {other} has no meaning today and was left out"),
            });
        }
        self.remarks.push(
            "client_id, and the client secret in its file, come from Zoho's API console: docs/zoho.md".to_owned(),
        );
        self.remarks.push(
            "groups, prefixes, members and their extensions stand in Zoho CRM and in no file: write them as [[groups]] and \
             agents"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_avaya_are_taken_exactly_and_others_by_their_last_word() {
        assert_eq!(meaning("avaya", "avaya.server"), Some(Meaning::Host));
        assert_eq!(meaning("avaya", "avaya.manager.username"), Some(Meaning::User));
        assert_eq!(meaning("avaya", "avaya.manager.password"), Some(Meaning::Secret));
        assert_eq!(meaning("avaya", "avaya.password"), None);
        assert_eq!(meaning("asterisk", "asterisk.manager.password"), Some(Meaning::Secret));
        assert_eq!(meaning("asterisk", "elastix.server"), Some(Meaning::Host));
        assert_eq!(meaning("asterisk", "asterisk.context"), None);
    }
}
