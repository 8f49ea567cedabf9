"""Weights of torchvision's and timm's full-size networks, for one test run.

    pip install torch==2.14.1 torchvision==0.29.2 safetensors timm
    python3 torchvision_backbones.py resnet FOLDER
    python3 torchvision_backbones.py vit FOLDER
    python3 torchvision_backbones.py timm FOLDER

For each network: NAME.pth, a state_dict with the classifier, and
NAME.safetensors with images and the features that the library computes in
float64. vit is torchvision's VisionTransformer of the size "tiny" with its
parameters renamed to timm's. timm is timm's own, also on images of other sizes
("x.SIZE", "features.SIZE") and pooled over the patches ("avg").
"""

import pathlib
import re
import sys

import torch
from safetensors.torch import save_file

torch.set_num_threads(1)


def save(tensors, path):
    save_file({k: t.contiguous() for k, t in tensors.items()}, path)


def live(m):
    """Statistics and norms as after some training."""
    for b in m.modules():
        if isinstance(b, torch.nn.BatchNorm2d):
            b.running_mean.normal_(0, 0.1)
            b.running_var.uniform_(0.5, 1.5)
        if isinstance(b, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
            torch.nn.init.uniform_(b.weight, 0.5, 1)
            torch.nn.init.normal_(b.bias, 0, 0.1)
    return m.eval()


def resnet(folder):
    import torchvision

    for depth in (18, 34, 50):
        torch.manual_seed(depth)
        m = live(getattr(torchvision.models, f"resnet{depth}")(weights=None))
        torch.save(m.state_dict(), folder / f"resnet{depth}.pth")
        x = torch.rand(2, 3, 64, 64)
        m = m.double()
        logits = m(x.double())
        m.fc = torch.nn.Identity()
        save({"x": x, "logits": logits, "features": m(x.double())}, folder / f"resnet{depth}.safetensors")


NAMES = [
    (r"^class_token$", "cls_token"),
    (r"^conv_proj\.", "patch_embed.proj."),
    (r"^encoder\.pos_embedding$", "pos_embed"),
    (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"\.ln_(\d)\.", r".norm\1."),
    (r"\.self_attention\.in_proj_", ".attn.qkv."),
    (r"\.self_attention\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.0\.", ".mlp.fc1."),
    (r"\.mlp\.3\.", ".mlp.fc2."),
    (r"^encoder\.ln\.", "norm."),
    (r"^heads\.head\.", "head."),
]


def rename(key):
    for pattern, name in NAMES:
        key = re.sub(pattern, name, key)
    return key


def vit(folder):
    import torchvision

    torch.manual_seed(3)
    m = live(torchvision.models.VisionTransformer(224, 16, 12, 3, 192, 768))
    torch.nn.init.normal_(m.class_token, 0, 0.5)
    torch.nn.init.normal_(m.heads.head.weight, 0, 0.1)
    torch.save({rename(k): v for k, v in m.state_dict().items()}, folder / "vit.pth")
    x = torch.rand(2, 3, 224, 224)
    m = m.double()
    logits = m(x.double())
    m.heads = torch.nn.Identity()
    save({"x": x, "logits": logits, "features": m(x.double())}, folder / "vit.safetensors")


def timm(folder):
    from timm.models.vision_transformer import VisionTransformer

    torch.manual_seed(4)
    size = dict(patch_size=16, embed_dim=192, depth=12, num_heads=3, dynamic_img_size=True)
    m = live(VisionTransformer(**size))
    torch.nn.init.normal_(m.pos_embed, 0, 0.5)
    state = m.state_dict()
    torch.save(state, folder / "timm.pth")
    out, m = {}, m.double()
    for image in (224, 96):
        x = torch.rand(2, 3, image, image)
        out[f"x.{image}"], out[f"features.{image}"] = x, m.forward_head(m.forward_features(x.double()), pre_logits=True)
    x = out["x.224"].double()
    out["logits"] = m(x)
    # The state of 224 pixels in a network made for 96.
    from timm.models.vision_transformer import checkpoint_filter_fn

    small = VisionTransformer(**size, img_size=96).eval()
    small.load_state_dict(checkpoint_filter_fn(state, small))
    small = small.double()
    out["loaded.96"] = small.forward_head(small.forward_features(out["x.96"].double()), pre_logits=True)
    mean = VisionTransformer(**size, global_pool="avg", fc_norm=False).eval()
    mean.load_state_dict(state)
    mean = mean.double()
    out["avg"] = mean.forward_head(mean.forward_features(x), pre_logits=True)
    save(out, folder / "timm.safetensors")


with torch.no_grad():
    {"resnet": resnet, "vit": vit, "timm": timm}[sys.argv[1]](pathlib.Path(sys.argv[2]))
