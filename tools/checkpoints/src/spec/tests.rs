use super::*;
use brelu_core::geometry::Shape;
use brelu_networks::zoo::{Options, network};
use proptest::prelude::*;

/// ResNet-8 with 8 channels in every layer, for 8x8 pixels: maps of 8, 4 and 2 rows.
fn tiny() -> Network {
    let options = Options { seed: None, input: Some(Shape::new(3, 8, 8)), width: 0.01, ..Options::default() };
    network("resnet8", &options).unwrap()
}

/// Written by numpy 2.4.6 with protocols 0, 2, 4 and 5, with types `i4 i8 >i4 i2 u1 u4 i4`, the fourth and last layer
/// column by column, that of protocol 2 with numpy 1's names, that of protocol 4 an `OrderedDict`. Channel `c` of layer `n`
/// has the size `SIZES[(n + c) % 8]`, from the sixth layer on `2x1` where a side is 4 or more.
const FIXTURES: [&[u8]; 4] = [
    include_bytes!("fixtures/protocol0.pickle"),
    include_bytes!("fixtures/protocol2.pickle"),
    include_bytes!("fixtures/protocol4.pickle"),
    include_bytes!("fixtures/protocol5.pickle"),
];

const SIZES: [[u16; 2]; 8] = [[0, 1], [1, 0], [1, 1], [2, 2], [2, 4], [4, 2], [1, 4], [8, 8]];

fn expected(layer: usize, channel: usize) -> BlockSize {
    let size = SIZES[(layer + channel) % 8];
    BlockSize::from(if layer >= 5 && size.into_iter().max() >= Some(4) { [2, 1] } else { size })
}

fn problem(bytes: &[u8]) -> String {
    convert(bytes, &tiny()).unwrap_err().to_string()
}

/// Entries of a dictionary, by opcodes of protocol 2.
fn dictionary(entries: &[u8]) -> Vec<u8> {
    [b"\x80\x02}(", entries, b"u."].concat()
}

#[test]
fn arrays_of_every_protocol_are_block_sizes() {
    let network = tiny();
    for bytes in FIXTURES {
        // Blocks of 8x8 fit the maps of 32x32 pixels, not those of 8x8.
        let result = convert(bytes, &network);
        let Err(ReferenceError::Misfit(error)) = result else { panic!("{result:?}") };
        assert!(error.to_string().contains("stage2.0.relu1 channel 4 has blocks of 8x8"), "{error}");
    }
    let options = Options { seed: None, width: 0.01, ..Options::default() };
    let network = brelu_networks::zoo::network("resnet8", &options).unwrap();
    for bytes in FIXTURES {
        let Converted { spec, left } = convert(bytes, &network).unwrap();
        assert_eq!((left.len(), spec.layers.len()), (0, 7));
        assert_eq!(spec.layers[0].name, "stem.relu");
        assert_eq!(spec.layers[6].name, "stage3.0.relu2");
        for (number, layer) in spec.layers.iter().enumerate() {
            for (channel, choice) in layer.channels.iter().enumerate() {
                assert_eq!(choice.block, expected(number, channel), "{} {channel}", layer.name);
            }
        }
        assert_eq!(Spec::parse(&serde_json::to_string(&spec).unwrap()).unwrap(), spec);
    }
}

#[test]
fn layers_that_are_not_named_keep_every_decision() {
    let Converted { spec, left } = convert(&dictionary(b""), &tiny()).unwrap();
    assert_eq!((spec.layers.len(), left.len()), (0, 7));
}

#[test]
fn calls_are_refused_and_not_made() {
    let marker = std::env::temp_dir().join(format!("brelu-spec-{}", std::process::id()));
    let command = format!("touch {}", marker.display());
    let call = |function: &str| {
        let len = command.len() as u8;
        [b"c".as_slice(), function.as_bytes(), b"\n(U", &[len], command.as_bytes(), b"tR"].concat()
    };
    let whole = [b"\x80\x02".as_slice(), &call("posix\nsystem"), b"."].concat();
    let inside = dictionary(&[b"U\x04stem".as_slice(), &call("os\nsystem")].concat());
    for (bytes, words) in [
        (whole, "it would call posix.system, which was not run"),
        (inside, "layer stem cannot be used: it would call os.system, which is not run"),
    ] {
        let problem = problem(&bytes);
        assert!(problem.contains(words), "{problem}");
    }
    assert!(!marker.exists());
}

#[test]
fn other_files_are_refused_with_a_sentence() {
    let mut renamed = FIXTURES[1].to_vec();
    let at = renamed.windows(4).position(|bytes| bytes == b"stem").unwrap();
    renamed[at..at + 4].copy_from_slice(b"root");
    for (bytes, words) in [
        (b"PK\x03\x04".to_vec(), "byte 0 is the opcode 0x50"),
        (b"\x80\x02]".to_vec(), "cut off"),
        (b"\x80\x02].".to_vec(), "no dictionary of arrays by layer"),
        (b"\x80\x02u.".to_vec(), "the opcode 0x75 at byte 2 does not fit"),
        (dictionary(b"U\x04stemK\x01"), "layer stem cannot be used: it is no numpy array"),
        (dictionary(b"K\x01K\x01"), "one of its keys is no text"),
        (renamed, "name the layer root, resnet8 has none"),
    ] {
        let problem = problem(&bytes);
        assert!(problem.contains(words), "{problem}");
    }
}

proptest! {
    #[test]
    fn damaged_files_are_no_trap(which in 0usize..4, cut in 0usize..4000, at in 0usize..4000, byte: u8) {
        let mut bytes = FIXTURES[which].to_vec();
        bytes.truncate(bytes.len().min(cut.max(1)));
        let at = at % bytes.len();
        bytes[at] = byte;
        // Either a spec that fits, or a sentence.
        if let Ok(converted) = convert(&bytes, &tiny()) {
            prop_assert!(converted.spec.check_for(&tiny().graph).is_ok());
        }
    }
}
