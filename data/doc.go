// Package data holds images in memory, reads them from files and divides them
// into the sets of a memorization experiment.
//
// # Images
//
// A [Dataset] is N images of one size as bytes, with labels if there are any.
// It is filled by hand or comes from one of
//
//   - [FashionMNIST], 7,000 real images that the module carries,
//   - [OpenFolder], the four files in which MNIST and its kin are published,
//   - [ReadIDX], any pair of IDX files,
//   - [Open], whatever path a user gave.
//
// Files are checked before memory is taken for them; what is wrong is reported
// as a [FormatError] with file and byte.
//
// # Splits
//
// [Draw] draws four disjoint sets of images from sizes and a seed, and the
// methods [Splits.F] and [Splits.G] say what each of the two encoders of the
// SSLMem definition is trained on:
//
//	splits, err := data.Draw(train.Len(), data.SplitSizes{Shared: 400, Candidate: 400, Independent: 400, External: 400}, 1)
//	f := train.Subset(splits.F())
//
// [Splits.Save] keeps them with a run, so that scores can be computed, and
// checked, long after the training. A point's memorization is measured against
// everything that stays in the training set when it is left out. So a near
// copy of a candidate in the shared set hides that it was memorized, and an
// exact copy hides it altogether.
//
// # Beside this package
//
// Package data/augment makes batches of augmented views of a Dataset. Package
// data/rng gives the keyed random numbers that both rest on, and
// data/atomicfile writes files that are complete or absent. All of them are
// pure Go and need no libtorch.
package data
