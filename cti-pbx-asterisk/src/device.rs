//! What a telephone does: the dial plan's function `DEVICE_STATE`, asked over `Getvar`.

use crate::ami::Action;
use crate::safe;
use cti_core::Result;
use cti_core::call::Extension;
use cti_core::pbx::DeviceState;

/// Asks for the state of the telephone of that extension.
pub(crate) fn ask(technology: &str, extension: &Extension) -> Result<Action> {
    let device = format!("{technology}/{}", safe::extension(extension)?);
    Ok(Action::new("Getvar").header("Variable", format!("DEVICE_STATE({device})")))
}

/// What the answer means; `None` if there is no such device.
pub(crate) fn state(word: &str) -> Option<DeviceState> {
    Some(match word {
        "NOT_INUSE" => DeviceState::Idle,
        "INUSE" => DeviceState::InUse,
        "BUSY" => DeviceState::Busy,
        "UNAVAILABLE" => DeviceState::Unavailable,
        "RINGING" | "RINGINUSE" => DeviceState::Ringing,
        "ONHOLD" => DeviceState::OnHold,
        "INVALID" => return None,
        _ => DeviceState::Unknown,
    })
}
