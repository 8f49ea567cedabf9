// Package ssl trains encoders without labels.
//
// # Methods
//
// A method is a [Trainer]: it says how many views of an image it needs, turns
// a batch of views into a loss and does its own bookkeeping after a step. A
// [Recipe] is the data that describes a training; it lives in a settings file
// of the run, and [New] builds the Trainer that it names. There is one method
// so far, [SimCLR], whose loss is [NTXent].
//
// # The loop
//
// [Loop] drives any method: it draws the order of the images and their views,
// prepares batches while the last one computes, schedules the learning rate,
// reports progress and writes checkpoints. It returns the Trainer, whose
// Encoder is what one keeps:
//
//	trainer, err := loop.Run(ctx)
//	if err != nil { … }
//	defer ssl.Free(trainer)
//
// Images are in memory or decoded as they are needed, see [data.Images]: the
// networks are the same to the bit.
//
// What a step computes lives in one scope, so that memory stays flat.
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
// # Randomness
//
// The weights at the start, the order of an epoch and the views of an image
// come from streams keyed by the seed and the position (epoch, image, view).
// They do not depend on threads, on the batch size or on where a run was
// stopped: a run that is resumed from a checkpoint is, on a CPU with the same
// number of threads, bit for bit the run that was never stopped. With another
// number of threads libtorch adds in another order, and the runs differ by the
// rounding of float32.
package ssl
