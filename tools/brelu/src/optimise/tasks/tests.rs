use super::*;

fn choice() -> Choice {
    Choice {
        data: "/data/it's here/".into(),
        weights: None,
        budget: "6%".into(),
        cost: "drelus".into(),
        width: 1.0,
        quick: false,
    }
}

#[test]
fn tasks_name_what_there_is() {
    let recipes: Vec<&str> = brelu_learn::training::recipes().iter().map(|recipe| recipe.name).collect();
    for task in &TASKS {
        assert!(
            brelu_networks::zoo::ARCHITECTURES.iter().any(|network| network.name == task.network),
            "{task:?}"
        );
        for recipe in [task.scratch, task.pool, Some(task.blocks)].into_iter().flatten() {
            assert!(recipes.contains(&recipe), "{recipe}");
        }
    }
}

#[test]
fn scripts_hold_what_was_chosen() {
    let [cifar, imagenet, ade, voc] = TASKS.map(|task| script(&task, &choice()));
    assert!(cifar.contains("train='/data/it'\\''s here/train.bin'\n") && cifar.contains("cifar-baseline"));
    assert!(
        imagenet.contains("--recipe imagenet-pool") && imagenet.contains("distort pooled.onnx --count 512")
    );
    assert!(ade.contains("train='/data/it'\\''s here:training'\n") && ade.contains(" --relu "));
    assert!(voc.contains("--recipe voc-block") && voc.contains("new deeplabv3-resnet50-maxpool --seed 1 -o"));
    let weights = Choice { weights: Some("w.pth".into()), budget: "1.5MB".into(), ..choice() };
    let published = script(&TASKS[0], &weights);
    assert!(published.contains("--weights 'w.pth'") && !published.contains("cifar-baseline"));
    assert!(published.contains("--budget '1.5MB'") && published.contains("train net.onnx --spec spec.json"));
}
