"""PyTorch in, on networks with attention: complete and right, or honest.

    pip install torch==2.13.0
    pip install --no-deps torchvision==0.28.0 timm==1.0.31 safetensors huggingface_hub
    python benchmarks/torch_attention.py [MODEL ...]

Each is built without memory for weights and imported; beside it stand the module's own count of
parameters and the products that PyTorch's counter sees in a forward pass without fused
attention. Prints a line a network and how many are complete, incomplete, refused and wrong; 1
where a complete one differs, or an incomplete one counts more than there is.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import NamedTuple

import torch
import torch_in  # declares torchvision's kernels before it is imported
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import cnncost
from cnncost.api import imported
from cnncost.errors import CnncostError
from cnncost.formats.torch_in.torch_source import made
from cnncost.formats.torch_in.torch_trace import trace

TIMM = """
vit_tiny_patch16_224 vit_relpos_small_patch16_224 vit_srelpos_small_patch16_224
vit_small_r26_s32_224 vit_tiny_r_s16_p8_224 deit_tiny_patch16_224 deit_tiny_distilled_patch16_224
deit3_small_patch16_224 beit_base_patch16_224 cait_xxs24_224 xcit_nano_12_p16_224 eva02_tiny_patch14_224
mobilevit_xxs mobilevitv2_050 botnet26t_256 halonet26t halonet_h1 halo2botnet50ts_256 eca_halonext26ts
lambda_resnet26t lambda_resnet26rpt_256 bat_resnext26ts gcresnext26ts maxvit_rmlp_pico_rw_256
maxvit_nano_rw_256 maxxvit_rmlp_nano_rw_256 coatnet_nano_rw_224 test_coatnet edgenext_xx_small
efficientvit_b0 efficientvit_m0 efficientformer_l1 efficientformerv2_s0 fastvit_sa12
swin_tiny_patch4_window7_224 swin_s3_tiny_224 swinv2_tiny_window8_256 swinv2_cr_tiny_224
mobilenetv4_hybrid_medium iformer_s caformer_s18 nextvit_small convit_tiny csatv2 cpubone_b2pt5_dwnorm
levit_128s tiny_vit_5m_224 pvt_v2_b0 twins_svt_small coat_tiny crossvit_tiny_240 davit_tiny
focalnet_tiny_srf gcvit_xxtiny hiera_tiny_224 mvitv2_tiny pit_ti_224 poolformer_s12 repvit_m0_9
sequencer2d_s tnt_s_patch16_224 tresnet_m visformer_tiny volo_d1_224 mixer_s32_224 gmlp_s16_224
resmlp_12_224 convmixer_768_32 nest_tiny inception_next_atto rdnet_tiny sam2_hiera_tiny
resnet50_clip efficientnet_cc_b0_4e shvit_s1 starnet_s1 mambaout_femto vitamin_small_224
""".split()
VISION = (
    *("vit_b_16", "vit_b_32", "swin_t", "swin_v2_t", "maxvit_t"),
    *("video.mvit_v1_b", "video.mvit_v2_s", "video.swin3d_t"),
)


class Network(NamedTuple):
    """A module on the meta device, and its input's shape without the batch."""

    module: torch.nn.Module
    shape: tuple[int, ...]


def build(name: str) -> Network:
    """A network of torchvision or timm by its name."""
    import timm
    import torchvision

    if name in VISION:
        kind, _, last = name.rpartition(".")
        maker = getattr(torchvision.models.video if kind else torchvision.models, last)
        side = 256 if "v2_t" in name else 224
        shape = (3, 16, side, side) if kind else (3, side, side)
        return Network(made(name, lambda: maker(weights=None)), shape)
    module = made(name, lambda: timm.create_model(name))
    return Network(module, tuple(module.default_cfg["input_size"]))  # type: ignore[union-attr,arg-type]  # timm's own


def products(network: Network) -> int:
    """The multiply-accumulates of a pass that PyTorch's counter sees; -1 where it does not run."""
    x = torch.zeros((1, *network.shape), device="meta")
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), torch.no_grad():
            with FlopCounterMode(display=False) as flops:
                network.module(x)
    except Exception:  # what a module does that the meta device cannot
        return -1
    return int(flops.get_total_flops()) // 2


def judged(name: str, network: Network) -> str:
    """complete, or incomplete and why; else what is wrong."""
    own = sum(p.numel() for p in network.module.parameters())
    seen = products(network)
    graph = trace(network.module, name, {"input": network.shape})
    spec = imported(graph, name)
    report = cnncost.count(spec)
    have = report.totals
    said = f"parameters {have.parameters - own:+,}, connections {have.connections - seen:+,}"
    if not report.complete:
        more = have.parameters > own or -1 < seen < have.connections
        return f"{'wrong' if more else 'incomplete'}: {said}: {'; '.join(spec.unknown[:3])}"
    unused = sum(graph.held[owner] for owner in graph.unused)
    if have.parameters != own - unused or (have.connections != seen and seen >= 0):
        return f"wrong: {said}"
    return "complete" if seen >= 0 else "complete: PyTorch's counter does not run it"


def main() -> int:
    torch_in.KERNELS  # noqa: B018  # declared
    found: Counter[str] = Counter()
    for name in sys.argv[1:] or (*VISION, *TIMM):
        start = time.perf_counter()
        try:
            said = judged(name, build(name))
        except CnncostError as error:
            said = f"refused: {error}"
        except Exception as error:  # a fault, which is counted and named
            said = f"traceback: {type(error).__name__}: {error}"
        found[said.partition(":")[0]] += 1
        seconds = time.perf_counter() - start
        print(f"{name:32} {seconds:5.1f} s  {' '.join(said.split())[:240]}", flush=True)
    print(", ".join(f"{count} {word}" for word, count in sorted(found.items())))
    return 1 if found["wrong"] or found["traceback"] else 0


if __name__ == "__main__":
    sys.exit(main())
