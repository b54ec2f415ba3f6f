//! Random crops and flips of training images. What an image gets depends on the seed, the epoch and its number alone, so
//! that neither threads nor batches nor interruptions change it.

use serde::{Deserialize, Serialize};

use brelu_networks::numbers::Random;

/// Which changes are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Black pixels added at each side before an image of the old size is cut out at random.
    pub padding: u32,
    /// Whether every second image is mirrored.
    pub flip: bool,
}

/// The change one image gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Rows and columns by which the window is moved down and right; negative up and left.
    shift: [i64; 2],
    mirrored: bool,
}

impl Augmentation {
    /// The change of image `index` in `epoch`.
    pub fn draw(&self, seed: u64, epoch: u64, index: usize) -> Change {
        let mut random = random(seed, epoch, index as u64);
        let reach = i64::from(self.padding);
        let mut shift = || random.below(2 * self.padding as usize + 1) as i64 - reach;
        let shift = [shift(), shift()];
        Change { shift, mirrored: self.flip && random.below(2) == 1 }
    }
}

/// Random numbers of their own for every image of every epoch.
fn random(seed: u64, epoch: u64, index: u64) -> Random {
    Random::new(super::shuffle::mixed(&[seed, epoch, index]))
}

impl Change {
    /// Applies the change to planes of `height` rows and `width` columns, one after the other; pixels from outside are
    /// `outside`.
    pub fn apply<T: Copy>(&self, planes: &mut [T], [height, width]: [usize; 2], outside: T) {
        if (*self == Self { shift: [0; 2], mirrored: false }) || height * width == 0 {
            return;
        }
        let mut old = vec![outside; height * width];
        for plane in planes.chunks_exact_mut(height * width) {
            old.copy_from_slice(plane);
            for (row, line) in plane.chunks_exact_mut(width).enumerate() {
                let from = row as i64 + self.shift[0];
                match usize::try_from(from).ok().filter(|from| *from < height) {
                    Some(from) => self.line(&old[from * width..][..width], line, outside),
                    None => line.fill(outside),
                }
            }
        }
    }

    fn line<T: Copy>(&self, old: &[T], new: &mut [T], outside: T) {
        let width = new.len();
        for (column, pixel) in new.iter_mut().enumerate() {
            let seen = if self.mirrored { width - 1 - column } else { column };
            let from = usize::try_from(seen as i64 + self.shift[1]).ok();
            *pixel = from.and_then(|from| old.get(from)).copied().unwrap_or(outside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Augmentation = Augmentation { padding: 4, flip: true };

    #[test]
    fn changes_by_hand() {
        let old: Vec<u8> = (1..=12).collect();
        let changed = |shift, mirrored| {
            let mut planes = old.clone();
            Change { shift, mirrored }.apply(&mut planes, [2, 3], 0);
            planes
        };
        assert_eq!(changed([0, 0], false), old);
        assert_eq!(changed([0, 0], true), [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]);
        assert_eq!(changed([1, 0], false), [4, 5, 6, 0, 0, 0, 10, 11, 12, 0, 0, 0]);
        assert_eq!(changed([-1, 2], false), [0, 0, 0, 3, 0, 0, 0, 0, 0, 9, 0, 0]);
        assert_eq!(changed([0, 1], true), [0, 3, 2, 0, 6, 5, 0, 9, 8, 0, 12, 11]);
        assert_eq!(changed([5, -9], true), [0; 12]);
    }

    #[test]
    fn draws_are_spread_and_repeat() {
        let draws: Vec<Change> = (0..4000).map(|index| ALL.draw(7, 3, index)).collect();
        assert_eq!(draws, (0..4000).map(|index| ALL.draw(7, 3, index)).collect::<Vec<_>>());
        let mirrored = draws.iter().filter(|change| change.mirrored).count();
        assert!((1800..2200).contains(&mirrored), "{mirrored}");
        for axis in 0..2 {
            for shift in -4..=4 {
                let count = draws.iter().filter(|change| change.shift[axis] == shift).count();
                assert!((350..540).contains(&count), "{shift}: {count}");
            }
        }
        assert!(draws.iter().all(|change| change.shift.iter().all(|shift| shift.abs() <= 4)));
        let other = (0..4000).filter(|index| ALL.draw(7, 4, *index) == draws[*index]).count();
        assert!(other < 100, "{other}");
    }

    #[test]
    fn nothing_asked_for_is_nothing_done() {
        let none = Augmentation::default();
        assert!((0..100).all(|index| none.draw(1, 1, index) == Change { shift: [0; 2], mirrored: false }));
    }
}
