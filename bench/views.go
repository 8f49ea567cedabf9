package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sslmem/data"
	"sslmem/data/atomicfile"
	"sslmem/data/rng"
)

// A viewCase is views of one size to be made from images in memory.
type viewCase struct {
	title  string
	recipe string // of package augment
	size   int    // of the views
	batch  int
	h, w   int // of the images
}

// viewCases lists the views of part data: SimCLR's for small images, and for
// photographs with blur.
func viewCases() []viewCase {
	return []viewCase{
		{"SimCLR views of 3×32×32", "simclr-cifar", 32, 256, 32, 32},
		{"SimCLR views of 3×224×224 from 375×500", "simclr-224", 224, 32, 375, 500},
	}
}

// The sides of part data beside sslmem, all but the first of Python.
const (
	referenceName = "Go reference"
	pilName       = "torchvision PIL"
	v2Name        = "torchvision v2"
	korniaName    = "kornia"
	loaderName    = "DataLoader"
)

// Mean and deviation that all sides of part data normalise with.
var (
	viewMean = []float32{0.5, 0.5, 0.5}
	viewStd  = []float32{0.25, 0.25, 0.25}
)

// viewTurn is how long a turn of sslmem takes. Others take many times as long.
const viewTurn = 40 * time.Millisecond

// viewTolerance is by how much the mean of a batch of normalised, random views
// may differ: three standard errors of the smaller batches.
const viewTolerance = 0.6

// data measures the making of views on one core and on all that may be used,
// and of batches from a folder of JPEGs.
func (b *bench) data() ([]comparison, error) {
	var all []comparison
	counts := []int{1}
	if b.threads > 1 {
		counts = append(counts, b.threads)
	}
	for _, c := range viewCases() {
		for _, threads := range counts {
			args := []string{strconv.Itoa(c.size), strconv.Itoa(c.batch), strconv.Itoa(c.h), strconv.Itoa(c.w)}
			rivals := []starter{named(ours(threads, "views", append([]string{"reference", c.recipe}, args...)...), referenceName)}
			for _, kind := range [][2]string{{pilName, "pil"}, {v2Name, "v2"}, {korniaName, "kornia"}} {
				rivals = append(rivals, named(python(threads, "views.py", append([]string{kind[1]}, args...)...), kind[0]))
			}
			result, err := b.views(c.title, c.batch, threads, ours(threads, "views", append([]string{"fused", c.recipe}, args...)...), rivals)
			if err != nil {
				return nil, err
			}
			all = append(all, result)
		}
	}
	folder := filepath.Join(b.dir, "photographs")
	if err := writePhotographs(folder); err != nil {
		return nil, err
	}
	size, batch := "224", "32"
	result, err := b.views("224×224 crops from JPEGs of 375×500", photographs, b.threads,
		ours(b.threads, "folder", size, batch, folder), []starter{named(python(b.threads, "views.py", "folder", size, batch, folder), loaderName)})
	if err != nil {
		return nil, err
	}
	return append(all, result), nil
}

func named(s starter, name string) starter {
	s.name = name
	return s
}

// views compares sides that make perTurn views at a time. A rival that does
// not start, for want of its library, is left out.
func (b *bench) views(title string, perTurn, threads int, us starter, rivals []starter) (comparison, error) {
	measuring(fmt.Sprintf("%s, %d threads", title, threads))
	m, err := b.match(us)
	if err != nil {
		return comparison{}, err
	}
	defer func() { m.stop() }()
	for _, rival := range rivals {
		if b.absent[rival.name] != nil {
			continue
		}
		p, err := rival.start()
		if err != nil {
			b.absent[rival.name] = err
			fmt.Printf("Not compared with %s: %v\n", rival.name, err)
			continue
		}
		m = append(m, p)
	}
	if err := m.check("views", 2, viewTolerance); err != nil {
		return comparison{}, err
	}
	result, err := m.run("views", b.rounds, viewTurn)
	result.What, result.Unit, result.Threads = title, "views/s", threads
	result.PerTurn *= perTurn
	return result, err
}

// viewImages are n images of waves and noise; the twin of pytorch/views.py.
func viewImages(n, h, w int) *data.Dataset {
	d := &data.Dataset{Name: "waves", C: 3, H: h, W: w, Pixels: make([]uint8, n*3*h*w)}
	r := rng.New(seed, rng.Word("bench: images"))
	for i := range d.Pixels {
		d.Pixels[i] = viewPixel(i/(3*h*w), i/(h*w)%3, i/w%h, i%w, r.IntN(60)-30)
	}
	return d
}

// photographs is how many JPEGs part data reads.
const photographs = 256

// writePhotographs makes a folder with one class of JPEGs of quality 90.
func writePhotographs(folder string) error {
	class := filepath.Join(folder, "class")
	if err := os.MkdirAll(class, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of JPEGs: %w", err)
	}
	const h, w = 375, 500
	r := rng.New(seed, rng.Word("bench: photographs"))
	for i := range photographs {
		m := image.NewRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				noise := r.IntN(30) - 15
				m.SetRGBA(x, y, color.RGBA{viewPixel(i, 0, y, x, noise), viewPixel(i, 1, y, x, noise), viewPixel(i, 2, y, x, noise), 255})
			}
		}
		err := atomicfile.Write(filepath.Join(class, fmt.Sprintf("%03d.jpg", i)), func(out io.Writer) error {
			return jpeg.Encode(out, m, &jpeg.Options{Quality: 90})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// viewPixel is a pixel of image i, channel c.
func viewPixel(i, c, y, x, noise int) uint8 {
	v := 127 + 80*math.Sin(float64(x)/float64(9+c)+float64(i))*math.Cos(float64(y)/float64(11-c)) + float64(noise)
	return uint8(min(255, max(0, v)))
}
