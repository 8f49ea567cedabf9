// Package turbo decodes JPEGs with libjpeg-turbo where the machine has it.
//
// The library is opened at run time, so that nothing is needed to build the
// program: libturbojpeg.so.0, which Debian and Ubuntu have in the package
// libturbojpeg0 (in Ubuntu libturbojpeg). The environment variable
// SSLMEM_JPEG names another file to open, or is "go" to open none.
//
// Only the TurboJPEG functions are called, which return codes: the library's
// own jumps out of an error stay within it, and never cross a frame of Go.
// Each picture gets a decoder of its own, so that none depends on another.
package turbo
