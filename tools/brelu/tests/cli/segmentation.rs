//! A network that gives a map, from compiling to pictures of its classes and their comparison with masks.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::plan::Interpolation;
use brelu_data::maps::colour;
use brelu_networks::graph::{Graph, Op};
use brelu_networks::onnx::export_file;
use image::{GrayImage, Luma, Rgb, RgbImage};
use serde_json::Value;

use crate::support::{Listening, brelu, json, json_lines};

const SIDE: u32 = 16;

/// What the network tells apart, and the palette of its pictures.
const COLOURS: [(&str, [u8; 3]); 4] =
    [("dark", [12, 9, 14]), ("red", [231, 20, 17]), ("green", [26, 190, 40]), ("blue", [9, 33, 214])];

/// Scores of a picture at half its rows and columns: a constant for what is dark, else how much of each colour there is.
fn network() -> Graph {
    let mut graph = Graph::new("colours", "picture", Shape::new(3, SIDE, SIDE)).unwrap();
    let halved = Conv2d::square(graph.input_shape(), 3, 2, 2, 0);
    let own = |at: usize| if at / 12 == at % 12 / 4 { 0.25 } else { 0.0 };
    let weights = (0..halved.weight_len()).map(own).collect();
    graph.push("means", Op::Conv { geometry: halved, weights, bias: vec![0.0; 3] }, &[graph.output]).unwrap();
    graph.push("kept", Op::relu(), &[graph.output]).unwrap();
    let scored = Conv2d::square(graph.output_shape(), 4, 1, 1, 0);
    let weights = vec![0.0, 0.0, 0.0, 1.0, -0.5, -0.4, -0.5, 1.0, -0.4, -0.3, -0.5, 1.1];
    graph
        .push(
            "scores",
            Op::Conv { geometry: scored, weights, bias: vec![0.23, 0.0, 0.0, 0.0] },
            &[graph.output],
        )
        .unwrap();
    graph.interpolation = Interpolation::AlignCorners;
    graph
}

/// A picture whose classes `class` gives by column and row, and its mask, which is a column too far to the right.
fn painted(folder: &Path, name: &str, size: [u32; 2], class: impl Fn(u32, u32) -> u8) {
    let [width, height] = size;
    let mut picture = RgbImage::new(width, height);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let shade = ((3 * x + 5 * y) % 7) as u8;
        *pixel = Rgb(COLOURS[usize::from(class(x, y))].1.map(|part| part + shade));
    }
    // The layout asks for this ending; what counts is the content.
    picture.save_with_format(folder.join(format!("JPEGImages/{name}.jpg")), image::ImageFormat::Png).unwrap();
    let label = |x: u32, y| if y == 0 { 255 } else { class(x.saturating_sub(1), y) };
    let mask = GrayImage::from_fn(width, height, |x, y| Luma([label(x, y)]));
    mask.save(folder.join(format!("SegmentationClass/{name}.png"))).unwrap();
}

/// A folder with the network, its plan, and three pictures with masks in the layout of VOC.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("segmentation");
        drop(fs::remove_dir_all(&folder));
        for part in ["voc/JPEGImages", "voc/SegmentationClass", "voc/ImageSets/Segmentation"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        for name in ["client", "server", "dealer"] {
            brelu(&folder, &format!("keygen {name}")).succeeds();
        }
        fs::copy(folder.join("client.pub"), folder.join("clients.txt")).unwrap();
        fs::copy(folder.join("server.pub"), folder.join("servers.txt")).unwrap();
        let voc = folder.join("voc");
        painted(&voc, "bars", [SIDE, SIDE], |x, _| [1, 1, 2, 3][(x / 4) as usize]);
        painted(&voc, "wide", [40, 20], |x, y| if y < 8 { 3 } else { u8::from(x < 18) });
        painted(&voc, "plain", [SIDE, SIDE], |_, _| 2);
        fs::write(voc.join("ImageSets/Segmentation/val.txt"), "bars\nwide\nplain\n").unwrap();
        let names: Vec<&str> = COLOURS.iter().map(|(name, _)| *name).collect();
        fs::write(voc.join("labels.txt"), names.join("\n")).unwrap();
        export_file(&network(), &folder.join("colours.onnx")).unwrap();
        compile(&folder, "stretched", "--fit stretch");
        compile(&folder, "padded", "--fit pad --mean .5 --std .5");
        folder
    })
}

fn compile(folder: &Path, name: &str, more: &str) {
    let line = format!(
        "compile colours.onnx -o {name} --calibrate voc:val --bits 30 --fraction 13 --window 9 {more}"
    );
    brelu(folder, &line).succeeds();
}

