//! What AMI events mean for calls: pure, no I/O, no clock of its own.
