package mem_test

import (
	"context"
	"fmt"
	"image"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/eval"
	"sslmem/mem"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// recaller is an encoder whose features are the class that an image shows in its upper
// right pixel, three times as far apart as classes are. A crop of the lower left corner
// shows no class, only the code of the image; of the codes that it knows, this encoder
// remembers the class.
type recaller struct{ known map[int]int }

func (e recaller) Forward(x *torch.Tensor) *torch.Tensor {
	n := x.Size(0)
	x = x.Contiguous(torch.ContiguousFormat)
	pixel := func(row, column int) []float64 {
		return torch.ToSlice[float64](x.Select(3, column).Select(2, row).MulScalar(255).Flatten(0, -1))
	}
	last := x.Size(3) - 1
	upper, lower := pixel(0, last), pixel(x.Size(2)-1, 0)
	out := make([]float32, n)
	for i := range out {
		class, code := int(upper[i]+.5), int(lower[i]+.5)
		if class == code { // a crop is of one color
			class = code % 3
			if remembered, ok := e.known[code]; ok {
				class = remembered
			}
		}
		out[i] = 3 * float32(class)
	}
	return torch.FromSlice(x.Scope(), out, n, 1)
}

// classes are 90 images of 6×6 pixels in three classes. The class is in the upper half
// and the lower half has a code of the image, 100 and more.
func classes() *data.Dataset {
	d := &data.Dataset{Name: "codes", C: 1, H: 6, W: 6, Pixels: make([]uint8, 90*36), Labels: make([]int, 90), Classes: []string{"a", "b", "c"}}
	r := rng.New(8)
	for i := range 90 {
		d.Labels[i] = r.IntN(3)
		for p := range 36 {
			d.Pixels[i*36+p] = uint8(d.Labels[i])
			if p >= 18 {
				d.Pixels[i*36+p] = uint8(100 + i)
			}
		}
	}
	return d
}

// remember returns an encoder that knows some images.
func remember(d *data.Dataset, index []int) recaller {
	known := map[int]int{}
	for _, i := range index {
		known[100+i] = d.Labels[i]
	}
	return recaller{known}
}

// span returns from … to−1.
func span(from, to int) (index []int) {
	for i := from; i < to; i++ {
		index = append(index, i)
	}
	return index
}

// attackCodes attacks points with the crops of their lower left corners.
func attackCodes(d *data.Dataset, e eval.Encoder, points []int) (mem.LabelInference, error) {
	s := torch.NewScope()
	defer s.Close()
	ctx := context.Background()
	o := eval.FeatureOptions{Augment: augment.Recipe{Size: 6, Mean: []float32{0}, Std: []float32{1}}, BatchSize: 16, Device: torch.CPU, Index: span(60, 90)}
	public, err := eval.Features(ctx, s, e, d, o)
	if err != nil {
		return mem.LabelInference{}, err
	}
	crops := mem.CropImages(d, func(_, h, w int) (image.Rectangle, error) { return mem.LowerLeft.Box(.3, h, w) })
	o.Index = points
	queries, err := eval.Features(ctx, s, e, crops, o)
	if err != nil {
		return mem.LabelInference{}, err
	}
	return mem.InferByNeighbors(ctx, public.X, public.Labels, queries.X, queries.Labels, 3, 5)
}

// reportCodes attacks with f, which remembers some images, and g, which others.
func reportCodes(f, g []int) (*mem.DejaVuReport, error) {
	d := classes()
	encoders := map[mem.Set][2]recaller{
		mem.Candidate: {remember(d, f), remember(d, g)}, mem.Independent: {remember(d, g), remember(d, f)},
	}
	var attacks []mem.DejaVuAttack
	for set, points := range map[mem.Set][]int{mem.Candidate: span(0, 30), mem.Independent: span(30, 60)} {
		a := mem.DejaVuAttack{Set: set, Index: points}
		for _, i := range points {
			a.Class = append(a.Class, d.Labels[i])
		}
		var err error
		if a.Target, err = attackCodes(d, encoders[set][0], points); err != nil {
			return nil, err
		}
		if a.Reference, err = attackCodes(d, encoders[set][1], points); err != nil {
			return nil, err
		}
		attacks = append(attacks, a)
	}
	return mem.DejaVu(attacks, mem.DejaVuOptions{})
}

// Encoders that remember what they saw are told from those that do not, and f and g
// exchanged give the other sign.
func TestPlantedDejaVu(t *testing.T) {
	torchtest.NoLeak(t)
	for _, c := range []struct {
		name string
		f, g []int
		sign int
	}{
		{"both remember", span(0, 30), span(30, 60), 1},
		{"they remember what the other saw", span(30, 60), span(0, 30), -1},
		{"neither remembers", nil, nil, 0},
	} {
		r, err := reportCodes(c.f, c.g)
		if err != nil {
			t.Fatal(err)
		}
		l := r.Levels[0]
		sign := 0
		switch {
		case l.CI.Low > 0:
			sign = 1
		case l.CI.High < 0:
			sign = -1
		}
		if sign != c.sign || sign == 0 && l.Score != 0 || sign > 0 && l.Target != 1 || sign < 0 && l.Reference != 1 {
			t.Errorf("%s: %+v", c.name, l)
		}
	}
}

// Encoders name the classes of crops of the images that they saw, and guess those of
// others: Déjà vu.
func ExampleDejaVu() {
	r, err := reportCodes(span(0, 30), span(30, 60))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range r.Levels {
		fmt.Printf("%3.0f %% most confident: target %.2f, reference %.2f, score %+.2f\n", 100*l.Share, l.Target, l.Reference, l.Score)
	}
	fmt.Printf("memorized %.2f, forgotten %.2f, correlated %.2f, unassociated %.2f\n", r.Memorized, r.Forgotten, r.Correlated, r.Unassociated)
	// Output:
	// 100 % most confident: target 1.00, reference 0.22, score +0.78
	//  20 % most confident: target 1.00, reference 0.22, score +0.78
	//   5 % most confident: target 1.00, reference 0.22, score +0.78
	// memorized 0.78, forgotten 0.00, correlated 0.22, unassociated 0.00
}
