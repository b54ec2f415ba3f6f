use super::*;
use proptest::prelude::*;

fn root(bytes: &[u8]) -> Value {
    Pickle::parse(bytes).unwrap().root().clone()
}

/// Values as Python 3.11 writes them, protocols 0 to 5.
#[test]
fn constants_of_all_protocols() {
    for (bytes, value) in [
        (&b"N."[..], Value::None),
        (b"I01\n.", Value::Bool(true)),
        (b"\x80\x02\x89.", Value::Bool(false)),
        (b"I-7\n.", Value::Int(-7)),
        (b"L-7L\n.", Value::Int(-7)),
        (b"\x80\x02J\xf9\xff\xff\xff.", Value::Int(-7)),
        (b"\x80\x02M\x10\x27.", Value::Int(10_000)),
        (b"\x80\x02\x8a\x05\x00\x00\x00\x00\x80.", Value::Int(-(1 << 39))),
        (b"\x80\x02\x8a\x00.", Value::Int(0)),
        (b"F0.5\n.", Value::Float(0.5)),
        (b"\x80\x02G?\xe0\x00\x00\x00\x00\x00\x00.", Value::Float(0.5)),
        (b"V\xe9\\u20ac\\U0001f600\np0\n.", Value::Text("\u{e9}\u{20ac}\u{1f600}".into())),
        (b"\x80\x02X\x02\x00\x00\x00\xc3\xa9q\x00.", Value::Text("\u{e9}".into())),
        (b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00\x8c\x02\xc3\xa9\x94.", Value::Text("\u{e9}".into())),
        (b"\x80\x03C\x02\xff\x00q\x00.", Value::Bytes(vec![255, 0])),
        (b"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00\x07.", Value::Bytes(vec![7])),
        (b"cos\nsystem\n.", Value::Global("os".into(), "system".into())),
        (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93.", Value::Global("os".into(), "system".into())),
    ] {
        assert_eq!(root(bytes), value, "{bytes:?}");
    }
}

#[test]
fn containers_are_filled_and_shared() {
    // {"a": [1, 2], "b": the same list, "c": (1,)}, protocol 2.
    let pickle =
        Pickle::parse(b"\x80\x02}q\x00(U\x01a]q\x01(K\x01K\x02eU\x01bh\x01U\x01cK\x01\x85u.").unwrap();
    let Value::Dict(entries) = pickle.root() else { panic!("{pickle:?}") };
    assert_eq!(entries[0][1], entries[1][1]);
    let items = pickle.items(pickle.get(entries[0][1])).unwrap();
    assert_eq!(items, [&Value::Int(1), &Value::Int(2)]);
    assert_eq!(pickle.items(pickle.get(entries[2][1])).unwrap(), [&Value::Int(1)]);
}

#[test]
fn a_list_in_itself_is_a_value() {
    let pickle = Pickle::parse(b"\x80\x02]q\x00h\x00a.").unwrap();
    assert_eq!(pickle.items(pickle.root()).unwrap(), [pickle.root()]);
}

#[test]
fn damage_is_told() {
    let opcode = |code, at| Err(PickleError::Opcode { code, at });
    let operand = |code, at| Err(PickleError::Operand { code, at });
    for (bytes, error) in [
        (&b""[..], Err(PickleError::End)),
        (b"K\x01", Err(PickleError::End)),
        (b"K", operand(b'K', 0)),
        (b".", operand(b'.', 0)),
        (b"K\x01(.", operand(b'.', 3)),
        (b"NNa.", operand(b'a', 2)),
        (b"(K\x01d.", operand(b'd', 3)),
        (b"h\x00.", operand(b'h', 0)),
        (b"\x80\x06N.", operand(0x80, 0)),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", operand(0x8d, 0)),
        (b"P1\n.", opcode(b'P', 0)),
        (b"N\x82\x01.", opcode(0x82, 1)),
    ] {
        assert_eq!(Pickle::parse(bytes).map(|_| ()), error, "{bytes:?}");
    }
}

/// Bytes of text that a pickle keeps.
fn text(pickle: &Pickle) -> usize {
    let mut kept = std::collections::BTreeMap::new();
    for value in &pickle.values {
        let texts = match value {
            Value::Text(text) => vec![text],
            Value::Global(module, name) => vec![module, name],
            _ => vec![],
        };
        kept.extend(texts.into_iter().map(|text| (text.as_ptr(), text.len())));
    }
    kept.values().sum()
}

#[test]
fn a_text_that_is_named_often_is_kept_once() {
    let long = vec![b'm'; 50_000];
    let mut bytes = [b"\x80\x04X", &(long.len() as u32).to_le_bytes()[..], &long, b"q\x00"].concat();
    bytes.extend(b"h\x00h\x00\x93".repeat(10_000));
    bytes.push(b'.');
    let pickle = Pickle::parse(&bytes).unwrap();
    assert_eq!(*pickle.root(), Value::Global(pickle_text(&long), pickle_text(&long)));
    assert_eq!(pickle.values.len(), 10_001);
    assert_eq!(text(&pickle), long.len());
    assert!(size_of::<Value>() <= 40, "a byte of the file makes one value at most");
}

fn pickle_text(bytes: &[u8]) -> Arc<str> {
    std::str::from_utf8(bytes).unwrap().into()
}

/// An array of bytes in a list, protocol 2, named as often as the list says.
fn many_arrays(len: u32, dimensions: usize, times: usize) -> Vec<u8> {
    let mut bytes = b"\x80\x02](cnumpy._core.numeric\n_frombuffer\n(B".to_vec();
    bytes.extend(len.to_le_bytes());
    bytes.resize(bytes.len() + len as usize, 1);
    bytes.extend(b"cnumpy\ndtype\n(X\x02\x00\x00\x00i1tR(J");
    bytes.extend(len.to_le_bytes());
    bytes.extend(b"K\x01".repeat(dimensions - 1));
    bytes.extend(b"tX\x01\x00\x00\x00FtRq\x00");
    bytes.extend(b"h\x00".repeat(times - 1));
    bytes.extend(b"e.");
    bytes
}

#[test]
fn arrays_that_are_named_often_have_no_more_elements_than_there_is_room_for() {
    let pickle = Pickle::parse(&many_arrays(1000, 1, 10_000)).unwrap();
    let (mut room, mut read) = (5000, 0);
    for value in pickle.items(pickle.root()).unwrap() {
        match numpy::array(&pickle, value, &mut room) {
            Ok(array) => assert_eq!((array.values, array.shape), (vec![1; 1000], vec![1000])),
            Err(problem) => {
                assert!(problem.contains("more elements in all"), "{problem}");
                break;
            }
        }
        read += 1;
    }
    assert_eq!((read, room), (5, 0));
}

#[test]
fn an_array_has_no_more_dimensions_than_numpy_s() {
    let read = |dimensions| {
        let pickle = Pickle::parse(&many_arrays(10, dimensions, 1)).unwrap();
        numpy::array(&pickle, pickle.items(pickle.root()).unwrap()[0], &mut 10)
    };
    assert_eq!(read(64).unwrap().values, vec![1; 10]);
    assert!(read(65).unwrap_err().contains("more dimensions"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes: Vec<u8>) {
        if let Ok(pickle) = Pickle::parse(&bytes) {
            prop_assert!(pickle.values.len() <= bytes.len());
        }
    }
}
