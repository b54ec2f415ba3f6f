//! The partition's content: what is written is read again, and what was altered is refused in words of its own.

use brelu_core::channel::PublicKey;
use brelu_core::plan::{Answer, ColourOrder, Fit, Preprocess};
use brelu_core::thin::Ends;
use brelu_embedded::settings::{
    Card, Endpoint, Interface, PREFIX, Role, Secret, Settings, SettingsError, VERSION,
};

fn party() -> Settings<'static> {
    settings(Role::Party { dealer: PublicKey::new([4; 32]), plan: &[7; 300] })
}

fn thin() -> Settings<'static> {
    let preprocess = Preprocess {
        fit: Fit::Exact,
        order: ColourOrder::Rgb,
        affine: [[0.25, -1.0], [0.5, 2.0]].into_iter().collect(),
    };
    settings(Role::Thin {
        delegate: PublicKey::new([5; 32]),
        delegate_at: Endpoint { address: [10, 0, 2, 2], port: 7603 },
        ends: Ends {
            plan: [6; 32],
            input: 12,
            input_bits: 24,
            output: 4,
            output_bits: 20,
            answer: Answer::Scores,
        },
        card: Card { preprocess, plane: 4, labels: "none\ncat\ndog", class_offset: 1 },
    })
}

fn settings(role: Role<'static>) -> Settings<'static> {
    Settings {
        identity: Secret([0xa1; 32]),
        seed: Secret([0xb2; 32]),
        interface: Interface { address: [10, 0, 2, 15], prefix: 24, gateway: Some([10, 0, 2, 2]) },
        server: PublicKey::new([3; 32]),
        server_at: Endpoint { address: [192, 168, 1, 9], port: 7601 },
        patience: 30,
        role,
        pictures: &[1, 2, 3, 4, 5, 6],
    }
}

fn written(settings: &Settings<'_>) -> Vec<u8> {
    let mut bytes = vec![0; 2048];
    let len = settings.write(&mut bytes).expect("room");
    bytes.truncate(len);
    bytes
}

#[test]
fn what_is_written_is_read() {
    for settings in [party(), thin()] {
        let mut bytes = written(&settings);
        assert_eq!(Settings::parse(&bytes).as_ref(), Ok(&settings));
        for filler in [0xff, 0, 0x5a] {
            bytes.extend([filler; 500]);
            assert_eq!(Settings::parse(&bytes).as_ref(), Ok(&settings), "the rest of the partition");
        }
        let len = written(&settings).len();
        for room in 0..len {
            assert_eq!(settings.write(&mut vec![0; room]), None, "{room} of {len} bytes");
        }
        assert_eq!(settings.write(&mut vec![0; len]), Some(len));
    }
}

#[test]
fn every_altered_byte_is_refused() {
    for settings in [party(), thin()] {
        let good = written(&settings);
        for (at, byte) in good.iter().enumerate() {
            for change in [1, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = byte ^ change;
                let refused = Settings::parse(&bytes).expect_err("an altered partition");
                let expected = match at {
                    0..8 => matches!(refused, SettingsError::Empty),
                    8..12 => matches!(refused, SettingsError::Version(_)),
                    // A shorter length leaves less to check, a longer one more than there is.
                    12..16 => matches!(refused, SettingsError::Length { .. } | SettingsError::Checksum),
                    _ => matches!(refused, SettingsError::Checksum),
                };
                assert!(expected, "byte {at}: {refused}");
            }
        }
    }
}

#[test]
fn every_cut_is_refused() {
    for settings in [party(), thin()] {
        let good = written(&settings);
        for len in 0..good.len() {
            let refused = Settings::parse(&good[..len]).expect_err("a cut partition");
            let want = good.len() - PREFIX;
            match len.checked_sub(PREFIX) {
                None => assert_eq!(refused, SettingsError::Empty),
                Some(have) => assert_eq!(refused, SettingsError::Length { want, have }),
            }
        }
    }
}

/// A partition with this body, as if it were settings.
fn sealed(body: &[u8]) -> Vec<u8> {
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(body);
    let mut bytes = b"BRELUDEV".to_vec();
    bytes.extend(u32::from(VERSION).to_le_bytes());
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(crc.to_le_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn what_is_sealed_but_no_settings_is_refused() {
    let body = written(&thin())[PREFIX..].to_vec();
    assert_eq!(sealed(&body), written(&thin()));
    for len in 0..body.len() {
        assert_eq!(Settings::parse(&sealed(&body[..len])), Err(SettingsError::Content), "{len} bytes");
    }
    let longer = [&body[..], &[0]].concat();
    assert_eq!(Settings::parse(&sealed(&longer)), Err(SettingsError::Content));
}

#[test]
fn every_reason_has_a_sentence_of_its_own() {
    let good = written(&party());
    let mut other = good.clone();
    other[8] = 9;
    let mut flipped = good.clone();
    flipped[60] ^= 1;
    let cases: [(&[u8], &str); 6] = [
        (&[], "the partition is empty: write the file that brelu provision makes to it"),
        (&[0xff; 100], "the partition is empty: write the file that brelu provision makes to it"),
        (&other, "the partition has format version 9, this firmware reads 2: provision the device again"),
        (&good[..100], "the partition has 80: provision the device with fewer pictures"),
        (&flipped, "the partition's checksum does not match its content: provision the device again"),
        (&sealed(&[]), "the partition cannot be read: provision the device again"),
    ];
    for (bytes, words) in cases {
        let refused = Settings::parse(bytes).expect_err("no settings").to_string();
        assert!(refused.ends_with(words), "{refused}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    for settings in [party(), thin()] {
        let printed = format!("{settings:?} {settings:#?}");
        assert!(printed.contains("redacted"));
        // 0xa1 and 0xb2, as bytes are printed.
        for secret in ["161", "178", "a1a1", "b2b2", "A1", "B2"] {
            assert!(!printed.contains(secret), "{secret} is in {printed}");
        }
    }
}

#[test]
fn labels_are_found_by_their_output() {
    let Role::Thin { card, .. } = thin().role else { panic!("a thin device") };
    let labels: Vec<_> = (0..5).map(|output| card.label(output)).collect();
    assert_eq!(labels, [None, Some("none"), Some("cat"), Some("dog"), None]);
}

#[test]
fn endpoints_are_written_as_usual() {
    assert_eq!(party().server_at.to_string(), "192.168.1.9:7601");
}

#[test]
fn an_address_of_no_single_machine_is_refused() {
    for address in [[0; 4], [224, 0, 0, 1], [255; 4]] {
        let mut settings = party();
        settings.interface.address = address;
        let refused = Settings::parse(&written(&settings)).map(drop);
        assert_eq!(refused, Err(SettingsError::Address(address.into())));
    }
}
