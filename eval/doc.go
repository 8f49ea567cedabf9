// Package eval tells how good the features of an encoder are.
//
// # Features
//
// [Features] shows the images of a data set to an encoder, whole and without
// augmentation, and returns a [Set]: the features with the labels. Everything
// else works on sets, so that an encoder looks at each image once:
//
//	recipe, err := views.Fit(recipe, trainImages) // as in training
//	o := eval.FeatureOptions{Augment: recipe, BatchSize: 256, Device: device}
//	train, err := eval.Features(ctx, scope, encoder, trainImages, o)
//	test, err := eval.Features(ctx, scope, encoder, testImages, o)
//
// The encoder is in evaluation mode meanwhile and afterwards as it was, so this
// may happen in the middle of a training.
//
// # Nearest neighbors
//
// [KNN] classifies each test image by the classes of the nearest training
// images. It has nothing to tune, takes seconds and so suits the time during a
// training:
//
//	o, err := eval.KNNConvention("lightly")
//	result, err := eval.KNN(ctx, train, test, o)
//
// Published figures differ in number, distance and weights of the neighbors, and
// each of these changes the accuracy. All of them are in [KNNOptions], and
// [KNNConvention] has what other libraries use. State them with every figure.
//
// Methods that reconstruct, such as MAE, have features whose distances mean
// little; judge them by a classifier that is trained.
//
// # Linear probes
//
// [LinearProbe] trains a linear classifier on the training set, whose features
// stay as they are:
//
//	o := eval.ProbeOptions{Method: "lbfgs", WeightDecay: 1e-3, Standardize: true}
//	result, err := eval.LinearProbe(ctx, train, test, o)
//
// With L-BFGS it is the optimum of a convex problem: it depends on the weight
// decay and on nothing that is drawn. Standardized features take it there in a
// fraction of the iterations. SGD and LARS stop after some epochs, as the
// protocols of publications do, and depend on every option a little. Choose
// the options on a part of the training set, not on the test set.
//
// # Fine-tuning
//
// [FineTune] trains the encoder itself together with a classifier, on augmented
// views of labelled images, and puts it back afterwards:
//
//	o := eval.FineTuneOptions{Augment: recipe, Optimizer: "adamw", LR: 1e-3, Epochs: 20, BatchSize: 64}
//	result, err := eval.FineTune(ctx, encoder, trainImages, testImages, o)
//
// There is one learning rate for all layers.
//
// # Pixels
//
// [SegmentationProbe] classifies pixels by the maps of features at their place, for
// tasks that are dense:
//
//	result, err := eval.SegmentationProbe(ctx, train, test, o) // DenseSets
//
// # Results
//
// A [Result] has the accuracies with a confidence interval and those of each
// class. The interval is about the choice of test images and knows nothing of how
// encoders of other seeds differ: compare methods over several seeds.
//
// # Without labels
//
// [RankMe] says how many directions features use. Within one method and one
// data set it goes along with accuracy, without any label. [Spread] is close to
// 1/√D for features in all directions, and falls to zero in a training that
// collapses.
//
// # Errors
//
// Sets that cannot be used are errors which say why: without images, without
// labels, of one class only, with features that are not finite, of other
// dimensions than each other. Nothing is left over after an error.
package eval
