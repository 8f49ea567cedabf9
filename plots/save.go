package plots

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"sslmem/data/atomicfile"
)

// dpi is the resolution of PNG files, that of print.
const dpi = 300

// Save writes the figure to path as PNG (300 dpi) or SVG, by the extension, in
// either case. The file appears complete or not at all. Any other extension is an
// error, and so is whatever the file system refuses.
func (f *Figure) Save(path string) error {
	extension := strings.ToLower(filepath.Ext(path))
	encoded, err := f.Bytes(strings.TrimPrefix(extension, "."))
	if err != nil {
		return fmt.Errorf("plots: cannot save %s: %w", path, err)
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(encoded)
		return err
	})
	if err != nil {
		return fmt.Errorf("plots: cannot save the figure: %w", err)
	}
	return nil
}

// Bytes returns the figure as a file of the given format, "png" or "svg". The
// same figure gives the same bytes. An SVG can stand inline in an HTML page: it has
// no XML header, names its title and caption for screen readers, refers to nothing
// outside itself and holds no ids that could clash. Its text keeps its place and
// length in browsers that lack the font.
func (f *Figure) Bytes(format string) ([]byte, error) {
	switch format {
	case "png":
		return f.png(dpi)
	case "svg":
		return f.svg()
	}
	return nil, fmt.Errorf("there is no figure format %q; use png or svg", format)
}

// raster draws the figure at the given resolution in dots per inch.
func (f *Figure) raster(dpi int) image.Image {
	c := vgimg.NewWith(vgimg.UseWH(f.width, f.height()), vgimg.UseDPI(dpi))
	f.drawOn(draw.New(c))
	return c.Image()
}

// png encodes the figure as PNG that states its resolution.
func (f *Figure) png(dpi int) ([]byte, error) {
	var buf bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&buf, f.raster(dpi)); err != nil {
		return nil, fmt.Errorf("encoding PNG: %w", err)
	}
	// The chunk pHYs (PNG specification, 11.3.4.3) follows the header, whose
	// length is fixed: 8 bytes of signature and 25 of IHDR.
	const header = 8 + 25
	perMetre := uint32(float64(dpi)/0.0254 + 0.5)
	chunk := binary.BigEndian.AppendUint32(nil, 9)
	chunk = append(chunk, "pHYs"...)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1) // the unit is the metre
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	b := buf.Bytes()
	return append(b[:header:header], append(chunk, b[header:]...)...), nil
}

// Size returns the size of the figure on paper in millimetres.
func (f *Figure) Size() (width, height float64) {
	return float64(f.width / vg.Millimeter), float64(f.height() / vg.Millimeter)
}
