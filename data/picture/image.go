package picture

// Image is one image as bytes.
type Image struct {
	C, H, W int // channels (1 or 3), height and width in pixels

	// Pixels has shape [C, H, W], rows from top to bottom; 0 is black. Channels
	// are red, green, blue where C is 3.
	Pixels []uint8
}

// Resize gives m a shape and makes room for it, and keeps memory that it has.
// The content is undefined afterwards.
func (m *Image) Resize(c, h, w int) {
	n := c * h * w
	if cap(m.Pixels) < n {
		m.Pixels = make([]uint8, n)
	}
	m.C, m.H, m.W, m.Pixels = c, h, w, m.Pixels[:n]
}
