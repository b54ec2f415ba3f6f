//! What comes in and out of inferences: labels by name, numbers, lines as they come, one output.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use brelu_tools::data::npy::{Array, Values, header};
use brelu_tools::onnx::proto::ModelProto;
use prost::Message;
use serde_json::Value;

use crate::blocks;
use crate::fixture::{folder, model};
use crate::support::{BRELU, Listening, brelu, json, json_lines};

const FORMAT: &str = "--bits 29 --fraction 13 --window 9 --mean .5 --std .25";

/// A dealer and a server of `plan`, whose files are in `place`.
fn parties(place: &Path, plan: &str) -> (Listening, Listening) {
    let dealer = Listening::start(folder(), "deal");
    let plan = place.join(plan).display().to_string();
    let line = format!("serve --plan {plan}.plan --weights {plan}.weights --dealer {}", dealer.address);
    let server = Listening::start(folder(), &line);
    (dealer, server)
}

fn array(path: &Path) -> (Vec<usize>, Vec<f32>) {
    let Array { shape, values: Values::Floats(values) } = Array::parse(&fs::read(path).unwrap()).unwrap()
    else {
        panic!("{} has no floats", path.display())
    };
    (shape, values)
}

fn compiled(place: &Path, name: &str, network: &ModelProto, more: &str) {
    fs::write(place.join(format!("{name}.onnx")), network.encode_to_vec()).unwrap();
    let line = format!("compile {name}.onnx -o {name} --calibrate ../pictures {FORMAT} {more}");
    brelu(place, &line).succeeds();
}

#[test]
fn folders_are_compared_with_the_networks_classes_by_name() {
    let place = blocks::folder("by-name");
    // In alphabetical order these are 0 and 1, in the network 1 and 0.
    for (index, class) in [(0, "cold"), (3, "cold"), (5, "warm")] {
        fs::create_dir_all(place.join("set").join(class)).unwrap();
        let picture = format!("pictures/{index}.ppm");
        fs::copy(folder().join(picture), place.join(format!("set/{class}/{index}.ppm"))).unwrap();
    }
    fs::write(place.join("names.txt"), "warm\ncold\nlight\ndark\n").unwrap();
    let simulate = "evaluate --plan ../tiny.plan --simulate --weights ../tiny.weights --json";
    let report = json(&brelu(&place, &format!("{simulate} --data set")).succeeds());
    assert!(report["labels"].as_str().unwrap().starts_with("by name"), "{report}");
    let numbers = json(&brelu(&place, &format!("{simulate} --data set --labels-by number")).succeeds());
    assert_ne!(report["top1"], numbers["top1"]);
    // The same labels by hand.
    fs::write(place.join("labels.csv"), "set/cold/0.ppm,1\nset/cold/3.ppm,1\nset/warm/5.ppm,0\n").unwrap();
    let listed = json(&brelu(&place, &format!("{simulate} --data .")).succeeds());
    assert_eq!(report["top1"], listed["top1"]);
    let float = "evaluate --float --model ../tiny.onnx --data set --mean .5 --std .25 --json";
    brelu(&place, &float.replace(" --json", "")).fails(&[
        "2 sub-folders",
        "4 classes without names",
        "--labels",
    ]);
    let rows = json(&brelu(&place, &format!("{float} --labels names.txt")).succeeds());
    assert_eq!((&rows[0]["top1"], &rows[0]["labelled"]), (&report["top1"], &3.into()));
    fs::rename(place.join("set/warm"), place.join("set/tepid")).unwrap();
    brelu(&place, &format!("{simulate} --data set").replace(" --json", "")).fails(&[
        "1 of its 2 sub-folders",
        "tepid",
        "--labels-by number",
    ]);
    fs::write(place.join("labels.csv"), "set/cold/0.ppm,4\n").unwrap();
    brelu(&place, &format!("{simulate} --data .").replace(" --json", "")).fails(&[
        "set/cold/0.ppm",
        "class 4",
        "classes 0 to 3",
    ]);
    let text = brelu(folder(), "evaluate --plan tiny.plan --simulate --weights tiny.weights --data pictures");
    let text = text.succeeds();
    assert!(
        text.contains("accuracy             unknown") && text.contains("none: the data has no labels"),
        "{text}"
    );
}

