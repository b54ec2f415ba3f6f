use super::{Local, Permutation};
use crate::geometry::Shape;

/// That a channel of a result has elements of a channel of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin<Id> {
    /// The channel of the result.
    pub channel: usize,
    /// The input.
    pub input: Id,
    /// Its channel.
    pub source: usize,
    /// A part of the result's channel that comes from there, above 0 and at most 1, all such parts together at most 1;
    /// what edges and paddings have instead does not count.
    pub part: f64,
    /// Whether it is subtracted.
    pub negated: bool,
}

impl<Id: Copy> Local<Id> {
    /// Calls `visit` with what every channel of a result of shape `to` is made of, input by input. Channels of views that
    /// see nothing but zeros have no origin.
    pub fn origins(&self, to: Shape, shape: impl Fn(Id) -> Shape, mut visit: impl FnMut(Origin<Id>)) {
        let channels = to.channels as usize;
        let mut whole = |channel, input, source, negated| {
            visit(Origin { channel, input, source, part: 1.0, negated });
        };
        match self {
            Self::Add { inputs: [left, right], subtract } => {
                (0..channels).for_each(|channel| whole(channel, *left, channel, false));
                (0..channels).for_each(|channel| whole(channel, *right, channel, *subtract));
            }
            Self::Offset { input } | Self::SumPool { input, .. } | Self::Shift { input, .. } => {
                (0..channels).for_each(|channel| whole(channel, *input, channel, false));
            }
            Self::Concat { inputs } => {
                let parts =
                    inputs.iter().flat_map(|input| (0..shape(*input).channels).map(move |at| (*input, at)));
                parts.enumerate().for_each(|(channel, (input, source))| {
                    whole(channel, input, source as usize, false);
                });
            }
            Self::View { input, picks } => {
                let from = shape(*input).channels;
                for channel in 0..to.channels {
                    if let Some(source) = picks.source(0, channel, from) {
                        whole(channel as usize, *input, source as usize, false);
                    }
                }
            }
            Self::Reshape { input } => reshape(*input, to, shape(*input), visit),
            Self::Permute { input, permutation } => permute(*input, permutation, to, shape(*input), visit),
        }
    }
}

/// Channels that share elements.
fn reshape<Id: Copy>(input: Id, to: Shape, from: Shape, mut visit: impl FnMut(Origin<Id>)) {
    let (to_plane, from_plane) = (to.plane(), from.plane());
    for channel in 0..to.channels as usize {
        let own = channel * to_plane..(channel + 1) * to_plane;
        for source in own.start / from_plane..own.end.div_ceil(from_plane) {
            let shared = own.end.min((source + 1) * from_plane) - own.start.max(source * from_plane);
            let part = shared as f64 / to_plane as f64;
            visit(Origin { channel, input, source, part, negated: false });
        }
    }
}

/// Channels that share elements, run by run of elements that lie in one channel of the input.
fn permute<Id: Copy>(
    input: Id,
    permutation: &Permutation,
    to: Shape,
    from: Shape,
    mut visit: impl FnMut(Origin<Id>),
) {
    let plane = from.plane();
    for channel in 0..to.channels as usize {
        let own = channel * to.plane()..(channel + 1) * to.plane();
        let mut at = own.start;
        // A source and its elements that were not told yet.
        let mut last = (0, 0);
        let mut tell = |source, count: usize| {
            if count > 0 {
                let part = count as f64 / to.plane() as f64;
                visit(Origin { channel, input, source, part, negated: false });
            }
        };
        while let Some(run) = permutation.run(own.clone(), at) {
            at = run.at + 1;
            let end = run.source + run.len;
            for source in run.source / plane..end.div_ceil(plane) {
                let count = end.min((source + 1) * plane) - run.source.max(source * plane);
                if source != last.0 {
                    tell(last.0, last.1);
                    last = (source, 0);
                }
                last.1 += count;
            }
        }
        tell(last.0, last.1);
    }
}
