package eval

import (
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

var segmentationProbe = ProbeOptions{Method: "lbfgs", WeightDecay: 1e-4, Standardize: true}

// Intersections and unions of a mask of six pixels, one of which does not count.
func TestOverlaps(t *testing.T) {
	truth := []int{0, 0, 0, 1, 1, -1}
	predicted := []int{0, 0, 1, 1, 2, 2}
	r, err := overlaps(predicted, truth, []string{"a", "b", "c", "d"})
	if err != nil {
		t.Fatal(err)
	}
	// a: 2 of 3; b: 1 of 3; c: 0 of 1; d does not occur.
	if want := (2./3 + 1./3 + 0) / 3; math.Abs(r.MIoU-want) > 1e-15 || r.Accuracy != 3./5 || r.Pixels != 5 || len(r.PerClass) != 3 {
		t.Errorf("%+v, want a mean IoU of %v", r, want)
	}
	if _, err := overlaps([]int{0}, []int{-1}, []string{"a"}); err == nil {
		t.Error("a mask without a pixel that counts is taken")
	}
}

// dense makes maps whose only features are the classes themselves, one map position for
// each block of pixels.
func dense(s *torch.Scope, masks []int, n, h, w, block int, informative bool) DenseSet {
	x := make([]float32, n*2*h*w)
	for i := range n {
		for y := range h {
			for at := range w {
				c := masks[(i*h*block+y*block)*w*block+at*block]
				if informative {
					x[((i*2+c)*h+y)*w+at] = 1
				} else {
					x[((i*2+at%2)*h+y)*w+at] = 1 // says where, not what
				}
			}
		}
	}
	return DenseSet{X: torch.FromSlice(s, x, n, 2, h, w), Masks: masks, H: h * block, W: w * block, Names: []string{"ground", "thing"}}
}

// blocks are masks of blocks of 2×2 pixels of one class each.
func blocks(n, h, w int, seed int) []int {
	masks := make([]int, n*4*h*w)
	for i := range n {
		for y := range 2 * h {
			for x := range 2 * w {
				masks[(i*2*h+y)*2*w+x] = (i*31 + y/2*7 + x/2*5 + x/2*(y/2) + seed) / 3 % 2
			}
		}
	}
	return masks
}

// Features that are the classes segment without a mistake where a position is a pixel,
// and as well as resizing lets them where it is four; features that say nothing do not.
func TestSegmentationProbe(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	masks := blocks(6, 4, 4, 0)
	pixel := func(m []int, informative bool) DenseSet { return dense(s, m, 6, 8, 8, 1, informative) }
	r, err := SegmentationProbe(t.Context(), pixel(masks, true), pixel(blocks(6, 4, 4, 1), true), segmentationProbe)
	if err != nil || r.MIoU != 1 || r.Accuracy != 1 || r.Pixels != 6*64 {
		t.Errorf("features that are the classes: %+v, %v", r, err)
	}
	r, err = SegmentationProbe(t.Context(), dense(s, masks, 6, 4, 4, 2, true), dense(s, blocks(6, 4, 4, 1), 6, 4, 4, 2, true), segmentationProbe)
	if err != nil || r.MIoU < .6 || r.Pixels != 6*64 {
		t.Errorf("a position for four pixels: %+v, %v", r, err)
	}
	r, err = SegmentationProbe(t.Context(), pixel(masks, false), pixel(blocks(6, 4, 4, 1), false), segmentationProbe)
	if err != nil || r.MIoU > .5 {
		t.Errorf("features that say nothing: %+v, %v", r, err)
	}
}

func TestSegmentationErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	good := dense(s, blocks(2, 4, 4, 0), 2, 8, 8, 1, true)
	for want, change := range map[string]func(d *DenseSet){
		"before its mean":     func(d *DenseSet) { d.X = d.X.Reshape([]int{2, -1}) },
		"masks of 9×8 pixels": func(d *DenseSet) { d.H = 9 },
		"of class 2":          func(d *DenseSet) { d.Masks = append([]int{2}, d.Masks[1:]...) },
		"has a class":         func(d *DenseSet) { d.Masks = make([]int, len(d.Masks)); fill(d.Masks, -1) },
		"the test masks":      func(d *DenseSet) { d.Names = append([]string{"sky"}, d.Names...) },
	} {
		bad := good
		change(&bad)
		if _, err := SegmentationProbe(t.Context(), bad, good, segmentationProbe); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func fill(x []int, v int) {
	for i := range x {
		x[i] = v
	}
}
