package eval

import (
	"context"
	"fmt"

	"sslmem/torch"
)

// A DenseSet is maps of features, such as a layer gives them or the patches of a ViT,
// with the class of every pixel.
type DenseSet struct {
	X     *torch.Tensor // [N, D, h, w], float32 or float64; owned by whoever made it
	Masks []int         // [N·H·W], each a place in Names, or −1 for a pixel that does not count
	H, W  int           // of the images, in pixels
	Names []string      // of the classes
}

// SegmentationResult says how well pixels are told apart.
type SegmentationResult struct {
	// MIoU is the mean over classes of IoU, of those that any pixel has or is taken for.
	MIoU float64 `json:"miou"`
	// Accuracy is the share of pixels whose class is right.
	Accuracy float64    `json:"pixel_accuracy"`
	Pixels   int        `json:"pixels"` // that count
	PerClass []ClassIoU `json:"per_class"`
}

// ClassIoU is how well the pixels of one class are found.
type ClassIoU struct {
	Class int    `json:"class"`
	Name  string `json:"name"`
	// IoU is Both/Any: pixels that are of the class and taken for it, out of those that
	// are one of the two (intersection over union).
	IoU  float64 `json:"iou"`
	Both int     `json:"intersection"`
	Any  int     `json:"union"`
}

// SegmentationProbe trains a linear classifier of single positions of the training
// maps, as [LinearProbe] trains one of images, and classifies the pixels of the test
// images by it: probabilities are resized to the images bilinearly, and the highest
// counts. Of a training map, a position has the class of the pixel below its middle.
//
// A set that cannot be used is an error, as in [LinearProbe].
func SegmentationProbe(ctx context.Context, train, test DenseSet, o ProbeOptions) (SegmentationResult, error) {
	for _, set := range []struct {
		name string
		DenseSet
	}{{"training", train}, {"test", test}} {
		if err := set.check(set.name); err != nil {
			return SegmentationResult{}, err
		}
	}
	if len(train.Names) != len(test.Names) {
		return SegmentationResult{}, fmt.Errorf("eval: the training masks have %d classes and the test masks %d; they must mean the same", len(train.Names), len(test.Names))
	}
	var predicted []int
	var err error
	failed := torch.Try(func() { predicted, err = segment(ctx, train, test, o) })
	switch {
	case err != nil:
		return SegmentationResult{}, err
	case failed != nil:
		return SegmentationResult{}, fmt.Errorf("eval: segmentation: %w", failed)
	}
	return overlaps(predicted, test.Masks, test.Names)
}

func (d DenseSet) check(what string) error {
	if d.X == nil || d.X.Dim() != 4 {
		return fmt.Errorf("eval: segmentation needs %s maps [N, D, h, w]; take the output of a layer before its mean or maximum", what)
	}
	if n := d.X.Size(0); n < 1 || d.H < 1 || d.W < 1 || len(d.Masks) != n*d.H*d.W {
		return fmt.Errorf("eval: %d %s maps want masks of %d×%d pixels each, %d in all, not %d", n, what, d.H, d.W, n*d.H*d.W, len(d.Masks))
	}
	for i, c := range d.Masks {
		if c < -1 || c >= len(d.Names) {
			return fmt.Errorf("eval: pixel %d of %s mask %d is of class %d, but there are %d", i%(d.H*d.W), what, i/(d.H*d.W), c, len(d.Names))
		}
	}
	return nil
}

// positions are the classes of the positions of the maps.
func (d DenseSet) positions() []int {
	n, h, w := d.X.Size(0), d.X.Size(2), d.X.Size(3)
	classes := make([]int, 0, n*h*w)
	for i := range n {
		for y := range h {
			row := (i*d.H + (2*y+1)*d.H/(2*h)) * d.W
			for x := range w {
				classes = append(classes, d.Masks[row+(2*x+1)*d.W/(2*w)])
			}
		}
	}
	return classes
}

// rows returns the features of the positions, [N·h·w, D].
func (d DenseSet) rows(s *torch.Scope) *torch.Tensor {
	return s.Use(d.X).Permute([]int{0, 2, 3, 1}).Reshape([]int{-1, d.X.Size(1)})
}

// segment returns the class that each pixel of the test images is taken for.
func segment(ctx context.Context, train, test DenseSet, o ProbeOptions) ([]int, error) {
	s := torch.NewScope()
	defer s.Close()
	var keep []int64
	var labels []int
	for i, c := range train.positions() {
		if c >= 0 {
			keep, labels = append(keep, int64(i)), append(labels, c)
		}
	}
	if len(keep) == 0 {
		return nil, fmt.Errorf("eval: no position of the training maps has a class")
	}
	known := train.rows(s).IndexSelect(0, torch.FromSlice(s, keep).ToDevice(train.X.Device()))
	p, err := LinearProbabilities(ctx, Set{X: known, Labels: labels, Names: train.Names}, test.rows(s), o)
	if err != nil {
		return nil, err
	}
	h, w, classes := test.X.Size(2), test.X.Size(3), len(test.Names)
	var predicted []int
	for i := range test.X.Size(0) {
		s := torch.NewScope()
		flat := make([]float64, 0, h*w*classes)
		for _, row := range p[i*h*w : (i+1)*h*w] {
			flat = append(flat, row...)
		}
		maps := torch.FromSlice(s, flat, 1, h, w, classes).Permute([]int{0, 3, 1, 2})
		for _, c := range torch.ToSlice[int64](maps.UpsampleBilinear2d([]int{test.H, test.W}, false).Argmax(1, false)) {
			predicted = append(predicted, int(c))
		}
		s.Close()
	}
	return predicted, nil
}

// overlaps compares predicted classes with true ones, where those are not −1.
func overlaps(predicted, truth []int, names []string) (r SegmentationResult, err error) {
	both, either := make([]int, len(names)), make([]int, len(names))
	right := 0
	for i, c := range truth {
		if c < 0 {
			continue
		}
		r.Pixels++
		either[c]++
		if p := predicted[i]; p == c {
			right++
			both[c]++
		} else {
			either[p]++
		}
	}
	if r.Pixels == 0 {
		return r, fmt.Errorf("eval: no pixel of the test masks has a class")
	}
	r.Accuracy = float64(right) / float64(r.Pixels)
	for c, name := range names {
		if either[c] == 0 {
			continue
		}
		iou := float64(both[c]) / float64(either[c])
		r.PerClass = append(r.PerClass, ClassIoU{Class: c, Name: name, IoU: iou, Both: both[c], Any: either[c]})
		r.MIoU += iou
	}
	r.MIoU /= float64(len(r.PerClass))
	return r, nil
}
