//go:build cgo && unix

package turbo

/*
#cgo CFLAGS: -O3
#cgo linux LDFLAGS: -ldl
#cgo noescape turbo_decode
#cgo nocallback turbo_decode
#include <stdlib.h>
#include "turbo.h"
*/
import "C"

import (
	"os"
	"sync"
	"unsafe"
)

// names are the files that are tried.
var names = []string{"libturbojpeg.so.0", "libturbojpeg.so", "libturbojpeg.0.dylib"}

// library is the name that the library was opened by, "" if there is none.
var library = sync.OnceValue(func() string {
	try := names
	if name := os.Getenv("SSLMEM_JPEG"); name == "go" {
		return ""
	} else if name != "" {
		try = []string{name}
	}
	for _, name := range try {
		s := C.CString(name)
		found := C.turbo_open(s)
		C.free(unsafe.Pointer(s))
		if found == 1 {
			return name
		}
	}
	return ""
})

// Library returns the name by which the library was opened, "" if it is not used.
func Library() string { return library() }

// rows holds memory for pixels in the library's order.
var rows = sync.Pool{New: func() any { return new([]uint8) }}

// Decode decodes content, a whole JPEG of w×h pixels, to red, green and blue
// in planes, [3, h, w], and reports whether it did. It does not if there is no
// library or the library finds the least thing wrong; then the content of planes
// is undefined. Decode panics if planes has another length.
func Decode(content []byte, w, h int, planes []uint8) bool {
	if len(planes) != 3*w*h || w < 1 || h < 1 {
		panic("turbo: planes do not have the size of the picture")
	}
	if Library() == "" || len(content) == 0 {
		return false
	}
	rgb := rows.Get().(*[]uint8)
	defer rows.Put(rgb)
	if cap(*rgb) < len(planes) {
		*rgb = make([]uint8, len(planes))
	}
	return C.turbo_decode((*C.uint8_t)(unsafe.SliceData(content)), C.int64_t(len(content)), C.int32_t(w), C.int32_t(h),
		(*C.uint8_t)(unsafe.SliceData(*rgb)), (*C.uint8_t)(unsafe.SliceData(planes))) == 1
}
