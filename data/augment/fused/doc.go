// Package fused makes the views of package data/augment quickly: one pass in C
// from the bytes of an image to the normalised view, with the vector
// instructions of the processor.
//
//	err := fused.Batch(x, r, d, idx, augment.Key{Seed: 1, Epoch: 3}, fused.Layout{ChannelsLast: true}, 0)
//
// The result is that of [augment.Recipe.Batch], with the same parameters, and
// as a rule the same bits: the C code does the same float32 operations in the
// same order and never fuses a multiplication with an addition, whether it was
// compiled for SSE2, AVX2 or AVX-512. On processors where the Go compiler
// fuses, such as arm64, the two differ by rounding, at most 1e-5. Package
// data/augment stays the reference that is compared with torchvision.
//
// Beside float32 [N, C, H, W] a batch can be written with the channels last,
// as convolutions want it, and as bfloat16, rounded to the nearest.
//
// The C code needs no library and starts no threads. Views are divided among
// goroutines, which call it for some views at a time; everything it works with
// is memory of Go that is used again.
package fused
