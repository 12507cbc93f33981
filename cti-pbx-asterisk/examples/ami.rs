//! A plain AMI client: prints the channels that are there, then every event, until the link ends.
//!
//! ```sh
//! AMI_SECRET=… cargo run -p cti-pbx-asterisk --example ami -- 127.0.0.1:5038 cti
//! ```
#![allow(clippy::print_stdout, reason = "printing is what this example is for")]

use cti_pbx_asterisk::ami::{Action, Client, Incoming, Options};

#[tokio::main]
async fn main() -> cti_core::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().unwrap_or_else(|| "127.0.0.1".to_owned());
    let user = arguments.next().unwrap_or_else(|| "cti".to_owned());
    let options = Options::new(host).login(user, cti_core::secret("AMI_SECRET")?);

    let (client, mut events) = Client::connect(&options).await?;
    println!("{}", client.banner().unwrap_or_default());
    for channel in client.send_list(Action::core_show_channels()).await? {
        if let Some(name) = channel.get("Channel") {
            println!("channel {name}");
        }
    }
    while let Some(incoming) = events.recv().await {
        match incoming {
            Incoming::Event { message, received } => println!("{received} {}", message.event().unwrap_or_default()),
            Incoming::Oversized { bytes } => println!("a message of {bytes} bytes was too big"),
            Incoming::Lost { events } => println!("{events} events came too fast"),
        }
    }
    println!("the link ended: {}", events.ended().unwrap_or_default());
    Ok(())
}
