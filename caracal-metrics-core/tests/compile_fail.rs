//! Mistakes that the types of families prevent. Those that fail in the evaluation of a constant are in the
//! documentation of `Family`, because the compiler's message depends on whether the sources of the standard
//! library are installed.

#[test]
fn mistakes_with_families_do_not_compile() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/compile_fail/*.rs");
}
