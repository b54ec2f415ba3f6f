use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::{Figure, FigureError};

/// A figure as PNG, at twice its size in pixels, in a font of this program's own: machines without fonts make the same
/// picture.
///
/// # Errors
/// If there is no memory for the picture.
pub fn png(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    const SCALE: f32 = 2.0;
    let refuse = |problem: &str| FigureError::Draw(format!("{}: {problem}", figure.name));
    let tree = Tree::from_str(&figure.svg, &options()).map_err(|error| refuse(&error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| refuse("it is too large"))?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(|| refuse("it is too large"))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| refuse(&error.to_string()))
}

fn options() -> Options<'static> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    let family = fonts.faces().next().and_then(|face| face.families.first()).map(|family| family.0.clone());
    let family = family.unwrap_or_default();
    fonts.set_sans_serif_family(&family);
    Options { font_family: family, fontdb: Arc::new(fonts), ..Options::default() }
}
