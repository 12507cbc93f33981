//! A block of ports for each running instance, so that tests run side by side.

use std::fs::{File, OpenOptions};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::error::Context;
use crate::{LabError, Result};

/// The address of Asterisk and of the phones.
pub(crate) const INSIDE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The address of the outside line: Asterisk knows the trunk by it.
pub(crate) const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The first port of all; the last block ends below the ports that Linux hands out by itself.
const FIRST: u16 = 20_000;
const BLOCK: u16 = 600;
const BLOCKS: u16 = 21;
/// Within a block: the ports of the SIP parties, then those of the sound.
const PARTIES: u16 = 10;
const RTP: u16 = 150;

/// A block of ports that is this instance's alone as long as the value lives.
#[derive(Debug)]
pub(crate) struct Ports {
    number: u16,
    parties: AtomicU16,
    _lock: File,
}

impl Ports {
    /// Takes a free block, and waits for one when all are taken.
    pub(crate) async fn take(lab_dir: &Path) -> Result<Self> {
        let dir = lab_dir.join("ports");
        std::fs::create_dir_all(&dir).context("cannot make the folder of the port locks")?;
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            for number in 0..BLOCKS {
                if let Some(ports) = Self::try_take(&dir, number)? {
                    return Ok(ports);
                }
            }
            if Instant::now() > deadline {
                return Err(LabError::new("no free block of ports: too many instances at once"));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn try_take(dir: &Path, number: u16) -> Result<Option<Self>> {
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join(number.to_string()))
            .context("cannot open a port lock")?;
        if lock.try_lock().is_err() {
            return Ok(None);
        }
        let ports = Self { number, parties: AtomicU16::new(0), _lock: lock };
        Ok(ports.are_free().then_some(ports))
    }

    /// Another program may sit on a port in spite of the lock.
    fn are_free(&self) -> bool {
        TcpListener::bind((INSIDE, self.ami())).is_ok()
            && [self.sip(), self.phone(1), self.phone(2), self.phone(3)]
                .into_iter()
                .all(|port| UdpSocket::bind((INSIDE, port)).is_ok())
            && UdpSocket::bind((OUTSIDE, self.trunk())).is_ok()
    }

    /// The number of the block, which also names the instance.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    fn first(&self) -> u16 {
        FIRST + self.number * BLOCK
    }

    pub(crate) fn ami(&self) -> u16 {
        self.first()
    }

    pub(crate) fn sip(&self) -> u16 {
        self.first() + 1
    }

    /// The port of the phone 600`n`.
    pub(crate) fn phone(&self, n: u16) -> u16 {
        self.first() + 1 + n
    }

    /// The port of the far end of the outside line.
    pub(crate) fn trunk(&self) -> u16 {
        self.first() + 5
    }

    /// The range of the ports of the sound.
    pub(crate) fn rtp(&self) -> (u16, u16) {
        (self.first() + RTP, self.first() + BLOCK - 1)
    }

    /// Another port for a SIP party. Parties come and go, so the ports come round again, those in use left out.
    pub(crate) fn party(&self) -> Result<u16> {
        for _ in PARTIES..RTP {
            let n = self.parties.fetch_add(1, Ordering::Relaxed) % (RTP - PARTIES);
            let port = self.first() + PARTIES + n;
            if [INSIDE, OUTSIDE].into_iter().all(|ip| UdpSocket::bind((ip, port)).is_ok()) {
                return Ok(port);
            }
        }
        Err(LabError::new("no free port for a SIP party: too many at once"))
    }
}

/// Whether something is bound to this UDP address (IPv4), as the kernel lists it.
pub(crate) fn udp_is_bound(address: SocketAddr) -> bool {
    let IpAddr::V4(ip) = address.ip() else {
        return false;
    };
    let wanted = format!("{:08X}:{:04X}", u32::from_le_bytes(ip.octets()), address.port());
    let table = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    table.lines().any(|line| line.split_whitespace().nth(1) == Some(wanted.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Polls: a program that another test starts at this moment holds all that is open until it runs.
    async fn soon(is_so: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_so().await {
            assert!(Instant::now() < deadline, "it does not come");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn two_takers_get_two_blocks_and_give_them_back() {
        let dir = std::env::temp_dir().join(format!("cti-lab-ports-{}", std::process::id()));
        let one = Ports::take(&dir).await.unwrap();
        let two = Ports::take(&dir).await.unwrap();
        assert_ne!(one.number(), two.number());
        let number = one.number();
        drop(one);
        soon(async || Ports::take(&dir).await.unwrap().number() == number).await;
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_bound_socket_is_seen() {
        let socket = UdpSocket::bind((OUTSIDE, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        assert!(udp_is_bound(address));
        drop(socket);
        soon(async || !udp_is_bound(address)).await;
    }

    #[tokio::test]
    async fn parties_get_different_ports() {
        let dir = std::env::temp_dir().join(format!("cti-lab-parties-{}", std::process::id()));
        let ports = Ports::take(&dir).await.unwrap();
        let (one, two) = (ports.party().unwrap(), ports.party().unwrap());
        assert_ne!(one, two);
        assert!(two < ports.rtp().0 && one > ports.trunk());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
