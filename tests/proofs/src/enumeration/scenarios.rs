//! The inferences whose views are counted.

use brelu_core::protocol::block_relu::Widths;
use brelu_core::ring;

use super::{Drawn, Run, SMALL, Scenario};
use crate::lanes::{Mask, Masks, Name, Seen, View};
use crate::steps::{Dealing, Windows};

const ACTIVATION: &[Mask] = &[
    Mask::PreActivation,
    Mask::Table,
    Mask::Lam,
    Mask::LamShare,
    Mask::LamMask,
    Mask::Carry,
    Mask::Top,
    Mask::LamTop,
    Mask::Activation,
];

/// An input of one element, a linear layer, a ReLU: 22 bits of masks.
#[derive(Clone, Copy, Debug)]
pub struct LinearRelu;

/// A pre-activation, a ReLU, and the linear layer behind, whose messages have `y_cd` in them: 21 bits.
#[derive(Clone, Copy, Debug)]
pub struct ReluLinear;

/// Input, linear layer, identity, linear layer, identity: 15 bits, two rounds.
#[derive(Clone, Copy, Debug)]
pub struct Extensions;

/// Label-only answers of two classes: both scores are linear in the input, and meet in `q + ReLU(p - q)`: 20 bits. The result
/// is opened to the client, and nothing more comes back.
#[derive(Clone, Copy, Debug)]
pub struct Label;

impl Scenario for LinearRelu {
    fn layers(&self) -> &[Drawn] {
        &[(
            SMALL,
            &[
                Mask::Input,
                Mask::Zeta,
                Mask::PreActivation,
                Mask::Table,
                Mask::Lam,
                Mask::LamShare,
                Mask::LamMask,
                Mask::Carry,
                Mask::Top,
                Mask::LamTop,
                Mask::Activation,
            ],
        )]
    }

    fn inputs(&self) -> u32 {
        1 << SMALL.k
    }

    fn run(&self, run: &mut Run<'_>, x: u32, layers: &[Masks<u32>]) {
        let masks = &layers[0];
        run.linear(&masks[Mask::Input], masks, 0);
        run.dealt(masks, &masks[Mask::PreActivation]);
        run.input(x, masks);
        run.activation(masks);
    }
}

impl Scenario for ReluLinear {
    fn layers(&self) -> &[Drawn] {
        &[(SMALL, ACTIVATION), (SMALL, &[Mask::Zeta, Mask::PreActivation])]
    }

    fn inputs(&self) -> u32 {
        1 << SMALL.n
    }

    fn run(&self, run: &mut Run<'_>, x: u32, layers: &[Masks<u32>]) {
        let masks = &layers[0];
        run.dealt(masks, &masks[Mask::PreActivation]);
        run.linear(&masks[Mask::Activation], &layers[1], 1);
        let mut a = vec![x; run.len()];
        ring::sub(&mut a, &masks[Mask::PreActivation]);
        ring::reduce(&mut a, SMALL.n);
        run.sees(&a, SMALL.n);
        run.activation(masks);
    }
}

impl Scenario for Extensions {
    fn layers(&self) -> &[Drawn] {
        &[
            (SMALL, &[Mask::Input, Mask::Zeta, Mask::PreActivation, Mask::Cross, Mask::Extend]),
            (SMALL, &[Mask::Zeta, Mask::PreActivation, Mask::Cross, Mask::Extend]),
        ]
    }

    fn inputs(&self) -> u32 {
        1 << SMALL.k
    }

    fn run(&self, run: &mut Run<'_>, x: u32, layers: &[Masks<u32>]) {
        let between = run.steps.extended_mask(&layers[0]);
        run.linear(&layers[0][Mask::Input], &layers[0], 0);
        run.linear(&between, &layers[1], 1);
        for (layer, masks) in layers.iter().enumerate() {
            let eps = vec![run.strategy.knowledge.eps[layer]; run.len()];
            run.sees(&run.steps.deal_cross(&eps, masks), SMALL.extra());
        }
        run.input(x, &layers[0]);
        for masks in layers {
            let opened = run.sends(1);
            run.sees(&run.steps.answer_extension(&opened, masks), SMALL.extra());
        }
    }
}

