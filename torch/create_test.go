package torch_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// roundTrip sends data to a tensor and back, in two ways.
func roundTrip[T torch.Element](t *testing.T, data []T) {
	t.Helper()
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, data, len(data)/2, 2)
	if x.DType() != torch.DTypeOf[T]() || !slices.Equal(x.Shape(), []int{len(data) / 2, 2}) {
		t.Errorf("%v of shape %v from %T", x.DType(), x.Shape(), data)
	}
	if got := torch.ToSlice[T](x); !slices.Equal(got, data) {
		t.Errorf("ToSlice gave %v for %v", got, data)
	}
	if got := torch.Data[T](x); !slices.Equal(got, data) {
		t.Errorf("Data gave %v for %v", got, data)
	}
	y := s.Empty([]int{len(data)}, x.DType(), torch.CPU)
	torch.CopyFromSlice(y, data)
	if got := torch.ToSlice[T](y); !slices.Equal(got, data) {
		t.Errorf("CopyFromSlice left %v for %v", got, data)
	}
	clear(torch.Data[T](y))
	if y.Any().ItemInt() != 0 {
		t.Error("writing to Data did not reach the tensor")
	}
}

func TestRoundTrips(t *testing.T) {
	torchtest.NoLeak(t)
	roundTrip(t, []float32{1, -2.5, math.MaxFloat32, math.SmallestNonzeroFloat32})
	roundTrip(t, []float64{1, -2.5, math.MaxFloat64, math.SmallestNonzeroFloat64})
	roundTrip(t, []int64{1, -2, math.MaxInt64, math.MinInt64})
	roundTrip(t, []int32{1, -2, math.MaxInt32, math.MinInt32})
	roundTrip(t, []int16{1, -2, math.MaxInt16, math.MinInt16})
	roundTrip(t, []int8{1, -2, math.MaxInt8, math.MinInt8})
	roundTrip(t, []uint8{0, 1, 128, 255})
	roundTrip(t, []uint16{0, 1, 1 << 15, math.MaxUint16})
	roundTrip(t, []uint32{0, 1, 1 << 31, math.MaxUint32})
	roundTrip(t, []uint64{0, 1, 1 << 63, math.MaxUint64})
	roundTrip(t, []complex64{1, -2.5i, complex(math.MaxFloat32, 1), 3 - 4i})
	roundTrip(t, []complex128{1, -2.5i, complex(math.MaxFloat64, 1), 3 - 4i})
	roundTrip(t, []bool{true, false, false, true})
	roundTrip(t, []float32{})
}

func TestConversions(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	// bfloat16 keeps 8 bits of the mantissa, and rounds ties to even:
	// 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷.
	b := torch.FromSlice(s, []float64{1 + 0x1p-8, 1 + 0x1p-7, 3e38, -0.15625}).ToDType(torch.BFloat16)
	if got, want := torch.ToSlice[float64](b), []float64{1, 1 + 0x1p-7, 0x1.c4p127, -0.15625}; !slices.Equal(got, want) {
		t.Errorf("bfloat16 %v, want %v", got, want)
	}
	h := torch.FromSlice(s, []float32{65504, 65520, 0x1p-24}).ToDType(torch.Float16)
	if got, want := torch.ToSlice[float64](h), []float64{65504, math.Inf(1), 0x1p-24}; !slices.Equal(got, want) {
		t.Errorf("float16 %v, want %v", got, want)
	}
	// 2 bits of mantissa and 3: 300 lies between 256 and 320, 288 and 320.
	for d, want := range map[torch.DType][]float32{torch.Float8E5M2: {1.5, 320, -0.25}, torch.Float8E4M3FN: {1.5, 288, -0.25}} {
		if got := torch.ToSlice[float32](torch.FromSlice(s, []float32{1.5, 300, -0.25}).ToDType(d)); !slices.Equal(got, want) {
			t.Errorf("%v %v, want %v", d, got, want)
		}
	}
	z := torch.FromSlice(s, []complex128{3 - 4i, 2})
	if got := torch.ToSlice[complex64](vector(s, 1, -2)); !slices.Equal(got, []complex64{1, -2}) {
		t.Errorf("complex64 of real numbers: %v", got)
	}
	if got := torch.ToSlice[float64](z.Abs()); !slices.Equal(got, []float64{5, 2}) {
		t.Errorf("absolute values %v", got)
	}
	if err := torch.Try(func() { torch.ToSlice[float64](z) }); err == nil || !strings.Contains(err.Error(), "take Real, Imag or Abs") {
		t.Errorf("complex elements as float64: error %v", err)
	}
	if got := torch.ToSlice[int64](torch.FromSlice(s, []float32{1.9, -1.9})); !slices.Equal(got, []int64{1, -1}) {
		t.Errorf("int64 %v", got)
	}
	if got := torch.ToSlice[bool](torch.FromSlice(s, []float32{0, 0.5, -1})); !slices.Equal(got, []bool{false, true, true}) {
		t.Errorf("bool %v", got)
	}
	x := vector(s, 1, 2).To(torch.CPU, torch.Int32)
	if x.DType() != torch.Int32 || x.Device() != torch.CPU || x.ToDevice(torch.CPU).DType() != torch.Int32 {
		t.Errorf("To gave %v on %v", x.DType(), x.Device())
	}
	if torch.Scalar(s, true).Item() != 1 || torch.Scalar(s, int64(-7)).ItemInt() != -7 || torch.Scalar(s, 2.5).Dim() != 0 {
		t.Error("Scalar or Item is wrong")
	}
}

