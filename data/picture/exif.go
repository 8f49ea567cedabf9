package picture

import (
	"bytes"
	"encoding/binary"
)

// exifOrientation returns the orientation that the EXIF data of a JPEG notes, 1
// to 8, and 1 if there is none or it is damaged.
func exifOrientation(jpeg []byte) int {
	for b := jpeg[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker, n := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if marker == 0xff { // fill byte
			b = b[1:]
			continue
		}
		if marker == 0xda || n < 2 || n+2 > len(b) {
			break
		}
		if tiff, ok := bytes.CutPrefix(b[4:n+2], []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			return tiffOrientation(tiff)
		}
		b = b[n+2:]
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	entries := b[at+2:]
	for n := order.Uint16(b[at:]); n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if order.Uint16(entries) == 0x0112 {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}

// turn brings a picture that was stored with the given orientation upright.
func turn(m *Image, orientation int) {
	if orientation <= 1 {
		return
	}
	h, w := m.H, m.W
	if orientation >= 5 {
		h, w = w, h
	}
	out := make([]uint8, len(m.Pixels))
	for c := range m.C {
		for y := range h {
			for x := range w {
				sx, sy := x, y
				if orientation >= 5 {
					sx, sy = y, x
				}
				switch orientation {
				case 2, 3, 7, 8:
					sx = m.W - 1 - sx
				}
				switch orientation {
				case 3, 4, 6, 7:
					sy = m.H - 1 - sy
				}
				out[(c*h+y)*w+x] = m.Pixels[(c*m.H+sy)*m.W+sx]
			}
		}
	}
	m.H, m.W, m.Pixels = h, w, out
}
