use brelu_core::geometry::{Conv2d, Shape};

use super::*;
use brelu_budget::distortion::{Table, sample};
use brelu_budget::knapsack::Link;
use brelu_networks::blocks::{BlockSize, Choice, CostUnit, FORMAT, Origin, Proof, Spec, SpecLayer};
use brelu_networks::graph::{Graph, Op};

/// For every channel the cheapest size whose distortion is small; `level` moves what is small.
fn spec(table: &Table, level: f64) -> Spec {
    let layer = |layer: &brelu_budget::distortion::LayerTable| {
        let choice = |channel: u32| {
            let place = channel as usize;
            let small = |at: &usize| layer.best(place, *at) <= level / layer.sizes.len() as f64;
            let cost = |at: &usize| layer.sizes[*at].decisions(layer.shape);
            let best = (0..layer.sizes.len()).filter(small).min_by_key(cost).unwrap_or(0);
            Choice {
                channel,
                block: layer.sizes[best],
                cost: cost(&best) as f64,
                distortion: layer.best(place, best),
            }
        };
        SpecLayer {
            name: layer.name.clone(),
            shape: Some([layer.shape.channels, layer.shape.height, layer.shape.width]),
            window: None,
            channels: (0..layer.shape.channels).map(choice).collect(),
        }
    };
    let layers: Vec<SpecLayer> = table.layers.iter().map(layer).collect();
    let choices = || layers.iter().flat_map(|layer| &layer.channels);
    let (cost, distortion): (f64, f64) =
        (choices().map(|choice| choice.cost).sum(), choices().map(|choice| choice.distortion).sum());
    let origin = Origin {
        model_sha256: table.provenance.model_sha256.clone(),
        cost_unit: CostUnit::Drelus,
        baseline: table.layers.iter().map(|layer| layer.shape.len() as f64).sum(),
        budget: cost * 1.01,
        cost,
        drelus: cost as u64,
        distortion,
        measured: Some(distortion * 1.1),
        proof: Proof { bound: distortion * 0.999, optimal: false },
        notes: Vec::new(),
    };
    Spec { format: FORMAT.into(), network: "resnet20".into(), origin: Some(origin), layers }
}

fn front() -> Vec<FrontPoint> {
    (1..=40)
        .map(|step| {
            let share = f64::from(step) / 60.0;
            FrontPoint {
                cost: share * 188_416.0,
                share,
                distortion: 0.4 * (-9.0 * share).exp(),
                drelus: share * 188_416.0,
                bytes: 1e6,
                unit: CostUnit::Drelus,
            }
        })
        .collect()
}

/// A network whose layers are those of the table.
fn graph(table: &Table) -> Graph {
    let mut graph = Graph::new("net", "image", Shape::new(3, 32, 32)).unwrap();
    let mut from = graph.input;
    for (number, layer) in table.layers.iter().enumerate() {
        let input = graph[from].shape;
        let stride = (input.height / layer.shape.height) as u16;
        let geometry = Conv2d::square(input, layer.shape.channels, 3, stride, 1);
        let mut random = brelu_networks::numbers::Random::new(number as u64);
        let spread = (2.0 / geometry.fan_in() as f32).sqrt();
        let weights = (0..geometry.weight_len()).map(|_| spread * random.normal()).collect();
        let bias = vec![0.0; geometry.out_channels as usize];
        let conv =
            graph.push(format!("conv{number}"), Op::Conv { geometry, weights, bias }, &[from]).unwrap();
        from = graph.push(&layer.name, Op::relu(), &[conv]).unwrap();
    }
    graph
}

fn picture() -> Vec<f32> {
    brelu_data::demo::pixels(Shape::new(3, 32, 32), 3)
        .iter()
        .map(|pixel| f32::from(*pixel) / 128.0 - 1.0)
        .collect()
}

