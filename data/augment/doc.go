// Package augment makes augmented views of images, whole batches at once.
//
// Contrastive and other self-supervised methods train on random views of each
// image, and SSLMem measures how well an encoder aligns such views. A [Recipe]
// says how views are drawn, with the meaning that its steps have in torchvision.
//
//	r, err := augment.Lookup("simclr-cifar")
//	r = r.Fit(train)
//	x := make([]float32, len(idx)*train.C*r.Size*r.Size)
//	err = r.Batch(x, train, idx, augment.Key{Seed: 1, Epoch: 3, View: 0}, 0)
//
// # Steps
//
// A view is made by these steps, each of which a recipe may leave out: a random
// crop, resized by bilinear or bicubic interpolation; flips; brightness,
// contrast, saturation and hue in random order; grey; Gaussian blur; solarize;
// inversion; normalisation. That is their order in all published recipes.
//
// # Recipes and sets
//
// [Names] lists the recipes that have a name, [Lookup] returns one, and
// docs/augmentations.md has them in a table. A method whose views differ, such
// as BYOL with its asymmetric pair or DINO with its small local crops, has a
// [Set] with a recipe for each view; [LookupSet] knows these and the pairs of
// two equal views. Masked autoencoders add a [Mask], the random order of the
// patches of a view.
//
// # Randomness
//
// The view of an image depends on the recipe, the image and (Seed, Epoch,
// View, index of the image) alone. So batch size, order of the images and
// number of workers change nothing, an interrupted run goes on with the views
// that it would have had, and two encoders can be shown the very same views.
// [Recipe.Draw] returns the parameters of a view and [Recipe.Apply] applies
// parameters, so that a view can be shown, changed or compared. To change one
// step of a recipe leaves the parameters of all others what they were.
//
// Draws are bit for bit the same in every version on one kind of processor. On
// another kind, fused multiplication and the last bit of exp may differ, which
// moves pixels by a rounding error and, very rarely, a crop by a pixel.
//
// # Arithmetic
//
// Everything is computed in float32 on intensities in [0, 1], from the bytes
// to the result, with no rounding to bytes in between. The formulas are those
// of torchvision.transforms.v2.functional on float tensors: the tests compare
// with stored outputs of torchvision, to 1e-5 or 0.003 8-bit steps. Pipelines
// on bytes and PIL images round after each step and so differ by up to a few
// steps. The distributions of the parameters and the mean and variance of a
// whole pipeline are compared too.
//
// Pixel centres lie at half-integers (align_corners=False). The crop looks at
// no pixel outside of it, and is antialiased where it shrinks: then the filter
// is as wide as the scale, as in torchvision's resized_crop with antialias=True.
// A bicubic crop is clamped to [0, 1], as torchvision does with bytes.
//
// # Three engines
//
// This package is pure Go and the reference. Package data/augment/fused does
// the same in C with vector instructions, in one pass over each image and with
// the same bits, and is what training and scoring use. Package
// data/augment/device does it with tensor operations on the device where the
// images lie. All draw the same parameters.
package augment