#[test]
fn outputs_are_numbers_on_request() {
    let place = blocks::folder("numbers");
    let (_dealer, server) = parties(folder(), "tiny");
    let infer =
        format!("infer --plan ../tiny.plan --server {} ../pictures/2.ppm ../pictures/7.ppm", server.address);
    let keys = "--key ../client.key --server-key ../server.pub --dealer-key ../dealer.pub";
    let line = format!("{infer} {keys}");
    let said = json_lines(&brelu(&place, &format!("{line} --raw out.npy --json")).succeeds());
    let (shape, values) = array(&place.join("out.npy"));
    assert_eq!(shape, [2, 4]);
    for (image, own) in said.iter().zip(values.chunks(4)) {
        assert_eq!(image["shape"], Value::from(vec![4, 1, 1]));
        let told =
            image["channels"].as_array().unwrap().iter().map(|channel| channel["mean"].as_f64().unwrap());
        assert!(told.zip(own).all(|(told, own)| (told - f64::from(*own)).abs() < 1e-9), "{image} {own:?}");
        assert!(image.get("top").is_none());
    }
    brelu(&place, &format!("{line} --raw out.npy")).fails(&["out.npy is there already", "--force"]);
    let text = brelu(&place, &format!("{line} --raw out.npy --force")).succeeds();
    assert!(text.contains("  warm  ") && !text.contains('%'), "{text}");

    // The network's input as floats, from standard input, says what the picture says.
    let pixels = &fs::read(folder().join("pictures/7.ppm")).unwrap()[11..];
    let real = |channel: usize| move |pixel: &[u8]| (f32::from(pixel[channel]) / 255.0 - 0.5) / 0.25;
    let planes = [0, 1, 2].into_iter().flat_map(|channel| pixels.chunks_exact(3).map(real(channel)));
    let bytes: Vec<u8> = planes.flat_map(f32::to_le_bytes).collect();
    let file = [&header("<f4", &[1, 3, 8, 8])[..], &bytes].concat();
    let own = scores(&fed(&place, &line.replace("../pictures/2.ppm ../pictures/7.ppm", "-"), &file));
    let picture = json_lines(&brelu(&place, &format!("{line} --json --force")).succeeds());
    let want = scores(&picture[1]);
    let spread = want[0] - want[3];
    assert!(own.iter().zip(&want).all(|(own, want)| (own - want).abs() < spread / 50.0), "{own:?} {want:?}");

    let mut wild = file.clone();
    wild[128..132].copy_from_slice(&9f32.to_le_bytes());
    fs::write(place.join("wild.npy"), &wild).unwrap();
    fs::write(place.join("small.npy"), [&header("<f4", &[3, 1, 1])[..], &bytes[..12]].concat()).unwrap();
    brelu(&place, &format!("{line} --mean .4")).fails(&["not the one the plan was compiled with"]);
    let one = |name: &str| brelu(&place, &line.replace("../pictures/2.ppm ../pictures/7.ppm", name));
    one("wild.npy").fails(&["wild.npy", "value 9 of channel 0", "outside -2.0000 to 2.0000"]);
    one("small.npy").fails(&["small.npy", "[3, 1, 1]", "[3, 8, 8]"]);
}

fn scores(image: &Value) -> Vec<f64> {
    let top = image["top"].as_array().unwrap();
    let mut scores: Vec<(u64, f64)> = top
        .iter()
        .map(|class| (class["output"].as_u64().unwrap(), class["value"].as_f64().unwrap()))
        .collect();
    scores.sort_by_key(|(output, _)| *output);
    scores.into_iter().map(|(_, score)| score).collect()
}

