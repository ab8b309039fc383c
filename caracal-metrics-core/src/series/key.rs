//! The label values of one series.

/// Label values as a recorder has them: the closed ones packed into one number by arithmetic, the
/// open ones as text, each in the family's order. How many are open is known at compile time, so
/// that a lookup has no loop over them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels<'a, const OPEN: usize> {
    pub(crate) closed: u32,
    pub(crate) open: [&'a str; OPEN],
}

/// Label values as the output needs them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) closed: u32,
    /// In the family's order.
    pub(crate) open: Box<[Box<str>]>,
}

impl Key {
    pub(crate) fn new(closed: u32, open: &[&str]) -> Self {
        Self { closed, open: open.iter().map(|value| (*value).into()).collect() }
    }
}

/// Calls `$function` with the label set of a closed part and a slice of open values, whose number
/// becomes a constant.
macro_rules! with_open {
    ($closed:expr, $open:expr, $function:expr) => {
        with_open!(@arms $closed, $open, $function, 0 1 2 3 4 5 6 7 8)
    };
    (@arms $closed:expr, $open:expr, $function:expr, $($count:literal)+) => {{
        let open: &[&str] = $open;
        match open.len() {
            $( $count => {
                let open = open.first_chunk::<$count>().copied().unwrap_or([""; $count]);
                $function($crate::series::key::Labels { closed: $closed, open })
            } )+
            more => unreachable!("a family with {more} open labels was registered"),
        }
    }};
}
pub(crate) use with_open;
