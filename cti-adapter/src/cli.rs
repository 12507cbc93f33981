//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Joins telephone systems to customer systems: screen pop, call log, click-to-dial.
#[derive(Debug, Parser)]
#[command(name = "cti-adapter", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole thing on this machine: a simulated Asterisk, a simulated kintone, and the desk page
    Demo(Demo),
    /// Run the adapter (SIGTERM ends it cleanly, SIGHUP reads policy and dial plan again)
    Run(Run),
    /// Check configuration, PBX and CRM: what is wrong, why, and what to do
    Doctor(Doctor),
    /// Read recorded bytes of a PBX and print its calls, one JSON object a line
    Replay(Replay),
    /// Print the settings of the section policy as JSON Schema, with help in English (description) and Japanese (x-help-ja)
    Schema,
    /// Let a CRM grant us access, once; it walks through the steps
    Login(Login),
    /// Show what a click-to-dial would dial, and with --go dial it
    Dial(Dial),
    /// Set up a kintone: make the two apps, or the script that makes numbers clickable
    #[command(subcommand)]
    Kintone(KintoneChore),
}

/// What is done once, when a kintone is set up.
#[derive(Debug, Subcommand)]
pub(crate) enum KintoneChore {
    /// Make the two suggested apps (customers, call history); the password is taken from KINTONE_PASSWORD
    CreateApps(CreateApps),
    /// Print the JavaScript that makes telephone numbers on the pages of an app clickable
    Script(Script),
}

/// Options of `kintone create-apps`.
#[derive(Debug, Args)]
pub(crate) struct CreateApps {
    /// The sub-domain or address of kintone
    #[arg(long)]
    pub(crate) domain: String,
    /// A user who may make apps
    #[arg(long)]
    pub(crate) user: String,
    /// Make them in this guest space
    #[arg(long, value_name = "ID")]
    pub(crate) guest_space: Option<u64>,
}

/// Options of `kintone script`.
#[derive(Debug, Args)]
pub(crate) struct Script {
    /// The address of the agents' page, as their browsers reach it
    #[arg(long, value_name = "URL")]
    pub(crate) desk: url::Url,
    /// The code of a field that holds a telephone number; may be given several times
    #[arg(long, value_name = "CODE", required = true)]
    pub(crate) field: Vec<String>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where the desk page listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// How many calls come in by themselves (without: one after the other, for ever)
    #[arg(long)]
    pub(crate) calls: Option<u32>,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Write that file from the settings of Zoho's old on-premise adapter (the folder `ztiadapter`), and end
    #[arg(long, value_name = "FOLDER")]
    pub(crate) import: Option<PathBuf>,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Print the checks as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// What recorded the bytes
    #[arg(long)]
    pub(crate) pbx: PbxKind,
    /// Take the name of the PBX, its trunks and extensions from this configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The recorded bytes; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

/// Kinds of PBX that can be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PbxKind {
    /// Asterisk Manager Interface
    Asterisk,
}

/// Options of `login`.
#[derive(Debug, Args)]
pub(crate) struct Login {
    #[command(subcommand)]
    pub(crate) crm: LoginTo,
}

/// The CRMs that grant access to a programme by a person.
#[derive(Debug, Subcommand)]
pub(crate) enum LoginTo {
    /// Zoho CRM: writes the file of tokens that `token_file` of the configuration names
    Zoho(ZohoLogin),
}

/// Options of `login zoho`.
#[derive(Debug, Args)]
pub(crate) struct ZohoLogin {
    /// The data centre: us eu in au jp cn ca sa uk ae, or the address of an accounts server
    #[arg(long)]
    pub(crate) data_center: String,
    /// The client id of Zoho's API console
    #[arg(long)]
    pub(crate) client_id: String,
    /// The environment variable that holds the client secret (or NAME_FILE, that names a file with it)
    #[arg(long, value_name = "NAME", default_value = "ZOHO_CLIENT_SECRET")]
    pub(crate) client_secret_env: String,
    /// Where the tokens are to be written
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: PathBuf,
    /// The registered redirect address of a server-based client; without, the client is a self client
    #[arg(long, value_name = "URL")]
    pub(crate) redirect_uri: Option<String>,
}

/// Options of `dial`.
#[derive(Debug, Args)]
pub(crate) struct Dial {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Who dials, by the name in the groups
    #[arg(long)]
    pub(crate) user: String,
    /// From this extension, where the user has several
    #[arg(long)]
    pub(crate) extension: Option<String>,
    /// With the prefix of this label, where the group asks each time
    #[arg(long, conflicts_with = "no_prefix")]
    pub(crate) prefix: Option<String>,
    /// With no prefix, where the group asks each time
    #[arg(long)]
    pub(crate) no_prefix: bool,
    /// Really dial: the phone rings, then the number
    #[arg(long)]
    pub(crate) go: bool,
    /// The number, as it stands in the customer's record
    pub(crate) number: String,
}
