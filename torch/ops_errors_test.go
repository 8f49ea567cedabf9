package torch_test

import (
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// What ops.txt says to panic does, with an *Error that a caller can catch.
func TestOpsPanicAsDocumented(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	ones := func(shape ...int) *torch.Tensor { return s.Ones(shape, torch.Float32, torch.CPU) }
	index := func(shape []int, v int64) *torch.Tensor {
		return s.Full(shape, float64(v), torch.Int64, torch.CPU)
	}
	a, b, empty, ints := ones(2, 3), ones(2, 4), ones(2, 0), index([]int{2, 3}, 1)
	pair, z := []int{1, 1}, a.Complex(a)
	for name, fn := range map[string]func(){
		"Add":                     func() { a.Add(b) },
		"Sub":                     func() { a.Sub(b) },
		"Mul":                     func() { a.Mul(b) },
		"Div":                     func() { a.Div(b) },
		"Maximum":                 func() { a.Maximum(b) },
		"Minimum":                 func() { a.Minimum(b) },
		"Neg":                     func() { a.GtScalar(0).Neg() },
		"Softmax":                 func() { a.Softmax(2) },
		"LogSoftmax":              func() { a.LogSoftmax(-3) },
		"Eq":                      func() { a.Eq(b) },
		"Ne":                      func() { a.Ne(b) },
		"Lt":                      func() { a.Lt(b) },
		"Le":                      func() { a.Le(b) },
		"Gt":                      func() { a.Gt(b) },
		"Ge":                      func() { a.Ge(b) },
		"LogicalAnd":              func() { a.LogicalAnd(b) },
		"MaskedFill":              func() { a.MaskedFill(a, 0) },
		"MaskedSelect":            func() { a.MaskedSelect(a) },
		"AddInPlace":              func() { a.AddInPlace(b, 1) },
		"SubInPlace":              func() { a.SubInPlace(b, 1) },
		"MulInPlace":              func() { a.MulInPlace(b) },
		"LerpInPlace":             func() { a.LerpInPlace(b, .5) },
		"CopyFrom":                func() { a.CopyFrom(b) },
		"SumDim twice":            func() { a.SumDim([]int{0, 0}, false) },
		"SumDim":                  func() { a.SumDim([]int{2}, false) },
		"MeanDim":                 func() { ints.MeanDim([]int{0}, false) },
		"Var":                     func() { ints.Var([]int{0}, 1, false) },
		"Std":                     func() { ints.Std([]int{0}, 1, false) },
		"Amax":                    func() { empty.Amax([]int{1}, false) },
		"Amin":                    func() { empty.Amin([]int{1}, false) },
		"MaxDim":                  func() { empty.MaxDim(1, false) },
		"Argmax":                  func() { empty.Argmax(1, false) },
		"Norm":                    func() { ints.Norm(2, nil, false) },
		"View":                    func() { a.T().View([]int{6}) },
		"Flatten":                 func() { a.Flatten(1, 0) },
		"Permute":                 func() { a.Permute([]int{0, 0}) },
		"T":                       func() { ones(1, 1, 1).T() },
		"Unsqueeze":               func() { a.Unsqueeze(3) },
		"Expand":                  func() { a.Expand([]int{2, 4}) },
		"Repeat":                  func() { a.Repeat([]int{2}) },
		"Flip":                    func() { a.Flip([]int{0, 0}) },
		"Narrow":                  func() { a.Narrow(1, 2, 2) },
		"Select":                  func() { a.Select(0, 2) },
		"Slice":                   func() { a.Slice(0, 0, 2, 0) },
		"Diagonal":                func() { a.Diagonal(0, 1, 1) },
		"Contiguous":              func() { a.Contiguous(torch.ChannelsLast) },
		"Cat":                     func() { torch.Cat([]*torch.Tensor{a, b}, 0) },
		"Stack":                   func() { torch.Stack([]*torch.Tensor{a, b}, 0) },
		"Split":                   func() { a.Split(-1, 0) },
		"Chunk":                   func() { a.Chunk(0, 0) },
		"IndexSelect":             func() { a.IndexSelect(0, index([]int{1}, 2)) },
		"Gather":                  func() { a.Gather(0, index([]int{1, 1}, 2)) },
		"Scatter":                 func() { a.Scatter(0, index([]int{1, 1}, 2), ones(1, 1)) },
		"Topk":                    func() { a.Topk(4, 1, true) },
		"Mm":                      func() { a.Mm(b) },
		"Bmm":                     func() { ones(1, 2, 3).Bmm(ones(1, 2, 3)) },
		"Matmul":                  func() { a.Matmul(b) },
		"Addmm":                   func() { ones(5).Addmm(a, ones(3, 4)) },
		"Cdist":                   func() { a.Cdist(b, 2) },
		"Cdist, p":                func() { a.Cdist(a, -1) },
		"CosineSimilarity":        func() { a.CosineSimilarity(b, 1) },
		"Linear":                  func() { a.Linear(b, nil) },
		"Conv2d":                  func() { ones(1, 2, 3, 3).Conv2d(ones(1, 1, 1, 1), nil, pair, []int{0, 0}, nil, 1) },
		"LayerNorm":               func() { a.LayerNorm([]int{2}, nil, nil, 1e-5) },
		"MaxPool2d":               func() { ones(1, 1, 2, 2).MaxPool2d([]int{3, 3}, nil, nil, nil, false) },
		"AvgPool2d":               func() { ones(1, 1, 2, 2).AvgPool2d([]int{3, 3}, nil, nil, false, true) },
		"Embedding":               func() { a.Embedding(index([]int{1}, 2), -1) },
		"Conv1d":                  func() { ones(1, 2, 3).Conv1d(ones(1, 1, 1), nil, nil, nil, nil, 1) },
		"ConvTranspose2d":         func() { ones(1, 2, 3, 3).ConvTranspose2d(ones(1, 1, 1, 1), nil, nil, nil, nil, 1, nil) },
		"GroupNorm":               func() { ones(1, 3, 2).GroupNorm(2, nil, nil, 1e-5) },
		"RMSNorm":                 func() { a.RMSNorm([]int{2}, nil, 1e-5) },
		"attention":               func() { a.ScaledDotProductAttention(b, b, nil, false) },
		"Glu":                     func() { a.Glu(1) },
		"Pad":                     func() { a.Pad([]int{1, 1}, "mirror", 0) },
		"PixelShuffle":            func() { ones(1, 3, 2, 2).PixelShuffle(2) },
		"GridSampler":             func() { ones(1, 1, 2, 2).GridSampler(ones(2, 1, 1, 2), torch.Bilinear, torch.PadZeros, false) },
		"NLLLoss":                 func() { a.NLLLoss(index([]int{2}, 3), nil, torch.ReduceMean, -100) },
		"BCE":                     func() { a.MulScalar(2).BinaryCrossEntropy(a, nil, torch.ReduceMean) },
		"BCE with logits":         func() { a.BinaryCrossEntropyWithLogits(b, nil, nil, torch.ReduceMean) },
		"Multinomial":             func() { a.Multinomial(4, false, torch.NewGenerator(1, torch.CPU)) },
		"nil generator":           func() { a.BernoulliLike(nil) },
		"DivMode":                 func() { a.DivMode(a, "up") },
		"BitwiseAnd":              func() { a.BitwiseAnd(a) },
		"AllClose":                func() { a.AllClose(ints, 0, 0, false) },
		"DivInPlace":              func() { ints.DivInPlace(ints) },
		"IndexAddInPlace":         func() { a.IndexAddInPlace(0, index([]int{1}, 2), ones(1, 3), 1) },
		"IndexPutInPlace":         func() { a.IndexPutInPlace([]*torch.Tensor{nil, index([]int{1}, 3)}, ones(2, 1), false) },
		"ScatterReduce":           func() { a.ScatterReduce(0, index([]int{1, 1}, 0), ones(1, 1), "median", true) },
		"Max":                     func() { empty.Max() },
		"Quantile":                func() { a.Quantile(ones(1).MulScalar(2), 0, false) },
		"Bincount":                func() { index([]int{2}, -1).Bincount(nil, 0) },
		"Unflatten":               func() { a.Unflatten(1, []int{2, 2}) },
		"Roll":                    func() { a.Roll([]int{1}, []int{0, 1}) },
		"SplitSizes":              func() { a.SplitSizes([]int{1, 1}, 1) },
		"Kthvalue":                func() { a.Kthvalue(4, 1, false) },
		"OneHot":                  func() { ints.OneHot(1) },
		"Meshgrid":                func() { torch.Meshgrid([]*torch.Tensor{ones(2)}, "yx") },
		"Einsum":                  func() { torch.Einsum("ij,jk->ik", []*torch.Tensor{a, b}) },
		"Dot":                     func() { ones(2).Dot(ones(3)) },
		"Cross":                   func() { b.Cross(b, 1) },
		"Tensordot":               func() { a.Tensordot(b, []int{1}, []int{1}) },
		"Inv":                     func() { ones(2, 2).Inv() },
		"Solve":                   func() { ones(2, 2).Solve(ones(2, 1)) },
		"Cholesky":                func() { ones(2, 2).Neg().Cholesky(false) },
		"QR":                      func() { a.QR("thin") },
		"Imag":                    func() { a.Imag() },
		"ViewAsComplex":           func() { a.ViewAsComplex() },
		"IRFFT":                   func() { a.IRFFT(0, 1) },
		"Linspace":                func() { s.Linspace(0, 1, -1, torch.Float32, torch.CPU) },
		"ForeachAdd":              func() { torch.ForeachAddInPlace([]*torch.Tensor{a, a}, []*torch.Tensor{a}, 1) },
		"MSELoss":                 func() { a.MSELoss(b, torch.ReduceMean) },
		"SubScalar":               func() { a.GtScalar(0).SubScalar(1) },
		"AddScalarInPlace":        func() { ints.AddScalarInPlace(.5) },
		"Clamp":                   func() { z.Clamp(0, 1) },
		"Pow":                     func() { ints.Pow(-1) },
		"RemainderScalar":         func() { ints.RemainderScalar(0) },
		"Floor":                   func() { z.Floor() },
		"Erf":                     func() { z.Erf() },
		"LtScalar":                func() { z.LtScalar(1) },
		"Sort":                    func() { z.Sort(0, false) },
		"Hypot":                   func() { ints.Hypot(ints) },
		"Xlogy":                   func() { a.Xlogy(b) },
		"Relu":                    func() { a.GtScalar(0).Relu() },
		"Gelu":                    func() { ints.Gelu() },
		"Silu":                    func() { ints.Silu() },
		"LogSumExp":               func() { a.LogSumExp([]int{0, 0}, false) },
		"LogCumSumExp":            func() { ints.LogCumSumExp(0) },
		"CountNonzero":            func() { a.CountNonzero([]int{0, 0}) },
		"VarMean":                 func() { ints.VarMean(nil, 1, false) },
		"Tril":                    func() { ones(2).Tril(0) },
		"Tile":                    func() { a.Tile([]int{-1}) },
		"Bucketize":               func() { a.Bucketize(a, false) },
		"Pinv":                    func() { ones(2).Pinv(0) },
		"SVD":                     func() { ints.SVD(false) },
		"Eigh":                    func() { ones(2, 2).Eigh("X") },
		"Eigh, shape":             func() { a.Eigh("L") },
		"Det":                     func() { a.Det() },
		"MatrixExp":               func() { a.MatrixExp() },
		"Inv, shape":              func() { a.Inv() },
		"Cov":                     func() { ones(1, 1, 1).Cov(1) },
		"AdaptiveAvgPool2d":       func() { a.AdaptiveAvgPool2d([]int{2, 2}) },
		"AdaptiveAvgPool1d":       func() { ones(1, 1, 1, 1).AdaptiveAvgPool1d([]int{1}) },
		"UpsampleBilinear2d":      func() { a.UpsampleBilinear2d(pair, false) },
		"UpsampleNearest2d, size": func() { ones(1, 1, 2, 2).UpsampleNearest2d([]int{0, 1}) },
		"KLDiv":                   func() { a.KLDiv(b, torch.ReduceMean, false) },
		"FFT2":                    func() { ones(2).FFT2(nil) },
		"NewZeros":                func() { a.NewZeros([]int{-1}) },
		"TrilIndices":             func() { s.TrilIndices(-1, 1, 0, torch.CPU) },
		"ForeachMulScalar":        func() { torch.ForeachMulScalar(nil, 2) },
		"ForeachNorm":             func() { torch.ForeachNorm([]*torch.Tensor{ints}, 2) },
	} {
		if err := torch.Try(fn); err == nil {
			t.Errorf("%s did not panic", name)
		}
	}
}

func TestEqualAcrossDTypes(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	ints, floats := torch.FromSlice(s, []int64{1, 2}), torch.FromSlice(s, []float32{1, 2})
	if !ints.Equal(floats) {
		t.Error("equal numbers of two dtypes differ")
	}
	if floats.Equal(torch.FromSlice(s, []float64{1, 2 + 1e-9})) {
		t.Error("2 equals 2 + 1e-9: the wider dtype was narrowed")
	}
}
