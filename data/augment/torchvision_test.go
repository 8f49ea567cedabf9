package augment_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/internal/python"
	"sslmem/torch/safetensors"
)

const torchvisionFile = "testdata/torchvision.safetensors"

// torchvision opens what make_torchvision.py has made.
func torchvision(t *testing.T) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(torchvisionFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// values returns a tensor as numbers: intensities in 8-bit steps where it holds
// some.
func values(t *testing.T, f *safetensors.File, name string) []float64 {
	t.Helper()
	info, b, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []float64
	for i := 0; i < len(b); i += info.DType.Size() {
		switch info.DType {
		case safetensors.U8:
			out = append(out, float64(b[i]))
		case safetensors.I16: // the bits of an unsigned number
			out = append(out, float64(binary.LittleEndian.Uint16(b[i:]))/65535*255)
		case safetensors.F32:
			out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))))
		case safetensors.F64:
			out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(b[i:])))
		default:
			t.Fatalf("%s holds %s", name, info.DType)
		}
	}
	return out
}

// pictures are the random images of the fixture.
func pictures(t *testing.T, f *safetensors.File) *data.Dataset {
	t.Helper()
	info, b, err := f.Tensor("images")
	if err != nil {
		t.Fatal(err)
	}
	return &data.Dataset{Name: "random", C: 3, H: int(info.Shape[2]), W: int(info.Shape[3]), Pixels: slices.Clone(b)}
}

// Bounds of the differences from torchvision v2, in 8-bit steps: on float
// tensors, and on bytes and PIL images, which are rounded after every step and
// between the axes of a resize. 0 stands for no comparison, as PIL knows no
// aliased resize. docs/augmentations.md has the same numbers.
var torchvisionBounds = map[string][3]float64{
	"crop bilinear":         {0.01, 1.01, 1.01},
	"crop bilinear aliased": {0.01, 1.01, 0},
	"crop bicubic":          {0.01, 11, 11},
	"crop bicubic aliased":  {0.01, 22, 0},
	"horizontal flip":       {0.01, 0.01, 0.01},
	"vertical flip":         {0.01, 0.01, 0.01},
	"brightness":            {0.01, 1, 1},
	"contrast":              {0.01, 1.5, 1.3},
	"saturation":            {0.01, 1.8, 1.5},
	"hue":                   {0.01, 1, 11},
	"jitter":                {0.01, 7, 53},
	"grayscale":             {0.01, 1.01, 0.6},
	"gaussian blur":         {0.01, 0.51, 0.51},
	"solarize":              {0.01, 0.01, 0.01},
	"invert":                {0.01, 0.01, 0.01},
	"everything":            {0.01, 3.5, 7},
}

// TestTorchvisionOperations compares every operation with torchvision's on
// random images and parameters.
func TestTorchvisionOperations(t *testing.T) {
	f := torchvision(t)
	d := pictures(t, f)
	var params map[string][]json.RawMessage
	if err := json.Unmarshal([]byte(f.Metadata()["params"]), &params); err != nil {
		t.Fatal(err)
	}
	if len(params) != len(torchvisionBounds) {
		t.Errorf("the fixture has %d operations, %d are known", len(params), len(torchvisionBounds))
	}
	for op, bounds := range torchvisionBounds {
		r := augment.Recipe{Size: d.H, BlurKernel: 5}
		if strings.HasPrefix(op, "crop") || op == "everything" {
			r.Size = 12
		}
		if strings.Contains(op, "bicubic") {
			r.Interpolation = augment.Bicubic
		}
		r.Aliased = strings.Contains(op, "aliased")
		var got []float64
		for i := range d.Len() {
			p := augment.Whole(d.H, d.W)
			if err := json.Unmarshal(params[op][i], &p); err != nil {
				t.Fatal(err)
			}
			view := make([]float32, 3*r.Size*r.Size)
			if err := r.Apply(view, d.Image(i), 3, d.H, d.W, p); err != nil {
				t.Fatalf("%s: %v", op, err)
			}
			for _, v := range view {
				got = append(got, 255*float64(v))
			}
		}
		var line []string
		for k, kind := range []string{"float", "bytes", "pil"} {
			want := values(t, f, op+"."+kind)
			worst := 0.
			for i := range got {
				worst = max(worst, math.Abs(got[i]-want[i]))
			}
			line = append(line, fmt.Sprintf("%s %.3f", kind, worst))
			if bounds[k] > 0 && !(worst <= bounds[k]) {
				t.Errorf("%s: differs by %.3f 8-bit steps from torchvision on %s, want at most %g", op, worst, kind, bounds[k])
			}
		}
		t.Log(op, line)
	}
}

// TestTorchvisionRemade makes the fixture again where torchvision is, and wants
// the same bytes of pixels and the same draws.
func TestTorchvisionRemade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "torchvision.safetensors")
	python.Run(t, "testdata/make_torchvision.py", path)
	remade, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer remade.Close()
	f := torchvision(t)
	for _, name := range f.Names() {
		a, b := values(t, f, name), values(t, remade, name)
		if len(a) != len(b) {
			t.Fatalf("%s has %d values, and %d when made again", name, len(a), len(b))
		}
		tolerance := 1e-5 // of draws and statistics
		if strings.HasSuffix(name, ".float") {
			tolerance = 0.01
		} else if strings.Contains(name, ".") && !strings.HasPrefix(name, "draws") {
			tolerance = 1 // of bytes, which round another way on another processor
		}
		for i := range a {
			if d := math.Abs(a[i] - b[i]); !(d <= tolerance) {
				t.Fatalf("%s: element %d was %v and is %v when made again", name, i, a[i], b[i])
			}
		}
	}
}
