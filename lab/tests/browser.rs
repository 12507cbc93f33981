//! The browser of the harness does what the tests of pages build on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::time::Duration;

use cti_lab::Chromium;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PAGE: &str = r#"<!DOCTYPE html><html lang="ja"><meta charset="utf-8"><title>t</title>
<style>body { background: #fff; font-size: 40px }</style>
<h1>着信 090-1234-5678</h1><input id="number"><button id="dial">Dial</button><p id="out"></p>
<script>document.getElementById("dial").addEventListener("click", () => setTimeout(() => {
  document.getElementById("out").textContent = "dialling " + document.getElementById("number").value;
}, 200)); console.error("a word on the console");</script></html>"#;

/// Serves the page to whoever asks, as long as the test runs; gives its address.
async fn serve() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n", PAGE.len());
                let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n{PAGE}").as_bytes()).await;
            });
        }
    });
    address
}

/// Width and height in the header of a PNG file.
fn size_of(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn a_page_is_used() {
    let Some(chromium) = Chromium::find_or_skip() else {
        return;
    };
    let url = serve().await;
    let driver = chromium.drive().await.unwrap();
    driver.goto(&url).await.unwrap();
    let title = driver.find("h1").await.unwrap();
    assert_eq!(driver.text(&title).await.unwrap(), "着信 090-1234-5678");
    assert!(driver.find("#nobody").await.is_err());
    let number = driver.wait_for("#number").await.unwrap();
    driver.send_keys(&number, "0312345678").await.unwrap();
    let dial = driver.find("#dial").await.unwrap();
    driver.click(&dial).await.unwrap();
    let out = driver.wait_until("document.getElementById('out').textContent").await.unwrap();
    assert_eq!(out, json!("dialling 0312345678"));
    assert_eq!(driver.execute("return arguments[0] + 1;", json!([41])).await.unwrap(), json!(42));
    let console = driver.console().await.unwrap();
    assert!(console.iter().any(|line| line.contains("a word on the console")), "{console:?}");
    driver.quit().await.unwrap();
}

#[tokio::test]
async fn a_picture_is_taken() {
    let Some(chromium) = Chromium::find_or_skip() else {
        return;
    };
    let url = serve().await;
    let file = std::env::temp_dir().join(format!("cti-lab-picture-{}.png", std::process::id()));
    chromium.screenshot(&url, 390, 844, &file, 100).await.unwrap();
    let png = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(size_of(&png), (390, 844));
}

/// A driver that is dropped takes its browser with it.
#[tokio::test]
async fn nothing_is_left_behind() {
    let Some(chromium) = Chromium::find_or_skip() else {
        return;
    };
    let mark = format!("--lab-mark={}", std::process::id());
    let driver = chromium.drive_with(&[&mark]).await.unwrap();
    assert!(processes_with(&mark) > 0);
    drop(driver);
    for _ in 0..100 {
        if processes_with(&mark) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} processes of the browser are left", processes_with(&mark));
}

fn processes_with(mark: &str) -> usize {
    let lines =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(mark)).count()
}
