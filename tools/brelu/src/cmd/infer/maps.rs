//! What `infer` makes of a map of scores: a class for every pixel of the picture, drawn and counted.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use brelu::report::{Lines, Table};
use brelu_core::plan::Plan;
use brelu_data::LabelMap;
use brelu_host::embed::Answer;

use brelu_data::maps::{Area, LegendEntry, MOST_CLASSES, OUTSIDE, Upsampling, areas, class_map_png, overlay};
use brelu_networks::numbers::{count, percent};
use image::{GrayImage, ImageFormat};
use serde::Serialize;

use super::inputs::Subject;
use super::named;
use crate::cmd::files::{Access, ForceArgs, write_all};

/// One class of a picture.
#[derive(Debug, Serialize)]
struct ClassArea {
    /// Its number in the class map; none for outputs before the first class.
    class: Option<u8>,
    /// Its name, if the plan has names.
    label: Option<String>,
    #[serde(flatten)]
    area: Area,
}

/// The classes of a picture and where they are drawn.
#[derive(Debug, Serialize)]
pub(super) struct Map {
    /// The classes that occur, the largest first.
    areas: Vec<ClassArea>,
    /// Share of the picture that the input leaves out: it has no class.
    outside: f64,
    overlay: PathBuf,
    class_map: PathBuf,
}

/// Where the two files of a picture go.
#[derive(Debug, PartialEq, Eq)]
struct Files {
    overlay: PathBuf,
    class_map: PathBuf,
}

/// Draws the maps of a plan.
#[derive(Debug)]
pub(super) struct Painter<'a> {
    plan: &'a Plan<'a>,
    /// Of the classes.
    names: Vec<String>,
    upsampling: Upsampling,
    files: Vec<Files>,
    next: usize,
}

impl<'a> Painter<'a> {
    /// For these pictures in order, and the folder to write to.
    pub(super) fn new(
        plan: &'a Plan<'a>,
        names: Vec<String>,
        pictures: &[Subject],
        folder: &Path,
        force: ForceArgs,
    ) -> Result<Self> {
        let (shape, header) = (plan.scores(), plan.header());
        let upsampling = Upsampling::to_input(shape, plan.input().shape, header.interpolation)
            .context("the network gives no maps")?;
        ensure!(
            shape.channels.saturating_sub(header.class_offset) <= MOST_CLASSES,
            "the network has {} outputs, but a class map has room for {MOST_CLASSES} classes: give --raw FILE.npy for the \
             outputs as numbers",
            shape.channels
        );
        let pictures: Vec<PathBuf> = pictures.iter().map(|subject| subject.path.clone()).collect();
        let files = files(&pictures, folder)?;
        for Files { overlay, class_map } in &files {
            force.check(&[overlay, class_map])?;
        }
        Ok(Self { plan, names, upsampling, files, next: 0 })
    }

    /// Writes the files of the next picture.
    pub(super) fn paint(&mut self, subject: &Subject, opened: &Answer) -> Result<Map> {
        let picture = &subject.picture;
        let (width, height) = picture.dimensions();
        let upsampling = self.upsampling.of_picture(&subject.preprocess, width, height)?;
        let decided = match opened {
            Answer::Scores(scores) => upsampling.decisions(scores),
            Answer::Labels(labels) => upsampling.nearest(labels),
        };
        let classes = decided.iter().map(|output| self.class(*output).unwrap_or(LabelMap::IGNORED)).collect();
        let map = GrayImage::from_raw(width, height, classes).context("the picture has no such map")?;
        let areas: Vec<ClassArea> = areas(&decided).into_iter().map(|area| self.named(area)).collect();
        let legend: Vec<LegendEntry> = areas.iter().map(ClassArea::legend).collect();
        let mut drawn = Cursor::new(Vec::new());
        overlay(picture, &map, &legend)?.write_to(&mut drawn, ImageFormat::Png)?;
        let Files { overlay, class_map } =
            self.files.get(self.next).context("there are more results than pictures")?;
        self.next += 1;
        write_all(&[
            (overlay.clone(), Access::Public, drawn.get_ref()),
            (class_map.clone(), Access::Public, &class_map_png(&map)?),
        ])?;
        let outside = decided.iter().filter(|output| **output == OUTSIDE).count();
        let outside = outside as f64 / decided.len().max(1) as f64;
        Ok(Map { areas, outside, overlay: overlay.clone(), class_map: class_map.clone() })
    }

    fn class(&self, output: u32) -> Option<u8> {
        let class = output.checked_sub(self.plan.header().class_offset)?;
        u8::try_from(class).ok().filter(|_| output != OUTSIDE)
    }

    fn named(&self, area: Area) -> ClassArea {
        let label = named(self.plan, area.output as usize, &self.names);
        ClassArea { class: self.class(area.output), label, area }
    }
}

/// The files of all pictures; refused where one would take the place of another or of a picture.
fn files(pictures: &[PathBuf], folder: &Path) -> Result<Vec<Files>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut known: BTreeMap<_, &PathBuf> = BTreeMap::new();
    let originals: Vec<PathBuf> = pictures.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let mut all = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let name = picture.file_stem().unwrap_or_default();
        if let Some(other) = known.insert(name, picture) {
            let text = format!("both {} and {} would be drawn as", other.display(), picture.display());
            anyhow::bail!("{text} {}.overlay.png: give them other names, or one at a time", name.display());
        }
        let file = |ending: &str| {
            let mut name = name.to_owned();
            name.push(ending);
            folder.join(name)
        };
        let files = Files { overlay: file(".overlay.png"), class_map: file(".classes.png") };
        for path in [&files.overlay, &files.class_map] {
            let taken = fs::canonicalize(path).is_ok_and(|path| originals.contains(&path));
            ensure!(!taken, "{} is a picture to be read: give another folder to --out", path.display());
        }
        all.push(files);
    }
    Ok(all)
}

impl ClassArea {
    fn name(&self) -> String {
        let number = || match self.class {
            Some(class) => format!("class {class}"),
            None => format!("output {}", self.area.output),
        };
        self.label.clone().filter(|label| !label.is_empty()).unwrap_or_else(number)
    }

    fn legend(&self) -> LegendEntry {
        let class = self.class.unwrap_or(LabelMap::IGNORED);
        LegendEntry { class, text: format!("{} {:.1} %", self.name(), 100.0 * self.area.share) }
    }
}

impl Map {
    /// For people.
    pub(super) fn describe(&self, text: &mut Lines) {
        let mut table = Table::new(["  class", "pixels", "share"], 1);
        for class in &self.areas {
            let Area { pixels, share, .. } = class.area;
            table.row([format!("  {}", class.name()), count(pixels), percent(share)]);
        }
        text.block(table);
        if self.outside > 0.0 {
            let share = percent(self.outside);
            text.line(format_args!(
                "  {share} of the picture lies outside the network's input and has no class"
            ));
        }
        text.line(format_args!("  overlay {}", self.overlay.display()));
        text.line(format_args!("  class map {}", self.class_map.display()));
    }
}
