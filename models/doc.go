// Package models holds the encoders and their heads.
//
// # Encoders
//
// An encoder is a [Backbone]: it maps images, float32 [N, C, H, W], to features
// [N, D]. [New] builds one by name from a [Config], which is plain data for
// settings files. At the published widths:
//
//	name                   D      parameters   with
//	resnet9                256     1,644,640   8 convolutions of a paper on memorization
//	resnet18               512    11,176,512   basic blocks (He et al. 2016)
//	resnet34               512    21,284,672
//	resnet50             2,048    23,508,032   bottlenecks, torchvision's version 1.5
//	resnet101            2,048    42,500,160
//	vit_tiny               192     5,524,416   12 blocks (Dosovitskiy et al. 2021)
//	vit_small              384    21,665,664
//	vit_base               768    85,798,656
//
// The numbers of parameters are for color images, of ResNet-18 to 101 with the
// stem of ImageNet, and of ViTs at 224 pixels in patches of 16.
//
// The width scales all channels: half the width costs about a quarter of the
// time and memory. A ResNet has it in channels of the first stage, so that
// SimCLR's "2×" is 128; a ViT in numbers per token.
//
// # Stems
//
// A ResNet-18 to 101 starts for small images, [CIFARStem], as SimCLR has it, or
// as published, [ImageNetStem], which makes images a quarter as large before
// the first block. ResNet-9 wants at least 16 pixels a side.
//
// # Vision transformers
//
// A [ViT] cuts images into patches. Names say how, as timm's do:
// "vit_tiny_patch4_32" is for images of 32 pixels in patches of 4; so do the
// options patch_size and image_size. Images of other sizes are taken too, as
// the local crops of DINO: the position embedding is interpolated for them.
// Features are the class token or the mean over the patches ([Pool]).
//
// [NewViT] has more options: drop path, no biases of queries, keys and values,
// fixed positions. [ViT.Embed] and [ViT.Encode] are the halves of its forward,
// for methods that hide patches from the encoder, as MAE does.
//
// # Names and weights
//
// The parameters of ResNet-18 to 101 carry the names that torchvision gives
// them, those of ViTs timm's, so that state_dicts walk both ways; those of
// resnet9 are named after its blocks, conv1 … conv4, res1 and res2.
// [LoadWeights] reads what those libraries save, and tells what does not fit.
// Features, gradients and running statistics are tested against PyTorch, the
// full-size networks against torchvision and timm. Weights are root tensors on
// the CPU; [nn.To] moves them and [nn.Free] gives them up.
//
// Forward gives features also where the network was built with a classifier;
// Classify gives its logits.
//
// # Layers
//
// Every encoder lists its layers and gives the outputs of any of them in one
// forward, for scores of layers and of units:
//
//	features, layers := encoder.ForwardLayers(images, "layer1", "layer4.1.bn2")
//
// They are what forward hooks on the modules of these names see in PyTorch.
// Forward itself keeps nothing. [DepthLayers] and [UnitLayers] choose the layers
// that tables show, and [UnitsOf] names the tensors that make the units of a
// layer.
package models
