//! Mistakes that the types of families rule out. Those that fail while a constant is evaluated are in
//! the documentation of `Family`: what the compiler says about them depends on whether the sources of
//! the standard library are installed.

#[test]
fn mistakes_with_families_do_not_compile() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/compile_fail/*.rs");
}
