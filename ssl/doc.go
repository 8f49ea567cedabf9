// Package ssl trains encoders without labels.
//
// A method is a [Trainer]: it says how many views of an image it needs, turns
// a batch of views into a loss and does its own bookkeeping after a step.
// [Loop] drives any of them: it draws the order of the images and their views,
// prefetches batches, schedules the learning rate, reports progress and writes
// checkpoints. A [Recipe] is the data that both read; it has a name, lives in
// a TOML file of the run, and [New] builds the Trainer that it describes.
//
// # Randomness
//
// The weights at the start, the order of an epoch and the views of an image
// come from streams keyed by the seed and the position (epoch, image, view).
// Nothing depends on the batch size, on threads or on where a run was stopped:
// a run that is resumed from a checkpoint is, on the CPU, bit for bit the run
// that was never stopped.
package ssl
