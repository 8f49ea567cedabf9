// Package models holds the encoders and their heads.
//
// # Encoders
//
// An encoder is a [Backbone]: it maps images, float32 [N, C, H, W], to features
// [N, D]. [New] builds one by name from a [Config], which is plain data for
// settings files:
//
//   - resnet18 is the network of He et al. (2016) with the stem that SimCLR
//     uses for small images, D = 8·Width, 11.2 million parameters at the
//     published width of 64;
//   - resnet9 has eight convolutions with two residual pairs, D = 8·Width, 1.6
//     million parameters at the published width of 32, and wants at least 16
//     pixels a side.
//
// The width scales all channels: half the width costs about a quarter of the
// time and memory.
//
// # Names and weights
//
// The parameters of resnet18 carry the names that torchvision gives them, less
// the classifier fc, so that state_dicts walk both ways; see [nn.State] and
// [nn.LoadState]. Those of resnet9 are named after its blocks: conv1 … conv4,
// res1 and res2. Features, gradients and running statistics of both are tested
// against PyTorch. Weights are root tensors on the CPU; [nn.To] moves them and
// [nn.Free] gives them up.
//
// # Heads
//
// [NewProjector] is the head that contrastive methods train behind the encoder
// and drop afterwards.
package models
