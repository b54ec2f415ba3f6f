mod joint;
mod refine;

use brelu_core::cost::step;
use brelu_core::geometry::Shape;
use brelu_core::plan::{ColourOrder, Op, Plan};

use super::*;
use crate::distortion::Table;
use crate::generated::generated_table;
use brelu_compile::{BlockSpec, CompileOptions, Criterion};
use brelu_data::Preprocess;
use brelu_data::demo;
use brelu_networks::blocks::{BlockSize, Candidates, CostUnit, Spec};
use brelu_networks::graph::{self, Graph};

fn table() -> Table {
    let shapes = [Shape::new(6, 12, 12), Shape::new(10, 6, 6), Shape::new(4, 1, 1)];
    generated_table("tiny", &shapes, &Candidates::Auto, 3)
}

fn formats() -> Formats {
    Formats::uniform(24, 12, 6).unwrap()
}

fn timing(phase: Phase) -> Timing {
    Timing { link: "100Mbit/20ms".parse().unwrap(), phase, profile: Profile::default() }
}

fn models() -> [CostModel; 4] {
    [
        CostModel::drelus(formats()),
        CostModel::bytes(formats()),
        CostModel::seconds(formats(), timing(Phase::Total)),
        CostModel::seconds(formats(), timing(Phase::Online)),
    ]
}

/// The demo's network with its activations bounded or not, and a table with their names and shapes.
fn network(clip: Option<f32>) -> (Graph, Preprocess, Table) {
    let mut preprocess = Preprocess::raw(demo::SIDE, demo::SIDE, ColourOrder::Rgb);
    (preprocess.divide_by, preprocess.mean, preprocess.std) = (255.0, [0.5; 3], [0.25; 3]);
    let mut graph = demo::network(1, &preprocess).unwrap();
    let mut found = Vec::new();
    for node in graph.nodes.iter_mut().filter(|node| node.op == graph::Op::relu()) {
        found.push((node.name.clone(), node.shape));
        node.op = clip.map_or(graph::Op::relu(), |max| graph::Op::bounded_relu(max).unwrap());
    }
    let shapes: Vec<_> = found.iter().map(|(_, shape)| *shape).collect();
    let mut table = generated_table("demo", &shapes, &Candidates::Auto, 5);
    for (layer, (name, _)) in table.layers.iter_mut().zip(found) {
        (layer.name, layer.clip) = (name, clip);
    }
    (graph, preprocess, table)
}

fn compiled(graph: &Graph, preprocess: Preprocess, layers: &[(String, Vec<[u16; 2]>)]) -> Vec<u8> {
    let pixels: Vec<_> = (0..4).map(|index| demo::picture(1, index).pixels).collect();
    let format = brelu_compile::Format { narrow: 14, fraction: 12, window: 6 };
    let spec = BlockSpec { layers: layers.iter().cloned().collect(), ..BlockSpec::default() };
    let criterion = Criterion { accept_error: Some(f32::INFINITY), ..Criterion::default() };
    let options = CompileOptions { format: Some(format), spec, criterion, ..CompileOptions::new(preprocess) };
    brelu_compile::compile(graph, &pixels, &options, &mut |_| ()).unwrap().plan
}

#[test]
fn costs_in_bytes_are_those_of_the_plan() {
    for clip in [None, Some(1.0)] {
        let (graph, preprocess, table) = network(clip);
        let (model, none) = (CostModel::bytes(Formats::uniform(26, 14, 6).unwrap()), Constraints::default());
        let problem = Problem::new(&table, &model, &none).unwrap();
        let solution = problem.solve(problem.baseline() / 2).unwrap();
        let sizes = |(layer, choices): (&crate::distortion::LayerTable, &Vec<usize>)| {
            (layer.name.clone(), choices.iter().map(|at| layer.sizes[*at].into()).collect())
        };
        let layers: Vec<_> = table.layers.iter().zip(&solution.choices).map(sizes).collect();
        let file = compiled(&graph, preprocess, &layers);
        let plan = Plan::parse(&file).unwrap();
        let named = |name: &str| table.layers.iter().any(|layer| layer.name == name);
        let bits =
            plan.nodes().filter(|(_, node)| matches!(node.op, Op::Activation { .. }) && named(node.name));
        assert_eq!(bits.map(|(id, _)| step(&plan, id).total()).sum::<u64>(), solution.cost, "{clip:?}");
        let of_plan = CostModel::bytes(Formats::of_plan(&plan));
        let again = Problem::new(&table, &of_plan, &none).unwrap();
        assert_eq!(again.bytes(&solution), solution.cost.div_ceil(8));
    }
}