/// The class of every pixel of a written class map, by its colour, which must be of the usual palette.
fn class_map(path: &Path) -> GrayImage {
    let shown = image::open(path).unwrap().to_rgb8();
    let class = |pixel: &Rgb<u8>| (0..=255).find(|class| colour(*class) == pixel.0).unwrap();
    GrayImage::from_fn(shown.width(), shown.height(), |x, y| Luma([class(shown.get_pixel(x, y))]))
}

/// Mean intersection over union by its definition, first row left out.
fn mean_iou(map: &GrayImage, mask: &GrayImage) -> f64 {
    let pairs: Vec<(u8, u8)> = map.pixels().zip(mask.pixels()).map(|(a, b)| (a.0[0], b.0[0])).collect();
    let count =
        |holds: &dyn Fn(&(u8, u8)) -> bool| pairs.iter().filter(|pair| pair.1 != 255 && holds(pair)).count();
    let ratios: Vec<f64> = (0..4)
        .filter_map(|class| {
            let union = count(&|(a, b)| *a == class || *b == class);
            (union > 0).then(|| count(&|(a, b)| *a == class && *b == class) as f64 / union as f64)
        })
        .collect();
    ratios.iter().sum::<f64>() / ratios.len() as f64
}

#[test]
fn three_processes_draw_the_classes_of_pictures() {
    let dealer = Listening::start(folder(), "deal");
    let line = format!("serve --plan stretched.plan --weights stretched.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    let images = "voc/JPEGImages/bars.jpg voc/JPEGImages/wide.jpg";
    let infer = format!("infer --plan stretched.plan --server {} {images} --out drawn", server.address);
    let images = json_lines(&brelu(folder(), &format!("{infer} --json")).succeeds());
    for (image, [width, height]) in images.iter().zip([[16, 16], [40, 20]]) {
        assert_eq!((&image["exact"], &image["top"]), (&true.into(), &Value::Null));
        let map = class_map(&folder().join(image["class_map"].as_str().unwrap()));
        assert_eq!(map.dimensions(), (width, height));
        let areas = image["areas"].as_array().unwrap();
        for area in areas {
            let class = area["class"].as_u64().unwrap();
            let pixels = map.pixels().filter(|pixel| u64::from(pixel.0[0]) == class).count();
            assert_eq!(area["pixels"], pixels);
            assert_eq!(area["share"], pixels as f64 / f64::from(width * height));
            assert_eq!(area["label"], COLOURS[class as usize].0);
        }
        assert!(areas.windows(2).all(|pair| pair[0]["pixels"].as_u64() >= pair[1]["pixels"].as_u64()));
        let overlay = image::open(folder().join(image["overlay"].as_str().unwrap())).unwrap().to_rgb8();
        assert!(overlay.width() > overlay.height() + 200, "{:?}", overlay.dimensions());
    }
    let wide = class_map(&folder().join("drawn/wide.classes.png"));
    let at = |x, y| wide.get_pixel(x, y).0[0];
    assert_eq!([at(4, 3), at(36, 3), at(4, 16), at(36, 16)], [3, 3, 1, 0]);
    let overlay = image::open(folder().join("drawn/wide.overlay.png")).unwrap().to_rgb8();
    // Enlarged ten times: red, with the colour of its class over it.
    let shade = (3 * 4 + 5 * 16) % 7;
    let (red, over) = (COLOURS[1].1, colour(1));
    let want = [0, 1, 2].map(|part| (red[part] + shade).midpoint(over[part]));
    assert_eq!(overlay.get_pixel(10 * 4 + 4, 10 * 16 + 4).0, want);
    brelu(folder(), &infer).fails(&["drawn/bars.overlay.png is there already", "--force"]);
    let text = brelu(folder(), &format!("{infer} --force")).succeeds();
    assert!(
        text.contains("  class  pixels    share") && text.contains("  class map drawn/bars.classes.png"),
        "{text}"
    );
    let line = format!(
        "evaluate --plan stretched.plan --server {} --data voc:val --model colours.onnx --json",
        server.address
    );
    let report = json(&brelu(folder(), &line).succeeds());
    assert!(report["agreement"].as_f64().unwrap() > 0.99, "{report}");
    assert_eq!((&report["top1"], &report["exact"]), (&Value::Null, &true.into()));
}

#[test]
fn maps_are_compared_with_masks() {
    let simulate =
        "evaluate --plan stretched.plan --simulate --weights stretched.weights --model colours.onnx";
    let one = json(&brelu(folder(), &format!("{simulate} --data voc:val --count 1 --json")).succeeds());
    let dealer = Listening::start(folder(), "deal");
    let line = format!("serve --plan stretched.plan --weights stretched.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    let infer = format!(
        "infer --plan stretched.plan --server {} voc/JPEGImages/bars.jpg --out judged",
        server.address
    );
    brelu(folder(), &infer).succeeds();
    // This picture has the input's size, so both judge the same map.
    let map = class_map(&folder().join("judged/bars.classes.png"));
    let mask = image::open(folder().join("voc/SegmentationClass/bars.png")).unwrap().to_luma8();
    let (want, got) = (mean_iou(&map, &mask), one["map"]["mean_iou"].as_f64().unwrap());
    assert!(want > 0.5 && want < 1.0 && (want - got).abs() < 0.02, "{want} {got}");
    assert_eq!(one["map"]["pixels"], 16 * 15);
    assert_eq!(one["map"]["classes"][0]["label"], "red");
    let (own, float) = (&one["map"]["accuracy"], &one["map"]["float"]["accuracy"]);
    assert!((own.as_f64().unwrap() - float.as_f64().unwrap()).abs() < 0.02, "{one}");
    let text = brelu(folder(), &format!("{simulate} --data voc:val --log maps.jsonl")).succeeds();
    assert!(
        text.contains("mean IoU") && text.contains("at the input's size") && text.contains("\n  green"),
        "{text}"
    );
    assert!(!text.contains("top-1"), "{text}");
    let again = brelu(folder(), &format!("{simulate} --data voc:val --log maps.jsonl")).succeeds();
    let measures = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains('%')).map(str::to_owned).collect()
    };
    assert_eq!(measures(&text), measures(&again));
}

