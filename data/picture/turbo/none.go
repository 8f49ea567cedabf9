//go:build !cgo || !unix

package turbo

// Library returns "": this program was built without C.
func Library() string { return "" }

// Decode returns false: this program was built without C.
func Decode(content []byte, w, h int, planes []uint8) bool { return false }
