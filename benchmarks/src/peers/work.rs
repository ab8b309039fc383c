//! A piece of work to time, and a proof that it was done completely.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Result, ensure};

type Run = dyn Fn(u64) + Send + Sync;
type Proof = dyn Fn(u64) -> Result<()> + Send + Sync;

/// Work to time. The function does it the given number of times.
pub(crate) struct Work {
    run: Box<Run>,
    done: AtomicU64,
    proof: Box<Proof>,
}

impl Work {
    pub(crate) fn new(run: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { run: Box::new(run), done: AtomicU64::new(0), proof: Box::new(|_| Ok(())) }
    }

    /// Does the work the given number of times, and counts it.
    pub(crate) fn run(&self, times: u64) {
        (self.run)(times);
        self.done.fetch_add(times, Relaxed);
    }

    /// Sets the check of [`prove`](Self::prove). It receives the number of times that the work was
    /// done.
    pub(crate) fn proven_by(
        mut self,
        proof: impl Fn(u64) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.proof = Box::new(proof);
        self
    }

    /// Proven by the library's page: for each of these names, the samples must add up to the number of
    /// times that the work was done.
    pub(crate) fn shown<P: AsRef<[u8]>>(
        self,
        names: &'static [&'static str],
        page: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        self.shown_but(0.0, names, page)
    }

    /// Like [`shown`](Self::shown), but the library may lose this share of the records. Lost records are
    /// reported.
    pub(crate) fn shown_but<P: AsRef<[u8]>>(
        self,
        most_lost: f64,
        names: &'static [&'static str],
        page: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        self.proven_by(move |done| {
            let page = page();
            for name in names {
                let lost = done as f64 - samples(page.as_ref(), name).sum::<f64>();
                let most = most_lost * done as f64;
                ensure!((0.0..=most).contains(&lost), "`{name}` lacks {lost} of {done}");
                if lost > 0.0 {
                    eprintln!("`{name}` lacks {lost} of {done} records");
                }
            }
            Ok(())
        })
    }

    /// Returns an error if the library has not done the work.
    pub(crate) fn prove(&self) -> Result<()> {
        (self.proof)(self.done.load(Relaxed))
    }
}

impl Deref for Work {
    type Target = Run;

    fn deref(&self) -> &Run {
        &*self.run
    }
}

/// Does `work` the requested number of times.
pub(crate) fn repeat(work: impl Fn() + Send + Sync + 'static) -> Work {
    Work::new(move |times| (0..times).for_each(|_| work()))
}

/// The values of the samples with this name, on a page of text.
pub(crate) fn samples<'a>(page: &'a [u8], name: &'a str) -> impl Iterator<Item = f64> + 'a {
    page.split(|byte| *byte == b'\n').filter_map(move |line| {
        let rest = line.strip_prefix(name.as_bytes())?;
        let value = match rest.first()? {
            b' ' => rest,
            b'{' => &rest[rest.iter().rposition(|byte| *byte == b'}')? + 1..],
            _ => return None,
        };
        std::str::from_utf8(value).ok()?.trim().parse().ok()
    })
}