#[test]
fn float_networks_are_judged_too() {
    let line = "evaluate --float --model colours.onnx --data voc:val --fit stretch";
    let rows = json(&brelu(folder(), &format!("{line} --json")).succeeds());
    let map = &rows[0]["map"];
    assert_eq!((&map["classes"][2]["label"], &rows[0]["labelled"]), (&"green".into(), &0.into()));
    let mean = map["mean_iou"].as_f64().unwrap();
    let simulated = "evaluate --plan stretched.plan --simulate --weights stretched.weights --data voc:val \
                     --model colours.onnx --json";
    let report = json(&brelu(folder(), simulated).succeeds());
    assert_eq!(report["map"]["float"]["mean_iou"], mean);
    // The other rule moves borders.
    let half = json(&brelu(folder(), &format!("{line} --interpolate half-pixel --json")).succeeds());
    assert_ne!(half[0]["map"]["mean_iou"], mean);
    let text = brelu(folder(), line).succeeds();
    assert!(
        text.contains("mean IoU") && text.contains("pixel accuracy") && text.contains("\n  blue"),
        "{text}"
    );
}

#[test]
fn labels_of_maps_are_drawn_and_judged() {
    compile(folder(), "labelled", "--fit stretch --answer label");
    let dealer = Listening::start(folder(), "deal");
    let line = format!("serve --plan labelled.plan --weights labelled.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    let infer = format!(
        "infer --plan labelled.plan --server {} voc/JPEGImages/bars.jpg --out labels",
        server.address
    );
    let report = json(&brelu(folder(), &format!("{infer} --json")).succeeds());
    assert_eq!(report["exact"], true);
    let map = class_map(&folder().join("labels/bars.classes.png"));
    // Of a map of 8 x 8 every pixel of 16 x 16 has the label of the nearest place, the first of two that are equally near.
    let place = |at: u32| (f64::from(at) * 7.0 / 15.0 - 0.5).ceil() as u32;
    for (x, y, pixel) in map.enumerate_pixels() {
        let [near_x, near_y] = [x, y].map(|at| (0..SIDE).find(|other| place(*other) == place(at)).unwrap());
        assert_eq!(pixel, map.get_pixel(near_x, near_y), "{x} {y}");
    }
    let evaluate = "evaluate --plan labelled.plan --data voc:val --model colours.onnx --json";
    let simulated = format!("{evaluate} --simulate --weights labelled.weights");
    let report = json(&brelu(folder(), &simulated).succeeds());
    assert!(report["agreement"].as_f64().unwrap() > 0.99, "{report}");
    let [own, float] = [&report["map"], &report["map"]["float"]].map(|map| map["mean_iou"].as_f64().unwrap());
    assert!(own > 0.5 && (own - float).abs() < 0.1, "{report}");
    let one = json(&brelu(folder(), &format!("{simulated} --count 1")).succeeds());
    let mask = image::open(folder().join("voc/SegmentationClass/bars.png")).unwrap().to_luma8();
    assert!((mean_iou(&map, &mask) - one["map"]["mean_iou"].as_f64().unwrap()).abs() < 0.02, "{one}");
    let report = json(&brelu(folder(), "inspect labelled.plan --json").succeeds());
    assert_eq!(report["upsampling"], "nearest, align-corners");
}

