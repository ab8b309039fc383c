//! Contains panics of the user's code.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code that may panic. Returns `None` if it did. No panic leaves this function.
///
/// A plain `catch_unwind` is not enough: its caller drops the payload, and dropping the payload runs code that
/// may panic as well.
pub fn contain<R>(run: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(run)).map_err(discard).ok()
}

/// Drops the payload of a caught panic.
pub fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Dropping the second payload could panic again, and so on, so it is deliberately leaked.
        std::mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    struct PanicsWhenDropped(u32);

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(PanicsWhenDropped(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        for depth in 0..4 {
            assert!(contain(|| panic_any(PanicsWhenDropped(depth))).is_none());
        }
        assert_eq!(contain(|| 7), Some(7));
    }
}
