package cli

import (
	"context"
	"fmt"
	"math"

	"sslmem/data"
	"sslmem/data/picture"
	"sslmem/encoders"
	"sslmem/eval"
	"sslmem/models"
	"sslmem/torch"
)

// The dense task of data sets that have no masks: which pixels are of the thing that is
// shown, and of what class it is. A pixel that is brighter than denseThreshold belongs
// to the thing, the others to the ground, as in pictures of single things on black.
const (
	denseThreshold = .1
	denseImages    = 500 // of the training and of the test set each, at most
	denseSide      = 5   // positions a side of a map, at least, or there is none to segment by
)

// checkDense returns an error if the dense task cannot be made of the images.
func checkDense(s Settings) error {
	images, err := openImages(s)
	if err != nil {
		return err
	}
	_, h, w := images.Shape()
	if size := s.Recipe.Augment.Size; h != w || size != 0 && size != h {
		return fmt.Errorf("--dense needs square images that the encoder sees as they are, not %d×%d as %d×%[3]d", h, w, size)
	}
	return nil
}

// denseLayer returns a network that gives the deepest layer of an encoder with maps of
// denseSide positions a side or more, for images of some shape.
func denseLayer(e *encoders.Encoder, c, h, w int, device torch.Device) (encoders.Network, error) {
	b, ok := e.Backbone()
	if !ok {
		return nil, fmt.Errorf("%s has no layers to look at", e.Path)
	}
	s := torch.NewScope()
	defer s.Close()
	deepest := ""
	failed := torch.Try(func() {
		names := models.DepthLayers(b)
		torch.NoGrad(func() {
			_, outputs := b.ForwardLayers(s.Zeros([]int{1, c, h, w}, torch.Float32, device), names...)
			for _, name := range names {
				if y := outputs[name]; mapSide(y) >= denseSide {
					deepest = name
				}
			}
		})
	})
	if failed != nil {
		return nil, failed
	}
	if deepest == "" {
		return nil, fmt.Errorf("no layer of the encoder has maps of %d positions a side", denseSide)
	}
	return e.Layer(deepest)
}

// mapSide is the number of positions a side of an output: of maps [N, D, h, w], or of
// tokens [N, 1+L, D] behind a class token.
func mapSide(y *torch.Tensor) int {
	switch y.Dim() {
	case 4:
		return min(y.Size(2), y.Size(3))
	case 3:
		side := int(math.Sqrt(float64(y.Size(1) - 1)))
		if side*side == y.Size(1)-1 {
			return side
		}
	}
	return 0
}

// asMaps is an output as maps [N, D, h, w].
func asMaps(y *torch.Tensor) *torch.Tensor {
	if y.Dim() == 4 {
		return y
	}
	side := mapSide(y)
	return y.Narrow(1, 1, side*side).Transpose(1, 2).Reshape([]int{y.Size(0), y.Size(2), side, side})
}

// denseAccuracy is the mean IoU of a segmentation by what a layer of the encoder gives.
func denseAccuracy(ctx context.Context, e *encoders.Encoder, sets labelledSets, device torch.Device) (float64, error) {
	views, err := plainViews{}.of(e, sets.train)
	if err != nil {
		return 0, err
	}
	c, h, w := sets.train.Shape()
	network, err := denseLayer(e, c, h, w, device)
	if err != nil {
		return 0, err
	}
	s := torch.NewScope()
	defer s.Close()
	o := eval.FeatureOptions{Augment: views, BatchSize: 128, Device: device}
	var dense [2]eval.DenseSet
	for i, of := range []struct {
		images data.Images
		index  []int
	}{{sets.train, spread(sets.trainIndex, denseImages)}, {sets.test, spread(sets.testIndex, denseImages)}} {
		o.Index = of.index
		var parts []*torch.Tensor
		if err := eval.EachFeatures(ctx, network, of.images, o, func(_ []int, y *torch.Tensor) error {
			parts = append(parts, asMaps(y).Clone().MoveTo(s))
			return nil
		}); err != nil {
			return 0, err
		}
		dense[i] = eval.DenseSet{X: torch.Cat(parts, 0), H: h, W: w, Names: append([]string{"ground"}, of.images.ClassNames()...)}
		if dense[i].Masks, err = brightMasks(of.images, of.index); err != nil {
			return 0, err
		}
	}
	result, err := eval.SegmentationProbe(ctx, dense[0], dense[1], liveProbe)
	return result.MIoU, err
}

// brightMasks are the classes of the pixels of some images: 0 for the ground, else 1 and
// the class of the image.
func brightMasks(images data.Images, index []int) ([]int, error) {
	var masks []int
	var p picture.Image
	for _, i := range index {
		if err := images.Decode(i, &p); err != nil {
			return nil, err
		}
		n := p.H * p.W
		for at := range n {
			sum := 0
			for c := range p.C {
				sum += int(p.Pixels[c*n+at])
			}
			class := 0
			if float64(sum) > denseThreshold*255*float64(p.C) {
				class = 1 + images.Label(i)
			}
			masks = append(masks, class)
		}
	}
	return masks, nil
}
