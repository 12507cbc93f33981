//! Whatever an Asterisk says, the calls that are told keep the laws, and the model keeps no more calls than it may.

#![no_main]

use chrono::{DateTime, Utc};
use cti_core::call::PbxEvent;
use cti_pbx_asterisk::ami::{Decoder, Frame};
use cti_pbx_asterisk::model::{CallModel, Sides, WireClock};
use cti_testkit::laws;
use libfuzzer_sys::fuzz_target;

const MAX_CALLS: usize = 50;

fuzz_target!(|input: &[u8]| {
    let mut model = CallModel::new("main", Sides::default()).max_open_calls(MAX_CALLS);
    let (mut clock, mut decoder) = (WireClock::new(), Decoder::new());
    let (mut told, mut now): (Vec<PbxEvent>, DateTime<Utc>) = (Vec::new(), DateTime::UNIX_EPOCH);
    decoder.push(input);
    while let Some(frame) = decoder.next_frame() {
        if let Frame::Message(message) = frame {
            now = clock.at(&message);
            told.extend(model.handle(&message, now));
            assert!(model.open_calls().len() <= MAX_CALLS);
        }
    }
    told.extend(model.resync(&[], now));
    assert!(model.open_calls().is_empty(), "an empty snapshot ends every call");
    // Nonsense may say of one channel that it has two callers, or hide who answered: as in the property tests of nonsense,
    // what must hold of any bytes are the numbers, the ends and the times.
    let mut broken = laws::check_complete(&told).err().unwrap_or_default();
    broken.retain(|violation| matches!(violation.law, 1 | 2 | 7));
    assert!(broken.is_empty(), "{broken:?}");
});
