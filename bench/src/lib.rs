//! What the benchmarks share: the traffic, the server that replays it, children with a memory of their own, the table.

pub mod child;
pub mod floor;
pub mod replay;
pub mod table;
pub mod timing;
pub mod traffic;
