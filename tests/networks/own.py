"""Small networks of kinds that no model library has."""
import torch
from torch import nn


def block(inputs, outputs, stride=1, activation=nn.ReLU):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), activation())


class Autoencoder(nn.Module):
    """Strided convolutions down, transposed ones up."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(block(3, 16, 2), block(16, 32, 2), block(32, 8, 2))
        up = lambda inputs, outputs: [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.1)]
        self.up = nn.Sequential(*up(8, 32), *up(32, 16), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        return self.up(self.down(x))


class Conv1d(nn.Module):
    """A classifier of signals: three channels, side x side samples."""

    def __init__(self):
        super().__init__()
        layer = lambda inputs, outputs, kernel, stride: [
            nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2), nn.BatchNorm1d(outputs), nn.ReLU(), nn.MaxPool1d(4)]
        self.features = nn.Sequential(*layer(3, 32, 81, 4), *layer(32, 32, 3, 1), *layer(32, 64, 3, 1))
        self.head = nn.Linear(64, 12)

    def forward(self, x):
        return self.head(self.features(x.flatten(2)).mean(-1))


class Detector(nn.Module):
    """A backbone with SiLU, and boxes, objects and classes at two scales: three outputs at each."""

    def __init__(self):
        super().__init__()
        silu = nn.SiLU
        self.stem = nn.Sequential(block(3, 16, 2, silu), block(16, 32, 2, silu), block(32, 64, 2, silu))
        self.deep = block(64, 128, 2, silu)
        self.lateral = nn.Conv2d(128, 64, 1)
        self.heads = nn.ModuleList(nn.Conv2d(64, outputs, 1) for outputs in (12, 3, 60))

    def forward(self, x):
        fine = self.stem(x)
        deep = nn.functional.interpolate(self.lateral(self.deep(fine)), scale_factor=2, mode="nearest")
        return tuple(head(fine + deep) for head in self.heads)


class SuperResolution(nn.Module):
    """ESPCN (arXiv 1609.05158)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, 5, padding=2), nn.Tanh(), nn.Conv2d(64, 32, 3, padding=1), nn.Tanh(),
            nn.Conv2d(32, 27, 3, padding=1), nn.PixelShuffle(3))

    def forward(self, x):
        return self.layers(x)


class Unet(nn.Module):
    def __init__(self, transposed):
        super().__init__()
        widths = [16, 32, 64]
        self.down = nn.ModuleList(
            nn.Sequential(block(inputs, outputs), block(outputs, outputs)) for inputs, outputs in zip([3] + widths, widths))
        self.up, self.after = nn.ModuleList(), nn.ModuleList()
        for inputs, outputs in zip(widths[:0:-1], widths[-2::-1]):
            self.up.append(
                nn.ConvTranspose2d(inputs, outputs, 2, 2) if transposed else nn.Sequential(
                    nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(inputs, outputs, 1)))
            self.after.append(block(2 * outputs, outputs))
        self.head = nn.Conv2d(widths[0], 4, 1)

    def forward(self, x):
        skipped = []
        for layer in self.down:
            x = layer(x if not skipped else nn.functional.max_pool2d(x, 2))
            skipped.append(x)
        skipped.pop()
        for up, after in zip(self.up, self.after):
            x = after(torch.cat([up(x), skipped.pop()], 1))
        return self.head(x)


NETWORKS = {
    "autoencoder": Autoencoder,
    "conv1d": Conv1d,
    "detector": Detector,
    "super_resolution": SuperResolution,
    "unet_bilinear": lambda: Unet(False),
    "unet_transposed": lambda: Unet(True),
}
