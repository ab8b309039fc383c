//! Families on a page that are not ours, as the page asks for them.

use super::foreign::ForeignFamily;
use super::format::Format;
use super::out::Out;
use crate::series::{FamilyStore, Rows};
use crate::state::Families;

/// The families of others, from the first name to the last.
///
/// A trait: a page without them is written without the code that reads and checks them, which the
/// linker then leaves out.
pub(crate) trait OtherFamilies {
    /// Leaves out those that can't be on a page with ours or with each other, and says how many they
    /// are. Then leaves out those that are not wanted.
    fn settle(&mut self, ours: &Families, wants: &dyn Fn(&str) -> bool) -> usize;

    /// Writes those whose names come before this one; for `None`, all that are left.
    fn write_before(&mut self, name: Option<&str>, format: Format, out: &mut Out);

    /// Leaves out series that this family of ours has as well, and says of how many families of its
    /// name.
    fn leave_out(&mut self, ours: &FamilyStore, rows: &Rows) -> usize;

    /// Writes the samples of those that have this name into a family of ours.
    fn join(&mut self, name: &str, format: Format, out: &mut Out);

    /// Those whose names come before this one, not written; for `None`, all that are
    /// left.
    fn before(&mut self, name: Option<&str>) -> &[ForeignFamily];

    /// Those that have this name.
    fn named(&mut self, name: &str) -> &[ForeignFamily];
}
