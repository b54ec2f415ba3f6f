/// Why a picture cannot become the input of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The network takes something else.
    #[error("the plan takes no pictures: its input has {0} channels")]
    Channels(u32),
    /// The picture has the wrong size and may not be resized.
    #[error("the picture has {} rows and {} columns, but exactly {} and {} are required: resize it, or compile the network with --fit stretch, pad or short-side:PIXELS", given[0], given[1], required[0], required[1])]
    Size {
        /// Rows and columns of the picture.
        given: [u32; 2],
        /// Rows and columns required.
        required: [u32; 2],
    },
    /// It would become so many columns and rows.
    #[error("preprocessing: resizing to {} x {} pixels is too large", .0[0], .0[1])]
    TooLarge([u32; 2]),
    /// The network does not classify whole pictures.
    #[error("the network gives a class for every pixel of a map: read the answer to an inference instead")]
    Map,
}
