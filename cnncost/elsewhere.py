"""What frameworks and papers call the things that have a word of their own here."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple


class Meaning(NamedTuple):
    """What a word from elsewhere is here."""

    ours: tuple[str, ...]
    """The words to write, which all must be possible where the word stands."""
    says: str = ""
    """The whole hint where naming the words is not enough."""


def find_meaning(word: str, choices: Collection[str]) -> Meaning | None:
    """Find what `word` means among the words that are possible where it stands.

    >>> find_meaning("nn.BatchNorm2d", ["relu", "batchnorm"]).ours
    ('batchnorm',)
    >>> find_meaning("LeakyReLU", ["relu", "leaky_relu"]).ours
    ('leaky_relu',)
    """
    key = _key_of_word(word)
    for known in _MEANINGS.get(key, ()):
        if all(ours in choices for ours in known.ours):
            return known
    for choice in choices:
        if key and _key_of_word(choice) == key and choice != word:
            return Meaning((choice,))
    return None


def _key_of_word(word: str) -> str:
    """Return a word without what frameworks differ in: `nn.Conv2d(3, 64, 3)` and `conv_2d` are
    conv."""
    bare = word.strip().partition("(")[0].rpartition(".")[2].lower()
    return re.sub(r"[123]d(?=[a-z]|$)", "", re.sub(r"[^a-z0-9]", "", bare))


def _words(ours: str, *elsewhere: str) -> dict[str, tuple[Meaning, ...]]:
    return dict.fromkeys(elsewhere, (Meaning((ours,)),))


def _hint(
    ours: str | tuple[str, ...], says: str, *elsewhere: str
) -> dict[str, tuple[Meaning, ...]]:
    words = (ours,) if isinstance(ours, str) else ours
    return dict.fromkeys(elsewhere, (Meaning(words, says),))


_DENSE = "did you mean 'dense'? it reads its whole input; 'linear' works at each position alone"
_SEPARABLE = "two lines: - {depthwise_conv: 3, padding: 1}, then - {conv: FILTERS, kernel: 1}"
_GATED = "two linear (or conv) layers, the activation on one of them, and mul"
_ENCODING = (
    "a fixed encoding has no weights: drop it; position_embedding: LENGTH is a learned table"
)
_FUSED = ("convrelu", "convbnrelu", "bnrelu", "batchnormrelu", "linearrelu", "denserelu")
_HEAD_DIMS = ("keydim", "headdim", "dimhead", "dimperhead", "headsize")
_OPAQUE = "there is no such type: opaque stands for a layer of unknown costs"
_POINTWISE = "write {conv: FILTERS, kernel: 1}"
_ABOVE = "drop it: what stands above says it"


def _join_groups(*groups: dict[str, tuple[Meaning, ...]]) -> dict[str, tuple[Meaning, ...]]:
    """Join all groups; a word that stands in several has all their meanings, in order."""
    joined: dict[str, tuple[Meaning, ...]] = {}
    for group in groups:
        for word, meanings in group.items():
            joined[word] = (*joined.get(word, ()), *meanings)
    return joined


_MEANINGS = _join_groups(
    # Layer types: torch.nn, Keras, Caffe, ONNX, papers.
    _words("conv", "convolution", "conv"),
    _words("conv_transpose", "deconv", "deconvolution", "upconv", "upconvolution"),
    _words("conv_transpose", "convtranspose", "transposedconv", "convtransposed", "tconv"),
    _words("conv_transpose", "transposeconv", "convolutiontranspose"),
    _words("depthwise_conv", "dwconv", "depthwise", "convdw", "depthwiseconvolution"),
    _hint("conv", _POINTWISE, "pointwise", "pointwiseconv", "pwconv", "pw", "convpw"),
    _words("locally_connected", "locallyconnected", "locallyconnectedlayer", "unsharedconv"),
    _words("locally_connected", "localconv", "localconvolution", "unsharedconvolution"),
    _hint(("depthwise_conv", "conv"), _SEPARABLE, "separableconv", "sepconv", "sepconvolution"),
    _hint(("depthwise_conv", "conv"), _SEPARABLE, "depthwiseseparableconv", "separable"),
    _hint("dense", _DENSE, "fc", "linear", "fullyconnected", "innerproduct", "gemm", "affine"),
    _hint("dense", _DENSE, "fullconnection", "fullyconnectedlayer", "lazylinear"),
    _words("maxpool", "maxpooling", "max", "mp"),
    _words("avgpool", "averagepool", "averagepooling", "avgpooling", "meanpool", "ap"),
    _hint("maxpool", "write maxpool or avgpool", "pool", "pooling"),
    _words("global_avgpool", "gap", "globalaveragepooling", "globalaveragepool", "globalpool"),
    _words("global_avgpool", "globalavgpooling", "globalpooling"),
    _words("global_maxpool", "gmp", "globalmaxpooling"),
    _words("adaptive_avgpool", "adaptiveaveragepool", "adaptiveaveragepooling"),
    _words("adaptive_maxpool", "adaptivemaxpooling"),
    _words("batchnorm", "bn", "batchnormalization", "batchnormalisation", "syncbatchnorm"),
    _words("layernorm", "ln", "layernormalization", "layernormalisation"),
    _words("rmsnorm", "rmsnormalization", "rmsnormalisation", "rootmeansquarenorm"),
    _words("groupnorm", "gn", "groupnormalization", "groupnormalisation"),
    _words("instancenorm", "in", "instancenormalization", "instancenormalisation"),
    _words("lrn", "localresponsenorm", "localresponsenormalization", "responsenorm"),
    _words("relu", "rectifier", "rectifiedlinear"),
    _words("silu", "swish"),
    _words("hardswish", "hswish"),
    _words("hardsigmoid", "hsigmoid"),
    _words("leaky_relu", "lrelu"),
    _hint("relu", "a layer and its activation are two lines: - relu stands below", *_FUSED),
    _hint(("linear", "mul"), _GATED, "glu", "geglu", "swiglu", "reglu", "gatedlinearunit"),
    _hint("concat", "two relu and a concat: crelu has twice the channels", "crelu"),
    _words("sigmoid", "logistic"),
    _words("step", "heaviside", "binarystep", "hardthreshold"),
    _words("dropout", "spatialdropout", "alphadropout", "featurealphadropout"),
    _words("drop_path", "stochasticdepth", "droppath"),
    _words("flatten", "view", "ravel"),
    _hint("reshape", "write {reshape: [C, H, W]}", "unflatten"),
    _hint("opaque", _OPAQUE, "maxunpool", "maxout", "maximum", "minimum"),
    _words("permute", "transpose"),
    _words("crop", "cropping", "centercrop"),
    _words("upsample", "upsampling", "upsamplingnearest", "interpolate", "resize", "unpool"),
    _hint("upsample", "write upsample: 2, mode: bilinear", "upsamplingbilinear"),
    _words("pixel_shuffle", "depthtospace", "subpixel"),
    _words("space_to_depth", "pixelunshuffle", "focus"),
    _words("channel_shuffle", "shuffle"),
    _words("concat", "concatenate", "cat", "merge", "route"),
    _words("add", "sum", "eltwise", "elementwiseadd", "plus"),
    _words("mul", "multiply", "eltwisemul", "elementwisemul"),
    _words("scale", "layerscale", "gamma"),
    _words("attention", "multiheadattention", "mha", "selfattention", "mhsa"),
    _words("lstm", "longshorttermmemory", "lstmcell"),
    _words("gru", "gatedrecurrentunit", "grucell"),
    _words("rnn", "simplernn", "elmanrnn", "rnncell", "recurrent"),
    *(
        _hint(cell, f"write {{{cell}: HIDDEN, bidirectional: true}}", f"bi{cell}")
        for cell in ("lstm", "gru", "rnn")
    ),
    _words("embedding", "embed", "wordembedding", "lookup", "embeddings"),
    _words("position_embedding", "positionalembedding", "wpe", "posembed", "positionembeddings"),
    _words("residual", "skip", "skipconnection", "resblock", "residualblock"),
    _hint("residual", "shortcut: stands beside residual:, not in its list", "shortcut"),
    _hint("attention", "write {attention: HEADS, kv_heads: 1}", "multiqueryattention", "mqa"),
    _hint("matmul", "attention reads one input: two matmul join two", "crossattention"),
    _hint("position_embedding", _ENCODING, "positionalencoding", "positionencoding"),
    _hint("conv", "write {conv: FILTERS, kernel: ..., groups: ...}", "groupconv", "groupedconv"),
    _hint("linear", "a block of yours: linear, gelu, linear", "mlp", "feedforward", "ffn"),
    _words("parallel", "branches", "branch", "split", "inception"),
    _words("densely", "denseblock"),
    _words("sequence", "sequential", "stack", "layers"),
    _hint(
        "mul",
        "a block of yours: global_avgpool, two conv of kernel 1, sigmoid, and mul, "
        "as in cnncost zoo efficientnet_b0",
        "se", "squeezeexcite", "squeezeexcitation", "semodule", "selayer", "seblock",
    ),
    # Keys of layers; `pad` and `padding` are also types.
    _words("pad", "zeropadding", "constantpad", "zeropad", "padding", "pads"),
    _words("padding", "zeropadding", "pad", "pads"),
    _words("kernel", "kernelsize", "kernelshape", "kernelsz", "ksize", "filtersize", "poolsize"),
    _words("kernel", "windowsize", "size", "k", "ks"),
    _words("stride", "strides", "subsampling", "s"),
    _words("padding", "p", "border", "bordermode"),
    _words("dilation", "dilationrate", "dilations", "rate", "atrous"),
    _words("groups", "group", "numgroups", "cardinality"),
    _words("bias", "usebias", "biasterm", "withbias"),
    _hint("bias", "bias: false is no_bias: true", "nobias", "withoutbias"),
    _hint("groups", "write groups: depthwise", "depthwise"),
    _hint("groups", _SEPARABLE, "separable"),
    _hint("dim", "dim is that of all heads: heads x channels of each", *_HEAD_DIMS),
    _words("ceil", "ceilmode"),
    _words("multiplier", "depthmultiplier", "channelmultiplier"),
    _words("heads", "numheads", "nhead", "nheads"),
    _words("kv_heads", "numkeyvalueheads", "nkvheads", "numkvheads", "kvheads"),
    _words("length", "maxpositionembeddings", "blocksize", "sequencelength", "contextlength"),
    _words("hidden", "hiddensize", "units", "hsize"),
    _words("layers", "numlayers", "nlayers"),
    _words("projection", "projsize"),
    _hint("last", "last: true is return_sequences: false; drop it for true", "returnsequences"),
    _words("activation", "nonlinearity"),
    _words("vocabulary", "vocabsize", "numembeddings", "inputdim", "vocab", "numwords"),
    _words("dim", "embeddingdim", "outputdim", "embeddim"),
    _words("output_padding", "outputpadding"),
    _words("factor", "scalefactor", "upscalefactor", "downscalefactor", "blocksize"),
    _words("from", "inputs", "bottom", "src"),
    _words("repeat", "times", "count"),
    _words("frozen", "freeze"),
    _words("trainable_parameters", "trainable", "trainableparams"),
    # Quantities.
    _words("parameters", "params", "param", "nparams", "numparams", "numparameters"),
    _words("units", "neurons", "neuron", "nodes", "activations", "acts"),
    _words("macs", "mac", "madds", "madd", "multadds", "multadd", "muladds", "gmacs", "mmacs"),
    _words("macs", "multiplyaccumulates", "multiplyadds", "multiplyadd"),
    _words("flops", "flop", "gflops", "mflops"),
    _words("training_memory", "trainmemory"),
    _words("activation_memory", "activationsmemory", "actmemory"),
    _words("sram", "ram"),
    _words("flash", "rom"),
    _words("output_shape", "shape", "outputsize", "size"),
    _words("input_shape", "inputsize"),
    _words("receptive_field", "rf"),
)  # fmt: skip
"""By key: the meanings, the first that is possible where the word stands counts."""

_WIDTHS = ("filters", "units", "features")
for _word in ("outchannels", "outfeatures", "outputs", "numoutput", "numfilters", *_WIDTHS):
    _MEANINGS[_word] = tuple(Meaning((ours,)) for ours in _WIDTHS)
_MEANINGS["inchannels"] = _MEANINGS["infeatures"] = _MEANINGS["inputshape"] = (
    Meaning(("input_shape",)),
    Meaning(("bias",), _ABOVE),
)
