package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"sslmem/torch/safetensors"
)

// fixture is what testdata/make.py says about one file of the reference
// implementation.
type fixture struct {
	Metadata map[string]string
	Tensors  map[string]struct {
		DType  safetensors.DType
		Shape  []int64
		Values []string
	}
}

func fixtures(t testing.TB) map[string]fixture {
	t.Helper()
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]fixture
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 6 {
		t.Fatalf("expected.json has only %d files", len(all))
	}
	return all
}

// decode returns the elements as expected.json spells them, with floats parsed
// by the caller.
func decode(t *testing.T, d safetensors.DType, data []byte) (integers []string, floats []float64) {
	t.Helper()
	u16, u32, u64 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	for b := range slices.Chunk(data, d.Size()) {
		switch d {
		case safetensors.Bool, safetensors.U8:
			integers = append(integers, strconv.Itoa(int(b[0])))
		case safetensors.I8:
			integers = append(integers, strconv.Itoa(int(int8(b[0]))))
		case safetensors.U16:
			integers = append(integers, strconv.Itoa(int(u16(b))))
		case safetensors.I16:
			integers = append(integers, strconv.Itoa(int(int16(u16(b)))))
		case safetensors.U32:
			integers = append(integers, strconv.FormatUint(uint64(u32(b)), 10))
		case safetensors.I32:
			integers = append(integers, strconv.Itoa(int(int32(u32(b)))))
		case safetensors.U64:
			integers = append(integers, strconv.FormatUint(u64(b), 10))
		case safetensors.I64:
			integers = append(integers, strconv.FormatInt(int64(u64(b)), 10))
		case safetensors.F64:
			floats = append(floats, math.Float64frombits(u64(b)))
		case safetensors.F32:
			floats = append(floats, float64(math.Float32frombits(u32(b))))
		case safetensors.BF16:
			floats = append(floats, float64(math.Float32frombits(uint32(u16(b))<<16)))
		case safetensors.F16:
			floats = append(floats, ieee(uint(u16(b)), 5, 10))
		case safetensors.F8E5M2:
			floats = append(floats, ieee(uint(b[0]), 5, 2))
		case safetensors.F8E4M3:
			// E4M3 gives up the infinities and all NaNs but one for larger numbers.
			if b[0]&0x78 == 0x78 && b[0]&7 != 7 {
				v := float64(8+b[0]&7) * 32
				floats = append(floats, math.Copysign(v, float64(int8(b[0]))))
				continue
			}
			floats = append(floats, ieee(uint(b[0]), 4, 3))
		default:
			t.Fatalf("no decoder for %s", d)
		}
	}
	return integers, floats
}

// ieee is the value of a small floating-point code with infinities and NaNs.
func ieee(code uint, exponentBits, mantissaBits int) float64 {
	mantissa := code & (1<<mantissaBits - 1)
	exponent := int(code >> mantissaBits & (1<<exponentBits - 1))
	bias := 1<<(exponentBits-1) - 1
	var v float64
	switch {
	case exponent == 1<<exponentBits-1 && mantissa == 0:
		v = math.Inf(1)
	case exponent == 1<<exponentBits-1:
		return math.NaN()
	case exponent == 0:
		v = math.Ldexp(float64(mantissa), 1-bias-mantissaBits)
	default:
		v = math.Ldexp(float64(mantissa|1<<mantissaBits), exponent-bias-mantissaBits)
	}
	if code>>(exponentBits+mantissaBits) != 0 {
		v = -v
	}
	return v
}

// TestReference reads the files of the reference implementation.
func TestReference(t *testing.T) {
	seen := make(map[safetensors.DType]bool)
	for name, want := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			f, err := safetensors.Open(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got := f.Metadata()
			if (got == nil) != (want.Metadata == nil) || len(got) != len(want.Metadata) {
				t.Errorf("metadata %v, want %v", got, want.Metadata)
			}
			for key, value := range want.Metadata {
				if got[key] != value {
					t.Errorf("metadata %q is %q, want %q", key, got[key], value)
				}
			}
			if n := len(f.Names()); n != len(want.Tensors) {
				t.Errorf("%d tensors, want %d: %q", n, len(want.Tensors), f.Names())
			}
			for name, w := range want.Tensors {
				info, data, err := f.Tensor(name)
				if err != nil {
					t.Error(err)
					continue
				}
				seen[info.DType] = true
				if info.Name != name || info.DType != w.DType || !slices.Equal(info.Shape, w.Shape) {
					t.Errorf("%q: got %+v, want %s %v", name, info, w.DType, w.Shape)
					continue
				}
				if int(info.Elements()) != len(w.Values) {
					t.Errorf("%q: %d elements, want %d", name, info.Elements(), len(w.Values))
				}
				integers, floats := decode(t, info.DType, data)
				if len(integers)+len(floats) != len(w.Values) {
					t.Fatalf("%q: %d values, want %d", name, len(integers)+len(floats), len(w.Values))
				}
				for i, s := range w.Values {
					if floats == nil {
						if integers[i] != s {
							t.Errorf("%q[%d] = %s, want %s", name, i, integers[i], s)
						}
						continue
					}
					v, err := strconv.ParseFloat(s, 64)
					if err != nil {
						t.Fatal(err)
					}
					if math.Float64bits(floats[i]) != math.Float64bits(v) && !(math.IsNaN(floats[i]) && math.IsNaN(v)) {
						t.Errorf("%q[%d] = %v, want %v", name, i, floats[i], v)
					}
				}
			}
		})
	}
	if len(seen) != 15 {
		t.Errorf("the fixtures hold %d of the 15 dtypes", len(seen))
	}
}

// TestSameBytes writes what it read, shuffled, and must get the reference
// implementation's file byte for byte.
func TestSameBytes(t *testing.T) {
	for name := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			f, err := safetensors.Parse(want)
			if err != nil {
				t.Fatal(err)
			}
			tensors := contents(f)
			slices.Reverse(tensors)
			var got bytes.Buffer
			if err := safetensors.Write(&got, tensors, f.Metadata()); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("wrote\n%q, want\n%q", got.Bytes(), want)
			}
		})
	}
}

// contents lists the tensors of f as Write takes them.
func contents(f *safetensors.File) []safetensors.Tensor {
	var list []safetensors.Tensor
	for info, data := range f.All() {
		list = append(list, safetensors.Tensor{Name: info.Name, DType: info.DType, Shape: info.Shape, Data: data})
	}
	return list
}
