//! `dial`: what a click-to-dial would dial, and why; with `--go` it is dialled.

use crate::cli::Dial as Options;
use crate::{Outcome, build, config, logging, output};
use cti::core::call::Extension;
use cti::core::dial::{Choice, Derivation, Offer, PrefixPick, Resolution};
use cti::core::number::Number;
use cti::core::pbx::{Dial, LinkState, PbxSource, SourceContext};
use std::process::ExitCode;
use std::time::Duration;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

/// How long to wait for the PBX to let us in.
const LINK_UP: Duration = Duration::from_secs(10);

/// The exit code when the user has to choose first, so that scripts can tell it from a failure.
const CHOICE_NEEDED: u8 = 3;

/// Resolves a click-to-dial, shows how the number came about, and dials it if asked to.
pub(crate) async fn dial(options: Options) -> Outcome {
    logging::start("warn");
    let config = config::load(&options.config)?;
    let plan = config.settings.dial_plan.as_ref().ok_or("the configuration has no [[groups]]: nobody may dial")?;
    let number = Number::new(&options.number).ok_or("the number is empty")?;
    match plan.resolve(&options.user, &number, &choice(&options), config.settings.numbering())? {
        Resolution::ChoiceNeeded(offer) => {
            explain_offer(&offer)?;
            Ok(ExitCode::from(CHOICE_NEEDED))
        }
        Resolution::Dial { pbx, derivation } => {
            explain(&pbx, &derivation)?;
            if options.go {
                let pbx = config.pbxs.iter().find(|config| config.name == pbx).ok_or("the group's PBX is gone")?;
                place(build::pbx(pbx), &derivation).await?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn choice(options: &Options) -> Choice {
    let prefix = match (&options.prefix, options.no_prefix) {
        (Some(label), _) => Some(PrefixPick::Label(label.clone())),
        (None, true) => Some(PrefixPick::NoPrefix),
        (None, false) => None,
    };
    Choice { extension: options.extension.as_deref().map(Extension::from), prefix }
}

fn explain_offer(offer: &Offer) -> std::io::Result<()> {
    output::line("nothing was dialled; choose first:")?;
    for extension in &offer.extensions {
        output::line(&format!("  --extension {extension}"))?;
    }
    for label in &offer.prefixes {
        output::line(&format!("  --prefix {label}"))?;
    }
    if offer.prefixes.is_empty() { Ok(()) } else { output::line("  --no-prefix") }
}

fn explain(pbx: &str, derivation: &Derivation) -> std::io::Result<()> {
    for step in &derivation.steps {
        output::line(&format!("{:<24} {}", step.rule, step.number.as_str()))?;
    }
    let (extension, dial_string) = (&derivation.extension, derivation.dial_string.as_str());
    output::line(&format!("{pbx}: {extension} rings, then {dial_string} is dialled"))
}

async fn place(pbx: impl PbxSource, derivation: &Derivation) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let cancel = CancellationToken::new();
    let _ends_with_us = cancel.clone().drop_guard();
    let context = SourceContext::new(cancel.clone());
    let mut link = context.link.subscribe();
    let mut events = pbx.open(context).await?;
    // The stream has to be read for the PBX to be followed; its only item that matters here is a permanent error.
    let failure = async {
        loop {
            match events.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return error,
                None => std::future::pending().await,
            }
        }
    };
    let control = pbx.control().ok_or("this PBX cannot be controlled")?;
    let dialled = async {
        let up = async {
            // A link that has ended tells why in the stream of events.
            if link.wait_for(|state| *state == LinkState::Up).await.is_err() {
                std::future::pending().await
            }
        };
        let in_time = tokio::time::timeout(LINK_UP, up).await;
        in_time.map_err(|_| "the PBX cannot be reached; `cti-adapter doctor` tells more")?;
        let dial = Dial::new(derivation.extension.clone(), derivation.dial_string.clone());
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(control.dial(&dial).await?)
    };
    let call = tokio::select! {
        call = dialled => call?,
        error = failure => return Err(error.into()),
    };
    output::line(&format!("picked up; the number is being dialled: call {call}"))?;
    Ok(())
}
