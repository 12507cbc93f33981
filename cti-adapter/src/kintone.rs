//! `kintone`: what is done once, when a kintone is set up.

use crate::cli::{CreateApps, KintoneChore, Script};
use crate::{Outcome, output};
use cti::kintone::{AppMaker, click_to_call_script};
use std::process::ExitCode;

/// Carries out one chore.
pub(crate) async fn kintone(chore: KintoneChore) -> Outcome {
    match chore {
        KintoneChore::CreateApps(options) => create_apps(options).await?,
        KintoneChore::Script(options) => script(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create_apps(options: CreateApps) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let password = cti::secret("KINTONE_PASSWORD")?;
    let mut maker = AppMaker::new(&options.domain, &options.user, password);
    if let Some(space) = options.guest_space {
        maker = maker.guest_space(space);
    }
    let made = maker.make().await?;
    output::line(&format!("made: customers are app {}, the call history is app {}", made.customers, made.call_log))?;
    output::line(
        "now, in the settings of each app: API token > Generate; tick the rights; Save; Update App (設定完了):",
    )?;
    output::line(&format!("  app {}: view, add and edit records", made.customers))?;
    output::line(&format!("  app {}: add and edit records", made.call_log))?;
    output::line(&format!(
        "\n[[crm]]\nname = \"kintone\"\nkind = \"kintone\"\ndomain = \"{}\"\n\n\
         [crm.customers]\napp = {}\ntoken = {{ env = \"KINTONE_CUSTOMERS_TOKEN\" }}\n\
         fields = {{ phone = \"tel\", phone2 = \"tel2\", name = \"name\", company = \"company\" }}\n\n\
         [crm.call_log]\napp = {}\ntoken = {{ env = \"KINTONE_CALL_LOG_TOKEN\" }}",
        options.domain, made.customers, made.call_log
    ))?;
    Ok(())
}

fn script(options: &Script) -> std::io::Result<()> {
    let fields: Vec<&str> = options.field.iter().map(String::as_str).collect();
    output::line(click_to_call_script(&options.desk, &fields).trim_end())
}