/// The JSON that a command prints which is given these bytes.
fn fed(place: &Path, line: &str, bytes: &[u8]) -> Value {
    let mut child = Command::new(BRELU)
        .args(line.split_whitespace())
        .args(["--json", "--state", "state/fed"])
        .current_dir(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json(&String::from_utf8(output.stdout).unwrap())
}

/// A picture in, a picture out.
#[test]
fn what_gives_pictures_is_not_taken_for_classes() {
    let place = blocks::folder("pictures-out");
    let mut network = model("Relu");
    let graph = network.graph.as_mut().unwrap();
    graph.node.truncate(2);
    graph.initializer.truncate(1);
    graph.initializer[0].dims = vec![3, 3, 3, 3];
    graph.initializer[0].float_data.truncate(81);
    graph.output[0].name = "active".into();
    fs::write(place.join("same.onnx"), network.encode_to_vec()).unwrap();
    let compile =
        "compile same.onnx -o same --calibrate ../pictures --mean .5 --std .25 --force --accept-error 9";
    brelu(&place, compile).succeeds();
    let (_dealer, server) = parties(&place, "same");
    let keys = "--key ../client.key --server-key ../server.pub --dealer-key ../dealer.pub";
    let line = format!("infer --plan same.plan --server {} ../pictures/1.ppm {keys}", server.address);
    let ran = brelu(&place, &line);
    assert!(ran.stderr().contains("its outputs are taken for values: --raw FILE.npy"), "{}", ran.stderr());
    assert!(ran.stdout().contains("least") && !ran.stdout().contains("class"), "{}", ran.stdout());
    assert!(!blocks::names(&place).iter().any(|name| name.ends_with(".png")));
    brelu(&place, &format!("{line} --raw out.npy")).succeeds();
    assert_eq!(array(&place.join("out.npy")).0, [1, 3, 8, 8]);
    // Who knows better says so.
    fs::write(place.join("three.txt"), "red\ngreen\nblue\n").unwrap();
    let drawn = brelu(&place, &format!("{line} --labels three.txt")).succeeds();
    assert!(drawn.contains("1.classes.png"), "{drawn}");
    brelu(&place, &format!("{line} --labels three.txt")).fails(&["1.overlay.png is there already"]);
}

#[test]
fn one_output_tells_two_classes_apart() {
    let place = blocks::folder("one-output");
    let mut network = model("Relu");
    let graph = network.graph.as_mut().unwrap();
    graph.initializer[1].dims = vec![6, 1];
    graph.initializer[1].float_data = vec![1.0, -1.5, 0.5, 1.0, -1.0, 0.5];
    fs::write(place.join("two.txt"), "no\nyes\n").unwrap();
    fs::write(place.join("one.txt"), "maybe\n").unwrap();
    compiled(&place, "one", &network, "--labels two.txt");
    let refused = format!("compile one.onnx -o none --calibrate ../pictures {FORMAT} --labels one.txt");
    brelu(&place, &refused).fails(&["one.txt has 1 names, but the network has 2 classes"]);
    let lines: String = (0..8).map(|index| format!("../pictures/{index}.ppm,yes\n")).collect();
    fs::write(place.join("labels.csv"), lines).unwrap();
    let float = format!(
        "evaluate --float --model one.onnx --data . --labels two.txt --json {}",
        "--mean .5 --std .25"
    );
    let rows = json(&brelu(&place, &float).succeeds());
    let simulate =
        "evaluate --plan one.plan --simulate --weights one.weights --data . --model one.onnx --json";
    let report = json(&brelu(&place, simulate).succeeds());
    assert_eq!((&report["agreement"], &report["top1"]), (&1.0.into(), &rows[0]["top1"]), "{report}");

    let (_dealer, server) = parties(&place, "one");
    let images: Vec<String> = (0..8).map(|index| format!("../pictures/{index}.ppm")).collect();
    let keys = "--key ../client.key --server-key ../server.pub --dealer-key ../dealer.pub";
    let infer =
        format!("infer --plan one.plan --server {} --json {keys} {}", server.address, images.join(" "));
    let mut positive = 0;
    for image in json_lines(&brelu(&place, &infer).succeeds()) {
        let top = image["top"].as_array().unwrap();
        let [first, second] = &top[..] else { panic!("not two classes: {image}") };
        let score = top.iter().find(|class| class["output"] == 1).unwrap()["value"].as_f64().unwrap();
        positive += usize::from(score > 0.0);
        assert_eq!(first["label"], if score > 0.0 { "yes" } else { "no" }, "{image}");
        let sigmoid = 1.0 / (1.0 + (-score.abs()).exp());
        assert!((first["probability"].as_f64().unwrap() - sigmoid).abs() < 1e-6, "{image}");
        assert!((second["probability"].as_f64().unwrap() - (1.0 - sigmoid)).abs() < 1e-6, "{image}");
    }
    assert!((1..8).contains(&positive), "{positive}: the test needs both classes");
    assert_eq!(report["top1"].as_f64(), Some(positive as f64 / 8.0));
}

#[test]
fn what_was_done_is_kept_when_the_server_goes() {
    let (_dealer, server) = parties(folder(), "tiny");
    let all = vec!["pictures/0.ppm"; 3000];
    let mut child = Command::new(BRELU)
        .args(["infer", "--plan", "tiny.plan", "--json", "--state", "state/killed", "--wait", "0.3"])
        .args(["--timeout", "5", "--server", &server.address, "--raw", "killed.npy"])
        .args(&all)
        .current_dir(folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    for _ in 0..3 {
        stdout.read_line(&mut said).unwrap();
    }
    drop(server);
    stdout.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    let done = json_lines(&said);
    assert!((3..3000).contains(&done.len()), "{}", done.len());
    assert!(done.iter().all(|image| image["exact"] == true && image["channels"].is_array()));
    let error = String::from_utf8(output.stderr).unwrap();
    let last = json(error.lines().last().unwrap());
    let words = last["error"].as_str().unwrap();
    assert!(
        words.starts_with(&format!("{} of 3000 pictures are done, pictures/0.ppm is not: ", done.len())),
        "{words}"
    );
    assert_eq!((&last["status"], output.status.code()), (&3.into(), Some(3)), "{words}");
    // The array is whole, too.
    assert_eq!(array(&folder().join("killed.npy")).0, [done.len(), 4]);
}

#[test]
fn statuses_tell_failures_apart() {
    let infer = |rest: &str| brelu(folder(), &format!("infer --plan tiny.plan --wait 0.1 {rest}"));
    assert_eq!(infer("--server 127.0.0.1:1 pictures/0.ppm").status(), Some(3));
    assert_eq!(infer("nowhere.png").status(), Some(1));
    assert_eq!(infer("").status(), Some(2));
    let (_dealer, server) = parties(folder(), "tiny");
    let other = format!("infer --plan other.plan --server {} pictures/0.ppm --json", server.address);
    let refused = brelu(folder(), &other);
    assert_eq!(refused.status(), Some(4), "{}", refused.stderr());
    let said = json(refused.stderr().trim());
    assert!(said["error"].as_str().unwrap().contains("different plans") && said["status"] == 4, "{said}");
    assert!(brelu(folder(), "--help").succeeds().contains("Status: 0 done; 1 it cannot be done"));
}