func TestFactories(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	for name, c := range map[string]struct {
		got   *torch.Tensor
		shape []int
		want  []float64
	}{
		"Zeros":      {s.Zeros([]int{2}, torch.Int64, torch.CPU), []int{2}, []float64{0, 0}},
		"Ones":       {s.Ones([]int{1, 2}, torch.Bool, torch.CPU), []int{1, 2}, []float64{1, 1}},
		"Full":       {s.Full([]int{}, -1.5, torch.BFloat16, torch.CPU), []int{}, []float64{-1.5}},
		"Eye":        {s.Eye(2, torch.Float32, torch.CPU), []int{2, 2}, []float64{1, 0, 0, 1}},
		"Arange":     {s.Arange(1, 2, 0.25, torch.Float64, torch.CPU), []int{4}, []float64{1, 1.25, 1.5, 1.75}},
		"Arange int": {s.Arange(3, 0, -1, torch.Int64, torch.CPU), []int{3}, []float64{3, 2, 1}},
		"Empty":      {s.Empty([]int{0, 3}, torch.Float32, torch.CPU), []int{0, 3}, []float64{}},
	} {
		if !slices.Equal(c.got.Shape(), c.shape) {
			t.Errorf("%s has shape %v, want %v", name, c.got.Shape(), c.shape)
		}
		if got := torch.ToSlice[float64](c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s is %v, want %v", name, got, c.want)
		}
	}
}

// TestChannelsLast checks that the order in memory never shows in the numbers.
func TestChannelsLast(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	data := []float32{1, 2, 3, 4, 5, 6, 7, 8} // [1, 2, 2, 2]
	x := s.EmptyFormat([]int{1, 2, 2, 2}, torch.Float32, torch.CPU, torch.ChannelsLast)
	torch.CopyFromSlice(x, data)
	if !x.IsContiguous(torch.ChannelsLast) || x.IsContiguous(torch.ContiguousFormat) {
		t.Error("the format is not channels last")
	}
	if got := torch.ToSlice[float32](x); !slices.Equal(got, data) {
		t.Errorf("ToSlice gave %v", got)
	}
	// The same memory, seen row by row: pixels with both channels together.
	if got := torch.Data[float32](x.Permute([]int{0, 2, 3, 1})); !slices.Equal(got, []float32{1, 5, 2, 6, 3, 7, 4, 8}) {
		t.Errorf("in memory %v", got)
	}
	if y := x.Contiguous(torch.ContiguousFormat); !y.IsContiguous(torch.ContiguousFormat) || !y.Equal(x) {
		t.Error("Contiguous changed the tensor")
	}
	mustFail(t, torch.Runtime, func() { s.EmptyFormat([]int{2, 2}, torch.Float32, torch.CPU, torch.ChannelsLast) }, "empty")
}

func TestIndex(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := s.Arange(0, 6, 1, torch.Float32, torch.CPU).Reshape([]int{2, 3})
	cols := torch.FromSlice(s, []int64{2, 0})
	for name, c := range map[string]struct {
		got  *torch.Tensor
		want []float32
	}{
		"rows":           {x.Index(torch.FromSlice(s, []int64{1})), []float32{3, 4, 5}},
		"columns":        {x.Index(nil, cols), []float32{2, 0, 5, 3}},
		"pairs":          {x.Index(torch.FromSlice(s, []int64{0, 1}), cols), []float32{2, 3}},
		"a mask":         {x.Index(x.GtScalar(3)), []float32{4, 5}},
		"from the end":   {x.Index(torch.FromSlice(s, []int64{-1}), torch.FromSlice(s, []int64{-1})), []float32{5}},
		"a mask of rows": {x.Index(torch.FromSlice(s, []bool{false, true})), []float32{3, 4, 5}},
	} {
		if got := torch.ToSlice[float32](c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestDTypes(t *testing.T) {
	for d, want := range map[torch.DType]struct {
		name     string
		size     int
		floating bool
	}{
		torch.Float8E5M2: {"float8_e5m2", 1, true}, torch.Float8E4M3FN: {"float8_e4m3fn", 1, true},
		torch.Uint16: {"uint16", 2, false}, torch.Uint32: {"uint32", 4, false}, torch.Uint64: {"uint64", 8, false},
		torch.Complex64: {"complex64", 8, false}, torch.Complex128: {"complex128", 16, false},
		torch.Uint8: {"uint8", 1, false}, torch.Int8: {"int8", 1, false}, torch.Bool: {"bool", 1, false},
		torch.Int16: {"int16", 2, false}, torch.Float16: {"float16", 2, true}, torch.BFloat16: {"bfloat16", 2, true},
		torch.Int32: {"int32", 4, false}, torch.Float32: {"float32", 4, true},
		torch.Int64: {"int64", 8, false}, torch.Float64: {"float64", 8, true},
	} {
		if d.String() != want.name || d.Size() != want.size || d.IsFloating() != want.floating ||
			d.IsComplex() != strings.HasPrefix(want.name, "complex") {
			t.Errorf("%v: size %d, floating %v; want %+v", d, d.Size(), d.IsFloating(), want)
		}
	}
	if torch.DType(99).String() != "dtype(99)" {
		t.Error(torch.DType(99))
	}
}

func TestHandles(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2)
	before := torch.Live()
	p := torch.NewHandle(x)
	y := torch.FromHandle(s, p)
	torch.FreeHandle(p)
	torch.FreeHandle(nil)
	if n := torch.Live() - before; n != 1 {
		t.Errorf("%d tensors more, want 1", n)
	}
	y.AddScalarInPlace(1)
	if got := torch.ToSlice[float32](x); !slices.Equal(got, []float32{2, 3}) {
		t.Errorf("the handle does not share memory: %v", got)
	}
}
