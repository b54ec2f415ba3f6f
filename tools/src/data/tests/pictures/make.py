"""Makes the pictures of this folder: what Pillow (13.0) and torchvision (0.29) make of wide.png and tall.png."""
import numpy as np
from PIL import Image
from torchvision import transforms as T

rng = np.random.default_rng(7)
h, w = 23, 37
y, x = np.mgrid[0:h, 0:w]
a = np.stack([127 + 120 * np.sin(x / 3 + y / 5), 127 + 120 * np.cos(x * y / 40), x * 255 / w], -1)
a = np.clip(a + rng.integers(-40, 40, (h, w, 3)), 0, 255).astype(np.uint8)
wide = Image.fromarray(a)
tall = wide.transpose(Image.Transpose.ROTATE_90)
wide.save("wide.png")
tall.save("tall.png")
wide.convert("L").save("wide-grey.png")
for size in [(9, 16), (31, 50), (31, 12)]:
    T.Resize(size)(wide).save("wide-stretch-%dx%d.png" % size)
T.Resize((9, 16))(wide.convert("L")).save("wide-grey-stretch-9x16.png")
for name, image, short, size in [
    ("wide", wide, 15, (12, 13)),
    ("wide", wide, 14, (11, 11)),
    ("wide", wide, 41, (38, 38)),
    ("tall", tall, 17, (16, 13)),
]:
    cut = T.Compose([T.Resize(short), T.CenterCrop(size)])(image)
    cut.save("%s-%d-%dx%d.png" % (name, short, *size))
wide.save("wide.webp", lossless=True)
wide.save("wide.tif", compression="tiff_lzw")
first = wide.quantize(32)
second = wide.transpose(Image.Transpose.FLIP_LEFT_RIGHT).quantize(32)
first.save("two-frames.gif", save_all=True, append_images=[second], duration=100)
Image.open("two-frames.gif").convert("RGB").save("two-frames-first.png")
small = wide.crop((0, 0, 5, 3))
small.save("upright.png")
exif = Image.Exif()
for orientation in range(2, 9):
    exif[0x112] = orientation
    small.save("turned-%d.png" % orientation, exif=exif)
exif[0x112] = 6
Image.fromarray(np.full((8, 16, 3), 200, np.uint8)).save("turned-6.jpg", exif=exif)
np.save("bytes.npy", a[:3, :5])
np.save("grey.npy", np.array(wide.convert("L"))[:3, :5])
Image.fromarray(a[:3, :5, 0].astype(np.uint16) * 257).save("grey16.png")
clear = small.convert("RGBA")
clear.putalpha(Image.fromarray(np.arange(15, dtype=np.uint8).reshape(3, 5) * 17))
clear.save("clear.png")
