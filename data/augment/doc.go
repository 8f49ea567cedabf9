// Package augment makes augmented views of images, whole batches at once.
//
// Contrastive and other self-supervised methods train on random views of each
// image, and SSLMem measures how well an encoder aligns such views. A [Recipe]
// says how views are drawn: a random resized crop, flips, colour jitter and
// greyscale, with the meaning that these have in torchvision.
//
//	r, err := augment.Lookup("simclr-cifar")
//	r = r.Fit(train)
//	x := make([]float32, len(idx)*train.C*r.Size*r.Size)
//	err = r.Batch(x, train, idx, augment.Key{Seed: 1, Epoch: 3, View: 0}, 0)
//
// # Randomness
//
// The view of an image depends on the recipe, the image and (Seed, Epoch,
// View, index of the image) alone. So batch size, order of the images and
// number of workers change nothing, an interrupted run goes on with the views
// that it would have had, and two encoders can be shown the very same views.
// [Recipe.Draw] returns the parameters of a view and [Recipe.Apply] applies
// parameters, so that a view can be shown, changed or compared.
//
// Draws are bit for bit the same in every version on one kind of processor. On
// another kind, fused multiplication and the last bit of exp may differ, which
// moves pixels by a rounding error and, very rarely, a crop by a pixel.
//
// # Arithmetic
//
// Everything is computed in float32 on intensities in [0, 1], from the bytes
// to the result, with no rounding to bytes in between. The formulas are those
// of torchvision.transforms.functional on float tensors: the tests compare
// with stored outputs of torchvision, to 1e-5. Pipelines on PIL images round
// to bytes after each step and so differ by up to a few 1/255.
//
// The crop is resized bilinearly with pixel centres at half-integers
// (align_corners=False), looks at no pixel outside the crop, and is
// antialiased where it shrinks: then the triangle filter is as wide as the
// scale, as in torchvision's resized_crop with antialias=True.
//
// # Cost
//
// The resize is separable with weights computed once a crop size, the flips
// cost nothing, and the greyscale path skips what does not act on one channel.
// A view allocates nothing. The benchmarks give the time a view.
package augment
