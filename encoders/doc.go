// Package encoders opens encoders that were trained anywhere, to be looked at.
//
//	e, err := encoders.Open("model_best.pth", encoders.Options{})
//	if err != nil {
//		return err
//	}
//	defer e.Close()
//	fmt.Println(e, e.Notes)
//	features := e.Network.Forward(images)
//
// # Files
//
// What a file is, its content says, not its name:
//
//   - a safetensors file that this program has saved, whose metadata say what encoder
//     it is and which views it was trained on;
//   - any other safetensors file of weights;
//   - a .pt or .pth file of PyTorch with a state_dict, or with one inside of a
//     training checkpoint; nothing in it is run;
//   - a TorchScript archive, which is code and weights: any architecture, but a
//     program that may do anything, so open only those that you trust.
//
// Checkpoints of gotorch are refused with the command that converts them.
//
// # Which network
//
// A file of weights is searched for the names of a network of package models: a
// ResNet with torchvision's names, also as the children of a Sequential ("0", "1",
// "4" to "7"), a ViT with timm's names or torchvision's, or a ResNet-9. It may lie under any prefix, such as
// "module.encoder_q.", if there is one only; [Options].Prefix says which if there are
// several. Depth, width, stem and image size are inferred from the shapes, see
// [models.InferConfig]. Classifiers, projectors and what else is beside the network
// are left out, and Notes say so. Every weight of the network must be there, and
// none may be left that could change its features.
//
// # Use
//
// Network is in evaluation mode and has Forward, which is all that packages mem and
// eval ask of an encoder. It has more where the file has: that of weights is a
// [models.Backbone] with layers and parameters. So hand on the field Network, which
// those packages look at, and not the *Encoder.
package encoders
