//! `cti-adapter demo` as a newcomer sees it: in a browser. Keeps pictures in `target/screenshots`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_lab::{Chromium, WebDriver};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::{Adapter, command, eventually};

/// The page that one demo shows in one browser.
struct Show {
    demo: Adapter,
    browser: WebDriver,
    kintone: String,
}

impl Show {
    /// Starts both; `None`, and says so, where there is no browser.
    async fn begin(language: &str, calls: &str) -> Option<Self> {
        let chromium = Chromium::find_or_skip()?;
        let browser = chromium.drive_with(&[&format!("--accept-lang={language}")]).await.unwrap();
        let demo = Adapter::start(&mut command(&["demo", "--listen", "127.0.0.1:0", "--calls", calls]));
        let desk = demo.prints("the desk page of extension 6001: ").await;
        let kintone = demo.prints("the simulated kintone:").await.trim().to_owned();
        browser.resize(1100, 720).await.unwrap();
        let show = Self { demo, browser, kintone };
        show.dark(false).await;
        show.browser.goto(desk.trim()).await.unwrap();
        Some(show)
    }

    /// Waits until a live call is in that state; gives the words of its card.
    async fn card(&self, state: &str) -> String {
        let card = self.browser.wait_for(&format!("#calls .card[data-state={state}]")).await.unwrap();
        self.browser.text(&card).await.unwrap()
    }

    /// Waits until a call of that customer rings.
    async fn named(&self, customer: &str) {
        let title = "#calls .card[data-state=ringing] h2";
        let named = format!("document.querySelector('{title}')?.textContent.includes('{customer}')");
        self.browser.wait_until(&named).await.unwrap();
    }

    async fn no_card(&self) {
        self.browser.wait_until("!document.querySelector('#calls .card')").await.unwrap();
    }

    async fn text(&self, css: &str) -> String {
        let element = self.browser.wait_for(css).await.unwrap();
        self.browser.text(&element).await.unwrap()
    }

    async fn click(&self, css: &str) {
        let element = self.browser.wait_for(css).await.unwrap();
        self.browser.click(&element).await.unwrap();
    }

    async fn picture(&self, name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        self.browser.screenshot(&file).await.unwrap();
        file
    }

    /// The rows of the simulated kintone's call log, as its own page shows them.
    async fn logged(&self) -> Vec<String> {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let page = http.get(&self.kintone).send().await.unwrap().text().await.unwrap();
        page.split("<tr id=").skip(1).map(str::to_owned).collect()
    }

    async fn dark(&self, on: bool) {
        let value = if on { "dark" } else { "light" };
        // Without motion a picture shows no card that is half-way in.
        let features = json!([
            { "name": "prefers-color-scheme", "value": value },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await.unwrap();
    }

    /// Nothing may stick out of the page on either side.
    async fn fits(&self) {
        let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        self.browser.wait_until(fits).await.unwrap();
    }

    /// No error, no broken policy, no failed load; and the demo ends when it is asked to.
    async fn end(self) {
        let console = self.browser.console().await.unwrap();
        let wrong: Vec<&String> = console.iter().filter(|line| !line.starts_with("DEBUG")).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        self.browser.quit().await.unwrap();
        self.demo.signal("TERM").await;
        let ended = self.demo.ended().await;
        assert_eq!((ended.code, ended.complaints.as_str()), (Some(0), ""));
    }
}

#[tokio::test]
async fn a_call_comes_in_and_a_number_is_dialled() {
    let began = Instant::now();
    let Some(show) = Show::begin("en-US", "1").await else { return };

    show.named("山田 太郎").await;
    assert!(began.elapsed() < Duration::from_secs(15), "the first call comes soon: {:?}", began.elapsed());
    let ringing = show.card("ringing").await;
    for word in ["Ringing", "Incoming", "山田商店", "09012345678"] {
        assert!(ringing.contains(word), "no {word:?} in {ringing:?}");
    }
    show.picture("desk-ringing-en.png").await;
    let talking = show.card("talking").await;
    for word in ["In call", "山田 太郎", "Hang up", "Transfer"] {
        assert!(talking.contains(word), "no {word:?} in {talking:?}");
    }
    show.picture("desk-talking-en.png").await;
    show.no_card().await;
    let recent = show.text("#recent li").await;
    assert!(recent.contains("山田 太郎") && recent.contains("Answered"), "{recent}");
    let logged =
        eventually("the call is in kintone", async || Some(show.logged().await).filter(|l| !l.is_empty())).await;
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(logged[0].contains("山田 太郎") && logged[0].contains("answered"), "{logged:?}");

    click_to_dial(&show).await;
    let logged = eventually("the other call is in kintone", async || Some(show.logged().await).filter(|l| l.len() > 1));
    let logged = logged.await;
    assert_eq!(logged.len(), 2, "{logged:?}");
    assert!(logged[1].contains("outbound") && logged[1].contains("Jane Smith"), "{logged:?}");
    show.end().await;
}

/// The phone 6001 rings, is picked up, then the number rings, with a 9 before it, and is answered.
async fn click_to_dial(show: &Show) {
    let number = show.browser.wait_for("#number").await.unwrap();
    show.browser.send_keys(&number, "03-5555-0123").await.unwrap();
    show.click("#dial-go").await;
    let dialing = show.card("dialing").await;
    assert!(dialing.contains("Dialling") && dialing.contains("Outgoing"), "{dialing}");
    let words = "document.querySelector('#derivation ol')?.innerText";
    let steps = show.browser.wait_until(words).await.unwrap();
    for word in ["03-5555-0123", "0355550123", "90355550123", "prefix LOCAL"] {
        assert!(steps.as_str().unwrap().contains(word), "no {word:?} in {steps:?}");
    }
    let talking = show.card("talking").await;
    assert!(talking.contains("Jane Smith") && talking.contains("In call"), "{talking}");
    show.picture("desk-dialled-en.png").await;
    show.click("#calls [data-action=hang_up]").await;
    show.no_card().await;
    assert!(show.text("#recent li").await.contains("Jane Smith"));
}

#[tokio::test]
async fn small_and_large_dark_and_light_in_both_languages() {
    let Some(show) = Show::begin("ja", "2").await else { return };
    show.named("山田 太郎").await;
    let ringing = show.card("ringing").await;
    assert!(ringing.contains("呼出中") && ringing.contains("着信"), "{ringing}");
    show.fits().await;
    show.picture("desk-ringing-ja.png").await;
    show.browser.resize(390, 844).await.unwrap();
    show.fits().await;
    show.picture("phone-ringing-ja.png").await;
    show.card("talking").await;
    show.dark(true).await;
    show.fits().await;
    show.picture("phone-talking-ja-dark.png").await;
    show.click("#language").await;
    let talking = show.card("talking").await;
    assert!(talking.contains("In call"), "{talking}");
    show.fits().await;
    show.picture("phone-talking-en-dark.png").await;
    show.browser.resize(1100, 720).await.unwrap();
    show.browser.wait_until("document.querySelector('.timer').textContent > '00:04'").await.unwrap();
    show.picture("desk-talking-en-dark.png").await;
    show.click("#calls [data-action=hang_up]").await;
    show.no_card().await;
    show.dark(false).await;
    show.click("#language").await;
    show.fits().await;
    show.picture("desk-recent-ja.png").await;
    show.click("#language").await;
    show.named("Jane Smith").await;
    show.picture("desk.png").await;
    show.end().await;
}
