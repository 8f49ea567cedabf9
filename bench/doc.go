// Command bench measures sslmem beside PyTorch for Python on the same libtorch,
// and single operations also beside C++ and gotorch.
//
//	./build.sh bench [flags] [part …]
//
// The parts, all but the last if none is named:
//
//   - train: one step of SimCLR, from a batch in host memory to changed weights,
//     with a ResNet-18 for small images and with a small ResNet-9.
//
//   - memory: the resident memory of a training that goes on for 3,000 steps.
//
//   - scope: the peak memory and the time of 1,500 sums of 4 MB in a scope that
//     is closed after every 10.
//
//   - ops: the time of single operations and of a chain with its derivatives.
//
//   - data: views of SimCLR at 32 and 224 pixels on one core and on all that
//     may be used, beside the Go reference, torchvision on PIL images and on
//     tensors, and kornia; and batches from a folder of JPEGs beside a DataLoader
//     with as many workers as sslmem has threads.
//
//   - score: SSLMem of points by 10 views each, views included, with two ResNet-18
//     and two of the demo's encoders, beside three PyTorch scripts: one view of one
//     image at a time, as published code does; a DataLoader and large batches; and
//     that with torch.compile and frozen weights. And how many views each rule for
//     pairs of views needs for the same standard error.
//
//   - learn: what each method teaches a small encoder on 6,000 images, over three
//     seeds, beside the encoder as it was drawn. It compares no times and takes a
//     quarter of an hour.
//
// The parts scope and ops have four sides: sslmem; C++, which calls libtorch
// with nothing in between (bench/cpp); PyTorch (bench/pytorch); and gotorch
// (bench/gotorch), whose results are freed by a collection as often as a scope
// is closed here. The time of a call beyond the same call in C++ is what a
// binding costs.
//
// # How it measures
//
// Each side is a process of its own that has loaded everything and warmed up
// before the first measurement. It reads lines "what n" from its standard
// input, does the thing n times and answers with a number: a loss or a
// checksum. All sides get the same weights and the same input, and their
// answers must agree before anything is timed. The views of part data are
// random, so that only their mean can agree.
//
// The sides then take turns, in the order AB BA AB …, so that whatever else the
// machine does meets all. One clock, that of this process, times them.
// Printed are the median over the rounds, the range from the first to the
// third quartile, and the median of the rounds' own ratios: how many times
// longer than sslmem the side takes, so that above 1 sslmem is faster.
//
// PyTorch is measured as a script that nobody tuned further than its own
// options go. One difference is malloc, which is told to keep its pages in
// sslmem; in a Python process it gives large blocks back to the kernel and has
// them faulted in again. To see what else differs, set it for all sides alike:
//
//	MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483647 \
//	MALLOC_TOP_PAD_=67108864 ./build.sh bench
//
// Timings are never a reason to fail. The exit status is 1 only if a part
// could not run. A program that is missing, or has another version of libtorch,
// is left out, and the reason is printed.
package main
