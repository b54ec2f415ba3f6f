//! A server that sends what it likes: its view, and the masks that are behind it.

use brelu_core::protocol::block_relu::Widths;
use brelu_core::ring;

use super::{lanes, product, title, unknowns};
use crate::claim::Claim;
use crate::lanes::{Lanes, Mask, Masks, Name, Seen, View};
use crate::product::ProductContext;
use crate::recover::{self, Products};
use crate::steps::{Dealing, Steps, Windows};
use crate::symbol::{Statement, Symbol};

/// A part of an inference: the masks that are fresh in it, and what the server sees of them.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// Its name.
    pub name: &'static str,
    /// What is drawn for it.
    pub masks: &'static [Mask],
    /// What the server sees because of it.
    pub seen: &'static [Seen],
}

/// The input and a linear layer that reads it.
pub const LINEAR: Layer = Layer {
    name: "input and linear layer",
    masks: &[Mask::Input, Mask::Zeta, Mask::PreActivation],
    seen: &[Seen::Input, Seen::ClientHalf, Seen::DealerHalf],
};

/// A block of an activation layer.
pub const ACTIVATION: Layer = Layer {
    name: "block-ReLU",
    masks: &[
        Mask::Table,
        Mask::Lam,
        Mask::LamShare,
        Mask::LamMask,
        Mask::Carry,
        Mask::Top,
        Mask::LamTop,
        Mask::Activation,
    ],
    seen: &[
        Seen::Table,
        Seen::TableBit,
        Seen::LamShare,
        Seen::LamMask,
        Seen::Carry,
        Seen::Top,
        Seen::LamTop,
        Seen::Answer,
    ],
};

/// An identity channel.
pub const EXTENSION: Layer =
    Layer { name: "extension", masks: &[Mask::Cross, Mask::Extend], seen: &[Seen::Cross, Seen::Extended] };

/// An element of a product.
pub const PRODUCT: Layer = Layer {
    name: "product",
    masks: &[Mask::Zeta, Mask::PreActivation],
    seen: &[Seen::ClientHalf, Seen::DealerHalf],
};

/// From which side the inverse is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// From the view of any masks, these masks are recovered: different masks, different views.
    MasksFromView,
    /// The masks that are recovered from any view give that view: every view occurs.
    ViewFromMasks,
}

/// What the layer's server knows and sends, all of it unknown here: the claim is for every value.
struct Context {
    x: Vec<Symbol>,
    products: Products<Symbol>,
    with: Dealing<Symbol>,
    sent: Windows<Symbol>,
    eps: Vec<Symbol>,
    opened: Vec<Symbol>,
    z_cd: Vec<Symbol>,
    product: ProductContext<Symbol>,
}

impl Context {
    fn new(format: Widths, pixels: usize) -> Self {
        let Widths { n, w, .. } = format;
        Self {
            x: unknowns("x", 32, pixels),
            products: Products { cs: unknowns("P", 32, pixels), sd: unknowns("D", 32, pixels) },
            with: Dealing {
                cd_sums: unknowns("Lam", 32, 1),
                s_sd: unknowns("s_sd", w, 1),
                z_sd: unknowns("z_sd", n, pixels),
            },
            sent: Windows {
                window: unknowns("c", w, 1),
                bit: unknowns("bit", 1, 1),
                masked: unknowns("m", n, pixels),
            },
            eps: unknowns("eps", 1, pixels),
            opened: unknowns("o", 1, pixels),
            z_cd: unknowns("z_cd", n, pixels),
            product: product::context(format, pixels),
        }
    }

    /// What the parties' functions make of masks.
    fn view(&self, steps: &Steps, layer: Layer, masks: &Masks<Symbol>) -> View<Symbol> {
        let mut view = View::default();
        if layer.name == LINEAR.name {
            view[Seen::Input] = steps.input(&self.x, &masks[Mask::Input]);
            view[Seen::ClientHalf] = steps.client_half(&self.products.cs, &masks[Mask::Zeta]);
            let no_rounding = vec![Symbol::from(0); self.x.len()];
            let (zeta, z_cd) = (&masks[Mask::Zeta], &masks[Mask::PreActivation]);
            view[Seen::DealerHalf] = steps.dealer_half(&self.products.sd, &no_rounding, zeta, z_cd);
        } else if layer.name == ACTIVATION.name {
            steps.deal(&self.with, masks, &mut view);
            steps.answer(&self.sent, masks, &mut view);
        } else if layer.name == PRODUCT.name {
            steps.see_product(&self.product, masks, &mut view);
        } else {
            view[Seen::Cross] = steps.deal_cross(&self.eps, masks);
            view[Seen::Extended] = steps.answer_extension(&self.opened, masks);
        }
        view
    }

    fn masks(&self, steps: &Steps, layer: Layer, view: &View<Symbol>) -> Masks<Symbol> {
        let mut masks = Masks::default();
        if layer.name == LINEAR.name {
            recover::input(steps, &self.x, view, &mut masks);
            recover::linear(steps, &self.products, view, &mut masks);
            return masks;
        }
        if layer.name == PRODUCT.name {
            steps.recover_product(&self.product, view, &mut masks);
            return masks;
        }
        masks[Mask::PreActivation] = self.z_cd.clone();
        if layer.name == ACTIVATION.name {
            recover::activation(steps, &self.with, &self.sent, view, &mut masks);
        } else {
            recover::extension(steps, &self.eps, &self.opened, view, &mut masks);
        }
        masks
    }
}

/// One half of "the view of a server is a bijection of the masks, whatever input, weights, and messages are".
///
/// A layer's masks are recovered in the order of time, so the earlier ones (`z_cd`, and with it `Lam` and the products of
/// `x_cd`) and all that the server has sent are given: unknowns of their own, which may depend on everything before.
pub fn view(layer: Layer, direction: Route, steps: &Steps, pixels: usize) -> Claim {
    let format = steps.format;
    let (context, honest) = (Context::new(format, pixels), Steps::new(format));
    let name = title(&format!("{}, {direction:?}", layer.name), format);
    let conclusion = match direction {
        Route::MasksFromView => {
            let mut drawn = lanes(layer.masks, format, pixels);
            if ![LINEAR.name, PRODUCT.name].contains(&layer.name) {
                drawn[Mask::PreActivation] = context.z_cd.clone();
            }
            let view = context.view(steps, layer, &drawn.clone().planted(steps.fault, format));
            same(layer.masks, &drawn, &context.masks(&honest, layer, &view))
        }
        Route::ViewFromMasks => {
            let seen = lanes(layer.seen, format, pixels);
            let masks = context.masks(&honest, layer, &seen);
            let fits = in_range(layer.masks, &masks, format);
            let view = context.view(steps, layer, &masks.planted(steps.fault, format));
            same(layer.seen, &seen, &view) & fits
        }
    };
    Claim::new(name, conclusion).sharing(format.k)
}

fn same<N: Name>(names: &[N], one: &Lanes<N, Symbol>, other: &Lanes<N, Symbol>) -> Statement {
    Statement::all(names.iter().flat_map(|name| {
        assert_eq!(one[*name].len(), other[*name].len());
        one[*name].iter().zip(&other[*name]).map(|(one, other)| one.equals(*other))
    }))
}

fn in_range<N: Name>(names: &[N], lanes: &Lanes<N, Symbol>, format: Widths) -> Statement {
    Statement::all(names.iter().flat_map(|name| {
        let low = Symbol::from(ring::mask(name.bits(format).min(32) as u8));
        lanes[*name].iter().map(move |word| (*word & low).equals(*word))
    }))
}
