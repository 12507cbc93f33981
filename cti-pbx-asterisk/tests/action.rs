//! Actions: no value can become more than a value.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_core::ErrorKind;
use cti_pbx_asterisk::ami::{Action, Decoder, Frame, Message};
use proptest::prelude::*;

/// What Asterisk reads: it takes LF alone as a line end too.
fn as_asterisk_reads(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
}

fn decode(bytes: &[u8]) -> Message {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    let Some(Frame::Message(message)) = decoder.next_frame() else { panic!("no message") };
    assert!(decoder.next_frame().is_none() && decoder.unfinished() == 0);
    message
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z:\r\n\0 ]{0,40}",
        Just("x\r\nAction: Originate".to_owned()),
        Just("x\nSecret: y".to_owned()),
        Just("x\0".to_owned()),
        "[0-9+*#]{1,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_can_add_a_header(
        name in hostile(),
        id in hostile(),
        headers in prop::collection::vec((hostile(), hostile()), 0..5),
        variable in (hostile(), hostile()),
    ) {
        let mut action = Action::new(name);
        for (key, value) in &headers {
            action = action.header(key, value);
        }
        action = action.variable(&variable.0, &variable.1);
        check(&action, &id, headers.len() + 3)?;
    }

    #[test]
    fn no_value_can_add_a_header(value in hostile()) {
        let action = Action::originate(&value, &value, &value, std::time::Duration::from_secs(1))
            .header("CallerID", &value)
            .variable("__CTI_X", &value);
        check(&action, "id", 10)?;
        check(&Action::login_with_secret(&value, &value, &value), "id", 5)?;
        check(&Action::queue_pause(&value, true, Some(&value)), "id", 5)?;
        for (action, headers) in every_action(&value) {
            check(&action, "id", headers)?;
        }
    }
}

/// Every action that takes a text, with that text everywhere.
fn every_action(v: &str) -> Vec<(Action, usize)> {
    let second = std::time::Duration::from_secs(1);
    vec![
        (Action::events(v), 3),
        (Action::filter(v), 4),
        (Action::login_with_key(v, v, v), 6),
        (Action::bridge_info(v), 3),
        (Action::getvar(v, v), 4),
        (Action::setvar(v, v, v), 5),
        (Action::core_show_channel_map(v), 3),
        (Action::extension_state(v, v), 4),
        (Action::presence_state(v), 3),
        (Action::pjsip_endpoint(v), 3),
        (Action::db_get(v, v), 4),
        (Action::db_put(v, v, v), 5),
        (Action::db_del(v, v), 4),
        (Action::command(v), 3),
        (Action::originate_application(v, v, v, second), 7),
        (Action::hangup(v, 16), 4),
        (Action::blind_transfer(v, v, v), 5),
        (Action::atxfer(v, v, v), 5),
        (Action::cancel_atxfer(v), 3),
        (Action::redirect(v, v, v), 6),
        (Action::redirect_both(v, (v, v), v, (v, v)), 10),
        (Action::bridge(v, v, true), 5),
        (Action::bridge_destroy(v), 3),
        (Action::bridge_kick(v, v), 4),
        (Action::park(v, v), 4),
        (Action::play_dtmf(v, v.chars().next().unwrap_or('1'), false), 4),
        (Action::mute_audio(v, v, true), 5),
        (Action::mix_monitor(v, v), 4),
        (Action::stop_mix_monitor(v), 3),
        (Action::mix_monitor_mute(v, true), 5),
        (Action::monitor(v, v, true), 5),
        (Action::stop_monitor(v), 3),
        (Action::pause_monitor(v), 3),
        (Action::send_text(v, v), 4),
        (Action::message_send(v, v, v), 5),
        (Action::user_event(v), 3),
        (Action::queue_add(v, v), 4),
        (Action::queue_remove(v, v), 4),
        (Action::queue_penalty(v, 1), 4),
        (Action::queue_log(v, v, v), 5),
        (Action::agent_logoff(v, true), 4),
    ]
}

#[test]
fn values_out_of_range_are_refused() {
    for bad in [Action::hangup("x", 128), Action::play_dtmf("x", 'x', false), Action::mute_audio("x", "left", true)] {
        assert_eq!(bad.encode("1").expect_err("refused").kind(), ErrorKind::Rejected);
    }
}

/// Either refused, or exactly that many headers, and no line that Asterisk would cut.
fn check(action: &Action, id: &str, headers: usize) -> Result<(), TestCaseError> {
    match action.encode(id) {
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::Rejected);
        }
        Ok(bytes) => {
            let lines = as_asterisk_reads(&bytes);
            prop_assert_eq!(lines.len(), headers + 2);
            prop_assert!(lines[..headers].iter().all(|line| !line.is_empty() && line.len() <= 1000));
            prop_assert_eq!(decode(&bytes).headers().count(), headers);
        }
    }
    Ok(())
}

#[test]
fn an_error_names_the_header_and_shows_no_value() {
    let error = Action::new("Login").header("Secret", "s3cret\nx").encode("1").expect_err("line end");
    assert!(error.to_string().contains("Secret") && !error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn limits_of_asterisk_are_kept() {
    assert!(Action::new("X").header("K", "v".repeat(1000)).encode("1").is_err());
    assert!(Action::new("X").header("K", "v".repeat(990)).encode("1").is_ok());
    let many = (0..127).fold(Action::new("X"), |action, n| action.header("K", n));
    assert!(many.encode("1").is_err());
}

#[test]
fn a_variable_cannot_bring_a_second_one() {
    for value in ["a,B=c", "a|B=c", "a\"b", "a\\b"] {
        let error = Action::new("Originate").variable("CTI_X", value).encode("1").expect_err(value);
        assert!(error.to_string().contains("CTI_X"), "{error}");
    }
    for name in ["", "A=B", "CHANNEL(x)", "A,B", "A B"] {
        assert!(Action::new("Originate").variable(name, "x").encode("1").is_err(), "{name}");
    }
}

#[test]
fn debug_shows_no_value() {
    let action = Action::login_with_secret("cti", "s3cret", "on");
    assert_eq!(format!("{action:?}"), r#"Action { name: "Login", keys: ["Username", "Secret", "Events"], .. }"#);
}
