//! What the output of a plan says.

use serde::{Deserialize, Serialize};

use super::{Node, Plan};

/// What the client opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The scores, in units of the output scale.
    #[default]
    Scores,
    /// Only which scores are the largest: an index each, the largest score's first, a channel each, for every pixel of a
    /// map.
    Labels {
        /// How many, at least 1.
        count: u32,
        /// Scores they are chosen from, at least 2; every index is below it.
        classes: u32,
    },
}

impl Answer {
    /// Bits of an index below `classes`, at least the 2 of the smallest ring.
    pub const fn label_bits(classes: u32) -> u8 {
        let bits = (u32::BITS - classes.saturating_sub(1).leading_zeros()) as u8;
        if bits < 2 { 2 } else { bits }
    }

    /// How many labels are opened; none if scores are.
    pub const fn labels(&self) -> Option<u32> {
        match *self {
            Self::Scores => None,
            Self::Labels { count, .. } => Some(count),
        }
    }

    /// Turns opened values, which have a sign, into what they mean: indices have none.
    pub fn settle(&self, values: &mut [i32]) {
        let Self::Labels { classes, .. } = *self else { return };
        let mask = crate::ring::mask(Self::label_bits(classes)) as i32;
        values.iter_mut().for_each(|value| *value &= mask);
    }

    /// The rule that `output`, the last node of a plan, breaks.
    pub(super) fn check(&self, output: &Node<'_>) -> Result<(), &'static str> {
        let Self::Labels { count, classes } = *self else { return Ok(()) };
        if !(2..=1 << 30).contains(&classes) || !(1..=classes).contains(&count) {
            return Err("it has more labels than classes, or fewer than two classes");
        }
        match (output.shape.channels, output.bits) == (count, Self::label_bits(classes)) {
            true => Ok(()),
            false => Err("its labels have other channels or bits than the header says"),
        }
    }
}

impl<'a> Plan<'a> {
    /// The name of the class that an output stands for, if there are names.
    pub fn label(&self, output: usize) -> Option<&'a str> {
        let header = self.header();
        header.labels.lines().nth(output.checked_sub(header.class_offset as usize)?)
    }

    /// Shape of the scores: the output's, unless only labels are opened.
    pub fn scores(&self) -> crate::geometry::Shape {
        let mut shape = self.output().shape;
        if let Answer::Labels { classes, .. } = self.header().answer {
            shape.channels = classes;
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::geometry::Shape;
    use crate::plan::{ColourOrder, Fit, Header, Local, Op, PlanError, Preprocess, write};
    use std::string::{String, ToString};

    /// What is wrong with a plan that shifts 8 bits by `by` into `bits`, and then reads `read` of them as its answer.
    fn refused(answer: Answer, by: u8, bits: u8, read: u8) -> Option<String> {
        let preprocess =
            Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: heapless::Vec::new() };
        let header = Header { answer, ..Header::new("", preprocess) };
        let node = |bits, op| Node { name: "", shape: Shape::new(3, 2, 2), bits, op };
        let shift = Op::Local(Local::Shift { input: 0, by });
        let nodes = [node(8, Op::Input), node(bits, shift), node(read, Local::Reshape { input: 1 }.into())];
        let mut file = [0; 256];
        let len = write(&header, &nodes, &mut file).unwrap();
        match Plan::parse(&file[..len]) {
            Ok(_) => None,
            Err(PlanError::Node { what, .. }) => Some(what.to_string()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_header_says_what_the_output_is() {
        let labels = |count, classes| Answer::Labels { count, classes };
        assert_eq!(refused(Answer::Scores, 4, 12, 4), None);
        assert_eq!(refused(labels(3, 10), 4, 12, 4), None);
        let other = "its labels have other channels or bits than the header says";
        for (count, classes, read) in [(2, 10, 4), (3, 10, 5), (3, 17, 4)] {
            assert_eq!(
                refused(labels(count, classes), 4, 12, read).as_deref(),
                Some(other),
                "{count} {classes}"
            );
        }
        let senseless = "it has more labels than classes, or fewer than two classes";
        for (count, classes) in [(3, 2), (0, 10), (1, 1), (3, u32::MAX)] {
            assert_eq!(refused(labels(count, classes), 4, 12, 4).as_deref(), Some(senseless));
        }
    }

    #[test]
    fn a_shift_has_no_more_bits_than_it_makes() {
        assert_eq!(refused(Answer::Scores, 5, 13, 8), None);
        assert_eq!(refused(Answer::Scores, 24, 32, 8), None);
        let more = "it needs more bits than its input has";
        assert_eq!(refused(Answer::Scores, 5, 14, 8).as_deref(), Some(more));
        for by in [0, 31, 255] {
            assert_eq!(refused(Answer::Scores, by, 8, 8).as_deref(), Some("it shifts by 1 to 30 bits"));
        }
    }

    #[test]
    fn an_index_takes_the_logarithm_of_the_classes() {
        let bits = [2, 3, 4, 5, 10, 16, 17, 21, 1000, 1024, 1025].map(Answer::label_bits);
        assert_eq!(bits, [2, 2, 2, 3, 4, 4, 5, 5, 10, 10, 11]);
    }

    #[test]
    fn labels_have_no_sign() {
        let mut values = [-1, 7, -8, 3];
        Answer::Scores.settle(&mut values);
        assert_eq!(values, [-1, 7, -8, 3]);
        Answer::Labels { count: 4, classes: 10 }.settle(&mut values);
        assert_eq!(values, [15, 7, 8, 3]);
    }
}
