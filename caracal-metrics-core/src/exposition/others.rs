//! The interface of foreign families, as a page uses them.

use super::foreign::ForeignFamily;
use super::format::Format;
use super::out::Out;
use crate::registered_family::RegisteredFamily;
use crate::series::{FamilyStore, Rows};
use crate::state::Families;

/// The foreign families, from the first name to the last.
///
/// This is a trait so that a page without foreign families does not use the code that parses and checks them.
/// The linker then leaves it out.
pub(crate) trait OtherFamilies {
    /// Leaves out families that can't be on a page with ours or with each other, and returns their number. Then
    /// leaves out those that are not wanted.
    fn settle(&mut self, ours: &Families, wants: &dyn Fn(&str) -> bool) -> usize;

    /// Writes the families whose names come before this one. For `None`, writes all that are left.
    fn write_before(&mut self, name: Option<&str>, format: Format, out: &mut Out);

    /// Leaves out series that our family with this name also has. Returns the number of families in which it left
    /// out a series.
    fn leave_out(&mut self, ours: &FamilyStore, rows: &Rows) -> usize;

    /// Writes the samples of the families with this name into one of our families.
    fn join(&mut self, name: &str, format: Format, out: &mut Out);

    /// Takes the families whose names come before this one, without writing them. For `None`, takes all that
    /// are left.
    fn before(&mut self, name: Option<&str>) -> &[ForeignFamily];

    /// Takes the families with this name.
    fn named(&mut self, name: &str) -> &[ForeignFamily];

    /// Describes the families.
    fn describe(&self) -> Vec<RegisteredFamily>;
}