impl Scenario for Label {
    fn layers(&self) -> &[Drawn] {
        &[
            (SMALL, &[Mask::Input, Mask::Zeta, Mask::PreActivation]),
            (SMALL, &[Mask::Zeta, Mask::PreActivation]),
            (TOURNAMENT, &[Mask::Table, Mask::Lam, Mask::LamShare, Mask::LamMask, Mask::Activation]),
        ]
    }

    fn inputs(&self) -> u32 {
        1 << SMALL.k
    }

    fn run(&self, run: &mut Run<'_>, x: u32, layers: &[Masks<u32>]) {
        let [p, q, level] = layers else { return };
        let x_cd = &p[Mask::Input];
        run.linear(x_cd, p, 0);
        run.linear(x_cd, q, 1);
        let mut masks = level.clone();
        let mut difference = p[Mask::PreActivation].clone();
        ring::sub(&mut difference, &q[Mask::PreActivation]);
        ring::reduce(&mut difference, SMALL.n);
        masks[Mask::PreActivation] = difference;
        for part in [Mask::Carry, Mask::Top, Mask::LamTop] {
            masks[part] = vec![0; run.len()];
        }
        run.steps.format = TOURNAMENT;
        run.dealt(&masks, &masks[Mask::PreActivation]);
        run.steps.format = SMALL;
        run.input(x, p);
        run.steps.format = TOURNAMENT;
        run.activation(&masks);
    }
}

/// A tournament stays in the ring of the scores.
const TOURNAMENT: Widths = Widths { k: SMALL.n, ..SMALL };

impl Run<'_> {
    /// The two halves of a linear layer with weight `number`, of one element.
    fn linear(&mut self, x_cd: &[u32], masks: &Masks<u32>, number: usize) {
        let know = self.strategy.knowledge;
        let times = |weight: u32| x_cd.iter().map(|x_cd| x_cd.wrapping_mul(weight)).collect::<Vec<_>>();
        let (format, steps) = (self.steps.format, self.steps);
        self.sees(&steps.client_half(&times(know.w_cs[number]), &masks[Mask::Zeta]), format.n);
        let rounding = vec![know.rounding[number] & ring::mask(format.extra()); x_cd.len()];
        let (zeta, z_cd) = (&masks[Mask::Zeta], &masks[Mask::PreActivation]);
        self.sees(&steps.dealer_half(&times(know.w_sd[number]), &rounding, zeta, z_cd), format.n);
    }

    fn input(&mut self, x: u32, masks: &Masks<u32>) {
        let x = vec![x; self.len()];
        self.sees(&self.steps.input(&x, &masks[Mask::Input]), self.steps.format.k);
    }

    /// What the dealer sends for an activation.
    fn dealt(&mut self, masks: &Masks<u32>, z_cd: &[u32]) {
        let (know, format) = (self.strategy.knowledge, self.steps.format);
        let lane = |word: u32, bits: u8| vec![word & ring::mask(bits); z_cd.len()];
        let with = Dealing {
            cd_sums: z_cd.to_vec(),
            s_sd: lane(know.s_sd, format.w),
            z_sd: lane(know.z_sd, format.n),
        };
        let mut view = View::default();
        self.steps.deal(&with, masks, &mut view);
        for seen in [Seen::Table, Seen::LamShare, Seen::LamMask, Seen::Carry, Seen::Top, Seen::LamTop] {
            self.sees(&view[seen], seen.bits(format) as u8);
        }
    }

    /// The server sends windows, table bits and pixels of its choice, and gets the answer.
    fn activation(&mut self, masks: &Masks<u32>) {
        let format = self.steps.format;
        let (window, bit, masked) = (self.sends(format.w), self.sends(1), self.sends(format.n));
        let mut view = View::default();
        self.steps.answer(&Windows { window, bit, masked }, masks, &mut view);
        self.sees(&view[Seen::TableBit], 1);
        self.sees(&view[Seen::Answer], format.k);
    }
}
