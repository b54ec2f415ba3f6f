//! Batches that are prepared while others are computed.

use std::sync::mpsc::{Receiver, sync_channel};

use super::{Batch, Feed, TrainError};

/// Batches in order, prepared by threads of their own.
pub(super) struct Batches<'a> {
    lanes: &'a [Receiver<Result<Batch, TrainError>>],
    next: usize,
    left: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let lane = &self.lanes[self.next % self.lanes.len().max(1)];
        self.next += 1;
        lane.recv().ok()
    }
}

/// Calls `work` with the batches of `lists` of sample numbers, each of which one of `threads` threads prepares; every
/// thread is at most two batches ahead.
pub(super) fn prepared<R>(
    feed: Feed<'_>,
    lists: &[&[usize]],
    epoch: u64,
    threads: usize,
    work: impl FnOnce(Batches<'_>) -> R,
) -> R {
    let threads = threads.clamp(1, lists.len().max(1));
    std::thread::scope(|scope| {
        let mut lanes = Vec::with_capacity(threads);
        for first in 0..threads {
            let (send, receive) = sync_channel(1);
            lanes.push(receive);
            scope.spawn(move || {
                for list in lists.iter().skip(first).step_by(threads) {
                    if send.send(feed.batch(list, epoch)).is_err() {
                        break;
                    }
                }
            });
        }
        work(Batches { lanes: &lanes, next: 0, left: lists.len() })
    })
}

#[cfg(test)]
mod tests {
    use brelu_core::geometry::Shape;

    use super::super::feed::tests::{Numbers, feed};
    use super::*;

    fn classes(lists: &[&[usize]], threads: usize, take: usize) -> Vec<Result<Vec<u32>, String>> {
        let numbers = Numbers { len: 50, classes: |index| vec![index as u32] };
        let feed = feed(&numbers, Shape::new(50, 1, 1));
        let of = |batch: Result<Batch, TrainError>| match batch {
            Ok(batch) => Ok(batch.classes),
            Err(error) => Err(error.to_string()),
        };
        prepared(feed, lists, 0, threads, |batches| batches.take(take).map(of).collect())
    }

    #[test]
    fn batches_come_in_order() {
        let lists: [&[usize]; 5] = [&[3, 1], &[4], &[], &[9, 8, 7], &[0]];
        for threads in [1, 2, 3, 9] {
            let got = classes(&lists, threads, 99);
            assert_eq!(got, [vec![3, 1], vec![4], vec![], vec![9, 8, 7], vec![0]].map(Ok));
        }
        assert!(classes(&[], 2, 99).is_empty());
    }

    #[test]
    fn threads_end_when_nobody_takes_more() {
        let lists: Vec<&[usize]> = vec![&[1]; 200];
        assert_eq!(classes(&lists, 3, 2), [Ok(vec![1]), Ok(vec![1])]);
    }

    #[test]
    fn errors_come_in_their_place() {
        let got = classes(&[&[1], &[50], &[2]], 2, 99);
        assert_eq!((&got[0], &got[2]), (&Ok(vec![1]), &Ok(vec![2])));
        assert!(got[1].as_ref().unwrap_err().contains("item 50"));
    }
}
