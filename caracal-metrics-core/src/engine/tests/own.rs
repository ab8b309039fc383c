//! Tests of own words that are kept.

use std::cell::Cell as StdCell;

use super::*;

#[test]
fn own_words_belong_to_the_cell() {
    fn forget() {}
    let (word, narrow) = (allocate(Width::Word), allocate(NARROW));
    // A thread gets no pages while another test is reading.
    let mut count = 0;
    let own = loop {
        add(word, 1);
        count += 1;
        if let Some(own) = own_word(word, forget) {
            break own;
        }
    };
    own.add(3);
    observe(narrow, 3, 5);
    own_histogram(narrow, forget).expect("the page exists").observe(narrow, 14, 7);
    assert_eq!(reader().counter(&[word]), count + 3);
    let (buckets, nanos) = histogram(narrow);
    assert_eq!((buckets[3], buckets[14], nanos), (1, 1, 12));
}

thread_local! {
    static KEPT: StdCell<Option<OwnWord>> = const { StdCell::new(None) };
    static BEFORE: StdCell<Option<OnExit>> = const { StdCell::new(None) };
    static AFTER: StdCell<Option<OnExit>> = const { StdCell::new(None) };
}

fn forget() {
    KEPT.set(None);
}

fn record(cell: Cell) {
    if let Some(own) = KEPT.get() {
        own.add(1);
    } else {
        add(cell, 1);
        KEPT.set(own_word(cell, forget));
    }
}

/// Records when a thread-local is destroyed, and sends whether it used own words.
struct OnExit(Cell, std::sync::mpsc::Sender<bool>);

impl Drop for OnExit {
    fn drop(&mut self) {
        record(self.0);
        let kept = KEPT.get().is_some();
        self.1.send(kept).expect("the test receives");
    }
}

#[test]
fn own_words_are_forgotten_before_the_thread_gives_them_up() {
    let cell = allocate(Width::Word);
    let mut some_kept = false;
    for threads in 1..=100 {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // In any order, one of them is destroyed after the words were given up.
            BEFORE.set(Some(OnExit(cell, sender.clone())));
            record(cell);
            record(cell);
            AFTER.set(Some(OnExit(cell, sender)));
        });
        thread.join().expect("it records");
        let kept: Vec<_> = receiver.iter().collect();
        assert!(kept.len() == 2 && kept.contains(&false), "{kept:?}");
        // This is false if the thread got no pages, because another test was reading.
        some_kept |= kept.contains(&true);
        assert_eq!(reader().counter(&[cell]), threads * 4);
    }
    assert!(some_kept);
}

thread_local! {
    static ENDS_BEFORE: StdCell<Option<EndOnExit>> = const { StdCell::new(None) };
    static ENDS_AFTER: StdCell<Option<EndOnExit>> = const { StdCell::new(None) };
}

/// Ends a guard when a thread-local is destroyed, and starts and ends another one.
struct EndOnExit(Cell);

impl Drop for EndOnExit {
    fn drop(&mut self) {
        end(self.0);
        begin(self.0);
        end(self.0);
    }
}

#[test]
fn guards_that_end_after_the_thread_gave_up_its_words_are_counted() {
    let gauge = allocate(Width::Gauge);
    for _ in 0..100 {
        let thread = std::thread::spawn(move || {
            // In any order, one of them is destroyed after the words were given up.
            ENDS_BEFORE.set(Some(EndOnExit(gauge)));
            begin(gauge);
            begin(gauge);
            ENDS_AFTER.set(Some(EndOnExit(gauge)));
        });
        thread.join().expect("it ends its guards");
        assert_eq!(reader().in_flight(gauge), 0);
    }
}
