//! The lines before the samples of a family.

use super::format::Format;
use crate::names::base_name;

#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) help: &'a str,
    pub(super) unit: Option<&'a str>,
}

impl Header<'_> {
    pub(super) fn write(&self, format: Format, out: &mut Vec<u8>) {
        let name = match format {
            Format::OpenMetrics => base_name(self.name, self.kind),
            _ => self.name,
        };
        line(b"# HELP ", name, out);
        for byte in self.help.bytes() {
            match byte {
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                // The quote must not be escaped in the text format 0.0.4, but must be in OpenMetrics.
                b'"' if format == Format::OpenMetrics => out.extend_from_slice(b"\\\""),
                byte => out.push(byte),
            }
        }
        out.push(b'\n');
        line(b"# TYPE ", name, out);
        out.extend_from_slice(self.kind.as_bytes());
        out.push(b'\n');
        if let (Format::OpenMetrics, Some(unit)) = (format, self.unit) {
            line(b"# UNIT ", name, out);
            out.extend_from_slice(unit.as_bytes());
            out.push(b'\n');
        }
    }
}

fn line(keyword: &[u8], name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(keyword);
    out.extend_from_slice(name.as_bytes());
    out.push(b' ');
}
