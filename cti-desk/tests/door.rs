//! Who is let in, and what is told to the world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{Call, Page, SUZUKI, address, client, desk, origin, post, ringing, settings};
use cti_core::ErrorKind;
use cti_core::popup::Popup;
use cti_core::secret::{ExposeSecret, SecretString};
use cti_desk::{AgentLogin, Desk, PartState, RunningDesk};
use reqwest::StatusCode;
use serde_json::{Value, json};

const PAGE: &str = include_str!("../page/index.html");

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

async fn cookie(desk: &RunningDesk) -> String {
    let answer = client().get(address(desk, &format!("/?token={SUZUKI}"))).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_link_with_the_token_signs_in_and_leaves_the_token_behind() {
    let desk = desk().await;
    let link = desk.agent_url("suzuki").unwrap();
    let answer = client().get(link.expose_secret()).send().await.unwrap();
    assert_eq!((answer.status(), &answer.headers()["location"]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains(SUZUKI), "{set}");
    let pair = set.split(';').next().unwrap();
    let session = client().get(address(&desk, "/session")).header("cookie", pair).send().await.unwrap();
    let session: Value = session.json().await.unwrap();
    assert_eq!((&session["user"], &session["extensions"]), (&json!("suzuki"), &json!(["6001"])));
    assert!(desk.agent_url("nobody").is_none());
}

#[tokio::test]
async fn a_link_on_another_site_goes_on_from_the_desk_so_that_the_strict_cookie_is_sent() {
    let desk = desk().await;
    let link = client().get(address(&desk, &format!("/?token={SUZUKI}"))).header("sec-fetch-site", "cross-site");
    let answer = link.send().await.unwrap();
    assert!(answer.status() == StatusCode::OK && answer.headers().contains_key("set-cookie"));
    assert!(answer.text().await.unwrap().contains("http-equiv=\"refresh\""));
}

#[tokio::test]
async fn without_a_good_token_there_is_no_data() {
    let desk = desk().await;
    for path in ["/", "/?token=wrong-token-0123456789", "/session", "/events"] {
        let answer = client().get(address(&desk, path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(!answer.headers().contains_key("set-cookie"));
    }
    assert_eq!(status(client().get(address(&desk, "/events")).bearer_auth("wrong-token-0123456789")).await, 401);
    let sign_in = |token: &str| client().post(address(&desk, "/session")).json(&json!({ "token": token }));
    assert_eq!(status(sign_in("wrong")).await, 401);
    assert_eq!(status(sign_in(SUZUKI)).await, 204);
}

#[tokio::test]
async fn a_cookie_that_was_tampered_with_or_belongs_to_another_token_is_refused() {
    let desk = desk().await;
    let good = cookie(&desk).await;
    let (name, value) = good.split_once('=').unwrap();
    let (expiry, mac) = value.split_once('.').unwrap();
    let later = expiry.parse::<i64>().unwrap() + 9999;
    let ask = |value: String| client().get(address(&desk, "/session")).header("cookie", format!("{name}={value}"));
    assert_eq!(status(ask(value.to_owned())).await, 200);
    for bad in [format!("{later}.{mac}"), format!("1.{mac}"), format!("{expiry}."), "x".to_owned(), format!("{value}é")]
    {
        assert_eq!(status(ask(bad.clone())).await, 401, "{bad}");
    }
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let desk = desk().await;
    let port = desk.local_addr().port();
    let with_host = |host: &str| client().get(address(&desk, "/health")).header("host", host);
    for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", "10.0.0.1", "a@b/c"] {
        assert_eq!(status(with_host(host)).await, 403, "{host}");
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(status(with_host(&host)).await, 200, "{host}");
    }
    let dial = |origin: &str| {
        let request = client().post(address(&desk, "/api/dial")).bearer_auth(SUZUKI).header("origin", origin);
        request.json(&json!({"number": "1"}))
    };
    for bad in ["https://evil.example", "null", "http://127.0.0.1:1", &format!("https://127.0.0.1:{port}")] {
        assert_eq!(status(dial(bad)).await, 403, "{bad}");
    }
    let foreign_read =
        client().get(address(&desk, "/events")).bearer_auth(SUZUKI).header("origin", "https://evil.example");
    assert_eq!(status(foreign_read).await, 403);
}

#[tokio::test]
async fn a_cookie_alone_without_an_origin_changes_nothing() {
    let desk = desk().await;
    let cookie = cookie(&desk).await;
    let dial = || client().post(address(&desk, "/api/dial")).header("cookie", &cookie).json(&json!({"number": "1"}));
    assert_eq!(status(dial()).await, 403);
    assert_eq!(status(dial().header("origin", origin(&desk))).await, 503, "let in; only no pipeline is there");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let desk = desk().await;
    for path in ["/", "/desk.js", "/events", "/nothing/here", "/health"] {
        let headers = client().get(address(&desk, path)).send().await.unwrap().headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(
            (&headers["x-content-type-options"], &headers["referrer-policy"]),
            (&"nosniff".parse().unwrap(), &"no-referrer".parse().unwrap())
        );
        assert!(headers.contains_key("cache-control"));
    }
}

#[test]
fn the_page_has_no_inline_script_or_style_and_nothing_from_elsewhere() {
    for (at, _) in PAGE.match_indices("<script") {
        assert!(PAGE[at..].starts_with("<script type=\"module\" src=\"/"));
    }
    let attributes = [" onclick", " onload", " onerror", " style=", "<style", "javascript:", "//"];
    assert!(attributes.iter().all(|bad| !PAGE.contains(bad)));
    for script in [
        include_str!("../page/desk.js"),
        include_str!("../page/card.js"),
        include_str!("../page/open.js"),
        include_str!("../page/words.js"),
    ] {
        let sinks = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"];
        assert!(sinks.iter().all(|sink| !script.contains(sink)));
    }
}

#[tokio::test]
async fn files_of_the_page_are_kept_by_the_browser_until_they_change() {
    let desk = desk().await;
    for file in ["/desk.js", "/card.js", "/open.js", "/words.js", "/desk.css", "/icon.svg"] {
        let answer = client().get(address(&desk, file)).send().await.unwrap();
        let tag = answer.headers()["etag"].clone();
        assert_eq!(answer.status(), 200, "{file}");
        assert_eq!(status(client().get(address(&desk, file)).header("if-none-match", tag)).await, 304);
    }
    assert_eq!(status(client().get(address(&desk, "/desk.rs"))).await, 404);
}

#[tokio::test]
async fn bodies_are_bounded_and_json() {
    let desk = desk().await;
    let large = json!({"number": "1".repeat(17 * 1024)});
    assert_eq!(status(post(&desk, SUZUKI, "/api/dial", &large)).await, 413);
    assert_eq!(status(post(&desk, SUZUKI, "/api/dial", &json!({"number": 7}))).await, 400);
    assert_eq!(status(post(&desk, SUZUKI, "/api/dial", &json!({"number": " \r\n"}))).await, 400);
    let form = client().post(address(&desk, "/api/dial")).bearer_auth(SUZUKI).header("origin", origin(&desk));
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("number=1");
    assert_eq!(status(form).await, 415);
}

#[tokio::test]
async fn health_names_the_part_that_is_missing() {
    let desk = desk().await;
    desk.report("pbx:main", PartState::Ready);
    desk.report_waiting(3);
    assert_eq!(status(client().get(address(&desk, "/health"))).await, 200);
    desk.report("crm:kintone", PartState::Waiting);
    let answer = client().get(address(&desk, "/health")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let expected = json!({"ready": false, "parts": {"pbx:main": "ready", "crm:kintone": "waiting"}, "waiting": 3});
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

#[tokio::test]
async fn metrics_count_and_name_nobody() {
    let desk = desk().await;
    let mut call = Call::new("1795225659.77");
    call.tell(&desk, ringing("6001")).await;
    desk.pop(&call.pop("6001", "Sato")).await;
    status(post(&desk, SUZUKI, "/api/dial", &json!({"number": "0312349876"}))).await;
    let mut page = Page::open(&desk, SUZUKI).await;
    page.expect("snapshot").await;
    let text = client().get(address(&desk, "/metrics")).send().await.unwrap().text().await.unwrap();
    for line in ["cti_desk_events_total 1", "cti_desk_pops_total 1", "cti_desk_streams 1"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("cti_desk_commands_total{action=\"dial\",outcome=\"unreachable\"} 1"), "{text}");
    assert!(
        ["0901234567", "0312349876", "6001", "Sato", "suzuki", "1795225659"]
            .iter()
            .all(|personal| !text.contains(personal))
    );
}

#[tokio::test]
async fn secrets_stay_out_of_debug_texts() {
    let desk = desk().await;
    assert!(!format!("{desk:?}").contains(SUZUKI));
    assert!(!format!("{:?}", settings()).contains(SUZUKI));
    assert!(!format!("{:?}", desk.agent_url("suzuki")).contains(SUZUKI));
}

#[tokio::test]
async fn it_is_on_loopback_unless_told_otherwise_in_so_many_words() {
    assert!(desk().await.local_addr().ip().is_loopback());
    let error = settings().listen("0.0.0.0:0").bind().await.expect_err("reachable from elsewhere");
    assert!(error.kind() == ErrorKind::ConfigInvalid && error.to_string().contains("listen_publicly"), "{error}");
    let public = settings().listen_publicly("0.0.0.0:0").bind().await.unwrap();
    let port = public.local_addr().port();
    let by_name = client().get(format!("http://127.0.0.1:{port}/health")).header("host", "evil.example");
    assert_eq!(status(by_name).await, 403);
}

#[tokio::test]
async fn the_public_address_is_answered_to_and_its_cookie_is_for_tls() {
    let desk = settings().public_url("https://desk.example.com/".parse().unwrap()).bind().await.unwrap();
    let link = client().get(address(&desk, &format!("/?token={SUZUKI}"))).header("host", "desk.example.com");
    assert!(link.send().await.unwrap().headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
    let dial = post(&desk, SUZUKI, "/api/dial", &json!({"number": "1"})).header("host", "desk.example.com");
    assert_eq!(status(dial).await, 403, "the origin is another one");
    assert!(desk.agent_url("suzuki").unwrap().expose_secret().starts_with("https://desk.example.com/?token="));
}

#[tokio::test]
async fn all_faults_of_the_settings_are_told_at_once_and_no_token_with_them() {
    let agent = |user: &str, token: &str| AgentLogin::new(user, "6001").token(SecretString::from(token));
    let error = Desk::new()
        .listen_publicly("0.0.0.0:0")
        .open_access_for_demo("nobody")
        .agent(agent("a", "short"))
        .agent(agent("a", SUZUKI))
        .agent(AgentLogin::new("b", "6002"))
        .allow_origin("https://crm.example.com/path".parse().unwrap())
        .bind()
        .await
        .expect_err("six faults");
    let text = error.to_string();
    for fault in ["shorter than 16", "twice", "b.token: is missing", "no agent nobody", "loopback only", "no origin"] {
        assert!(text.contains(fault), "{fault} is not in {text}");
    }
    assert!(!text.contains(SUZUKI));
}

#[tokio::test]
async fn the_open_demo_needs_no_token_but_its_own_page() {
    let desk = Desk::new()
        .listen("127.0.0.1:0")
        .agent(AgentLogin::new("demo", "6001"))
        .open_access_for_demo("demo")
        .bind()
        .await
        .unwrap();
    assert_eq!(status(client().get(address(&desk, "/"))).await, 200);
    assert_eq!(desk.agent_url("demo").unwrap().expose_secret(), desk.url().as_str());
    let dial = || client().post(address(&desk, "/api/dial")).json(&json!({"number": "1"}));
    assert_eq!(status(dial()).await, 403);
    assert_eq!(status(dial().header("origin", "https://evil.example")).await, 403);
    assert_eq!(status(dial().header("origin", origin(&desk))).await, 503);
    assert_eq!(status(client().get(address(&desk, "/session")).header("host", "evil.example")).await, 403);
}

#[tokio::test]
async fn forms_go_to_the_desk_and_to_the_origins_that_were_named_alone() {
    let policy = async |desk: RunningDesk| {
        let answer = client().get(address(&desk, "/")).send().await.unwrap();
        answer.headers()["content-security-policy"].to_str().unwrap().to_owned()
    };
    assert!(policy(desk().await).await.ends_with("form-action 'self'"));
    let crm = || "https://crm.example:8443/new?x=1".parse().unwrap();
    let desk = settings().form_target(crm()).form_target(crm()).bind().await.unwrap();
    assert!(policy(desk).await.ends_with("form-action 'self' https://crm.example:8443"));
}