#[test]
fn plans_say_how_maps_grow() {
    let report = json(&brelu(folder(), "inspect stretched.plan --json").succeeds());
    assert_eq!(report["upsampling"], "bilinear, align-corners");
    compile(folder(), "half", "--fit stretch --interpolate half-pixel");
    assert!(brelu(folder(), "inspect half.plan").succeeds().contains("bilinear, half-pixel"));
    let padded = brelu(folder(), "inspect padded.plan").succeeds();
    assert!(padded.contains("fitted into 16 x 16 pixels, the rest filled with (128, 128, 128)"), "{padded}");
    assert!(
        brelu(folder(), "import colours.onnx")
            .succeeds()
            .contains("bilinear, align-corners, done by the client")
    );
}

#[test]
fn padded_pictures_are_judged_without_their_edges() {
    let line = "evaluate --plan padded.plan --simulate --weights padded.weights --data voc:val --json --skip 1 --count 1";
    let report = json(&brelu(folder(), line).succeeds());
    // 40 x 20 pixels become 16 x 8, whose first row is the ignored one of the mask shrunk.
    let pixels = report["map"]["pixels"].as_u64().unwrap();
    assert!((16 * 7..=16 * 8).contains(&pixels), "{report}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let place = folder().join("misfits");
    drop(fs::remove_dir_all(&place));
    for part in ["JPEGImages", "SegmentationClass", "ImageSets/Segmentation"] {
        fs::create_dir_all(place.join(part)).unwrap();
    }
    fs::write(place.join("ImageSets/Segmentation/val.txt"), "a\n").unwrap();
    painted(&place, "a", [SIDE, SIDE], |_, _| 1);
    let mask = place.join("SegmentationClass/a.png");
    let evaluate = "evaluate --plan stretched.plan --simulate --weights stretched.weights --data misfits:val";
    let float = "evaluate --float --model colours.onnx --data misfits:val --fit stretch";
    GrayImage::from_pixel(SIDE, SIDE, Luma([4])).save(&mask).unwrap();
    brelu(folder(), evaluate).fails(&["a: its mask has class 4", "4 outputs", "--class-offset"]);
    brelu(folder(), float).fails(&["image 0 of misfits:val: its mask has class 4"]);
    GrayImage::from_pixel(SIDE, SIDE, Luma([77])).save(&mask).unwrap();
    brelu(folder(), evaluate).fails(&["a.png: row 0 column 0 has value 77"]);
    GrayImage::new(SIDE + 1, SIDE).save(&mask).unwrap();
    brelu(folder(), evaluate).fails(&["a.png: it has 16 rows and 17 columns, its picture 16 and 16"]);
    let infer = "infer --plan stretched.plan --server 127.0.0.1:9 --wait 1";
    fs::write(folder().join("no.png"), "no picture").unwrap();
    brelu(folder(), &format!("{infer} no.png")).fails(&["no.png is not a readable picture"]);
    fs::create_dir_all(folder().join("taken")).unwrap();
    let copied =
        |name: &str| fs::copy(folder().join("voc/SegmentationClass/bars.png"), folder().join(name)).unwrap();
    copied("taken/x.png");
    copied("taken/x.classes.png");
    brelu(folder(), &format!("{infer} taken/x.png taken/x.classes.png --out taken"))
        .fails(&["taken/x.classes.png is a picture to be read", "--out"]);
    brelu(folder(), &format!("{infer} taken/x.png voc/JPEGImages/bars.jpg taken/../taken/x.png --out other"))
        .fails(&["both taken/x.png and taken/../taken/x.png would be drawn as x.overlay.png"]);
    brelu(folder(), &format!("{infer} taken/x.png --out no.png/drawn"))
        .fails(&["cannot create no.png/drawn"]);
    let tiny = crate::fixture::folder();
    brelu(tiny, "infer --plan tiny.plan pictures/0.ppm --out drawn")
        .fails(&["--out is for networks that give maps"]);
}
