// Package ssl trains encoders without labels.
//
// # Methods
//
// A method is a [Trainer]: it turns a batch of views into a loss and does its own
// bookkeeping after a step. Its file registers a [Method], which says how many
// views of an image it needs, where it was published and which [Options] only it
// has; [Methods] lists them all. A [Recipe] is the data that describes a
// training; it lives in a settings file of the run, and [New] builds the Trainer
// that it names. Package recipes holds recipes that have a name, and
// docs/adding-a-method.md adds a method.
//
//   - [SimCLR]: each view against all others of the batch
//   - [AlignUniform]: the same, as two terms
//   - [BYOL]: one view predicts the other's projection by a teacher
//   - [SimSiam]: the same without a teacher, with a stopped gradient
//   - [MoCoV2]: a view against the keys of past batches, which wait in a queue
//   - [MoCoV3]: a view against the keys of its batch, behind a predictor
//   - [DINO]: local and global views against what a teacher sees in the global ones, as distributions over prototypes
//   - [MAE]: a decoder predicts the patches that the encoder did not see
//   - [MAELimiter]: MAE that is kept from aligning two views
//   - [VICReg]: views agree, dimensions vary and do not tell of each other
//   - [BarlowTwins]: the dimensions of one view correlate with those of the other as the identity
//   - [Supervised]: labels, for comparison
//
// # The loop
//
// An [Engine] takes the steps of any method: the forward pass in the precision of
// the recipe, backward, clipping, the optimizer with what its [Optimizer] says of
// learning rates and weight decay, and what the method does afterwards. [Loop]
// drives it: it draws the order of the images and their views, prepares batches
// while the last one computes, reports progress and writes checkpoints. It returns the Trainer, whose
// Encoder is what one keeps:
//
//	trainer, err := loop.Run(ctx)
//	if err != nil { … }
//	defer ssl.Free(trainer)
//
// Images are in memory or decoded as they are needed, see [data.Images]: the
// networks are the same to the bit.
//
// All that changes over a training, such as the momentum of a teacher, is a
// function of the [Clock]. What a step computes lives in one scope, so that memory stays flat.
//
// # Precision
//
// With precision "bf16" or "fp16" the forward pass computes in half precision where
// that is safe; weights, gradients and what the optimizer keeps stay float32. In float16
// the loss is scaled, and a step whose gradients overflow is left out; the scale is part of
// checkpoints. Images and weights lie in memory with their channels last, which is faster.
// Where a device has no instructions for a precision, Warn is told so.
//
// A batch that does not fit may be computed in parts ("accumulate"): gradients are those of
// the whole batch, but batch norm sees one part at a time. Methods whose loss compares the
// images of a batch refuse it.
//
// # Checkpoints
//
// A checkpoint is a safetensors file with everything that the next step depends
// on: weights, statistics of batch norm, moments of the optimizer and the
// position. It appears complete or not at all. The last two are kept, so that a
// file which the machine tore when it crashed costs one interval and no more.
// When the context ends, the step at hand is finished and a checkpoint written.
// A checkpoint of another recipe, seed or set of images is refused.
//
// # When numbers go wrong
//
// No step waits for the device: what it measures stays there and is read at the end
// of an epoch, every 50 steps and before a checkpoint. A loss that is then found to be
// infinite or NaN ends the run with a [*Diverged], which names the step and the likely
// cause; a checkpoint holds finite weights or is not written. Beside the checkpoints
// there is a dump, which copies the newest of them and names the step and its images:
// [Replay] goes from there to that step again and shows which weights or gradients
// were not finite.
//
// The networks may also come to give the same output for all images, which lowers the
// loss of some methods and teaches nothing. After each epoch [Loop] tells Warn the signs
// of it, each with the likely cause and what to change: the outputs of a batch are spread
// less than a tenth of what would be even; the loss is that of networks that have
// collapsed, which the method knows (see [Collapser]); the rank of the features, if
// somebody measures it ([Loop.ObserveRank]), has fallen to almost nothing.
//
// A training that runs out of memory names a batch that fits, and where a batch may be
// computed in parts, into how many: [EstimateStep] measures small batches and takes
// memory to grow from there in proportion.
//
// # Randomness
//
// The weights at the start, the order of an epoch and the views of an image
// come from streams keyed by the seed and the position (epoch, image, view).
// They do not depend on threads, on the batch size or on where a run was
// stopped: a run that is resumed from a checkpoint is, on a CPU with the same
// number of threads, bit for bit the run that was never stopped. With another
// number of threads libtorch adds in another order, and the runs differ by the
// rounding of float32. On a GPU that takes Loop.Deterministic, which costs speed.
package ssl
