// Package data opens data sets of images, in memory or as files that are decoded
// when they are asked for, says in which order a training sees them, and divides
// them into the sets of a memorization experiment.
//
// # Opening
//
// [Open] takes what a user gave, the name of a data set or a path, and recognises
// the format from the names and the content of the files:
//
//	train, test, err := data.Open("cifar10")
//	train, test, err := data.Open("/data/stl10_binary.tar.gz#fold3")
//
// It reads CIFAR-10 and CIFAR-100 (binary and python), SVHN, STL-10, MNIST and its
// kin, EMNIST, NumPy arrays, folders and archives of images and WebDataset
// shards, from folders, .tar, .tar.gz, .zip and .gz alike. Pixels, labels and
// order are those that torchvision gives for the same files. What is open to
// choice there is so too: EMNIST stays as it is published, with rows and columns
// exchanged, and pictures are not turned as their camera noted unless
// [Files.Orient] says so.
//
// The [Catalogue] knows where the public ones come from; package data/fetch and
// "sslmem data get" bring them. [FashionMNIST] is carried by the module, 7,000 real
// images that need no file and no network.
//
// # In memory or not
//
// A [Dataset] is N images of one size as bytes, with labels if there are any. It
// suits everything up to some gigabytes. A [Lazy] decodes the images of a Source each
// time they are needed. Both are [Images], which is what trainings and scores take;
// package data/views makes batches of views of them.
//
// A [Source] is what all kinds have in common: a length, labels and a method that
// decodes one image. [OpenSet] gives Sources without reading more than it must:
// for image files a *[Files], whose index takes 31 bytes an image (40 MB for all of
// ImageNet), for the 100,000 unlabelled images of an unpacked STL-10 a *[Records],
// which reads them where they lie. [Load] makes a Dataset of a Source, and brings
// pictures of many sizes to one:
//
//	set, err := data.OpenSet("imagenette-160")
//	train, err := data.Load(set.Train, 128)
//
// # Order, machines and going on
//
// A [Sampler] tells which images a step sees. It is a function of the seed and the
// number of the step, so a run goes on at any step as if it had never stopped, and
// many machines share an epoch without a word. A [Loader] decodes the batches of
// a Sampler ahead of their use on all cores, in memory that is bounded.
//
// # What is wrong with a file
//
// Every file is taken for damaged until it was read. Sizes that a header announces
// are held against the size of the file before memory is taken for them; archives
// are read to the checksum at their end; labels must have a class, and batches
// must be complete. What is wrong is a [FormatError] with file and byte, and never a
// panic or an image that is passed over. The readers are fuzzed. What no reader can
// see, a changed pixel in a file without a checksum, "sslmem data verify" finds
// by the MD5 sums that the authors publish.
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
// checked, long after the training. [LoadSets] reads such files of other programs,
// and [LoadIndices] one list of images, as text, CSV, JSON or .npy. A point's memorization is measured against
// everything that stays in the training set when it is left out. So a near
// copy of a candidate in the shared set hides that it was memorized, and an
// exact copy hides it altogether.
//
// # Beside this package
//
// Package data/augment makes batches of augmented views of a Dataset,
// data/picture decodes image files as Pillow does, data/format reads pickles and
// arrays, data/tree sees folders and archives alike, data/fetch downloads.
// Package data/rng gives the keyed random numbers that all rest on, and
// data/atomicfile writes files that are complete or absent. All of them are
// pure Go and need no libtorch.
package data
