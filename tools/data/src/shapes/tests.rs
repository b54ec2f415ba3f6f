use std::collections::HashSet;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::{Dataset, Preprocess, Target};
use super::*;
use crate::demo::least_squares;
use brelu_core::plan::ColourOrder;

fn open(name: &str) -> Result<Dataset, DataError> {
    Dataset::open(Path::new(name), Preprocess::raw(SIDE, SIDE, ColourOrder::Rgb))
}

#[test]
fn sets_are_opened_by_name() {
    for (name, len) in [("shapes:train", 50_000), ("shapes:test", 10_000), ("shapes:7", 50_000)] {
        let set = open(name).unwrap();
        assert_eq!((set.len(), set.class_names().len()), (len, 10));
        let item = set.item(len - 1).unwrap();
        let (image, class) = Shapes::named(name).unwrap().unwrap().picture(len - 1);
        assert_eq!((item.name, item.target), (format!("picture {}", len - 1), Target::Class(class)));
        assert_eq!(item.pixels[2 * 1024 + 33], image.get_pixel(1, 1).0[2]);
        assert!(set.item(len).is_err());
    }
    let error = open("shapes:tset").unwrap_err().to_string();
    assert!(error.starts_with("shapes:tset: no generated set has this name: use shapes:train, "), "{error}");
}

#[test]
fn pictures_are_the_same_everywhere() {
    let digest = |set: Shapes| {
        let mut digest = Sha256::new();
        for index in 0..100 {
            let (image, class) = set.picture(index);
            digest.update(image.as_raw());
            digest.update([class as u8]);
        }
        digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(
        [Shapes::train(), Shapes::test(), Shapes::seeded(0)].map(digest),
        ["8aea728256e23b85", "02fb6afdd8332e89", "2861092ae1fe70b4"]
    );
}

#[test]
fn no_picture_comes_twice() {
    let sets = [Shapes::train(), Shapes::test(), Shapes::seeded(0), Shapes::seeded(1)];
    let mut seen = HashSet::new();
    for set in sets {
        (0..500).for_each(|index| assert!(seen.insert(set.picture(index).0.into_raw())));
    }
}

#[test]
fn every_ten_pictures_have_all_classes() {
    let orders: HashSet<Vec<usize>> = (0..50)
        .map(|run| (10 * run..10 * run + 10).map(|index| Shapes::train().class(index)).collect())
        .collect();
    assert!(orders.iter().all(|order| (0..10).all(|class| order.contains(&class))));
    assert_eq!(orders.len(), 50);
}

/// Means of 2 x 2 pixels and a scale that least squares like.
fn features(image: &RgbImage) -> Vec<f32> {
    let small = image::imageops::resize(image, 16, 16, image::imageops::FilterType::Triangle);
    small.into_raw().into_iter().map(|value| f32::from(value) / 128.0 - 1.0).collect()
}

/// The share of fresh pictures that a linear function of their pixels puts into the right class.
#[test]
fn no_linear_function_tells_the_classes() {
    let pictures = |set: Shapes, count: usize| -> (Vec<Vec<f32>>, Vec<usize>) {
        (0..count).map(|index| set.picture(index)).map(|(image, class)| (features(&image), class)).unzip()
    };
    let (seen, labels) = pictures(Shapes::train(), 3000);
    let (weights, bias) = least_squares(&seen, &labels, CLASSES.len());
    let (fresh, classes) = pictures(Shapes::test(), 1000);
    let guess = |picture: &Vec<f32>| {
        let scores = weights.chunks(picture.len()).zip(&bias).map(|(weights, bias)| {
            bias + weights.iter().zip(picture).map(|(weight, value)| weight * value).sum::<f32>()
        });
        scores.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(class, _)| class)
    };
    let right = fresh.iter().zip(&classes).filter(|(picture, class)| guess(picture) == Some(**class)).count();
    assert!(right < 350, "{right} of 1000");
    assert!(guess(&seen[0]).is_some() && right > 50, "{right} of 1000 are fewer than by chance");
}
