//! A server that logs anybody in and then sends the traffic, as fast as it is taken or at a given pace.

use crate::traffic::Traffic;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// What is sent after the login.
#[derive(Clone, Copy)]
pub struct Pace {
    pub rounds: u64,
    /// Events a second; as fast as possible without.
    pub events_a_second: Option<u64>,
}

/// The last event: whoever sees it has seen everything.
pub const LAST: &str = "BenchmarkIsOver";

/// Serves one client; returns the port.
pub fn serve(pace: Pace) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        // A client that ends the link early is seen in its own figures.
        if let Err(error) = talk(stream, pace) {
            eprintln!("the replay ended early: {error}");
        }
    });
    port
}

fn talk(mut stream: TcpStream, pace: Pace) -> std::io::Result<()> {
    let traffic = Traffic::recorded();
    stream.write_all(b"Asterisk Call Manager/11.0.0\r\n")?;
    log_in(&mut stream)?;
    thread::sleep(Duration::from_millis(100)); // lets the client subscribe
    let begun = Instant::now();
    let mut sent = 0;
    for _ in 0..pace.rounds {
        match pace.events_a_second {
            None => stream.write_all(&traffic.bytes)?,
            Some(rate) => {
                for event in split(&traffic.bytes) {
                    let due = begun + Duration::from_secs_f64(sent as f64 / rate as f64);
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    stream.write_all(event)?;
                    sent += 1;
                }
            }
        }
    }
    stream.write_all(format!("Event: {LAST}\r\nPrivilege: system,all\r\n\r\n").as_bytes())?;
    // Whoever lost the last event must not wait for ever.
    BufReader::new(stream).lines().take_while(Result::is_ok).for_each(drop);
    Ok(())
}

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memmem::find_iter(bytes, b"\r\n\r\n").collect::<Vec<_>>().into_iter().map(move |end| {
        let event = &bytes[start..end + 4];
        start = end + 4;
        event
    })
}

fn log_in(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let (mut action, mut id) = (String::new(), String::new());
    while let Some(line) = lines.next().transpose()? {
        match line.split_once(": ") {
            Some(("Action", name)) => action = name.to_owned(),
            Some(("ActionID", given)) => id = given.to_owned(),
            Some(_) => {}
            None => {
                let more = if action == "Challenge" { "Challenge: 840415273\r\n" } else { "Message: ok\r\n" };
                stream.write_all(format!("Response: Success\r\nActionID: {id}\r\n{more}\r\n").as_bytes())?;
                if action == "Login" {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
