//! The values of a label that is an HTTP status code, by index.

/// The number of valid HTTP status codes, which start at 100.
pub(super) const VALID: u16 = 900;

/// The number of values, including `unknown`, which is the last one.
pub(super) const COUNT: u32 = VALID as u32 + 1;

static DIGITS: [[u8; 3]; VALID as usize] = {
    let mut digits = [[0; 3]; VALID as usize];
    let mut code = 100;
    while code < 1000 {
        digits[code - 100] =
            [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        code += 1;
    }
    digits
};

/// Returns the text of the value with this index.
pub(super) fn text(index: u32) -> &'static str {
    let digits = DIGITS.get(index as usize);
    digits.and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or("unknown")
}