fn whole(table: &Table, names: [&str; 2]) -> Report {
    let specs: Vec<Chosen> = names
        .iter()
        .zip([0.03, 0.3])
        .map(|(name, level)| Chosen::new(name, &spec(table, level), table).unwrap())
        .collect();
    let examples = examples(&graph(table), &picture(), table, &specs[0]).unwrap();
    assert!(!examples.is_empty());
    let (front, links) = (front(), Link::STANDARD);
    report(&Inputs { table, specs: &specs, front: Some(&front), examples: &examples, links: &links }).unwrap()
}

const SECTIONS: [&str; 8] =
    ["network", "pareto", "layers", "sizes", "distortions", "activations", "estimates", "links"];

#[test]
fn a_report_has_every_section_and_needs_nothing_else() {
    let report = whole(&sample::resnet20(), ["six percent", "twelve percent"]);
    let html = report.html();
    for id in SECTIONS {
        assert!(
            html.contains(&format!("<section id=\"{id}\">")) && html.contains(&format!("href=\"#{id}\"")),
            "{id}"
        );
    }
    assert!(html.contains("Spearman") && html.contains("100 Mbit/s, 20 ms") && html.contains("six percent"));
    let outside = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!outside.contains("http://") && !outside.contains("https://") && !outside.contains("<script"));
    assert!(html.len() < 4_000_000, "{}", html.len());
    let mut names: Vec<&str> = report.figures().map(|figure| figure.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), report.figures().count());
    // For people who want to look: BRELU_LOOK=folder.
    if let Some(folder) = std::env::var_os("BRELU_LOOK").map(std::path::PathBuf::from) {
        std::fs::write(folder.join("report.html"), html).unwrap();
        for figure in report.figures() {
            std::fs::write(folder.join(format!("{}.svg", figure.name)), &figure.svg).unwrap();
            std::fs::write(folder.join(format!("{}.png", figure.name)), png(figure).unwrap()).unwrap();
        }
    }
}

#[test]
fn a_table_alone_makes_a_report() {
    for table in [sample::table(1), Table { layers: Vec::new(), ..sample::table(1) }] {
        let report =
            report(&Inputs { table: &table, specs: &[], front: None, examples: &[], links: &[] }).unwrap();
        let html = report.html();
        assert!(SECTIONS.iter().all(|id| html.contains(&format!("<section id=\"{id}\">"))));
        assert!(html.contains("No spec was given."));
    }
}

#[test]
fn names_of_files_are_text() {
    let mut table = sample::resnet20();
    let evil = "</svg><script>alert('1')</script>&\"";
    table.layers.iter_mut().for_each(|layer| layer.name.insert_str(0, evil));
    table.provenance.network = evil.into();
    table.provenance.data = evil.into();
    let report = whole(&table, [evil, "\u{1}b"]);
    let html = report.html();
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    for figure in report.figures().take(12) {
        png(figure).unwrap();
    }
}

#[test]
fn figures_become_pictures_with_text() {
    let report = whole(&sample::resnet20(), ["a", "b"]);
    let figure = report.figures().next().unwrap();
    let bare = Figure { svg: figure.svg.replace("<text", "<g").replace("</text>", "</g>"), ..figure.clone() };
    let (with, without) = (png(figure).unwrap(), png(&bare).unwrap());
    assert!(with.starts_with(b"\x89PNG") && with != without);
}

#[test]
fn specs_and_networks_of_others_are_refused() {
    let table = sample::resnet20();
    type Change = fn(&mut Spec);
    let changes: [(&str, Change); 4] = [
        ("SHA-256", |spec| spec.origin.as_mut().unwrap().model_sha256 = "00".repeat(32)),
        ("none of that name", |spec| spec.layers[0].name = "other".into()),
        ("in the table", |spec| spec.layers[0].shape = Some([16, 8, 8])),
        ("larger than the map", |spec| spec.layers[18].channels[0].block = BlockSize::new(9, 1)),
    ];
    for (words, change) in changes {
        let mut spec = spec(&table, 0.03);
        change(&mut spec);
        let error = Chosen::new("x.json", &spec, &table).unwrap_err().to_string();
        assert!(
            error.starts_with("the spec x.json is not for this table") && error.contains(words),
            "{error}"
        );
    }
    let chosen = Chosen::new("x.json", &spec(&table, 0.03), &table).unwrap();
    let other = graph(&sample::table(1));
    assert!(examples(&other, &picture(), &table, &chosen).unwrap_err().to_string().contains("not the one"));
}

