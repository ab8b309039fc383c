//! The value of a counter or a gauge in Protocol Buffers.

use crate::series::Start;
use crate::wire::{
    DOUBLE_MESSAGE, TIMED_DOUBLE, TIMED_DOUBLE_MESSAGE, double_message, timed_double,
    timed_double_message,
};

/// The value of a counter or a gauge.
#[derive(Clone, Copy)]
pub(super) struct Single {
    /// The number of the field of its message.
    pub(super) field: u64,
    pub(super) number: f64,
    /// The time at which the series began.
    pub(super) created: Option<Start>,
}

impl Single {
    /// Returns the number of bytes that [`append`](Self::append) writes.
    pub(super) fn len(self) -> u64 {
        if self.created.is_some() { TIMED_DOUBLE_MESSAGE } else { DOUBLE_MESSAGE }
    }

    pub(super) fn append(self, out: &mut Vec<u8>) {
        match self.created {
            Some(created) => timed_double_message(self.field, self.number, created, out),
            None => double_message(self.field, self.number, out),
        }
    }

    /// Overwrites the end of a message with the same length.
    #[inline]
    pub(super) fn write_over(self, message: &mut [u8]) {
        if let Some(created) = self.created {
            if let Some(end) = message.last_chunk_mut::<TIMED_DOUBLE>() {
                *end = timed_double(self.number, created);
            }
        } else if let Some(end) = message.last_chunk_mut() {
            *end = self.number.to_le_bytes();
        }
    }
}
