//! Mistakes that the types of families rule out.

#[test]
fn mistakes_with_families_do_not_compile() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/compile_fail/*.rs");
}
