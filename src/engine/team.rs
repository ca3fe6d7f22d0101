//! Threads that work on one sample together.
//!
//! Their shares last some tens of microseconds, as long as a sleeping thread takes to wake up. So
//! threads look for the next share without falling asleep as long as the sample lasts, and the one
//! that deals the shares out waits in the same way. Nobody is needed: a share that no other thread
//! takes is done by the one that dealt it.

use rayon::Yield;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Rounds of looking for work before another thread of the processor is let in.
const ROUNDS: u32 = 64;

thread_local! {
    /// Whether this thread deals out shares of a sample.
    static DEALS: Cell<bool> = const { Cell::new(false) };
}

/// Does `work` while up to `helpers` other threads of the pool stay awake.
pub(super) fn awake<R>(helpers: usize, work: impl FnOnce() -> R) -> R {
    if helpers == 0 {
        return work();
    }
    let done = AtomicBool::new(false);
    rayon::in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| help(&done));
        }
        let _dealing = Dealing {
            dealt_before: DEALS.replace(true),
            done: &done,
        };
        work()
    })
}

/// Looks for shares until the work is done.
fn help(done: &AtomicBool) {
    // Two that deal out shares would wait for each other.
    if DEALS.get() {
        return;
    }
    let mut idle = 0;
    while !done.load(Ordering::Acquire) {
        match rayon::yield_now() {
            Some(Yield::Executed) => idle = 0,
            _ => pause(&mut idle),
        }
    }
}

/// Lets helpers go when it goes out of scope, be it by a panic.
struct Dealing<'a> {
    dealt_before: bool,
    done: &'a AtomicBool,
}

impl Drop for Dealing<'_> {
    fn drop(&mut self) {
        DEALS.set(self.dealt_before);
        self.done.store(true, Ordering::Release);
    }
}

/// Runs shares of work, the last one on this thread, and waits for all of them.
pub(super) fn share<T: Send>(mut shares: Vec<T>, run: impl Fn(T) + Sync) {
    let own = shares.pop();
    let count = shares.len();
    let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    rayon::in_place_scope(|scope| {
        for share in shares {
            let (run, begun, ended) = (&run, &begun, &ended);
            scope.spawn(move |_| {
                begun.fetch_add(1, Ordering::Relaxed);
                let _ended = Ended(ended);
                run(share);
            });
        }
        own.into_iter().for_each(&run);
        let mut idle = 0;
        while ended.load(Ordering::Acquire) < count {
            if begun.load(Ordering::Relaxed) == count || rayon::yield_now() != Some(Yield::Executed)
            {
                pause(&mut idle);
            }
        }
    });
}

/// Says that a share has ended when it goes out of scope, be it by a panic.
struct Ended<'a>(&'a AtomicUsize);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

fn pause(idle: &mut u32) {
    *idle += 1;
    if idle.is_multiple_of(ROUNDS) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;

    fn pool(threads: usize) -> rayon::ThreadPool {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().unwrap()
    }

    #[test]
    fn every_share_is_done_once_in_each_round_whatever_the_threads() {
        for (threads, helpers) in [(1, 0), (1, 3), (2, 1), (4, 3), (2, 7)] {
            let sums = Mutex::new(vec![0; 5]);
            pool(threads).install(|| {
                awake(helpers, || {
                    for round in 0..200 {
                        share((0..5).collect(), |i: usize| {
                            sums.lock().unwrap()[i] += round
                        });
                    }
                });
            });
            assert_eq!(sums.into_inner().unwrap(), [19_900; 5]);
        }
    }

    #[test]
    fn several_samples_share_the_threads() {
        let total = AtomicUsize::new(0);
        pool(2).install(|| {
            rayon::broadcast(|_| {
                awake(2, || {
                    for _ in 0..100 {
                        share(vec![1, 2, 3], |i: usize| {
                            total.fetch_add(i, Ordering::Relaxed);
                        });
                    }
                });
            });
        });
        assert_eq!(total.into_inner(), 1200);
    }

    #[test]
    fn a_panic_ends_the_work_and_is_passed_on() {
        for culprit in [0, 1] {
            let run = || {
                awake(1, || {
                    share(vec![0, 1], |i: usize| assert_ne!(i, culprit, "share"));
                });
            };
            pool(2).install(|| catch_unwind(AssertUnwindSafe(run)).unwrap_err());
        }
    }
}
