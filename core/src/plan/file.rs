//! The file format of plans: writing, and taking the parts apart.

use super::{Header, Interpolation, Node, PlanError};

/// Version of the format this build reads and writes.
pub const FORMAT_VERSION: u16 = 3;

const MAGIC: &[u8; 8] = b"BRELUPLN";
const PREFIX: usize = 20;
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// The parts of a file whose frame, version and checksum are right.
pub(super) struct Parts<'a> {
    pub(super) header: Header<'a>,
    pub(super) ends: &'a [[u8; 4]],
    pub(super) nodes: &'a [u8],
}

pub(super) fn split(bytes: &[u8]) -> Result<Parts<'_>, PlanError> {
    let prefix = bytes.get(..PREFIX);
    if bytes.get(..8).is_none_or(|magic| magic != MAGIC) {
        return Err(PlanError::Magic);
    }
    let got = bytes.len() as u64;
    let prefix = prefix.ok_or(PlanError::Length { want: PREFIX as u64, got })?;
    let version = u16::from_le_bytes([prefix[8], prefix[9]]);
    if version != FORMAT_VERSION || prefix[10..12] != [0, 0] {
        return Err(PlanError::Version(version));
    }
    let body = &bytes[PREFIX..];
    let want = PREFIX as u64 + u64::from(word(&prefix[12..]));
    if want != got {
        return Err(PlanError::Length { want, got });
    }
    if CRC.checksum(body) != word(&prefix[16..]) {
        return Err(PlanError::Checksum);
    }
    parts(body).ok_or(PlanError::Header)
}

fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |four| u32::from_le_bytes(*four))
}

fn parts(body: &[u8]) -> Option<Parts<'_>> {
    let (size, body) = body.split_at_checked(4)?;
    let (header, body) = body.split_at_checked(word(size) as usize)?;
    let header = header_of(header)?;
    let (count, body) = body.split_at_checked(4)?;
    let (ends, nodes) = body.split_at_checked((word(count) as usize).checked_mul(4)?)?;
    let (ends, _) = ends.as_chunks();
    let covered = ends.last().map_or(0, |end| word(end) as usize) == nodes.len();
    (covered && !ends.is_empty()).then_some(Parts { header, ends, nodes })
}

/// A header has one encoding: the default interpolation is not written where nothing follows it.
fn header_of(bytes: &[u8]) -> Option<Header<'_>> {
    let (header, rest) = postcard::take_from_bytes::<Header<'_>>(bytes).ok()?;
    if rest.is_empty() {
        return Some(header);
    }
    let (interpolation, rest) = postcard::take_from_bytes(rest).ok()?;
    let header = Header { interpolation, ..header };
    if rest.is_empty() {
        return (interpolation != Interpolation::default()).then_some(header);
    }
    let (input_scale, rest) = postcard::take_from_bytes::<heapless::Vec<f32, 4>>(rest).ok()?;
    let real = !input_scale.is_empty() && input_scale.iter().all(|scale| scale.is_normal() && *scale > 0.0);
    (rest.is_empty() && real).then_some(Header { input_scale, ..header })
}

/// Writes a plan file into `out` and returns its length. The result is not checked: parse it.
///
/// # Errors
/// [`PlanError::Room`] if `out` is too small.
pub fn write(header: &Header<'_>, nodes: &[Node<'_>], out: &mut [u8]) -> Result<usize, PlanError> {
    let room = out.len();
    fill(header, nodes, out).ok_or(PlanError::Room(room))
}