#[test]
fn fronts_are_read_by_the_names_of_their_columns() {
    let front = parse_front(
        "share,cost,bytes,drelus,unit,distortion\n0.5,10,7,10,bytes,0.25\n\n1,20,14,20,bytes,0\n",
    )
    .unwrap();
    let unit = CostUnit::Bytes;
    assert_eq!(
        front[0],
        FrontPoint { cost: 10.0, share: 0.5, distortion: 0.25, drelus: 10.0, bytes: 7.0, unit }
    );
    assert_eq!(front.len(), 2);
    for (csv, words) in [
        ("", "empty"),
        ("cost,share\n", "line 1 of the front: there is no column distortion"),
        ("cost,share,distortion,drelus,bytes\n1,2,3,4,5\n", "no column unit"),
        ("cost,share,distortion,drelus,bytes,unit\n1,2,3,4\n", "line 2 of the front: the bytes"),
        ("cost,share,distortion,drelus,bytes,unit\n1,2,NaN,4,5,bytes\n", "the distortion"),
        ("cost,share,distortion,drelus,bytes,unit\n1,2,3,4,5,apples\n", "the unit \"apples\""),
    ] {
        let error = parse_front(csv).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// A spec chosen by bytes has no place on an axis of sign decisions, except by its own decisions.
#[test]
fn costs_of_different_units_are_not_drawn_on_one_axis() {
    let table = sample::resnet20();
    let chosen = |name: &str, unit: CostUnit| {
        let mut spec = spec(&table, 0.03);
        let origin = spec.origin.as_mut().unwrap();
        (origin.cost_unit, origin.cost, origin.baseline) = (unit, 70.0, 100.0);
        Chosen::new(name, &spec, &table).unwrap()
    };
    let specs = [chosen("by-bytes", CostUnit::Bytes), chosen("by-seconds", CostUnit::Seconds)];
    let front = |specs: &[Chosen], front: Option<&[FrontPoint]>| {
        let inputs = Inputs { table: &table, specs, front, examples: &[], links: &[] };
        let report = report(&inputs).unwrap();
        report.figures().find(|figure| figure.name == "front").unwrap().clone()
    };
    let point = |share: f64| FrontPoint {
        cost: 70.0,
        share,
        distortion: 1.0 - share,
        drelus: 10.0,
        bytes: 70.0,
        unit: CostUnit::Bytes,
    };
    let drawn = front(&specs, Some(&[point(0.5), point(0.7)]));
    assert!(drawn.svg.contains("Bytes of the activation layers (%"), "{}", drawn.svg);
    assert!(drawn.svg.contains("by-bytes") && !drawn.svg.contains("by-seconds"));
    assert!(drawn.caption.contains("not drawn: by-seconds."), "{}", drawn.caption);
    // Without a front, what the two have in common is their decisions.
    let drawn = front(&specs, None);
    assert!(drawn.svg.contains("Sign decisions (%") && drawn.svg.contains("by-seconds"), "{}", drawn.caption);
    let drawn = front(&specs[..1], None);
    assert!(drawn.svg.contains("Bytes of the activation layers (%"));
}

#[test]
fn costs_are_those_of_the_plan() {
    let mut table = sample::resnet20();
    table.layers.iter_mut().for_each(|layer| layer.clip = None);
    let full = links::sent(&table, None);
    let (pixels, first) = (188_416, 16_384);
    let bytes = |knots, pixels| {
        let pixel = brelu_core::cost::pixels(links::FORMAT, knots, pixels);
        (pixel + brelu_core::cost::blocks(links::FORMAT, knots, pixels)).total() / 8
    };
    assert_eq!((full.bytes.total(), full.round_trips), (bytes(1, pixels), 19));
    table.layers[0].clip = Some(6.0);
    assert_eq!(links::sent(&table, None).bytes.total(), bytes(1, pixels - first) + bytes(2, first));
}
