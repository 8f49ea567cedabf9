// Package device makes the views of package data/augment with tensor
// operations, on whatever device the images lie: for data sets that are small
// enough to stay on a GPU as bytes, where drawing views costs no transfer but
// the parameters.
//
//	images, err := device.New(torch.Root, d, torch.CUDA(0))
//	x, err := images.Batch(s, r, idx, augment.Key{Seed: 1, Epoch: 3})  // float32 [N, C, Size, Size] there
//
// The parameters are drawn as by all engines and are equal. The result is that
// of [augment.Recipe.Batch] within 1e-5 of the intensity before normalisation,
// on the CPU in the tests; what differs is the order of additions.
//
// Everything is done for the whole batch at once. The crop is two products
// with matrices of weights that are computed there from four numbers an image.
// The colour steps act in the order of each image: brightness, contrast and
// saturation all blend an image with another one, black, its mean grey and its
// grey, so one operation with factors for each image does any of the three; it
// is repeated up to three times before the one turn of all hues and three times
// after. The blur is a convolution with a kernel for each image.
//
// On a CPU package data/augment/fused is many times faster, which is why
// training takes this one only where it is told to.
package device
