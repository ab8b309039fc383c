//! Tests of the limits of threads with pages, and of pages.

use super::*;
use crate::engine::store::MAX_THREADS;

#[test]
fn a_thousand_threads_have_pages_at_a_time() {
    assert_eq!(MAX_THREADS, 1024);
    let store = Store::new();
    let cell = store.allocate(Width::Word);
    let threads: Vec<_> = (0..MAX_THREADS).map(|_| store.enter().expect("pages")).collect();
    for pages in &threads {
        assert!(store.make(pages, cell) && pages.add(cell, 1, Relaxed));
    }
    assert!(store.enter().is_none());
    store.add_shared(cell, 1, Relaxed);
    assert_eq!(Reader::of(&store).counter(&[cell]), 1025);
    store.leave(threads[7]);
    assert_eq!(Reader::of(&store).counter(&[cell]), 1025);
    assert!(store.enter().is_some_and(|pages| std::ptr::eq(pages, threads[7])));
}

#[test]
fn threads_have_no_more_pages_together_than_the_budget() {
    let store = Store::with_pages(2);
    let cells: Vec<_> = (0..4).map(|_| store.allocate(WIDE)).collect();
    let far = loop {
        let cell = store.allocate(WIDE);
        if cell.0 as usize >= 4096 {
            break cell;
        }
    };
    let (one, other) = (store.enter().expect("pages"), store.enter().expect("pages"));
    assert!(store.make(one, cells[0]) && store.make(other, cells[0]));
    assert!(store.make(one, cells[1]), "the page already exists");
    assert!(!store.make(one, far) && one.word(far).is_none());
    store.leave(one);
    let next = store.enter().expect("pages");
    assert!(
        store.make(next, cells[0]) && !store.make(next, far),
        "no page is returned to the budget"
    );
}
