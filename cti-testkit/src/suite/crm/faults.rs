//! What goes wrong, and what is told of it.

use super::tools::{
    Stop, Verdict, contact, ensure, good, harmless, inbound, is_passing, key, look_up, refused, same, tell,
};
use super::{Capability, CrmFault, CrmRig};
use cti_core::call::{CallEvent, CallFact, Party, Recording};
use cti_core::crm::{CrmSink, LookUp, Matches};
use cti_core::{Error, ErrorKind, Status};

const NUMBER: &str = "0312345678";

async fn inject(rig: &dyn CrmRig, fault: CrmFault) -> Verdict {
    if rig.fail_next(fault).await { Ok(()) } else { Err(Stop::Impossible("the rig cannot bring this fault about")) }
}

/// The fault is told as temporary, or a layer tried again and had the right answer.
async fn passing_for_look_up(rig: &dyn CrmRig, fault: CrmFault) -> Verdict {
    rig.add_customer("Yamada Taro", NUMBER).await;
    let (sink, before) = (rig.sink(), rig.requests().await);
    inject(rig, fault).await?;
    match sink.look_up(&look_up(NUMBER)?).await {
        Ok(matches) => {
            ensure(rig.requests().await > before + 1, "an answer without a request that went well")?;
            same("matches", matches.found.len(), 1)
        }
        Err(error) => {
            harmless(rig, &error, &[NUMBER])?;
            ensure(is_passing(&error), format!("not temporary: {error}"))?;
            let matches = good("look_up again", sink.look_up(&look_up(NUMBER)?).await)?;
            same("matches", matches.found.len(), 1)
        }
    }
}

pub(super) async fn too_many_requests_is_temporary_for_look_up(rig: &dyn CrmRig) -> Verdict {
    passing_for_look_up(rig, CrmFault::RateLimited).await
}

pub(super) async fn a_server_out_of_order_is_temporary_for_look_up(rig: &dyn CrmRig) -> Verdict {
    passing_for_look_up(rig, CrmFault::ServerError).await
}

pub(super) async fn too_many_requests_is_temporary_for_log_call(rig: &dyn CrmRig) -> Verdict {
    let (sink, record) = (rig.sink(), inbound("1.1", Party::known(NUMBER, "Yamada")));
    inject(rig, CrmFault::RateLimited).await?;
    if let Err(error) = sink.log_call(&record, None, &key("1.1")).await {
        harmless(rig, &error, &[NUMBER, "Yamada"])?;
        ensure(is_passing(&error), format!("not temporary: {error}"))?;
        good("log_call again", sink.log_call(&record, None, &key("1.1")).await)?;
    }
    same("entries", rig.logged().await.len(), 1)
}

/// Does what the sink can do; gives each error.
async fn errors_of(rig: &dyn CrmRig, sink: &dyn CrmSink) -> Result<Vec<Error>, Stop> {
    let private = [NUMBER, "Yamada"];
    let capabilities = sink.capabilities();
    let mut errors = Vec::new();
    if capabilities.look_up {
        errors.push(refused(rig, "look_up", sink.look_up(&look_up(NUMBER)?).await, &private)?);
    }
    if capabilities.log_call {
        let record = inbound("1.1", Party::known(NUMBER, "Yamada"));
        errors.push(refused(rig, "log_call", sink.log_call(&record, None, &key("1.1")).await, &private)?);
    }
    if capabilities.create_contact {
        let created = sink.create_contact(&contact(NUMBER, "Yamada")?, &key("1.1")).await;
        errors.push(refused(rig, "create_contact", created, &private)?);
    }
    Ok(errors)
}

pub(super) async fn a_wrong_secret_is_permanent(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink_with_wrong_secret().ok_or(Stop::Impossible("the rig has no wrong secret"))?;
    for error in errors_of(rig, sink.as_ref()).await? {
        same("status", error.status(), Status::Permanent)?;
        let kind = error.kind();
        let expected = matches!(kind, ErrorKind::Unauthenticated | ErrorKind::PermissionDenied);
        ensure(expected, format!("a wrong secret is told as {kind:?}"))?;
    }
    Ok(())
}

pub(super) async fn nobody_listening_is_temporary(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink_to_nowhere().ok_or(Stop::Impossible("the rig has no dead address"))?;
    for error in errors_of(rig, sink.as_ref()).await? {
        ensure(is_passing(&error), format!("not temporary: {error}"))?;
        same("kind", error.kind(), ErrorKind::Unreachable)?;
    }
    Ok(())
}

pub(super) async fn what_is_not_supported_sends_nothing(rig: &dyn CrmRig) -> Verdict {
    let sink = rig.sink();
    let before = rig.requests().await;
    for capability in Capability::ALL {
        if capability.is_in(sink.capabilities()) {
            continue;
        }
        if let Some(result) = attempt(sink.as_ref(), capability, &look_up(NUMBER)?).await? {
            let error = refused(rig, "unsupported", result, &[NUMBER, "Yamada"])?;
            same("kind", error.kind(), ErrorKind::Unsupported)?;
            same("status", error.status(), Status::Permanent)?;
        }
    }
    same("requests", rig.requests().await, before)
}

/// Does it all the same; `None` for what has no error.
async fn attempt(sink: &dyn CrmSink, what: Capability, wanted: &LookUp) -> Result<Option<cti_core::Result<()>>, Stop> {
    let record = inbound("1.1", Party::known(NUMBER, "Yamada"));
    let key = key("1.1");
    Ok(Some(match what {
        Capability::LookUp => sink.look_up(wanted).await.map(drop),
        Capability::Notify => sink.notify(&event(), &Matches::default()).await.map(drop),
        Capability::Click => sink.clicked(&event(), &Matches::default()).await.map(drop),
        Capability::LogCall => sink.log_call(&record, None, &key).await.map(drop),
        Capability::UpdateLog => sink.update_log(&record, &key).await.map(drop),
        Capability::CreateContact => sink.create_contact(&contact(NUMBER, "Yamada")?, &key).await.map(drop),
        Capability::AttachRecording => sink.attach_recording(&Recording::File("a.wav".to_owned()), &key).await,
        Capability::ScreenPop => return Ok(None),
    }))
}

fn event() -> CallEvent {
    tell(CallFact::Started, Party::known(NUMBER, "Yamada"))
}

pub(super) async fn debug_shows_no_secret(rig: &dyn CrmRig) -> Verdict {
    let text = rig.debug().ok_or(Stop::Impossible("the sink has no Debug"))?;
    ensure(!rig.secrets().iter().any(|secret| text.contains(secret)), "Debug shows a secret")
}
