/// What a picture shows, as far as its data set says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The data set does not say.
    Unknown,
    /// One class for the whole picture.
    Class(usize),
    /// A class for every pixel of the input.
    Map(LabelMap),
}

impl Target {
    /// The class of the whole picture, if it has one.
    pub const fn class(&self) -> Option<usize> {
        match self {
            Self::Class(class) => Some(*class),
            Self::Unknown | Self::Map(_) => None,
        }
    }

    /// The class of every pixel, if they are known.
    pub const fn map(&self) -> Option<&LabelMap> {
        match self {
            Self::Map(map) => Some(map),
            Self::Unknown | Self::Class(_) => None,
        }
    }
}

impl From<Option<usize>> for Target {
    fn from(class: Option<usize>) -> Self {
        class.map_or(Self::Unknown, Self::Class)
    }
}

/// The class of every pixel of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMap {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Classes row by row; [`LabelMap::IGNORED`] where a pixel belongs to none and does not count.
    pub classes: Vec<u8>,
}

impl LabelMap {
    /// In the place of a class: the pixel does not count.
    pub const IGNORED: u8 = 255;
}
