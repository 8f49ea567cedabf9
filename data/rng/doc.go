// Package rng gives random numbers that are found by name and not by turn.
//
// A training run asks for randomness in many places: the order of the
// images, the crop of image 17 in epoch 3, the first weights of a layer. If
// all of them drew from one generator, the numbers of each would depend on
// what was drawn before, and so on the batch size, the number of workers and
// the point at which a stopped run was taken up again. Here every place has a
// stream of its own, fixed by a seed and a path of integers:
//
//	r := rng.New(seed, rng.Word("augment"), epoch, view, index)
//
// The same seed and path give the same stream in any order, in any thread and
// on any machine. Different paths give streams that are independent for every
// practical purpose, even if they differ in one bit or only in length.
//
// # Choosing paths
//
// The first word of a path says whose stream it is, so that two packages
// never share one by accident; [Word] makes such a word of a name. The other
// words say where in the run one is. A path of (a, b) has nothing to do with
// one of (b, a), nor with (a) or (a, b, 0).
//
// [Sub] derives a seed for something that wants one number, such as a second
// run, or a generator of another library.
//
// # How it works
//
// Seed and path are hashed to 128 bits, which become the state of a PCG-DXSM
// generator of math/rand/v2. The hash has two lanes of 64 bits. Lane one
// absorbs a word with the finaliser of SplitMix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", OOPSLA 2014; constants of
// David Stafford's variant 13), lane two with that of MurmurHash3; both are
// bijections in which every input bit reaches every output bit. Golden values
// in the tests keep the streams the same in every version of this module.
//
// None of this is meant for secrets.
package rng