fn fill(header: &Header<'_>, nodes: &[Node<'_>], out: &mut [u8]) -> Option<usize> {
    let mut at = PREFIX + 4;
    at += postcard::to_slice(header, out.get_mut(at..)?).ok()?.len();
    let scaled = !header.input_scale.is_empty();
    if scaled || header.interpolation != Interpolation::default() {
        at += postcard::to_slice(&header.interpolation, out.get_mut(at..)?).ok()?.len();
    }
    if scaled {
        at += postcard::to_slice(&header.input_scale, out.get_mut(at..)?).ok()?.len();
    }
    put(out, PREFIX, at - PREFIX - 4)?;
    put(out, at, nodes.len())?;
    let table = at + 4;
    let first = table + 4 * nodes.len();
    at = first;
    for (index, node) in nodes.iter().enumerate() {
        at += postcard::to_slice(node, out.get_mut(at..)?).ok()?.len();
        put(out, table + 4 * index, at - first)?;
    }
    let checksum = CRC.checksum(out.get(PREFIX..at)?);
    out[..8].copy_from_slice(MAGIC);
    out[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    out[10..12].fill(0);
    put(out, 12, at - PREFIX)?;
    put(out, 16, checksum as usize)?;
    Some(at)
}

fn put(out: &mut [u8], at: usize, value: usize) -> Option<()> {
    out.get_mut(at..at + 4)?.copy_from_slice(&u32::try_from(value).ok()?.to_le_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, ColourOrder, Fit, Local, Op, Plan, Preprocess};
    use super::*;
    use crate::geometry::Shape;

    fn written(fit: Fit, interpolation: Interpolation, file: &mut [u8]) -> usize {
        let preprocess = Preprocess { fit, order: ColourOrder::Bgr, affine: heapless::Vec::new() };
        let header = Header {
            name: "map",
            preprocess,
            labels: "a\nb",
            class_offset: 1,
            output_scale: 0.5,
            margin: 2.0,
            answer: Answer::Scores,
            interpolation,
            input_scale: heapless::Vec::new(),
        };
        let node = |op| Node { name: "", shape: Shape::new(1, 2, 2), bits: 8, op };
        write(&header, &[node(Op::Input), node(Local::Offset { input: 0 }.into())], file).unwrap()
    }

    #[test]
    fn the_usual_interpolation_takes_no_room() {
        let (mut usual, mut other) = ([0; 128], [0; 128]);
        let usual_len = written(Fit::Pad { colour: [1, 2, 3] }, Interpolation::HalfPixel, &mut usual);
        assert_eq!(
            written(Fit::Pad { colour: [1, 2, 3] }, Interpolation::AlignCorners, &mut other),
            usual_len + 1
        );
        let header = |bytes| Plan::parse(bytes).unwrap().header().clone();
        let (usual, other) = (header(&usual[..usual_len]), header(&other[..=usual_len]));
        assert_eq!(other.interpolation, Interpolation::AlignCorners);
        assert_eq!(usual, Header { interpolation: Interpolation::HalfPixel, ..other });
        assert_eq!(usual.preprocess.fit, Fit::Pad { colour: [1, 2, 3] });
    }

    #[test]
    fn the_scales_of_the_input_are_kept() {
        let preprocess =
            Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: heapless::Vec::new() };
        let nodes = ["x", "y"].map(|name| {
            let op = if name == "x" { Op::Input } else { Local::Offset { input: 0 }.into() };
            Node { name, shape: Shape::new(1, 2, 2), bits: 8, op }
        });
        for (interpolation, scales) in [
            (Interpolation::HalfPixel, &[0.5][..]),
            (Interpolation::AlignCorners, &[0.5, 0.25, 1e-3]),
            (Interpolation::Asymmetric, &[]),
        ] {
            let input_scale = scales.iter().copied().collect();
            let header = Header { interpolation, input_scale, ..Header::new("n", preprocess.clone()) };
            let mut file = [0; 128];
            let len = write(&header, &nodes, &mut file).unwrap();
            assert_eq!(Plan::parse(&file[..len]).unwrap().header(), &header);
        }
        for wrong in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let input_scale = [1.0, wrong].into_iter().collect();
            let header = Header { input_scale, ..Header::new("n", preprocess.clone()) };
            let mut file = [0; 128];
            let len = write(&header, &nodes, &mut file).unwrap();
            assert!(Plan::parse(&file[..len]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_header_has_one_encoding() {
        let mut file = [0; 128];
        let len = written(Fit::Stretch, Interpolation::Asymmetric, &mut file);
        let end = PREFIX + 3 + word(&file[PREFIX..]) as usize;
        assert_eq!(file[end], Interpolation::Asymmetric as u8);
        for value in 0..=255 {
            file[end] = value;
            let checksum = CRC.checksum(&file[PREFIX..len]);
            file[16..PREFIX].copy_from_slice(&checksum.to_le_bytes());
            assert_eq!(Plan::parse(&file[..len]).is_ok(), [1, 2].contains(&value), "{value}");
        }
    }
}
