//! Pictures that a client of one's own classifies, as `brelu infer` does.

use std::fs;
use std::path::Path;

use brelu_core::plan::ColourOrder;
use brelu_data::{Dataset, Preprocess, read_image, shapes};
use brelu_host::embed::{Client, EmbedError, Keys};
use brelu_host::picture::{PictureError, units};
use brelu_host::plan_file::OwnedPlan;
use image::{Rgb, RgbImage};

use crate::fixture::folder;
use crate::support::{Listening, brelu, json_lines};

/// Writes the first picture of the demonstration, and another four times as large, of other proportions.
fn pictures() -> [&'static str; 2] {
    let preprocess = Preprocess::raw(shapes::SIDE, shapes::SIDE, ColourOrder::Rgb);
    let pixels = Dataset::open(Path::new("shapes:1"), preprocess).unwrap().item(0).unwrap().pixels;
    let picture = |width: u32, height: u32| {
        RgbImage::from_fn(width, height, |x, y| {
            let at = (y * shapes::SIDE / height * shapes::SIDE + x * shapes::SIDE / width) as usize;
            Rgb([0, 1, 2].map(|channel| pixels[channel * (shapes::SIDE * shapes::SIDE) as usize + at]))
        })
    };
    picture(shapes::SIDE, shapes::SIDE).save(folder().join("shape.png")).unwrap();
    picture(128, 96).save(folder().join("large.png")).unwrap();
    ["shape.png", "large.png"]
}

/// What the command and the embedded client say of a picture: the best output, its label and its score.
fn both(plan: &str, picture: &str) -> [(u64, String, f64); 2] {
    let dealer = Listening::start(folder(), "deal");
    let line = format!("serve --plan {plan}.plan --weights {plan}.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    let line = format!("infer --plan {plan}.plan --server {} --json --top 1 {picture}", server.address);
    let said = &json_lines(&brelu(folder(), &line).succeeds())[0]["top"][0];
    let said = (
        said["output"].as_u64().unwrap(),
        said["label"].as_str().unwrap().to_owned(),
        said["value"].as_f64().unwrap(),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let own = runtime.block_on(async {
        let at = |name: &str| folder().join(name);
        let keys = Keys::read(folder()).unwrap();
        let mut client = Client::open(&at(&format!("{plan}.plan")), keys, &at("own.state")).unwrap();
        client.connect(&server.address).await.unwrap();
        let best = client.classify(&read_image(&at(picture)).unwrap(), 1).await.unwrap()[0];
        let label = client.plan().label(best.output).unwrap().to_owned();
        client.close().await.unwrap();
        (best.output as u64, label, f64::from(best.score.unwrap()))
    });
    [said, own]
}

#[test]
fn a_client_of_ones_own_says_what_the_command_says() {
    let [shape, large] = pictures();
    for kind in ["plan", "weights"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/shapes/full").with_extension(kind);
        fs::copy(shipped, folder().join(format!("shapes.{kind}"))).unwrap();
    }
    let compile = "compile tiny.onnx --calibrate pictures --labels labels.txt --bits 29 --fraction 13 --window 9 \
                   --mean .5 --std .25 -o";
    brelu(folder(), &format!("{compile} cropped --fit short-side:12 --order bgr")).succeeds();
    brelu(folder(), &format!("{compile} padded --fit pad")).succeeds();
    for (plan, picture) in [("shapes", shape), ("cropped", large), ("padded", large)] {
        let [command, own] = both(plan, picture);
        assert_eq!((command.0, &command.1), (own.0, &own.1), "{plan}");
        // Fresh masks round in other ways.
        assert!(
            (command.2 - own.2).abs() < 0.1 * command.2.abs().max(2.0),
            "{plan}: {} {}",
            command.2,
            own.2
        );
    }
}

#[test]
fn pictures_that_are_no_input_are_refused() {
    let plan = OwnedPlan::parse(fs::read(folder().join("tiny.plan")).unwrap()).unwrap();
    let refused = units(plan.get(), &RgbImage::new(3, 3)).unwrap_err();
    assert_eq!(refused, PictureError::Size { given: [3, 3], required: [8, 8] });
    assert!(EmbedError::from(refused).to_string().contains("exactly 8 and 8"));
}
