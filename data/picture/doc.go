// Package picture decodes image files to what Python's Pillow makes of them.
//
// [Decode] reads JPEG, PNG, WebP and BMP, recognised by their content, and
// converts them as Image.open(f).convert("RGB") does, which is torchvision's way:
// grey becomes three equal channels, CMYK is converted by Pillow's formula,
// alpha and colour profiles are dropped, colours of 16 bits are cut to 8 (greys of
// 16 bits are cut off at 255, as Pillow does), and the orientation that a camera noted is left alone unless it is asked for.
//
// # How near to Pillow
//
// PNG, BMP and lossless WebP are equal to the bit, and so is lossy WebP. Of a
// JPEG, what was coded is decoded by libjpeg-turbo where the machine has it, see
// package turbo, and then equals Pillow's to the bit. CMYK, what
// libjpeg-turbo finds anything wrong with, and all JPEGs of other machines or with SSLMEM_JPEG=go
// in the environment are decoded by Go's image/jpeg; the
// chroma is then brought to full size and converted to RGB with the filter and
// the integers of libjpeg, where Go alone would repeat the nearest value. What is
// left is how the inverse cosine transform rounds: over the files of the tests, of
// every kind of sampling, at most 3 steps of 255 in one channel and .04 in the mean,
// against 65 and 2.7 of Go's own conversion. TestPillow holds these bounds.
//
// [ResizeCrop] resizes as Pillow does, to the bit.
//
// # Hostile files
//
// No file makes a decoder panic, and the size that a header announces is held
// against limits before memory is taken for it.
package picture
