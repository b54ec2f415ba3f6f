/// What tensors are made of.
pub trait Element: Copy + Default {
    /// `self + other`.
    fn plus(self, other: Self) -> Self;

    /// `self - other`.
    fn minus(self, other: Self) -> Self;
}

/// Residues, with the arithmetic of Z_2^32: nothing is reduced.
impl Element for u32 {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
}

impl Element for f32 {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }
}

/// Adds to every plane of `plane` elements its constant.
pub fn offset<T: Element>(values: &mut [T], plane: usize, constants: impl IntoIterator<Item = T>) {
    for (values, constant) in values.chunks_mut(plane).zip(constants) {
        values.iter_mut().for_each(|value| *value = value.plus(constant));
    }
}