#[test]
fn a_spec_tells_what_was_chosen() {
    let table = table();
    for model in models() {
        let constraints = Constraints { no_zero: true, ..Constraints::default() };
        let problem = Problem::new(&table, &model, &constraints).unwrap();
        let budget = "40%".parse::<Budget>().unwrap().resolve(&model, problem.baseline()).unwrap();
        let solution = problem.solve(budget).unwrap();
        let text = serde_json::to_string(&problem.spec(&solution, budget, &["by hand".into()])).unwrap();
        let spec = Spec::parse(&text).unwrap();
        let origin = spec.origin.unwrap();
        assert!(origin.proof.optimal && origin.cost <= origin.budget && origin.cost_unit == model.unit());
        let all = || spec.layers.iter().flat_map(|layer| &layer.channels);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
        assert!(near(all().map(|choice| choice.cost).sum(), origin.cost));
        assert!(near(all().map(|choice| choice.distortion).sum(), origin.distortion));
        assert!(near(origin.budget, 0.4 * origin.baseline) || model.unit() == CostUnit::Drelus);
        assert!(origin.notes.contains(&"no zero".into()) && origin.notes.last().unwrap() == "by hand");
        assert_eq!(problem.layer_rows(&solution).iter().map(|row| row.drelus).sum::<u64>(), origin.drelus);
    }
}

#[test]
fn constraints_are_kept() {
    let (table, model) = (table(), CostModel::drelus(formats()));
    let constraints = Constraints {
        keep: vec!["*1".into()],
        largest: Some(BlockSize::new(3, 2)),
        first_decides: true,
        no_zero: true,
        no_identity: false,
    };
    let problem = Problem::new(&table, &model, &constraints).unwrap();
    let solution = problem.solve(problem.baseline() * 6 / 10).unwrap();
    let sizes = |number: usize| {
        let layer = &table.layers[number];
        solution.choices[number].iter().map(|at| layer.sizes[*at]).collect::<Vec<_>>()
    };
    assert!(sizes(0).iter().all(|size| size.decides() && size.height <= 3 && size.width <= 2));
    assert!(sizes(1).iter().all(|size| *size == BlockSize::RELU));
    assert!(sizes(2).iter().all(|size| *size != BlockSize::ZERO));
    let said = |constraints: &Constraints, budget| match Problem::new(&table, &model, constraints) {
        Ok(problem) => problem.solve(budget).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        said(&constraints, 100),
        "the cheapest choice costs 504 DReLUs, more than the budget of 100 DReLUs: raise the budget or allow more sizes"
    );
    assert_eq!(
        said(&Constraints { keep: vec!["conv*".into()], ..constraints }, 0),
        "no activation layer of tiny is called conv*: its layers are relu0, relu1, relu2"
    );
}

#[test]
fn the_front_has_the_choices_of_its_rows() {
    let (table, none) = (table(), Constraints::default());
    for model in models() {
        let problem = Problem::new(&table, &model, &none).unwrap();
        let front = problem.front().unwrap();
        let rows = problem.rows(&front);
        assert_eq!(rows.len(), front.points().len());
        assert!(
            rows.windows(2)
                .all(|pair| pair[0].cost < pair[1].cost && pair[0].distortion > pair[1].distortion)
        );
        for (at, row) in rows.iter().enumerate().step_by(7) {
            let solution = problem.at(&front, at);
            assert_eq!((row.drelus, row.bytes), (problem.drelus(&solution), problem.bytes(&solution)));
            let exact = problem.solve(solution.cost).unwrap();
            assert!((exact.distortion - row.distortion).abs() <= 1e-9 * row.distortion);
        }
        assert_eq!(rows.last().unwrap().distortion, 0.0);
    }
}

#[test]
fn wrong_tables_and_formats_are_refused() {
    let (mut table, none) = (table(), Constraints::default());
    let plan = CostModel::bytes(Formats::ByLayer(Default::default()));
    assert_eq!(
        Problem::new(&table, &plan, &none).unwrap_err(),
        KnapsackError::Format(FormatError::Layer("relu0".into()))
    );
    for (k, n, w) in [(24, 24, 6), (24, 3, 2), (33, 20, 6), (24, 12, 12), (12, 24, 6), (255, 0, 0)] {
        let error = Formats::uniform(k, n, w).unwrap_err();
        assert!(matches!(error, FormatError::Impossible(_)));
        assert!(error.to_string().starts_with(&format!("the format K = {k}, n = {n}, ")), "{error}");
    }
    table.layers[1].distortion[4] = -1.0;
    let error = Problem::new(&table, &CostModel::drelus(formats()), &none).unwrap_err();
    assert!(matches!(error, KnapsackError::Table(_)), "{error}");
}
