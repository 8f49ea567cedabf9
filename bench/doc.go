// Command bench measures sslmem beside PyTorch for Python on the same libtorch.
//
//	./build.sh bench [flags] [part …]
//
// The parts, all of them if none is named:
//
//   - train: one step of SimCLR, from a batch in host memory to changed weights,
//     with a ResNet-18 for small images and with a small ResNet-9.
//   - memory: the resident memory of a training that goes on for 3,000 steps.
//   - scope: the peak memory and the time of 1,500 sums of 4 MB in a scope that
//     is closed after every 10.
//   - ops: the time of single operations and of a chain with its derivatives.
//
// # How it measures
//
// Each side is a process of its own that has loaded everything and warmed up
// before the first measurement. It reads lines "what n" from its standard
// input, does the thing n times and answers with a number: a loss or a
// checksum. Both sides get the same weights and the same input from one file,
// and their answers must agree before anything is timed.
//
// The two then take turns, in the order AB BA AB …, so that whatever else the
// machine does meets both. One clock, that of this process, times both.
// Printed are the median over the rounds, the range from the first to the
// third quartile, and the median of the rounds' own ratios: above 1 means that
// sslmem is faster.
//
// PyTorch is measured as a script that nobody tuned further than its own
// options go. One difference is malloc, which is told to keep its pages in
// sslmem; in a Python process it gives large blocks back to the kernel and has
// them faulted in again. To see what else differs, set it for both sides alike:
//
//	MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483647 \
//	MALLOC_TOP_PAD_=67108864 ./build.sh bench
//
// Timings are never a reason to fail. The exit status is 1 only if a part
// could not run. Where PyTorch for Python is missing, or of another version,
// its column has dashes and the reason is printed.
package main
