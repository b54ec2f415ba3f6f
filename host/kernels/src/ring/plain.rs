//! The definition of a linear map, as a loop.

use brelu_core::geometry::Conv2d;

/// Adds the linear map of `x` to `out`, mod 2^32: the reference for every backend.
///
/// `weights` are `[out_channels][input.channels / groups][kernel rows][kernel columns]`, `x` is the input tensor and
/// `out` the output tensor of `geometry`. If the geometry is impossible or a length is wrong, nothing is added.
pub fn plain(geometry: &Conv2d, weights: &[u32], x: &[u32], out: &mut [u32]) {
    let Some(output) = geometry.output() else { return };
    if [weights.len(), x.len(), out.len()] != [geometry.weight_len(), geometry.input.len(), output.len()] {
        return;
    }
    let [height, width] = [geometry.input.height as usize, geometry.input.width as usize];
    let [out_height, out_width] = [output.height as usize, output.width as usize];
    let [kernel_height, kernel_width] = geometry.kernel.map(usize::from);
    let [stride_y, stride_x] = geometry.stride.map(usize::from);
    let [dilation_y, dilation_x] = geometry.dilation.map(usize::from);
    let [top, left] = [usize::from(geometry.pads[0]), usize::from(geometry.pads[1])];
    let inputs = geometry.group_inputs() as usize;
    let group_outputs = (geometry.out_channels / geometry.groups) as usize;
    for o in 0..geometry.out_channels as usize {
        for oy in 0..out_height {
            for ox in 0..out_width {
                let mut sum = 0u32;
                for c in 0..inputs {
                    for ky in 0..kernel_height {
                        for kx in 0..kernel_width {
                            let iy = (oy * stride_y + ky * dilation_y).wrapping_sub(top);
                            let ix = (ox * stride_x + kx * dilation_x).wrapping_sub(left);
                            if iy < height && ix < width {
                                let channel = o / group_outputs * inputs + c;
                                let weight =
                                    weights[((o * inputs + c) * kernel_height + ky) * kernel_width + kx];
                                let value = x[(channel * height + iy) * width + ix];
                                sum = sum.wrapping_add(weight.wrapping_mul(value));
                            }
                        }
                    }
                }
                let to = &mut out[(o * out_height + oy) * out_width + ox];
                *to = to.wrapping_add(sum);
            }
        }
    }
}
